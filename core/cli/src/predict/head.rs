//! The first line of a journal: whose it is.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use sluice_learn::{Inference, Predictor};
use sluice_pool::Found;

/// How every journal begins.
pub const MARK: &[u8] = b"{\"sluice\":\"predictions\",";
const FORMAT: &str = "predictions";
/// To be changed with whatever changes the numbers that come out.
const VERSION: u32 = 2;
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
pub const OF_ANOTHER_VERSION: &str = "what another version of sluice said";

/// All that what is said depends on, but for the files themselves.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Head {
    sluice: String,
    version: u32,
    /// The version of sluice: another one may decode otherwise.
    program: String,
    /// BLAKE3 of the predictor's numbers and graphs.
    predictor: String,
    device: String,
    /// So many pictures are asked about at once.
    batch: usize,
    folder: String,
    /// BLAKE3 of the paths of the images.
    images: String,
}

impl Head {
    /// What is said by this predictor, loaded as it is, of these images in this folder.
    pub fn of(
        predictor: &Predictor,
        inference: &Inference,
        folder: &Path,
        images: &[Found],
    ) -> Result<Self> {
        let bytes = predictor.to_safetensors(&[])?;
        Ok(Self {
            sluice: FORMAT.to_owned(),
            version: VERSION,
            program: PROGRAM.to_owned(),
            predictor: blake3::hash(&bytes).to_hex().to_string(),
            device: inference.device(),
            batch: inference.batch(),
            folder: folder.to_string_lossy().into_owned(),
            images: hash_of_paths(images),
        })
    }

    /// What a journal with this head holds, if it is not of the same run as `own`.
    pub fn other_than(&self, own: &Self) -> Option<&'static str> {
        if self == own {
            return None;
        }
        Some(if (self.version, &self.program) != (own.version, &own.program) {
            OF_ANOTHER_VERSION
        } else if self.predictor != own.predictor {
            "what another model said of these or other images"
        } else if self.folder != own.folder {
            "what was said of the images in another folder"
        } else if self.images != own.images {
            "what was said when other images were in the folder"
        } else if self.device != own.device {
            "what was said on another device"
        } else {
            "what was said of other numbers of pictures at once"
        })
    }
}

/// No path has a zero byte in it.
fn hash_of_paths(images: &[Found]) -> String {
    let mut hash = blake3::Hasher::new();
    for image in images {
        hash.update(image.path.as_bytes());
        hash.update(b"\0");
    }
    hash.finalize().to_hex().to_string()
}

/// For tests.
#[cfg(test)]
pub fn head(predictor: &str) -> Head {
    Head {
        sluice: FORMAT.to_owned(),
        version: VERSION,
        program: PROGRAM.to_owned(),
        predictor: predictor.to_owned(),
        device: "cpu".to_owned(),
        batch: 32,
        folder: "/pictures".to_owned(),
        images: "00".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_another_run_is_told() {
        let (text, one) = ("another".to_owned(), || head("one"));
        let held = |other: &Head| other.other_than(&one()).unwrap();
        assert_eq!(one().other_than(&one()), None);
        assert!(held(&head("two")).contains("another model"));
        assert!(held(&Head { program: text.clone(), ..one() }).contains("version"));
        assert!(held(&Head { folder: text.clone(), ..one() }).contains("another folder"));
        assert!(held(&Head { images: text.clone(), ..one() }).contains("other images"));
        assert!(held(&Head { device: text, ..one() }).contains("another device"));
        assert!(held(&Head { batch: 1, ..one() }).contains("at once"));
    }

    #[test]
    fn a_path_ends_where_it_ends() {
        let sight = sluice_pool::Sight { bytes: 1, modified: None };
        let hash = |paths: &[&str]| {
            let found = paths.iter().map(|path| Found { path: (*path).to_owned(), sight });
            hash_of_paths(&found.collect::<Vec<Found>>())
        };
        assert_eq!(hash(&["a", "b"]), hash(&["a", "b"]));
        assert_ne!(hash(&["a", "b"]), hash(&["ab"]));
        assert_ne!(hash(&["a", "bc"]), hash(&["ab", "c"]));
    }
}
