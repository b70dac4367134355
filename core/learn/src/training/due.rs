//! When the network in the background has something new to learn.

use sluice_events::ImageId;

use super::can_train;
use crate::changed::changed;

/// A cycle begins when so many labels are others than those of the last one: this many, or this share.
const MIN_NEW: usize = 15;
const NEW_SHARE: f64 = 0.12;

/// Labels of the newest cycle.
enum Known {
    Labels(Vec<(ImageId, bool)>),
    /// Of weights that were gone on with, it is only known how many there were.
    Count(usize),
}

/// What was asked for last, and what came of it.
pub(super) struct Due {
    known: Known,
    /// Labels with which a cycle came to nothing: the same again would.
    nothing_with: Option<Vec<(ImageId, bool)>>,
    /// Cycles in a row that went astray: each doubles the wait for the next one.
    astray: u32,
}

impl Default for Due {
    fn default() -> Self {
        Self { known: Known::Count(0), nothing_with: None, astray: 0 }
    }
}

impl Due {
    /// Whether a cycle with these labels would learn something new.
    pub fn is_due(&self, labels: &[(ImageId, bool)]) -> bool {
        let (new, asked_with) = match &self.known {
            Known::Labels(known) => (changed(known, labels), known.len()),
            Known::Count(count) => (labels.len().abs_diff(*count), *count),
        };
        let enough = MIN_NEW.max((asked_with as f64 * NEW_SHARE) as usize);
        // Twice as many answers are worth a try in any case.
        let enough = (enough << self.astray.min(16)).min(asked_with.max(enough));
        new >= enough && self.is_other(labels)
    }

    /// Whether a cycle with these labels, which came to nothing, could come to something.
    pub fn is_other(&self, labels: &[(ImageId, bool)]) -> bool {
        self.nothing_with.as_ref().is_none_or(|nothing| changed(nothing, labels) > 0)
    }

    /// Whether there are labels enough at all.
    pub fn has_begun(labels: &[(ImageId, bool)]) -> bool {
        let positives = labels.iter().filter(|(_, positive)| *positive).count();
        can_train(labels.len(), positives)
    }

    /// Weights that learned from so many labels are gone on with.
    pub fn go_on_from(&mut self, labels: usize) {
        self.known = Known::Count(labels);
    }

    /// A cycle learns from these labels now.
    pub fn asked(&mut self, labels: &[(ImageId, bool)]) {
        self.known = Known::Labels(labels.to_vec());
    }

    /// What could not be had may be there now.
    pub fn look_again(&mut self) {
        self.nothing_with = None;
    }

    /// It spoke: it is on its way.
    pub fn spoke(&mut self) {
        self.astray = 0;
    }

    /// The cycle with these labels came to nothing: it is asked for again with the first other ones.
    pub fn came_to_nothing(&mut self, labels: Vec<(ImageId, bool)>) {
        (self.known, self.nothing_with) = (Known::Count(0), Some(labels));
    }

    /// It went astray, and begins anew when more has been answered: every time it waits for twice as much.
    pub fn went_astray(&mut self) {
        self.astray += 1;
    }

    /// It begins anew on another device.
    pub fn begin_anew(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(count: u32) -> Vec<(ImageId, bool)> {
        (0..count).map(|image| (ImageId(image), image % 4 == 0)).collect()
    }

    #[test]
    fn fewer_labels_are_something_new_too() {
        let mut due = Due::default();
        due.asked(&labels(2000));
        assert!(!due.is_due(&labels(2010)));
        assert!(due.is_due(&labels(2240)));
        assert!(due.is_due(&labels(1100)), "900 answered images are gone");
    }

    #[test]
    fn corrected_answers_are_something_new_though_they_are_as_many() {
        let mut due = Due::default();
        due.asked(&labels(100));
        let mut corrected = labels(100);
        for (_, positive) in &mut corrected[..MIN_NEW] {
            *positive = !*positive;
        }
        assert!(due.is_due(&corrected));
        corrected[0].1 = !corrected[0].1;
        assert!(!due.is_due(&corrected), "one fewer is not enough");
    }

    #[test]
    fn what_came_to_nothing_is_asked_for_again_when_one_answer_is_another() {
        let mut due = Due::default();
        due.asked(&labels(500));
        due.came_to_nothing(labels(500));
        assert!(!due.is_due(&labels(500)));
        let mut corrected = labels(500);
        corrected[3].1 = !corrected[3].1;
        assert!(due.is_due(&labels(501)) && due.is_due(&corrected));
        due.look_again();
        assert!(due.is_due(&labels(500)));
    }

    #[test]
    fn each_time_that_it_goes_astray_it_waits_for_twice_as_many() {
        let mut due = Due::default();
        let first_due = |due: &Due| (100..400).find(|count| due.is_due(&labels(*count)));
        due.asked(&labels(100));
        let mut waits = Vec::new();
        for _ in 0..5 {
            waits.push(first_due(&due));
            due.went_astray();
        }
        // 15 more, 30, 60, and never more than as many again.
        assert_eq!(waits, [115, 130, 160, 200, 200].map(Some));
        due.spoke();
        assert_eq!(first_due(&due), Some(115));
    }
}
