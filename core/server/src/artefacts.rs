//! Files that events name by their content: `artefacts/` in the session's folder, each called by the BLAKE3 hash of
//! its bytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

/// Hash of a file's bytes.
pub(crate) type Hash = [u8; 32];

/// The folder; none: nothing is kept.
#[derive(Clone, Debug)]
pub(crate) struct Artefacts(pub Option<PathBuf>);

impl Artefacts {
    /// Keeps bytes for good and gives their hash; `None` where nothing is kept.
    ///
    /// # Errors
    /// When the disk does not take them; what was there stays.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<Option<Hash>> {
        let Some(folder) = &self.0 else { return Ok(None) };
        let hash = *blake3::hash(bytes).as_bytes();
        fs::create_dir_all(folder)?;
        let part = folder.join("part");
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, folder.join(name(&hash)))?;
        File::open(folder)?.sync_all()?;
        Ok(Some(hash))
    }

    /// The bytes of this hash, if they are there and whole.
    pub fn read(&self, hash: &Hash) -> Option<Vec<u8>> {
        let bytes = fs::read(self.0.as_ref()?.join(name(hash))).ok()?;
        (blake3::hash(&bytes) == *hash).then_some(bytes)
    }

    /// Removes what is no longer of use.
    pub fn remove(&self, hash: &Hash) {
        if let Some(folder) = &self.0 {
            fs::remove_file(folder.join(name(hash))).ok();
        }
    }
}

fn name(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails loudly")]

    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_hash_as_long_as_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let artefacts = Artefacts(Some(folder.path().join("artefacts")));
        let hash = artefacts.keep(b"weights").unwrap().unwrap();
        assert_eq!(artefacts.read(&hash).unwrap(), b"weights");
        assert_eq!(
            artefacts.keep(b"weights").unwrap(),
            Some(hash),
            "the same bytes, the same file"
        );
        fs::write(artefacts.0.as_ref().unwrap().join(name(&hash)), b"weight").unwrap();
        assert_eq!(artefacts.read(&hash), None);
        artefacts.remove(&hash);
        assert_eq!(fs::read_dir(folder.path().join("artefacts")).unwrap().count(), 0);
    }

    #[test]
    fn without_a_folder_nothing_is_kept_and_a_folder_that_can_t_be_made_is_an_error() {
        assert_eq!(Artefacts(None).keep(b"weights").unwrap(), None);
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Artefacts(Some(file.path().join("artefacts"))).keep(b"weights").is_err());
    }
}
