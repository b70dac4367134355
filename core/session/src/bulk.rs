//! Steps of many labels. Nobody looked at these images, so a step is no look: undo passes it by, and it is
//! revoked as a whole.
//!
//! What was said of an image lies in layers: each look and each label of a step knows the answer that it covered. Who
//! takes a layer out that another one covers mends the cover, so that no layer leads to one that does not count.

use serde::{Deserialize, Serialize};
use sluice_events::facts::{BulkBegun, BulkLabelled, Origin};
use sluice_events::{Answer, BulkId, ImageId, Source};

use crate::state::{By, Given, LookEntry, State};

/// Stands for the file of a step whose beginning was lost.
const NAME_LOST: &str = "a file whose name was lost with a damaged part of the log";

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bulk {
    /// Its number.
    pub bulk: BulkId,
    /// Sequence number of the event that began it.
    pub seq: u64,
    /// When, µs since 1970.
    pub time_us: u64,
    /// Where its labels come from.
    pub origin: Origin,
    /// Who had it done.
    pub annotator: String,
    /// Labels that it was to have.
    pub to_come: u32,
    /// Those that came.
    pub came: u32,
    /// The last image that one came for.
    pub last: Option<ImageId>,
    /// Those that changed something, by image, ascending; none of a step that was revoked.
    pub labels: Vec<Said>,
    /// How many they are, or were.
    pub gave: u32,
    /// Positive ones among these.
    pub positives: u32,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// One label of a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Of which image.
    pub image: ImageId,
    /// What.
    pub answer: Answer,
    /// P(positive), where a model said it.
    pub probability: Option<f32>,
    /// The answer that the image had before.
    pub before: Option<Given>,
}

impl Bulk {
    /// Without a label.
    fn new(bulk: BulkId, seq: u64, time_us: u64, origin: Origin) -> Self {
        Self {
            bulk,
            seq,
            time_us,
            origin,
            annotator: String::new(),
            to_come: 0,
            came: 0,
            last: None,
            labels: Vec::new(),
            gave: 0,
            positives: 0,
            revoked: false,
        }
    }

    /// Labels that never came, because it was interrupted; 0 of one that was revoked.
    pub fn missing(&self) -> usize {
        let missing = self.to_come.saturating_sub(self.came);
        if self.revoked { 0 } else { missing as usize }
    }

    fn place(&self, image: ImageId) -> Option<usize> {
        self.labels.binary_search_by_key(&image, |said| said.image).ok()
    }
}

impl State {
    /// The step of this number.
    pub fn bulk(&self, bulk: BulkId) -> Option<&Bulk> {
        self.bulks.iter().find(|known| known.bulk == bulk)
    }

    /// What a step said of an image, and when the step began (sequence number, µs since 1970).
    pub fn said_by(&self, bulk: BulkId, image: ImageId) -> Option<(&Said, &Bulk)> {
        let bulk = self.bulk(bulk)?;
        Some((&bulk.labels[bulk.place(image)?], bulk))
    }

    /// The number that the next step gets.
    pub(crate) fn next_bulk(&self) -> BulkId {
        let newest = self.bulks.iter().map(|known| known.bulk.0).max();
        BulkId(newest.unwrap_or(0).saturating_add(1))
    }

    pub(crate) fn begin_bulk(&mut self, seq: u64, time_us: u64, begun: &BulkBegun) {
        let BulkBegun { bulk, origin, labels, annotator, .. } = begun.clone();
        self.bulks.push(Bulk {
            annotator,
            to_come: labels,
            ..Bulk::new(bulk, seq, time_us, origin)
        });
    }

    pub(crate) fn label_in_bulk(&mut self, seq: u64, time_us: u64, labelled: &BulkLabelled) {
        let source = labelled.source;
        let step = self.bulks.iter().position(|known| known.bulk == labelled.bulk);
        let Some(step) = step.or_else(|| self.nameless_bulk(seq, time_us, labelled)) else {
            return;
        };
        self.last_bulk = Some(seq);
        self.make_room(labelled.labels.last().map_or(0, |last| last.image.index() + 1));
        for label in &labelled.labels {
            let Some(before) = self.image(label.image).map(|image| image.given) else { continue };
            let bulk = &mut self.bulks[step];
            if bulk.revoked || bulk.last.is_some_and(|last| last >= label.image) {
                continue;
            }
            bulk.last = Some(label.image);
            bulk.came += 1;
            // A person may have answered since the model was asked.
            if source == Source::Model && before.is_some() {
                continue;
            }
            bulk.gave += 1;
            bulk.positives += u32::from(label.answer == Answer::Positive);
            let (answer, probability) = (label.answer, label.probability);
            bulk.labels.push(Said { image: label.image, answer, probability, before });
            let given = Given { answer, source, by: By::Bulk(labelled.bulk) };
            self.change(label.image, |image| image.given = Some(given));
        }
    }

    /// A step whose beginning was in a record that is lost.
    fn nameless_bulk(&mut self, seq: u64, time_us: u64, labelled: &BulkLabelled) -> Option<usize> {
        if self.lost_records == 0 {
            return None;
        }
        let origin = match labelled.source {
            Source::Model => Origin::Model { model: None, above: None, below: None },
            _ => Origin::File { name: NAME_LOST.to_owned(), hash: [0; 32] },
        };
        self.bulks.push(Bulk::new(labelled.bulk, seq, time_us, origin));
        Some(self.bulks.len() - 1)
    }

    pub(crate) fn revoke_bulk(&mut self, seq: u64, bulk: BulkId) {
        let Some(step) = self.bulks.iter().position(|known| known.bulk == bulk) else { return };
        if std::mem::replace(&mut self.bulks[step].revoked, true) {
            return;
        }
        self.last_bulk = Some(seq);
        // No layer leads to them any more, and there may be a million.
        for said in std::mem::take(&mut self.bulks[step].labels) {
            self.take_layer(said.image, By::Bulk(bulk), said.before);
        }
    }

    /// Takes what was said of an image by look or step out of its layers; `before` is what it covered.
    pub(crate) fn take_layer(&mut self, image: ImageId, by: By, before: Option<Given>) {
        let Some(top) = self.image(image).and_then(|image| image.given) else { return };
        if top.by == by {
            self.change(image, |image| image.given = before);
            return;
        }
        let mut cover = Some(top.by);
        while let Some(here) = cover {
            let Some(below) = self.below(image, here) else { return };
            if below.is_some_and(|below| below.by == by) {
                *below = before;
                return;
            }
            cover = below.map(|below| below.by);
        }
    }

    /// What look or step covered of an image.
    fn below(&mut self, image: ImageId, by: By) -> Option<&mut Option<Given>> {
        match by {
            By::Look(look) => self.looks.get_mut(look as usize).map(|look| &mut look.before),
            By::Bulk(bulk) => {
                let bulk = self.bulks.iter_mut().find(|known| known.bulk == bulk)?;
                let place = bulk.place(image)?;
                bulk.labels.get_mut(place).map(|said| &mut said.before)
            }
        }
    }
}

/// The answer that an image has, with what is known of how it came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answered {
    /// Which image.
    pub image: ImageId,
    /// Its answer.
    pub given: Given,
    /// P(positive) that the person saw, or by which the model labelled it.
    pub probability: Option<f32>,
    /// Sequence number of the look or of the step's beginning.
    pub seq: u64,
    /// When, µs since 1970.
    pub time_us: u64,
    /// How long the person took, µs; 0 where nobody looked, or nobody knows.
    pub active_us: u64,
}

impl State {
    /// The answer of an image, if it has one.
    pub fn answered(&self, image: ImageId) -> Option<Answered> {
        let given = self.image(image)?.given?;
        let look = |look: &LookEntry| Answered {
            image,
            given,
            probability: look.probability,
            seq: look.seq,
            time_us: look.time_us,
            active_us: look.active_us,
        };
        match given.by {
            By::Look(place) => self.looks.get(place as usize).map(look),
            By::Bulk(bulk) => self.said_by(bulk, image).map(|(said, bulk)| Answered {
                image,
                given,
                probability: said.probability,
                seq: bulk.seq,
                time_us: bulk.time_us,
                active_us: 0,
            }),
        }
    }
}
