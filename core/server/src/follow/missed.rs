//! Images whose files were not there when they were wanted: looked for until they are.

use std::collections::BTreeMap;

use sluice_events::ImageId;

/// So often is a file tried that every scan lists and nobody can read, before it counts as broken.
const TRIES: u32 = 3;

/// What was missed.
#[derive(Default)]
pub(super) struct Missed(BTreeMap<ImageId, Miss>);

struct Miss {
    /// Why the file could not be had the last time.
    reason: String,
    /// How often, though it was listed.
    tries: u32,
    /// Whether it was tried again since.
    told: bool,
}

/// What is to be done about images that were missed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// Their files are there: they are tried again.
    pub again: Vec<ImageId>,
    /// Their files are there and can't be read, with the reason.
    pub broken: Vec<(ImageId, String)>,
}

impl Missed {
    pub fn add(&mut self, image: ImageId, reason: String) {
        let miss =
            self.0.entry(image).or_insert(Miss { reason: String::new(), tries: 0, told: false });
        (miss.reason, miss.told) = (reason, false);
    }

    /// Somebody else looks after this one.
    pub fn forget(&mut self, image: ImageId) {
        self.0.remove(&image);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing can be listed, so no file has failed by itself.
    pub fn nothing_is_there(&mut self) {
        for miss in self.0.values_mut() {
            miss.tries = 0;
        }
    }

    /// After a scan; `is_listed` tells whether it saw the file of an image.
    pub fn due(&mut self, is_listed: impl Fn(ImageId) -> bool) -> Due {
        let mut due = Due::default();
        for (image, miss) in &mut self.0 {
            if !is_listed(*image) {
                miss.tries = 0;
            } else if !miss.told {
                miss.tries += 1;
                if miss.tries > TRIES {
                    due.broken.push((*image, miss.reason.clone()));
                } else {
                    miss.told = true;
                    due.again.push(*image);
                }
            }
        }
        for (image, _) in &due.broken {
            self.0.remove(image);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: ImageId = ImageId(7);

    fn again() -> Due {
        Due { again: vec![IMAGE], ..Due::default() }
    }

    #[test]
    fn a_file_is_tried_once_for_each_time_it_was_missed_when_it_is_listed() {
        let mut missed = Missed::default();
        missed.add(IMAGE, "is not there".to_owned());
        assert_eq!(missed.due(|_| false), Due::default());
        assert_eq!(missed.due(|_| true), again());
        assert_eq!(missed.due(|_| true), Due::default(), "it is under way");
        missed.forget(IMAGE);
        assert!(missed.is_empty());
    }

    #[test]
    fn one_that_is_listed_and_never_readable_is_broken_and_a_disk_that_comes_and_goes_is_not() {
        let mut missed = Missed::default();
        for _ in 0..2 * TRIES {
            missed.add(IMAGE, "is not there".to_owned());
            assert_eq!(missed.due(|_| true), again());
            missed.nothing_is_there();
        }
        for _ in 0..TRIES {
            missed.add(IMAGE, "is on a bad sector".to_owned());
            assert_eq!(missed.due(|_| true), again());
        }
        missed.add(IMAGE, "is on a bad sector".to_owned());
        let broken = vec![(IMAGE, "is on a bad sector".to_owned())];
        assert_eq!(missed.due(|_| true), Due { broken, ..Due::default() });
        assert!(missed.is_empty());
    }
}
