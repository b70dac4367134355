//! Everything that was ever said of the images, also what was taken back.

use std::collections::BTreeSet;

use serde::Serialize;
use sluice_events::facts::{BulkLabel, BulkLabelled, Origin, Seen};
use sluice_events::{Answer, BulkId, Event, ImageId, Source};
use sluice_session::State;

use super::rows::time;

/// What was said, in the order of the log, and after [`History::sort`] by image. Kept small: a session may have a
/// million answers.
#[derive(Default)]
pub struct History {
    said: Vec<Said>,
    /// Everybody's name once; there are few.
    annotators: Vec<String>,
    /// Steps that were taken back.
    revoked: BTreeSet<BulkId>,
}

struct Said {
    seq: u64,
    time_us: u64,
    image: ImageId,
    probability: Option<f32>,
    way: Way,
    answer: Answer,
    source: Source,
    counts: bool,
}

/// How it was said.
#[derive(Clone, Copy)]
enum Way {
    /// By somebody before the picture; `annotator` is the place of their name.
    Look {
        annotator: u32,
        shown_ms: u32,
    },
    Step(BulkId),
}

/// One entry of an image's history.
#[derive(Serialize)]
pub struct Entry<'a> {
    /// Sequence number of its event in the log.
    seq: u64,
    time: Option<String>,
    answer: Answer,
    source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotator: Option<&'a str>,
    probability: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown_ms: Option<u32>,
    /// The number of the step of many labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<BulkId>,
    /// The name of the step's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    /// It was not taken back. (What was taken back and counts again may cover what stands behind it here.)
    counts: bool,
}

impl History {
    /// Takes one event in. `state` is that before it.
    pub fn take(&mut self, seq: u64, time_us: u64, event: &Event, state: &State) {
        let (image, answer, source, annotator, seen) = match event {
            Event::Labelled(said) => {
                (said.image, Answer::from(said.label), said.source, &said.annotator, &said.seen)
            }
            Event::Skipped(said) => {
                (said.image, Answer::Skip, Source::Manual, &said.annotator, &said.seen)
            }
            Event::Undone(undone) => return self.set_counts(undone.look, false),
            Event::Redone(redone) => return self.set_counts(redone.look, true),
            Event::BulkLabelled(labelled) => return self.step(seq, time_us, labelled, state),
            Event::BulkRevoked(revoked) => {
                self.revoked.insert(revoked.bulk);
                return;
            }
            _ => return,
        };
        let (way, probability) = self.look(annotator, seen);
        let counts = true;
        self.said.push(Said { seq, time_us, image, probability, way, answer, source, counts });
    }

    /// How it was said, and the probability that was seen.
    fn look(&mut self, annotator: &str, seen: &Seen) -> (Way, Option<f32>) {
        let known = self.annotators.iter().position(|known| known == annotator);
        let place = known.unwrap_or_else(|| {
            self.annotators.push(annotator.to_owned());
            self.annotators.len() - 1
        });
        let way = Way::Look { annotator: place as u32, shown_ms: seen.shown_ms };
        (way, seen.probability.filter(|p| (0.0..=1.0).contains(p)))
    }

    fn step(&mut self, seq: u64, time_us: u64, labelled: &BulkLabelled, state: &State) {
        let (way, source) = (Way::Step(labelled.bulk), labelled.source);
        for &BulkLabel { image, answer, probability } in &labelled.labels {
            let has_answer = state.image(image).is_some_and(|known| known.given.is_some());
            // The model changes no answer that there is.
            let counts = source != Source::Model || !has_answer;
            self.said.push(Said { seq, time_us, image, probability, way, answer, source, counts });
        }
    }

    /// Whether the look of this sequence number counts, from here on.
    fn set_counts(&mut self, look: u64, counts: bool) {
        let place = self.said.partition_point(|said| said.seq < look);
        if let Some(said) = self.said.get_mut(place).filter(|said| said.seq == look) {
            said.counts = counts;
        }
    }

    /// Brings it in the order of the images, and of the log within each. No event can be taken in after that.
    pub fn sort(&mut self) {
        self.said.sort_by_key(|said| said.image);
    }

    /// What was said of an image, the oldest first.
    pub fn of<'a>(&'a self, image: ImageId, state: &'a State) -> Vec<Entry<'a>> {
        let begin = self.said.partition_point(|said| said.image < image);
        let of_image = self.said[begin..].iter().take_while(|said| said.image == image);
        of_image.map(|said| self.entry(said, state)).collect()
    }

    fn entry<'a>(&'a self, said: &Said, state: &'a State) -> Entry<'a> {
        let entry = Entry {
            seq: said.seq,
            time: time(said.time_us),
            answer: said.answer,
            source: said.source,
            annotator: None,
            probability: said.probability,
            shown_ms: None,
            step: None,
            file: None,
            counts: said.counts,
        };
        match said.way {
            Way::Look { annotator, shown_ms } => {
                let annotator = self.annotators.get(annotator as usize).map(String::as_str);
                Entry { annotator, shown_ms: Some(shown_ms), ..entry }
            }
            Way::Step(bulk) => {
                let counts = said.counts && !self.revoked.contains(&bulk);
                Entry { step: Some(bulk), file: file_of(bulk, state), counts, ..entry }
            }
        }
    }
}

fn file_of(bulk: BulkId, state: &State) -> Option<&str> {
    match &state.bulk(bulk)?.origin {
        Origin::File { name, .. } => Some(name.as_str()),
        Origin::Model { .. } => None,
    }
}
