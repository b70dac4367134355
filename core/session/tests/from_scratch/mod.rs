//! What counts of a log, by code that knows neither the state nor its tallies.

use std::collections::{BTreeMap, BTreeSet};

use sluice_events::facts::{BulkLabelled, Seen};
use sluice_events::{Answer, BulkId, Event, Label, Source};

use crate::anything::Entry;

/// One look, as the log tells it.
#[derive(Clone, Debug)]
pub struct Look {
    pub seq: u64,
    pub time_us: u64,
    pub image: u32,
    pub answer: Answer,
    pub source: Source,
    pub seen: Seen,
    pub active_us: u64,
    pub age: Option<usize>,
    /// Images that looks had found positive when it was counted.
    pub found: usize,
}

impl Look {
    pub fn person(&self) -> bool {
        matches!(self.source, Source::Manual | Source::Audit)
    }

    pub fn pace(&self) -> bool {
        self.person() || self.source == Source::Timeout
    }

    /// What the model had said; what is no probability was not said.
    pub fn said(&self) -> Option<f32> {
        self.seen.probability.filter(|said| (0.0..=1.0).contains(said))
    }

    pub fn agreed(&self) -> Option<bool> {
        let positive = self.answer.label().filter(|_| self.pace())? == Label::Positive;
        Some((self.said()? >= 0.5) == positive)
    }
}

/// Whoever said something of an image: a look by its event, or a step.
#[derive(Clone, Copy, PartialEq)]
pub enum By {
    Look(u64),
    Step(BulkId),
}

/// What was said of each image and counts, the newest last.
#[derive(Default)]
pub struct Layers(BTreeMap<u32, Vec<(By, Answer, Source)>>);

impl Layers {
    fn add(&mut self, look: &Look) {
        let said = (By::Look(look.seq), look.answer, look.source);
        self.0.entry(look.image).or_default().push(said);
    }

    fn add_step(&mut self, labelled: &BulkLabelled) {
        for label in &labelled.labels {
            let said = self.0.entry(label.image.0).or_default();
            if said.is_empty() || labelled.source != Source::Model {
                said.push((By::Step(labelled.bulk), label.answer, labelled.source));
            }
        }
    }

    fn take_back(&mut self, by: By) {
        for said in self.0.values_mut() {
            said.retain(|(given_by, ..)| *given_by != by);
        }
    }

    /// The answers that count.
    pub fn top(&self) -> impl Iterator<Item = (u32, By, Answer, Source)> {
        let last = |(image, said): (&u32, &Vec<_>)| Some((*image, *said.last()?));
        self.0
            .iter()
            .filter_map(last)
            .map(|(image, (by, answer, source))| (image, by, answer, source))
    }

    fn found_by_looks(&self) -> usize {
        let yes = |by, answer| matches!(by, By::Look(_)) && answer == Answer::Positive;
        self.top().filter(|(_, by, answer, _)| yes(*by, *answer)).count()
    }
}

/// The looks that count, and what counts of each image, from scratch.
pub fn count(log: &[Entry]) -> (Vec<Look>, Layers) {
    let (mut looks, mut undone) = (Vec::<Look>::new(), Vec::<Look>::new());
    let mut layers = Layers::default();
    let mut rankings = BTreeMap::new();
    for (seq, time_us, event) in log {
        let (image, answer, source, seen) = match event {
            Event::Labelled(l) => (l.image, Answer::from(l.label), l.source, l.seen),
            Event::Skipped(s) => (s.image, Answer::Skip, Source::Manual, s.seen),
            Event::Undone(_) => {
                let look = looks.pop().unwrap();
                layers.take_back(By::Look(look.seq));
                undone.push(look);
                continue;
            }
            Event::Redone(_) => {
                let look = undone.pop().unwrap();
                layers.add(&look);
                looks.push(Look { found: layers.found_by_looks(), ..look });
                continue;
            }
            Event::BulkLabelled(labelled) => {
                layers.add_step(labelled);
                continue;
            }
            Event::BulkRevoked(revoked) => {
                layers.take_back(By::Step(revoked.bulk));
                continue;
            }
            Event::RankingMade(made) => {
                rankings.insert(made.ranking, made.learned_from);
                continue;
            }
            _ => continue,
        };
        undone.clear();
        let age = seen
            .ranking
            .map(|ranking| looks.iter().filter(|look| look.seq > rankings[&ranking]).count());
        let gap = looks.last().map(|last| time_us.saturating_sub(last.time_us));
        let mut look = Look {
            seq: *seq,
            time_us: *time_us,
            image: image.0,
            answer,
            source,
            seen,
            active_us: 0,
            age,
            found: 0,
        };
        if look.pace() {
            look.active_us = match (seen.shown_ms, gap) {
                (0, Some(gap)) if gap <= 60_000_000 => gap,
                (shown, _) => (u64::from(shown) * 1000).min(60_000_000),
            };
        }
        layers.add(&look);
        looks.push(Look { found: layers.found_by_looks(), ..look });
    }
    (looks, layers)
}

/// Images that are set aside.
pub fn aside(log: &[Entry]) -> BTreeSet<u32> {
    let mut aside = BTreeSet::new();
    for (_, _, event) in log {
        match event {
            Event::ImageSetAside(set) => drop(aside.insert(set.image.0)),
            Event::ImageRestored(restored) => drop(aside.remove(&restored.image.0)),
            _ => {}
        }
    }
    aside
}
