//! Runs of which only the seed differs, measured together: the median of every measure, and how far the runs are apart.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::measures::{SHARES, Summary};

/// Of one measure over all runs. None: not reached, or not known of every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number of runs, the mean of the middle two.
    pub median: Option<f64>,
    pub smallest: Option<f64>,
    pub largest: Option<f64>,
}

impl Spread {
    /// An infinite value is that of a run that did not get there: it has its place in the order. Where one is not known
    /// (not a number), nothing is.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        if values.is_empty() || values.iter().any(|value| value.is_nan()) {
            return Self::default();
        }
        values.sort_by(f64::total_cmp);
        let (last, middle) = (values.len() - 1, values.len() / 2);
        // Of an odd number both are the same.
        let median = f64::midpoint(values[last - middle], values[middle]);
        let told = |value: f64| Some(value).filter(|value| value.is_finite());
        Self { median: told(median), smallest: told(values[0]), largest: told(values[last]) }
    }
}

/// Looks until a share of the positives was shown, over all runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LooksTo {
    #[serde(flatten)]
    pub spread: Spread,
    /// The same, but a run that was cut short before counts with the looks that it made: it would have taken more.
    pub more_than: Spread,
}

impl LooksTo {
    /// Of each run, the looks until then, if it came so far, and the looks that it made.
    pub fn of(runs: impl IntoIterator<Item = (Option<usize>, usize)>) -> Self {
        let runs: Vec<(Option<usize>, usize)> = runs.into_iter().collect();
        let reached = runs.iter().map(|(to, _)| to.map_or(f64::INFINITY, |looks| looks as f64));
        let at_least = runs.iter().map(|(to, made)| to.unwrap_or(*made) as f64);
        Self { spread: Spread::of(reached), more_than: Spread::of(at_least) }
    }
}

/// "3686 (3318 to 3822)"; what was not reached is more than the looks that were made, ">6000".
impl fmt::Display for LooksTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spread, more_than } = self;
        let told = |reached: Option<f64>, made: Option<f64>| match (reached, made) {
            (Some(looks), _) => looks.to_string(),
            (None, Some(looks)) => format!(">{looks}"),
            (None, None) => "–".to_owned(),
        };
        let median = told(spread.median, more_than.median);
        let smallest = told(spread.smallest, more_than.smallest);
        let largest = told(spread.largest, more_than.largest);
        if smallest == largest {
            return f.pad(&median);
        }
        f.pad(&format!("{median} ({smallest} to {largest})"))
    }
}

/// A number that a run has.
pub struct Measure {
    /// In JSON.
    pub key: &'static str,
    /// For a person.
    pub name: &'static str,
    /// Digits behind the point, for a person; of 0, as many as it takes.
    pub digits: usize,
    /// Infinite where it was not reached, not a number where it is not known.
    of: fn(&Summary) -> f64,
}

/// Everything that is measured besides the looks to a share.
pub const MEASURES: [Measure; 21] = [
    measure("looks", "looks", 0, |run| run.looks as f64),
    measure("found", "found", 0, |run| run.found as f64),
    measure("share_found", "share found", 3, |run| run.share_found),
    measure("looks_to_first", "to the first", 0, |run| {
        run.looks_to_first.map_or(f64::INFINITY, |looks| looks as f64)
    }),
    // Later is less here.
    measure("wss_95", "WSS@95 %", 3, |run| run.wss_95.unwrap_or(f64::NEG_INFINITY)),
    measure("rrf_10", "RRF@10 %", 3, |run| known(run.rrf_10)),
    measure("erf_10", "ERF@10 %", 3, |run| known(run.erf_10)),
    measure("atd", "ATD", 3, |run| known(run.atd)),
    measure("forecast_held", "forecasts held", 3, |run| known(run.forecast_held)),
    measure("forecasts", "forecasts", 0, |run| run.forecasts as f64),
    measure("person_seconds", "a person's time, s", 0, |run| known(run.person_seconds)),
    measure("answer_to_durable_ms_p50", "to durable p50, ms", 1, |run| {
        run.answer_to_durable_ms.p50
    }),
    measure("answer_to_durable_ms_p99", "to durable p99, ms", 1, |run| {
        run.answer_to_durable_ms.p99
    }),
    measure("answer_to_durable_ms_max", "to durable max, ms", 1, |run| {
        run.answer_to_durable_ms.max
    }),
    measure("answer_to_ranking_ms_p50", "to ranking p50, ms", 1, |run| {
        run.answer_to_ranking_ms.p50
    }),
    measure("answer_to_ranking_ms_p99", "to ranking p99, ms", 1, |run| {
        run.answer_to_ranking_ms.p99
    }),
    measure("answer_to_ranking_ms_max", "to ranking max, ms", 1, |run| {
        run.answer_to_ranking_ms.max
    }),
    measure("features_seconds", "features, s", 1, |run| run.run.features_seconds),
    measure("answering_seconds", "answers, s", 1, |run| run.run.answering_seconds),
    measure("late_seconds", "behind the pace, s", 1, |run| run.run.late_seconds),
    measure("opinions", "opinions joined", 0, |run| f64::from(run.run.opinions)),
];

const fn measure(
    key: &'static str,
    name: &'static str,
    digits: usize,
    of: fn(&Summary) -> f64,
) -> Measure {
    Measure { key, name, digits, of }
}

fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// What all runs measured.
#[derive(Clone, Debug, Serialize)]
pub struct Together {
    /// How many.
    pub runs: usize,
    /// By the share of the positives, percent.
    pub looks_to: BTreeMap<u32, LooksTo>,
    /// By the keys of [`MEASURES`].
    #[serde(flatten)]
    pub measures: BTreeMap<&'static str, Spread>,
}

impl Together {
    /// Of so many runs.
    pub fn of(runs: &[Summary]) -> Self {
        let looks_to = |share: u32| {
            let of_runs = runs.iter().map(|run| (run.looks_to[&share], run.looks));
            (share, LooksTo::of(of_runs))
        };
        let spread = |measure: &Measure| (measure.key, Spread::of(runs.iter().map(measure.of)));
        Self {
            runs: runs.len(),
            looks_to: SHARES.map(looks_to).into(),
            measures: MEASURES.iter().map(spread).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::{LookMade, Run};
    use super::*;

    fn spread(median: f64, smallest: f64, largest: f64) -> Spread {
        let [median, smallest, largest] = [median, smallest, largest].map(Some);
        Spread { median, smallest, largest }
    }

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), spread(2.0, 1.0, 3.0));
        assert_eq!(Spread::of([4.0, 1.0]), spread(2.5, 1.0, 4.0));
        assert_eq!(Spread::of([9.0, 1.0, 4.0, 2.0]), spread(3.0, 1.0, 9.0));
        assert_eq!(Spread::of([7.0]), spread(7.0, 7.0, 7.0));
        assert_eq!(Spread::of([]), Spread::default());
    }

    #[test]
    fn a_run_that_did_not_get_there_has_its_place_in_the_order() {
        let late = Spread::of([f64::INFINITY, 1.0, 3.0]);
        assert_eq!(late, Spread { largest: None, ..spread(3.0, 1.0, 0.0) });
        let mostly = Spread::of([f64::INFINITY, 1.0]);
        assert_eq!(mostly, Spread { smallest: Some(1.0), ..Spread::default() });
        let early = Spread::of([f64::NEG_INFINITY, 0.2, 0.4]);
        assert_eq!(early, Spread { smallest: None, ..spread(0.2, 0.0, 0.4) });
        assert_eq!(Spread::of([f64::NAN, 1.0, 2.0]), Spread::default(), "one is not known");
    }

    #[test]
    fn runs_that_were_cut_short_are_told_with_the_looks_that_they_made() {
        let told = |runs: &[(Option<usize>, usize)]| LooksTo::of(runs.iter().copied()).to_string();
        assert_eq!(told(&[(Some(3000), 3000)]), "3000");
        assert_eq!(told(&[(None, 6000)]), ">6000");
        assert_eq!(told(&[(Some(10), 50), (None, 60), (Some(30), 60)]), "30 (10 to >60)");
        assert_eq!(told(&[(Some(10), 60), (None, 60)]), ">35 (10 to >60)");
        assert_eq!(told(&[(None, 50), (None, 60)]), ">55 (>50 to >60)");
        assert_eq!(format!("{:>6}|", LooksTo::of([(None, 60)])), "   >60|");
    }

    #[test]
    fn every_measure_is_told_of_all_runs() {
        let look = |positive| LookMade { positive, ..LookMade::default() };
        let run = Run { images: 4, positives: 2, opinions: 3, ..Run::default() };
        let whole = Summary::of(&run, &[true, false, true].map(look));
        let short = Summary::of(&run, &[false, true].map(look));
        let told = serde_json::to_value(Together::of(&[whole.clone(), short])).unwrap();
        assert_eq!(told["runs"], 2);
        assert_eq!(told["looks_to"]["50"]["median"], 1.5);
        assert!(told["looks_to"]["95"]["median"].is_null(), "{told}");
        assert_eq!(told["looks_to"]["95"]["smallest"], 3.0);
        assert_eq!(told["looks_to"]["95"]["more_than"]["largest"], 3.0);
        assert_eq!(
            (&told["found"]["median"], &told["opinions"]["largest"]),
            (&1.5.into(), &3.0.into())
        );
        // One of them has not found all.
        assert!(told["atd"]["median"].is_null(), "{told}");
        // 1 − 3/4 − 0.05 is the better of the two.
        let wss = told["wss_95"]["largest"].as_f64().unwrap();
        assert!((wss - 0.2).abs() < 1e-9 && told["wss_95"]["median"].is_null(), "{told}");
        let alone = Together::of(&[whole]);
        assert_eq!(alone.measures["atd"].median, Some(0.5));
    }
}
