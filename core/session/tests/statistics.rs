//! What is told of a session, at any point of it: the same as a replay up to that point tells, and the same as is
//! counted from scratch by code that knows neither the state nor its tallies.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sluice_events::facts::{
    CycleTrained, FoundImage, ImageRestored, ImageSetAside, ImagesFound, Labelled, ModelTrained,
    PluginRef, RankingMade, Redone, Seen, Skipped, Undone,
};
use sluice_events::message::{Charts, Statistics};
use sluice_events::outlook::outlook;
use sluice_events::plugin::Values;
use sluice_events::{Answer, CommandId, Event, ImageId, Label, ModelId, RankingId, Source};
use sluice_session::{State, snapshot};
use uuid::Uuid;

const IMAGES: u32 = 40;
const SOURCES: [Source; 5] =
    [Source::Manual, Source::Timeout, Source::Imported, Source::Model, Source::Audit];

/// What may happen next.
#[derive(Clone, Debug)]
enum Step {
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
}

fn steps() -> impl Strategy<Value = Vec<(u32, Step)>> {
    let answer = prop_oneof![Just(Answer::Positive), Just(Answer::Negative), Just(Answer::Skip)];
    let source =
        prop_oneof![4 => Just(Source::Manual), 1 => prop::sample::select(SOURCES.as_slice())];
    let shown = prop_oneof![Just(0_u32), 100..100_000_u32];
    // A log may hold anything that its checksum fits.
    let strange = prop::sample::select(&[1e30, -1.0, f32::NAN, f32::INFINITY][..]);
    let probability = prop::option::weighted(0.8, prop_oneof![9 => 0.0..=1.0_f32, 1 => strange]);
    let look = (0..IMAGES, answer, source, probability, shown, any::<bool>()).prop_map(
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
    let step = prop_oneof![
        10 => look,
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
type Entry = (u64, u64, Event);

/// Whatever a session may write, given what it wrote before; only the steps that make sense become events.
struct Writer {
    log: Vec<Entry>,
    time_us: u64,
    looks: Vec<u64>,
    undone: Vec<u64>,
    rankings: u64,
    models: u64,
}

impl Writer {
    fn new() -> Self {
        let images = (0..IMAGES).map(|i| FoundImage { path: format!("{i}.png"), bytes: 1 });
        let found = ImagesFound { first: Some(ImageId(0)), images: images.collect() };
        let log = vec![(0, 1, Event::ImagesFound(found))];
        Self { log, time_us: 1, looks: Vec::new(), undone: Vec::new(), rankings: 0, models: 0 }
    }

    fn step(&mut self, after_ms: u32, step: Step) {
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
        self.log.push((seq, self.time_us, event));
    }
}

/// One look, as the log tells it.
#[derive(Clone, Debug)]
struct Look {
    seq: u64,
    time_us: u64,
    image: u32,
    answer: Answer,
    source: Source,
    seen: Seen,
    active_us: u64,
    age: Option<usize>,
}

impl Look {
    fn person(&self) -> bool {
        matches!(self.source, Source::Manual | Source::Audit)
    }

    fn pace(&self) -> bool {
        self.person() || self.source == Source::Timeout
    }

    /// What the model had said; what is no probability was not said.
    fn said(&self) -> Option<f32> {
        self.seen.probability.filter(|said| (0.0..=1.0).contains(said))
    }

    fn agreed(&self) -> Option<bool> {
        let positive = self.answer.label().filter(|_| self.pace())? == Label::Positive;
        Some((self.said()? >= 0.5) == positive)
    }
}

/// The looks that count, from scratch.
fn looks(log: &[Entry]) -> Vec<Look> {
    let (mut looks, mut undone) = (Vec::<Look>::new(), Vec::<Look>::new());
    let mut rankings = BTreeMap::new();
    for (seq, time_us, event) in log {
        let (image, answer, source, seen) = match event {
            Event::Labelled(l) => (l.image, Answer::from(l.label), l.source, l.seen),
            Event::Skipped(s) => (s.image, Answer::Skip, Source::Manual, s.seen),
            Event::Undone(_) => {
                undone.push(looks.pop().unwrap());
                continue;
            }
            Event::Redone(_) => {
                looks.push(undone.pop().unwrap());
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
        };
        if look.pace() {
            look.active_us = match (seen.shown_ms, gap) {
                (0, Some(gap)) if gap <= 60_000_000 => gap,
                (shown, _) => (u64::from(shown) * 1000).min(60_000_000),
            };
        }
        looks.push(look);
    }
    looks
}

/// Images that are set aside.
fn aside(log: &[Entry]) -> BTreeSet<u32> {
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

fn check_statistics(told: &Statistics, looks: &[Look], log: &[Entry], now_us: u64) {
    let mut answers = BTreeMap::new();
    for look in looks {
        answers.insert(look.image, (look.answer, look.source));
    }
    let mut counted = BTreeMap::new();
    for given in answers.values() {
        *counted.entry(*given).or_insert(0) += 1;
    }
    let told_counts: BTreeMap<_, u32> =
        told.answered.iter().map(|a| ((a.answer, a.source), a.images)).collect();
    assert_eq!(told_counts, counted);
    let of = |answer| answers.values().filter(|given| given.0 == answer).count() as u32;
    assert_eq!(
        (told.positives, told.negatives, told.skipped),
        (of(Answer::Positive), of(Answer::Negative), of(Answer::Skip))
    );
    let aside = aside(log);
    assert_eq!(told.set_aside, aside.len() as u32);
    let left = (0..IMAGES).filter(|i| !answers.contains_key(i) && !aside.contains(i)).count();
    assert_eq!(told.unlabelled, left as u32);
    let known = log.iter().rev().find_map(|(_, _, event)| match event {
        Event::RankingMade(made) => Some(made.learned_from),
        _ => None,
    });
    let behind = looks.iter().filter(|look| known.is_none_or(|known| look.seq > known)).count();
    assert_eq!(told.ranking_age, behind as u32);
    assert_eq!((told.looks, told.undo_depth), (looks.len() as u32, looks.len() as u32));
    let agreed: Vec<bool> = looks.iter().filter_map(Look::agreed).collect();
    let count = |list: &[bool]| (list.iter().filter(|a| **a).count() as u32, list.len() as u32);
    assert_eq!((told.agreement_of_all.agreed, told.agreement_of_all.of), count(&agreed));
    let last = &agreed[agreed.len().saturating_sub(50)..];
    assert_eq!((told.agreement.agreed, told.agreement.of), count(last));
    let minute = looks.iter().filter(|l| l.pace() && l.time_us > now_us.saturating_sub(60_000_000));
    // The clock never goes back here.
    assert_eq!(told.per_minute as usize, minute.count());
    let active: u64 = looks.iter().map(|look| look.active_us).sum();
    assert!((told.active_seconds - active as f64 / 1e6).abs() < 1e-9);
    let timed = looks.iter().filter(|look| look.pace() && look.active_us > 0).count();
    let pace = (timed > 0).then(|| (timed as f64 * 60e6 / active as f64) as f32);
    assert_eq!(told.per_active_minute, pace);
    let mut times: Vec<u64> =
        looks.iter().filter(|l| l.person() && l.active_us > 0).map(|l| l.active_us).collect();
    times.drain(..times.len().saturating_sub(200));
    times.sort_unstable();
    let at = |place: usize| times.get(place).map(|time| (*time as f64 / 1e6) as f32);
    let of_times = told.answer_seconds.map(|seconds| (Some(seconds.median), Some(seconds.p90)));
    let expected = (at(times.len() / 2), at(times.len() * 9 / 10));
    assert_eq!(of_times, (!times.is_empty()).then_some(expected));
    if let Some(forecast) = &told.forecast {
        let left = forecast.positives_left;
        assert!(0.0 <= left.low && left.low <= left.likely && left.likely <= left.high);
        assert!(left.high <= IMAGES as f32 + 1e-3, "not more than there are: {left:?}");
        for goal in &forecast.goals {
            assert!(goal.looks.low <= goal.looks.likely && goal.looks.likely <= goal.looks.high);
            assert_eq!(goal.seconds.is_some(), timed > 0);
        }
    }
}

fn check_charts(told: &Charts, looks: &[Look], log: &[Entry]) {
    let points: Vec<u32> = (1..=looks.len() as u32).collect();
    assert_eq!(told.looks, points, "so few are all shown");
    for (at, look) in told.looks.iter().map(|look| *look as usize).enumerate() {
        let so_far = &looks[..look];
        let mut answers = BTreeMap::new();
        answers.extend(so_far.iter().map(|l| (l.image, l.answer)));
        let positives = answers.values().filter(|a| **a == Answer::Positive).count();
        assert_eq!(told.positives[at] as usize, positives);
        let over = &so_far[look.saturating_sub(50)..];
        let mean = |sum: f64, of: usize| (of > 0).then(|| (sum / of as f64) as f32);
        let agreed: Vec<bool> = over.iter().filter_map(Look::agreed).collect();
        let right = agreed.iter().filter(|a| **a).count();
        assert_eq!(told.agreement[at], mean(right as f64, agreed.len()));
        let timed: Vec<u64> = over.iter().map(|l| l.active_us).filter(|t| *t > 0).collect();
        let seconds = timed.iter().sum::<u64>() as f64 / 1e6;
        assert_eq!(told.seconds_per_look[at], mean(seconds, timed.len()));
        let ages: Vec<usize> = over.iter().filter_map(|l| l.age).collect();
        assert_eq!(told.ranking_age[at], mean(ages.iter().sum::<usize>() as f64, ages.len()));
    }
    let judged: Vec<(f32, bool)> = looks
        .iter()
        .filter(|look| look.pace())
        .filter_map(|l| Some((l.said()?, l.answer.label()? == Label::Positive)))
        .collect();
    for (number, bin) in told.calibration.iter().enumerate() {
        let (low, high) = (number as f64 / 10.0, (number + 1) as f64 / 10.0);
        let inside = |p: f64| low <= p && (p < high || number == 9);
        let here: Vec<_> = judged.iter().filter(|(p, _)| inside(f64::from(*p))).collect();
        assert_eq!(bin.answers as usize, here.len(), "bin {number}");
        assert_eq!(bin.positives as usize, here.iter().filter(|(_, yes)| *yes).count());
        let said = here.iter().map(|(p, _)| f64::from(*p)).sum::<f64>() / here.len() as f64;
        assert_eq!(bin.said.is_some(), !here.is_empty());
        assert!(bin.said.is_none_or(|told| (f64::from(told) - said).abs() < 1e-5));
    }
    let person = looks.iter().filter(|l| l.person() && l.active_us > 0);
    let times: Vec<f32> = person.map(|l| (l.active_us as f64 / 1e6) as f32).collect();
    let mut above = 0.0;
    for bin in &told.times {
        let up_to = bin.up_to.unwrap_or(f32::INFINITY);
        let here = times.iter().filter(|time| above < **time && **time <= up_to).count();
        assert_eq!(bin.answers as usize, here, "up to {up_to} s");
        above = up_to;
    }
    let losses = log.iter().filter_map(|(_, _, event)| match event {
        Event::ModelTrained(trained) => Some(trained.loss),
        _ => None,
    });
    assert_eq!(told.models.iter().map(|m| m.loss).collect::<Vec<_>>(), losses.collect::<Vec<_>>());
    let losses = log.iter().filter_map(|(_, _, event)| match event {
        Event::CycleTrained(trained) => Some(trained.loss),
        _ => None,
    });
    assert_eq!(told.cycles.iter().map(|c| c.loss).collect::<Vec<_>>(), losses.collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn at_any_point_they_are_what_a_replay_tells_and_what_can_be_counted(
        steps in steps(),
        cut in 0_usize..150,
    ) {
        let mut writer = Writer::new();
        for (after_ms, step) in steps {
            writer.step(after_ms, step);
        }
        let mut live = State::default();
        for (number, (seq, time_us, event)) in writer.log.iter().enumerate() {
            live.apply(*seq, *time_us, event);
            let so_far = &writer.log[..=number];
            let looks = looks(so_far);
            let statistics = live.statistics(*time_us);
            check_statistics(&statistics, &looks, so_far, *time_us);
            check_charts(&live.charts(), &looks, so_far);
            if number == cut || number + 1 == writer.log.len() {
                // A replay, from a snapshot in its middle on.
                let mut replayed = State::default();
                for (at, (seq, time_us, event)) in so_far.iter().enumerate() {
                    if at == number / 2 {
                        replayed = snapshot::decode(&snapshot::encode(&replayed).unwrap()).unwrap();
                    }
                    replayed.apply(*seq, *time_us, event);
                }
                prop_assert_eq!(replayed.statistics(*time_us), statistics);
                prop_assert_eq!(replayed.charts(), live.charts());
            }
        }
    }
}
