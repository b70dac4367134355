//! What the model's labels would be worth: precision, recall and mistakes at any threshold.
//!
//! How right the model is, answers say that were given before it knew them: each bin of what it says is set right by
//! how its word has turned out there (`session::forecast`). Positives that people named are certain; what the model
//! labelled before is as doubtful as what it would label now.
//!
//! However sure the model is of any of them, no range is narrower than the rule of three allows (`session::forecast`).

use sluice_events::ImageId;
use sluice_events::message::{CurvePoint, Expected, Interval, Thresholds};
use sluice_events::outlook::bin_of;
use sluice_events::{Answer, Source};
use sluice_session::bulk::Said;
use sluice_session::state::By;
use sluice_session::{Correction, State};

/// Points of the curve.
const POINTS: usize = 60;
/// Suggested: as many positives as are right in so many cases, ...
const PRECISION: f64 = 0.95;
/// ... and as many negatives as cost no more than this share of all positives, as far as the model's word goes: the
/// least width of the ranges would leave small sessions without a suggestion. Neither goes beyond one half.
const MISSED: f64 = 0.02;
const HALF: f64 = 0.5;

/// Images and what the model says of each, P(positive); the likeliest first.
pub(super) type Scored = [(ImageId, f32)];

/// A number at the low end, as expected, at the high end.
type Ends = [f64; 3];

/// Positives that have their label already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    /// People named them.
    pub found: f64,
    /// Expected among what the model called positive, ...
    pub yes: Ends,
    /// ... and among what it called negative.
    pub no: Ends,
    /// How many it called negative, and how many positive.
    pub called: [f64; 2],
    /// The share that may be otherwise of what it says no of, and of what it says yes of, however sure it is.
    pub unseen: [f64; 2],
}

impl Before {
    pub fn of(state: &State, corrections: Option<&[Correction]>) -> Self {
        let found = f64::from(state.found_by_people());
        let mut before = Self { found, unseen: state.unseen(), ..Self::default() };
        let Some(corrections) = corrections else { return before };
        for bulk in state.bulks.iter().filter(|bulk| bulk.origin.source() == Source::Model) {
            let by = By::Bulk(bulk.bulk);
            let counts = |said: &&Said| {
                let given = state.image(said.image).and_then(|image| image.given);
                given.is_some_and(|given| given.by == by)
            };
            for said in bulk.labels.iter().filter(counts) {
                let (sum, called) = match said.answer {
                    Answer::Positive => (&mut before.yes, &mut before.called[1]),
                    _ => (&mut before.no, &mut before.called[0]),
                };
                *called += 1.0;
                add(sum, said.probability.unwrap_or(f32::NAN), corrections);
            }
        }
        before
    }
}

fn add(sum: &mut Ends, p: f32, corrections: &[Correction]) {
    let Some(correction) = corrections.get(bin_of(p)).filter(|_| !p.is_nan()) else { return };
    for (sum, mean) in sum.iter_mut().zip(correction.of(f64::from(p))) {
        *sum += mean;
    }
}

/// How many would become positive, and how many negative. An image at both thresholds becomes positive.
pub(super) fn sides(scored: &Scored, thresholds: Thresholds) -> (usize, usize) {
    let reaches = |above: f32| scored.partition_point(|(_, p)| *p >= above);
    let positives = thresholds.above.map_or(0, reaches);
    let beyond = |below: f32| scored.partition_point(|(_, p)| *p > below).max(positives);
    (positives, thresholds.below.map_or(0, |below| scored.len() - beyond(below)))
}

/// Positives expected among the likeliest 0, 1, 2 ... images.
pub(super) struct Sums<'a> {
    scored: &'a Scored,
    before: Before,
    first: Vec<Ends>,
}

impl<'a> Sums<'a> {
    pub fn of(scored: &'a Scored, before: Before, corrections: &[Correction]) -> Self {
        let mut sum = [0.0; 3];
        let mut sums = vec![sum];
        for (_, p) in scored {
            add(&mut sum, *p, corrections);
            sums.push(sum);
        }
        Self { scored, before, first: sums }
    }

    /// Among all that are scored.
    fn all(&self) -> Ends {
        self.first.last().copied().unwrap_or_default()
    }

    /// The share of the likeliest so many images that is positive.
    fn precision(&self, images: usize) -> Option<Interval> {
        let [low, likely, high] = self.first[images].map(|sum| sum / images as f64);
        let [_, of_yes] = self.before.unseen;
        (images > 0).then(|| interval([low.min(1.0 - of_yes), likely, high]))
    }

    /// Positives among all but the likeliest so many images.
    fn rest(&self, images: usize) -> Ends {
        let (all, first) = (self.all(), self.first[images]);
        let [low, likely, high] = [0, 1, 2].map(|end| all[end] - first[end]);
        let others = (self.scored.len() - images) as f64;
        let [of_no, _] = self.before.unseen;
        [low, likely, high.max(others * of_no)]
    }

    /// The share of all positives that is found with the likeliest so many images.
    fn recall(&self, images: usize) -> Interval {
        let (all, first, before) = (self.all(), self.first[images], self.before);
        let Before { found, yes, no, called: [called_no, called_yes], unseen } = before;
        let share = |found: f64, missed: f64| {
            if found + missed > 0.0 { found / (found + missed) } else { 1.0 }
        };
        let at = |end: usize| share(found + yes[end] + first[end], no[end] + all[end] - first[end]);
        let told = interval([0, 1, 2].map(at));
        let missed = no[2].max(called_no * unseen[0]) + self.rest(images)[2];
        let right = 1.0 - unseen[1];
        let least = found + yes[0].min(called_yes * right) + first[0].min(images as f64 * right);
        Interval { low: told.low.min(share(least, missed) as f32), ..told }
    }

    pub fn expected(&self, positives: usize, negatives: usize) -> Expected {
        Expected {
            precision: self.precision(positives),
            recall: self.recall(positives),
            missed: interval(self.rest(self.scored.len() - negatives)),
        }
    }

    /// About as many positives from point to point.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let [_, all, _] = self.all();
        let mut curve: Vec<CurvePoint> = Vec::new();
        for point in 1..=POINTS {
            let wanted = all * point as f64 / POINTS as f64;
            let images = self.first.partition_point(|sums| sums[1] < wanted);
            let Some((_, threshold)) = images.checked_sub(1).and_then(|last| self.scored.get(last))
            else {
                continue;
            };
            // Images that are as likely go with it.
            let above = Thresholds { above: Some(*threshold), below: None };
            let (images, _) = sides(self.scored, above);
            let Some(precision) = self.precision(images) else { continue };
            if curve.last().is_some_and(|last| last.images as usize == images) {
                continue;
            }
            let (threshold, recall) = (*threshold, self.recall(images));
            curve.push(CurvePoint { threshold, images: images as u32, precision, recall });
        }
        curve
    }

    /// As many positives as are right often enough, as many negatives as cost few positives. Images that are as likely
    /// are on one side.
    pub fn suggested(&self) -> Thresholds {
        let count = self.scored.len();
        let begins =
            |at: &usize| *at == 0 || *at == count || self.scored[*at - 1].1 > self.scored[*at].1;
        let marginal = |at: usize| self.first[at + 1][1] - self.first[at][1];
        let right = |images: &usize| {
            self.first[*images][1] >= PRECISION * *images as f64 && marginal(*images - 1) >= HALF
        };
        let positives = (1..=count).rev().filter(begins).find(right).unwrap_or(0);
        let ([_, all, high], Before { found, yes, no, .. }) = (self.all(), self.before);
        let most = MISSED * (found + yes[1] + no[1] + all);
        let cheap = |at: &usize| high - self.first[*at][2] <= most && marginal(*at) < HALF;
        let kept = (positives..count).filter(begins).find(cheap);
        Thresholds {
            above: positives.checked_sub(1).map(|last| self.scored[last].1),
            below: kept.map(|kept| self.scored[kept].1),
        }
    }
}

fn interval(mut ends: Ends) -> Interval {
    let likely = ends[1] as f32;
    ends.sort_by(f64::total_cmp);
    Interval { low: ends[0] as f32, likely, high: ends[2] as f32 }
}
