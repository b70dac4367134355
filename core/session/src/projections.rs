//! The state as others need it: labels for the learner, the queue for the page.

use sluice_events::facts::Ranked;
use sluice_events::message::{AsideFile, Look, Queue, QueueItem, SetAside};
use sluice_events::{ImageId, Label, Source};

use crate::state::{By, ImageState, LookEntry, State};

/// So many files with their reasons are told.
const ASIDE_SHOWN: usize = 100;

/// What the learner learns from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingSet {
    /// Every event up to this one is in it.
    pub learned_from: u64,
    /// Readable images with a yes or no, and whether it is yes; the oldest answer first.
    pub labels: Vec<(ImageId, bool)>,
    /// Unlabelled, not skipped, readable; in the pool's own order.
    pub candidates: Vec<ImageId>,
}

impl State {
    /// Labels and candidates as they are now.
    pub fn training_set(&self) -> TrainingSet {
        let mut set =
            TrainingSet { learned_from: self.next_seq.saturating_sub(1), ..TrainingSet::default() };
        let ids = (0..).map(ImageId);
        let candidates = ids.zip(&self.images).filter(|(_, image)| image.is_candidate());
        set.candidates = candidates.map(|(id, _)| id).collect();
        set.labels = self.learned_labels();
        set
    }

    /// What people said, here or in files; what the model says itself teaches it nothing.
    fn learned_labels(&self) -> Vec<(ImageId, bool)> {
        // An image that was answered again counts with its last answer.
        let label = |image: ImageId, by: By| {
            let known = self.image(image).filter(|known| known.set_aside.is_none());
            let given = known?.given.filter(|given| given.by == by)?;
            given.answer.label().map(|label| (image, label == Label::Positive))
        };
        let looks = (0..).map(By::Look).zip(&self.looks);
        let mut labels: Vec<_> = looks.filter_map(|(by, look)| label(look.image, by)).collect();
        let files = self.bulks.iter().filter(|b| !b.revoked && b.origin.source() != Source::Model);
        for bulk in files {
            // Between the looks before and after it.
            let at = labels.partition_point(|(image, _)| self.seq_of(*image) < bulk.seq);
            let said = bulk.labels.iter();
            let said = said.filter_map(|said| label(said.image, By::Bulk(bulk.bulk)));
            labels.splice(at..at, said);
        }
        labels
    }

    /// When an image got its answer.
    fn seq_of(&self, image: ImageId) -> u64 {
        self.answered(image).map_or(0, |answered| answered.seq)
    }

    /// What to show next: looks that were taken back, then the ranking, then the pool's own order.
    /// `order` is the newest ranking's order, as long as it is known.
    pub fn queue(&self, order: &[Ranked], count: usize) -> Queue {
        let probability =
            |image| order.iter().find(|r| r.image == image).and_then(|r| r.probability);
        let free = |image: ImageId| self.image(image).is_some_and(ImageState::is_candidate);
        let again = self.revisit.iter().rev().filter(|image| free(**image));
        let mut items: Vec<QueueItem> =
            again.map(|&image| QueueItem { image, probability: probability(image) }).collect();
        let is_candidate = |image: ImageId| free(image) && !self.revisit.contains(&image);
        let ranked = order.iter().filter(|ranked| is_candidate(ranked.image));
        items.extend(
            ranked.take(count).map(|r| QueueItem { image: r.image, probability: r.probability }),
        );
        if items.len() < count {
            let listed: std::collections::HashSet<ImageId> =
                items.iter().map(|i| i.image).collect();
            let rest = (0..self.images.len() as u32).map(ImageId);
            let rest = rest.filter(|image| is_candidate(*image) && !listed.contains(image));
            let missing = count - items.len();
            items.extend(rest.take(missing).map(|image| QueueItem { image, probability: None }));
        }
        items.truncate(count);
        let ranking = self.ranking.as_ref().map(|ranking| ranking.ranking);
        Queue { ranking, items, behind: self.behind() }
    }

    /// The look that an event was about, if it was an undo or a redo that can still be seen.
    pub fn last_undone(&self) -> Option<Look> {
        self.undone.last().map(|look| self.told(look, false))
    }

    /// The look that counts last.
    pub fn last_look(&self) -> Option<Look> {
        self.looks.last().map(|look| self.told(look, true))
    }

    fn told(&self, look: &LookEntry, counts: bool) -> Look {
        let now = self.image(look.image).and_then(ImageState::answer);
        Look { image: look.image, answer: look.answer, counts, now }
    }

    /// Images that can't be shown, the first ones with their reasons.
    pub fn set_aside(&self) -> SetAside {
        let aside = self.images.iter().filter_map(|image| {
            let reason = image.set_aside.clone()?;
            Some(AsideFile { path: image.path.clone(), reason })
        });
        SetAside { total: self.counts.set_aside, files: aside.take(ASIDE_SHOWN).collect() }
    }
}
