//! Images whose files were not there when they were wanted: looked for until they are.

use std::collections::BTreeMap;

use sluice_events::ImageId;

/// So often is a file tried that every scan lists and nobody can read, before it counts as broken.
const TRIES: u32 = 3;
/// An image that was tried again and not missed in so many scans since is there.
const FORGOTTEN_AFTER: u32 = 20;

/// What was missed.
#[derive(Default)]
pub(super) struct Missed(BTreeMap<ImageId, Miss>);

#[derive(Default)]
struct Miss {
    /// Why the file could not be had the last time.
    reason: String,
    /// How often, though it was listed.
    tries: u32,
    /// Scans since it was tried again; none: it was not.
    since: Option<u32>,
}

/// What is to be done about images that were missed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// Their files are there: they are tried again.
    pub again: Vec<ImageId>,
    /// Their files are there and can't be read, with the reason.
    pub broken: Vec<(ImageId, String)>,
    /// So many files are there and can't be read that it is not they that are broken; why one of them can't.
    pub many: Option<(usize, String)>,
}

impl Missed {
    pub fn add(&mut self, image: ImageId, reason: String) {
        let miss = self.0.entry(image).or_default();
        (miss.reason, miss.since) = (reason, None);
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

    /// After a scan; `is_listed` tells whether it saw the file of an image. Of no more than `most` files is it believed
    /// at once that they are broken.
    pub fn due(&mut self, most: usize, is_listed: impl Fn(ImageId) -> bool) -> Due {
        self.0.retain(|_, miss| miss.since.is_none_or(|scans| scans < FORGOTTEN_AFTER));
        let mut due = Due::default();
        for (image, miss) in &mut self.0 {
            if !is_listed(*image) {
                miss.tries = 0;
            } else if let Some(scans) = &mut miss.since {
                *scans += 1;
            } else if miss.tries < TRIES {
                (miss.tries, miss.since) = (miss.tries + 1, Some(0));
                due.again.push(*image);
            } else {
                due.broken.push((*image, miss.reason.clone()));
            }
        }
        if due.broken.len() > most {
            let (count, reason) = (due.broken.len(), due.broken.swap_remove(0).1);
            (due.many, due.broken) = (Some((count, reason)), Vec::new());
            self.nothing_is_there();
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
        assert_eq!(missed.due(9, |_| false), Due::default());
        assert_eq!(missed.due(9, |_| true), again());
        for _ in 0..=FORGOTTEN_AFTER {
            assert_eq!(missed.due(9, |_| true), Due::default(), "it is under way");
        }
        assert!(missed.is_empty(), "it is there");
    }

    #[test]
    fn one_that_is_listed_and_never_readable_is_broken_and_a_disk_that_comes_and_goes_is_not() {
        let mut missed = Missed::default();
        for _ in 0..2 * TRIES {
            missed.add(IMAGE, "is not there".to_owned());
            assert_eq!(missed.due(9, |_| true), again());
            missed.nothing_is_there();
        }
        for _ in 0..TRIES {
            missed.add(IMAGE, "is on a bad sector".to_owned());
            assert_eq!(missed.due(9, |_| true), again());
        }
        missed.add(IMAGE, "is on a bad sector".to_owned());
        let broken = vec![(IMAGE, "is on a bad sector".to_owned())];
        assert_eq!(missed.due(9, |_| true), Due { broken, ..Due::default() });
        assert!(missed.is_empty());
    }

    #[test]
    fn when_many_can_not_be_read_no_file_is_to_blame() {
        let mut missed = Missed::default();
        let all = || (0..10).map(ImageId);
        for _ in 0..3 * (TRIES + 1) {
            for image in all() {
                missed.add(image, "is not there: time-out".to_owned());
            }
            let due = missed.due(9, |_| true);
            assert!(due.broken.is_empty());
            match due.many {
                Some((count, reason)) => {
                    assert_eq!((count, reason.as_str()), (10, "is not there: time-out"));
                }
                None => assert_eq!(due.again.len(), 10),
            }
        }
    }
}
