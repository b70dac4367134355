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
    /// Images that have a name, but those that were gone before anybody answered.
    pub known: u64,
    /// With the size that the session knows.
    pub as_they_were: u64,
    /// With another size.
    pub changed: u64,
    pub missing: u64,
    /// Those of the missing that the session knows to be gone.
    #[serde(skip)]
    pub gone: u64,
}

impl Presence {
    /// Looks for each image by its path and size.
    pub fn of(pool: &Path, images: &[ImageState]) -> Self {
        // Those whose names were lost with a damaged log can't be looked for, and some need not be missed.
        let is_known = |image: &&ImageState| {
            let is_there = || pool.join(&image.path).is_file();
            !image.path.is_empty() && (!image.is_forgettable() || is_there())
        };
        let known = || images.iter().filter(is_known);
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
                _ => {
                    presence.missing += 1;
                    presence.gone += u64::from(image.is_gone());
                }
            }
        }
        bar.finish_and_clear();
        presence
    }

    /// Whether most are as they were: the server takes a folder that was moved for the pool then.
    pub fn is_the_pool(self) -> bool {
        let mut sought = self.known - self.gone;
        if sought == 0 {
            sought = self.known;
        }
        self.is_there && (self.known == 0 || self.as_they_were * 2 > sought)
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
        let gone = |gone| Presence { gone, ..presence(3) };
        assert!(gone(5).is_the_pool() && !gone(4).is_the_pool());
        assert!(!Presence { gone: 10, ..presence(0) }.is_the_pool());
    }
}
