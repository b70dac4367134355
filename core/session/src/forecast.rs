//! What is left to find, and what it takes: reckoned from what the model expected of the unanswered images when it
//! last ordered them (the ranking's outlook), set right by how such expectations have turned out.
//!
//! In each bin of probabilities there is a factor by which the model is wrong: as many positives as it expected in the
//! newest answers of that bin, times the factor, were found there. It is a Gamma variable, which a few answers' worth
//! of trust draws towards 1 (the conjugate update of a Poisson rate with exposure, Gelman et al., Bayesian Data
//! Analysis, 2.6). A factor, and not the share of positives that was found: those that were answered are the likeliest
//! of their bin, those that are left are not. Above one half it is the negatives that the factor is about. Quantiles are
//! those of the lognormal of the same mean and variance, and a range takes the same quantile in every bin, as if the
//! model were wrong in the same direction everywhere.
//!
//! Once a network in the background has joined, the answers come from the top of its order and say little of the bottom,
//! where most images are: how far the whole is off was measured, and is added to every range as a factor.
//!
//! However sure the model is, no range is narrower than if it had been right every time that it was put to the test: of
//! n answers to images of which it had said no, then, up to 3 of n others may be positive all the same (the rule of
//! three: Hanley and Lippman-Hand 1983, JAMA 249, 1743; at 95 %). The same holds for those of which it had said yes.
//! That is a least width and no bound: the answers come from the top of the order.
//! None of it knows of positives that look like nothing that was found; only answers to images drawn by chance would.

use sluice_events::facts::{RankingMade, WITH_NETWORK};
use sluice_events::message::{Forecast, Goal, Interval};
use sluice_events::outlook::{BINS, OutlookBin, bin_of};
use sluice_events::{Answer, Label, Source};

use crate::state::{LookEntry, State};
use crate::statistics::TIMES_OVER;
use crate::tally::CALIBRATION_BINS;

/// So many of the newest answers say how the model's expectations turn out.
const EVIDENCE_OVER: usize = 1000;
/// The model's word counts for so many answers of the rarer kind that came as expected. With 3 the number that was
/// left lay in the told range about nine times of ten, or more often (`LEARNING.md` in the crate `learn`).
const WORD: f64 = 3.0;
/// By what factor the whole may be off once a network in the background has joined: the deviation of its logarithm,
/// with which the told range held in nine cases of ten or more on the classes truck and bird (`LEARNING.md`).
const DOUBT: f64 = 1.4;
/// Of n answers without an exception, exceptions may be 3 of n.
const RULE_OF_THREE: f64 = 3.0;
/// The share of the images left that the model must have scored: what it has not seen, nobody can reckon.
const SCORED: f64 = 0.99;
/// Shares of all positives that are told.
const SHARES: [f32; 2] = [0.8, 0.95];
/// No share is nearer to none or all.
const LEAST: f64 = 1e-6;
/// The quantile of 95 % in deviations.
const Z: f64 = 1.645;

/// Images of one bin, and the share of positives among them.
struct Bin {
    images: f64,
    /// What the model says of them in the mean.
    said: f64,
    /// At the low end, expected, at the high end.
    shares: [f64; 3],
}

impl Bin {
    /// So many images, held positive with this probability in the mean; what is told of all bins together may be off by
    /// a factor with this deviation of its logarithm, and of the rarer kind there may be the share that is `unseen`.
    fn of(images: f64, said: f64, evidence: &Evidence, doubt: f64, unseen: [f64; 2]) -> Self {
        let Evidence { answers, positives, said: foreseen } = *evidence;
        let (is_likely, of_all) = (said > 0.5, said);
        // Of the rarer kind: its share, what was found of it, and what was expected.
        let (said, found, foreseen) = if is_likely {
            (1.0 - said, answers - positives, answers - foreseen)
        } else {
            (said, positives, foreseen)
        };
        let share = (said * (found + WORD) / (foreseen + WORD)).clamp(LEAST, 1.0 - LEAST);
        // Of the share that is true, and of what chance makes of it in so many images.
        let of_share = share * share / (found + WORD);
        let variance = of_share + share * (1.0 - share) / images.max(1.0);
        let [low, mean, high] = quantiles(share, variance, doubt);
        let high = high.max(unseen[usize::from(is_likely)]);
        let shares =
            if is_likely { [1.0 - high, 1.0 - mean, 1.0 - low] } else { [low, mean, high] };
        Self { images, said: of_all, shares }
    }
}

/// How far what the model says in one bin of probabilities is right, by answers that it did not know yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// What the model says there in the mean, P(positive).
    pub said: f64,
    /// The share that is positive: at the low end, expected, at the high end.
    pub shares: [f64; 3],
}

impl Correction {
    /// What a probability of this bin means: at the low end, expected, at the high end.
    pub fn of(&self, probability: f64) -> [f64; 3] {
        let rarer = |p: f64, said: f64, share: f64| (p * share / said).clamp(0.0, 1.0);
        self.shares.map(|share| {
            if self.said > 0.5 {
                1.0 - rarer(1.0 - probability, 1.0 - self.said, 1.0 - share)
            } else {
                rarer(probability, self.said, share)
            }
        })
    }
}

/// How the model's expectations turned out in one bin.
#[derive(Clone, Copy, Default)]
struct Evidence {
    answers: f64,
    positives: f64,
    /// Positives that it had expected.
    said: f64,
}

impl State {
    /// What is left; none where no model has expected anything, or of nearly all images that are left.
    pub fn forecast(&self) -> Option<Forecast> {
        let bins = self.bins()?;
        let found = f64::from(self.found_by_people());
        let left = |end: usize| bins.iter().map(|bin| bin.images * bin.shares[end]).sum::<f64>();
        let pace = self.seconds_per_look();
        let goals = SHARES.map(|share| {
            let looks = |end| looks_to(&bins, end, f64::from(share), found, left(end));
            let looks = interval([looks(0), looks(1), looks(2)]);
            let seconds = pace.map(|pace| Interval {
                low: looks.low * pace,
                likely: looks.likely * pace,
                high: looks.high * pace,
            });
            Goal { share, looks, seconds }
        });
        Some(Forecast {
            positives_left: interval([left(0), left(1), left(2)]),
            goals: goals.into(),
        })
    }

    /// Images labelled yes by people, here or in files: what the model labelled may be wrong.
    pub fn found_by_people(&self) -> u32 {
        let of_model = self.tally.answered.get(&(Answer::Positive, Source::Model));
        self.counts.positives - of_model.copied().unwrap_or(0)
    }

    /// The share that may be otherwise of what the model says no of, and of what it says yes of (one half or more),
    /// however sure it is: 3 of as many as it was put to the test with.
    pub fn unseen(&self) -> [f64; 2] {
        let (no, yes) = self.tally.calibration.split_at(CALIBRATION_BINS / 2);
        [no, yes].map(|bins| {
            let answers: u32 = bins.iter().map(|bin| bin.answers).sum();
            (RULE_OF_THREE / f64::from(answers.max(1))).min(1.0)
        })
    }

    /// How what the model says of an image is set right, by bin of what it says; none where it has said nothing, or of
    /// few.
    pub fn corrections(&self) -> Option<Vec<Correction>> {
        let correction = |bin: Bin| Correction { said: bin.said, shares: bin.shares };
        Some(self.bins()?.into_iter().map(correction).collect())
    }

    /// The unlikeliest bin first.
    fn bins(&self) -> Option<Vec<Bin>> {
        let ranking = self.ranking.as_ref()?;
        let RankingMade { outlook, candidates, scored, .. } = ranking;
        // What steps labelled since is still in its bins.
        if self.last_bulk.is_some_and(|newest| newest > ranking.learned_from) {
            return None;
        }
        let is_whole = outlook.len() == BINS && outlook.iter().all(|bin| bin.expected.is_finite());
        if !is_whole || f64::from(*scored) < SCORED * f64::from(*candidates) {
            return None;
        }
        let (doubt, unseen) = (if self.has_network() { DOUBT } else { 0.0 }, self.unseen());
        // The few that are not scored count like the others.
        let of_all = f64::from(*candidates) / f64::from((*scored).max(1));
        let bins = self.outlook_now(ranking).into_iter().zip(self.evidence());
        let bins = bins.map(|((images, expected), evidence)| {
            let said = (expected / images.max(1.0)).clamp(LEAST, 1.0 - LEAST);
            Bin::of(images * of_all, said, &evidence, doubt, unseen)
        });
        Some(bins.collect())
    }

    /// Whether a network in the background had a say in what the model thinks.
    fn has_network(&self) -> bool {
        self.model.as_ref().is_some_and(|model| model.features.ends_with(WITH_NETWORK))
    }

    /// Images and the positives expected among them, by bin, without those that were answered since the ranking.
    fn outlook_now(&self, ranking: &RankingMade) -> Vec<(f64, f64)> {
        let bin = |bin: &OutlookBin| (f64::from(bin.images), f64::from(bin.expected));
        let mut bins: Vec<(f64, f64)> = ranking.outlook.iter().map(bin).collect();
        let since = self.recent_looks().take_while(|look| look.seq > ranking.learned_from);
        for said in since.filter_map(|look| look.probability) {
            let (images, expected) = &mut bins[bin_of(said)];
            *images = (*images - 1.0).max(0.0);
            *expected = (*expected - f64::from(said)).clamp(0.0, *images);
        }
        bins
    }

    /// By bin of what the model had said.
    fn evidence(&self) -> [Evidence; BINS] {
        let mut evidence = [Evidence::default(); BINS];
        let judged = self.recent_looks().filter_map(LookEntry::judged);
        for (said, label) in judged.take(EVIDENCE_OVER) {
            let here = &mut evidence[bin_of(said)];
            here.answers += 1.0;
            here.positives += f64::from(u8::from(label == Label::Positive));
            here.said += f64::from(said);
        }
        evidence
    }

    /// Over the last looks whose time is known.
    fn seconds_per_look(&self) -> Option<f32> {
        let timed = self.recent_looks().filter(|look| look.is_of_pace() && look.active_us > 0);
        let times = timed.take(TIMES_OVER).map(|look| look.active_us);
        let (looks, sum) = times.fold((0_u32, 0), |(looks, sum), time| (looks + 1, sum + time));
        (looks > 0).then(|| (sum as f64 / 1e6 / f64::from(looks)) as f32)
    }
}

/// Of a lognormal variable, at most 1, times a factor whose logarithm is 0 in the median and has the deviation `doubt`:
/// 5 %, the variable's mean, 95 %.
fn quantiles(mean: f64, variance: f64, doubt: f64) -> [f64; 3] {
    let of_logarithm = (1.0 + variance / (mean * mean)).ln();
    let both = (of_logarithm + doubt * doubt).sqrt();
    let at = |z: f64| (mean.ln() - of_logarithm / 2.0 + z * both).exp();
    [at(-Z).min(mean), mean, at(Z).clamp(mean, 1.0)]
}

/// Looks until a share of the positives is found, the likeliest bin first, if `left` are left.
fn looks_to(bins: &[Bin], end: usize, share: f64, found: f64, left: f64) -> f64 {
    let mut missing = share * (found + left) - found;
    let mut looks = 0.0;
    for bin in bins.iter().rev() {
        if missing <= 0.0 {
            break;
        }
        let here = bin.images * bin.shares[end];
        looks += if here > missing { bin.images * missing / here } else { bin.images };
        missing -= here;
    }
    looks
}

/// With fewer positives there may be more to look at: the ends are the least and the most of all three.
fn interval(ends: [f64; 3]) -> Interval {
    let [_, likely, _] = ends;
    Interval {
        low: ends.into_iter().fold(likely, f64::min) as f32,
        likely: likely as f32,
        high: ends.into_iter().fold(likely, f64::max) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two bins: ten images of which all are positive, and a thousand of which one in a hundred is.
    fn bins() -> Vec<Bin> {
        let bin = |images, share| Bin { images, said: share, shares: [share; 3] };
        vec![bin(1000.0, 0.01), bin(10.0, 1.0)]
    }

    #[test]
    fn the_likeliest_are_looked_at_first() {
        let looks = |share, found| looks_to(&bins(), 1, share, found, 20.0);
        assert!((looks(0.25, 0.0) - 5.0).abs() < 1e-9);
        assert!((looks(0.5, 0.0) - 10.0).abs() < 1e-9);
        assert!((looks(0.75, 0.0) - 510.0).abs() < 1e-9, "half of the thousand, too");
        assert!((looks(1.0, 0.0) - 1010.0).abs() < 1e-6);
        assert!(looks(0.8, 100.0).abs() < 1e-9, "it is reached");
    }

    #[test]
    fn the_ends_are_in_order_where_more_positives_mean_fewer_looks() {
        let told = interval([7676.0, 7560.0, 7429.0]);
        assert_eq!(told, Interval { low: 7429.0, likely: 7560.0, high: 7676.0 });
    }

    #[test]
    fn a_bin_that_is_wrong_by_a_factor_is_set_right_by_it() {
        let unlikely = Correction { said: 0.02, shares: [0.01, 0.03, 0.1] };
        let [low, likely, high] = unlikely.of(0.01);
        assert!((low - 0.005).abs() < 1e-12 && (likely - 0.015).abs() < 1e-12);
        assert!((high - 0.05).abs() < 1e-12);
        // Above one half it is the negatives that there are more of.
        let likely = Correction { said: 0.9, shares: [0.7, 0.8, 0.9] };
        let [low, mean, high] = likely.of(0.95);
        assert!((low - 0.85).abs() < 1e-12 && (mean - 0.9).abs() < 1e-12);
        assert!((high - 0.95).abs() < 1e-12);
        assert!(unlikely.of(1.0).iter().all(|share| (0.0..=1.0).contains(share)));
    }

    #[test]
    fn a_range_holds_its_mean_and_widens_with_the_variance() {
        let [low, mean, high] = quantiles(0.01, 1e-6, 0.0);
        assert!(low < mean && mean < high && high < 0.02, "{low} {mean} {high}");
        let [wide_low, _, wide_high] = quantiles(0.01, 1e-4, 0.0);
        assert!(wide_low < low && wide_high > high);
        assert!(quantiles(0.9, 10.0, 0.0)[2] <= 1.0);
        let [low, mean, high] = quantiles(0.3, 0.0, 0.0);
        assert!((low - mean).abs() < 1e-12 && (high - mean).abs() < 1e-12);
        // Doubt is a factor, the same to both sides.
        let [low, mean, high] = quantiles(0.001, 0.0, 1.0);
        assert!((mean / low - high / mean).abs() < 1e-9 && (high / mean - Z.exp()).abs() < 1e-9);
    }
}
