//! What a run is measured by.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::run::{LookMade, Run};

/// Shares of the positives that are reported, percent.
pub const SHARES: [u32; 5] = [50, 80, 90, 95, 99];
/// The share of the pool at which RRF and ERF are taken.
const EARLY: f64 = 0.1;

/// What a run measured.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    #[serde(flatten)]
    pub run: Run,
    pub looks: usize,
    /// Positives that were shown.
    pub found: usize,
    pub share_found: f64,
    pub looks_to_first: Option<usize>,
    /// Looks until this share (percent) of the positives was shown.
    pub looks_to: BTreeMap<u32, Option<usize>>,
    /// Work saved over sampling at 95 % (Cohen et al. 2006): 1 − looks / images − 0.05.
    pub wss_95: Option<f64>,
    /// The share of the positives that was shown in the first tenth of the pool, and what that is beyond a
    /// tenth (ASReview's RRF and ERF).
    pub rrf_10: Option<f64>,
    pub erf_10: Option<f64>,
    /// Mean look at which a positive was shown, as a share of the pool (average time to detection); none where not all
    /// were: the mean of those that were would praise a run for what it missed.
    pub atd: Option<f64>,
    /// What the answering would have taken a person at this pace.
    pub person_seconds: Option<f64>,
    /// How often the number of positives that were left lay between the ends that the model had told (goal: nine
    /// times of ten), of how many; every fifty looks.
    pub forecast_held: Option<f64>,
    pub forecasts: usize,
    pub answer_to_durable_ms: Percentiles,
    pub answer_to_ranking_ms: Percentiles,
}

/// Of times, milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

impl Summary {
    /// Of what was answered; `run` says what it was.
    pub fn of(run: &Run, made: &[LookMade]) -> Self {
        let shown = running(made.iter().map(|look| look.positive));
        let found = shown.last().copied().unwrap_or_default();
        let (images, positives) = (run.images, run.positives);
        let reached = |share| (share, looks_to(&shown, needed(share, positives)));
        let looks_to_shares: BTreeMap<_, _> = SHARES.map(reached).into();
        let early = (images as f64 * EARLY) as usize;
        let of_early = early.checked_sub(1).and_then(|last| shown.get(last));
        let rrf_10 = of_early.map(|found| *found as f64 / positives as f64);
        let discoveries = made.iter().zip(1..).filter(|(look, _)| look.positive);
        let total: usize = discoveries.map(|(_, at)| at).sum();
        let forecasts = forecasts(positives, made);
        let held = forecasts.iter().filter(|held| **held).count();
        Self {
            run: run.clone(),
            looks: made.len(),
            found,
            share_found: found as f64 / positives as f64,
            looks_to_first: looks_to(&shown, 1),
            wss_95: looks_to_shares[&95].map(|looks| 1.0 - looks as f64 / images as f64 - 0.05),
            looks_to: looks_to_shares,
            rrf_10,
            erf_10: rrf_10.map(|found| found - EARLY),
            atd: (found == positives && found > 0)
                .then(|| total as f64 / found as f64 / images as f64),
            person_seconds: run.pace.map(|pace| made.len() as f64 / pace),
            forecast_held: (!forecasts.is_empty()).then(|| held as f64 / forecasts.len() as f64),
            forecasts: forecasts.len(),
            answer_to_durable_ms: percentiles(made.iter().map(|look| look.durable)),
            answer_to_ranking_ms: percentiles(made.iter().map(|look| look.ranked)),
        }
    }
}

/// Whether each forecast was true.
fn forecasts(positives: usize, made: &[LookMade]) -> Vec<bool> {
    let mut left = positives as f32;
    let told = made.iter().filter_map(|look| {
        left -= f32::from(u8::from(look.positive));
        look.left.map(|told| told.low <= left && left <= told.high)
    });
    told.collect()
}

/// How many positives a share (percent) is, rounded up.
pub fn needed(share: u32, positives: usize) -> usize {
    (positives * share as usize).div_ceil(100)
}

/// Positives that were shown after each look, from which looks were positive.
pub fn running(positive: impl Iterator<Item = bool>) -> Vec<usize> {
    let count = |found: &mut usize, positive: bool| {
        *found += usize::from(positive);
        Some(*found)
    };
    positive.scan(0, count).collect()
}

/// Looks until so many positives were shown, from those that were after each look.
pub fn looks_to(shown: &[usize], positives: usize) -> Option<usize> {
    let before = shown.partition_point(|shown| *shown < positives.max(1));
    (before < shown.len()).then_some(before + 1)
}

fn percentiles(times: impl Iterator<Item = Duration>) -> Percentiles {
    let mut ms: Vec<f64> = times.map(|time| time.as_secs_f64() * 1e3).collect();
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| {
        ms.get(((ms.len() as f64 * share) as usize).min(ms.len().saturating_sub(1))).copied()
    };
    Percentiles {
        p50: at(0.5).unwrap_or_default(),
        p99: at(0.99).unwrap_or_default(),
        max: ms.last().copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use sluice_events::message::Interval;

    use super::*;

    /// Ten looks in a pool of forty with five positives, at looks 1, 2, 4 and 10.
    fn looks() -> (Run, Vec<LookMade>) {
        let run = Run { images: 40, positives: 5, pace: Some(2.0), ..Run::default() };
        let look = |number: usize| LookMade {
            positive: [1, 2, 4, 10].contains(&number),
            ranked: Duration::from_millis(number as u64),
            // True after look 5, when two of five are left, and false after look 10.
            left: number.is_multiple_of(5).then_some(Interval { low: 1.5, likely: 2.0, high: 3.0 }),
            ..LookMade::default()
        };
        (run, (1..=10).map(look).collect())
    }

    #[test]
    fn measures_by_hand() {
        let (run, made) = looks();
        let summary = Summary::of(&run, &made);
        assert_eq!((summary.found, summary.looks_to_first), (4, Some(1)));
        // 50 % of five are three, 80 % four, 90 % and more five.
        let looks_to: Vec<Option<usize>> = summary.looks_to.values().copied().collect();
        assert_eq!(looks_to, [Some(4), Some(10), None, None, None]);
        assert_eq!(summary.wss_95, None);
        // A tenth of the pool is four looks, with three of five positives.
        assert!((summary.rrf_10.unwrap_or_default() - 0.6).abs() < 1e-9);
        assert!((summary.erf_10.unwrap_or_default() - 0.5).abs() < 1e-9);
        assert_eq!(summary.person_seconds, Some(5.0));
        assert_eq!((summary.forecast_held, summary.forecasts), (Some(0.5), 2));
        assert!((summary.answer_to_ranking_ms.p50 - 6.0).abs() < 1e-9);
    }

    #[test]
    fn the_time_to_detection_is_told_where_every_positive_was_found() {
        let (run, mut made) = looks();
        assert_eq!(Summary::of(&run, &made).atd, None, "one is missing, and nobody knows where");
        made.push(LookMade { positive: true, ..LookMade::default() });
        // (1 + 2 + 4 + 10 + 11) / 5 of forty.
        let atd = Summary::of(&run, &made).atd;
        assert!((atd.unwrap_or_default() - 0.14).abs() < 1e-9, "{atd:?}");
        let none = serde_json::to_value(Summary::of(&run, &made[..10])).unwrap();
        assert!(none["atd"].is_null() && none["looks_to"]["90"].is_null(), "{none}");
    }

    #[test]
    fn a_run_without_a_look_has_found_nothing() {
        let (run, _) = looks();
        let summary = Summary::of(&run, &[]);
        assert_eq!((summary.found, summary.looks_to_first, summary.rrf_10), (0, None, None));
    }
}
