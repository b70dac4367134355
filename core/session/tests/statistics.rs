//! What is told of a session, at any point of it: the same as a replay up to that point tells, and the same as is
//! counted from scratch by code that knows neither the state nor its tallies.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod anything;
mod from_scratch;

use std::collections::BTreeMap;

use anything::{Entry, IMAGES, Writer, steps};
use from_scratch::{Layers, Look, aside, count};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sluice_events::message::{Charts, Statistics};
use sluice_events::{Answer, Event, Label};
use sluice_session::{State, snapshot};

fn check_statistics(
    told: &Statistics,
    (looks, layers): &(Vec<Look>, Layers),
    log: &[Entry],
    now_us: u64,
) {
    let top = layers.top().map(|(image, _, answer, source)| (image, (answer, source)));
    let answers: BTreeMap<_, _> = top.collect();
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
        assert_eq!(told.positives[at] as usize, so_far[look - 1].found);
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
            let counted = count(so_far);
            let statistics = live.statistics(*time_us);
            check_statistics(&statistics, &counted, so_far, *time_us);
            check_charts(&live.charts(), &counted.0, so_far);
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
