//! Whether a session's images are where they were.

use std::fs;
use std::path::Path;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;
use sluice_session::state::ImageState;

/// What is there of the images that a session knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// The folder.
    pub is_there: bool,
    /// Images that have a name.
    pub known: u64,
    /// With the size that the session knows.
    pub as_they_were: u64,
    /// With another size.
    pub changed: u64,
    pub missing: u64,
}

impl Presence {
    /// Looks for each image by its path and size.
    pub fn of(pool: &Path, images: &[ImageState]) -> Self {
        // Those whose names were lost with a damaged log can't be looked for.
        let known = || images.iter().filter(|image| !image.path.is_empty());
        let is_there = pool.is_dir();
        let mut presence = Self { is_there, known: known().count() as u64, ..Self::default() };
        if !is_there {
            presence.missing = presence.known;
            return presence;
        }
        let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} images");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(presence.known).with_style(style);
        for image in bar.wrap_iter(known()) {
            match fs::metadata(pool.join(&image.path)) {
                Ok(found) if found.is_file() && found.len() == image.bytes => {
                    presence.as_they_were += 1;
                }
                Ok(found) if found.is_file() => presence.changed += 1,
                _ => presence.missing += 1,
            }
        }
        bar.finish_and_clear();
        presence
    }

    /// Whether most are as they were: the server takes a folder that was moved for the pool then.
    pub fn is_the_pool(self) -> bool {
        self.is_there && (self.known == 0 || self.as_they_were * 2 > self.known)
    }

    pub fn told(self) -> String {
        if !self.is_there {
            return "the folder is not there".to_owned();
        }
        let Self { known, as_they_were, changed, missing, .. } = self;
        let (as_they_were, known) = (HumanCount(as_they_were), HumanCount(known));
        let mut told = format!("{as_they_were} of {known} images are there as they were");
        for (count, what) in [(changed, "have another size"), (missing, "are missing")] {
            if count > 0 {
                told = format!("{told}, {} {what}", HumanCount(count));
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_images_are_not_the_pool() {
        let presence = |as_they_were| Presence {
            is_there: true,
            known: 10,
            as_they_were,
            ..Presence::default()
        };
        assert!(presence(6).is_the_pool() && !presence(5).is_the_pool());
        assert!(!Presence::default().is_the_pool());
        assert!(Presence { is_there: true, ..Presence::default() }.is_the_pool());
    }
}
