//! Whatever a session may write.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sluice_events::facts::{
    BulkBegun, BulkLabel, BulkLabelled, BulkRevoked, CycleTrained, FoundImage, ImageRestored,
    ImageSetAside, ImagesFound, Labelled, ModelTrained, Origin, PluginRef, RankingMade, Redone,
    Seen, Skipped, Undone,
};
use sluice_events::outlook::outlook;
use sluice_events::plugin::Values;
use sluice_events::{Answer, BulkId, CommandId, Event, ImageId, ModelId, RankingId, Source};
use uuid::Uuid;

pub const IMAGES: u32 = 40;
const SOURCES: [Source; 5] =
    [Source::Manual, Source::Timeout, Source::Imported, Source::Model, Source::Audit];

/// What may happen next.
#[derive(Clone, Debug)]
pub enum Step {
    Look {
        image: u32,
        answer: Answer,
        source: Source,
        probability: Option<f32>,
        shown_ms: u32,
        ranked: bool,
    },
    Undo,
    Redo,
    Model(f32),
    Ranking(Vec<f32>),
    Cycle(f32),
    SetAside(u32),
    Restore(u32),
    /// A step of many labels.
    Many(BTreeMap<u32, Answer>, Source),
    /// One of the steps so far is taken back.
    Revoke(prop::sample::Index),
}

pub fn steps() -> impl Strategy<Value = Vec<(u32, Step)>> {
    let answer = || prop_oneof![Just(Answer::Positive), Just(Answer::Negative), Just(Answer::Skip)];
    let source =
        prop_oneof![4 => Just(Source::Manual), 1 => prop::sample::select(SOURCES.as_slice())];
    let shown = prop_oneof![Just(0_u32), 100..100_000_u32];
    // A log may hold anything that its checksum fits.
    let strange = prop::sample::select(&[1e30, -1.0, f32::NAN, f32::INFINITY][..]);
    let probability = prop::option::weighted(0.8, prop_oneof![9 => 0.0..=1.0_f32, 1 => strange]);
    let look = (0..IMAGES, answer(), source, probability, shown, any::<bool>()).prop_map(
        |(image, answer, source, probability, shown_ms, ranked)| Step::Look {
            image,
            answer,
            // Nobody but people skips.
            source: if answer == Answer::Skip { Source::Manual } else { source },
            probability,
            shown_ms,
            ranked,
        },
    );
    let labels = prop::collection::btree_map(0..IMAGES, answer(), 0..12);
    let giver = prop_oneof![Just(Source::Imported), Just(Source::Model)];
    let step = prop_oneof![
        10 => look,
        1 => (labels, giver).prop_map(|(labels, source)| Step::Many(labels, source)),
        1 => any::<prop::sample::Index>().prop_map(Step::Revoke),
        2 => Just(Step::Undo),
        1 => Just(Step::Redo),
        1 => (0.0..1.0_f32).prop_map(Step::Model),
        2 => prop::collection::vec(0.0..=1.0_f32, 0..20).prop_map(Step::Ranking),
        1 => (0.0..1.0_f32).prop_map(Step::Cycle),
        1 => (0..IMAGES).prop_map(Step::SetAside),
        1 => (0..IMAGES).prop_map(Step::Restore),
    ];
    prop::collection::vec((0..90_000_u32, step), 0..150)
}

/// An event of the log, with its number and its time.
pub type Entry = (u64, u64, Event);

/// Whatever a session may write, given what it wrote before; only the steps that make sense become events.
pub struct Writer {
    pub log: Vec<Entry>,
    time_us: u64,
    looks: Vec<u64>,
    undone: Vec<u64>,
    rankings: u64,
    models: u64,
    steps: u32,
}

impl Writer {
    pub fn new() -> Self {
        let images = (0..IMAGES).map(|i| FoundImage { path: format!("{i}.png"), bytes: 1 });
        let found = ImagesFound { first: Some(ImageId(0)), images: images.collect() };
        let log = vec![(0, 1, Event::ImagesFound(found))];
        let (looks, undone) = (Vec::new(), Vec::new());
        Self { log, time_us: 1, looks, undone, rankings: 0, models: 0, steps: 0 }
    }

    pub fn step(&mut self, after_ms: u32, step: Step) {
        self.time_us += u64::from(after_ms) * 1000;
        let seq = self.log.len() as u64;
        let command = CommandId(Uuid::from_u128(u128::from(seq)));
        let event = match step {
            Step::Look { image, answer, source, probability, shown_ms, ranked } => {
                self.looks.push(seq);
                self.undone.clear();
                let ranking = (ranked && self.rankings > 0).then_some(RankingId(self.rankings));
                let seen = Seen { ranking, probability, shown_ms, ..Seen::default() };
                let (image, annotator) = (ImageId(image), String::new());
                match answer.label() {
                    Some(label) => {
                        Event::Labelled(Labelled { command, image, label, source, annotator, seen })
                    }
                    None => Event::Skipped(Skipped { command, image, annotator, seen }),
                }
            }
            Step::Undo => {
                let Some(look) = self.looks.pop() else { return };
                self.undone.push(look);
                Event::Undone(Undone { command, look })
            }
            Step::Redo => {
                let Some(look) = self.undone.pop() else { return };
                self.looks.push(look);
                Event::Redone(Redone { command, look })
            }
            Step::Model(loss) => {
                self.models += 1;
                Event::ModelTrained(ModelTrained {
                    model: ModelId(self.models),
                    learned_from: seq - 1,
                    positives: 1,
                    negatives: 1,
                    loss,
                    features: "f".into(),
                })
            }
            Step::Ranking(probabilities) => {
                self.rankings += 1;
                Event::RankingMade(RankingMade {
                    ranking: RankingId(self.rankings),
                    model: None,
                    learned_from: seq - 1,
                    selector: PluginRef { name: "s".into(), version: "1".into(), hash: [0; 32] },
                    parameters: Values::new(),
                    candidates: probabilities.len() as u32,
                    scored: probabilities.len() as u32,
                    first: Vec::new(),
                    outlook: outlook(&probabilities),
                })
            }
            Step::SetAside(image) => Event::ImageSetAside(ImageSetAside {
                image: ImageId(image),
                reason: "broken".into(),
            }),
            Step::Restore(image) => {
                Event::ImageRestored(ImageRestored { image: ImageId(image), bytes: Some(1) })
            }
            Step::Many(labels, source) => {
                self.steps += 1;
                let bulk = BulkId(self.steps);
                let origin = match source {
                    Source::Model => Origin::Model { model: None, above: None, below: None },
                    _ => Origin::File { name: "labels.csv".into(), hash: [0; 32] },
                };
                let (count, annotator) = (labels.len() as u32, String::new());
                let begun = BulkBegun { command, bulk, origin, labels: count, annotator };
                self.log.push((seq, self.time_us, Event::BulkBegun(begun)));
                let labels = labels.into_iter().map(|(image, answer)| {
                    let probability = (source == Source::Model).then_some(0.5);
                    BulkLabel { image: ImageId(image), answer, probability }
                });
                Event::BulkLabelled(BulkLabelled { bulk, source, labels: labels.collect() })
            }
            Step::Revoke(_) if self.steps == 0 => return,
            Step::Revoke(which) => {
                let bulk = BulkId(which.index(self.steps as usize) as u32 + 1);
                Event::BulkRevoked(BulkRevoked { command, bulk })
            }
            Step::Cycle(loss) => Event::CycleTrained(CycleTrained {
                network: "small".into(),
                labels: 3,
                steps: 9,
                loss,
                learning_rate: 0.01,
                scored: 2,
                seconds: 1.5,
            }),
        };
        self.log.push((self.log.len() as u64, self.time_us, event));
    }
}
