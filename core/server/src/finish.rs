//! The model labels the rest: what that would mean with these thresholds, and doing it, as one step.
//!
//! How right the model is, answers say that were given before it knew them: each bin of what it says is set right by
//! how its word has turned out there (`session::forecast`).

use std::sync::Arc;

use sluice_events::command::Answer;
use sluice_events::facts::{BulkLabel, Origin};
use sluice_events::message::{
    CurvePoint, Expected, Finish, Interval, QueueItem, StepMade, Thresholds,
};
use sluice_events::outlook::bin_of;
use sluice_events::{BulkId, CommandId, ImageId, ModelId};
use sluice_session::bulk::Bulk;
use sluice_session::state::ImageState;
use sluice_session::{CommandError, Correction, View, label_all};

use uuid::Uuid;

use crate::open::Service;

/// Points of the curve.
const POINTS: usize = 60;
/// Images shown at each threshold.
const AT_THE_EDGE: usize = 12;
/// Suggested: as many positives as are right in so many cases, ...
const PRECISION: f64 = 0.95;
/// ... and as many negatives as cost no more than this share of all positives.
const MISSED: f64 = 0.02;

/// What the model last thought of every unanswered image.
pub(crate) struct Opinion {
    /// Which model; none before there was one.
    pub model: Option<ModelId>,
    /// In the pool's own order.
    pub images: Vec<ImageId>,
    /// P(positive) of each, 0 to 1; NaN where it has not seen it.
    pub probabilities: Arc<[f32]>,
}

/// Why the model can't label anything.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// It has not learned.
    #[error(
        "there is no model that could label anything: it needs a yes and a no; nothing was labelled"
    )]
    NoModel,
    /// They contradict each other, or are none.
    #[error("{0}; nothing was labelled")]
    Thresholds(String),
    /// The session took no more.
    #[error("{0}. Labels that were given before that stay; `revoke` takes them back")]
    Session(#[from] CommandError),
}

/// What is known of the session at one moment.
struct Known {
    /// By image, whether it still waits for an answer.
    waits: Vec<bool>,
    corrections: Option<Vec<Correction>>,
    found: f64,
    steps: Vec<StepMade>,
}

impl Known {
    fn of(view: &View<'_>) -> Self {
        Self {
            waits: view.state.images.iter().map(ImageState::is_candidate).collect(),
            corrections: view.state.corrections(),
            found: f64::from(view.state.counts.positives),
            steps: view.state.bulks.iter().rev().map(step).collect(),
        }
    }

    /// What still waits for an answer and is scored, the likeliest first, and how much is not scored.
    fn scored(&self, opinion: &Opinion) -> (Vec<(ImageId, f32)>, u32) {
        let waits = |image: &ImageId| self.waits.get(image.index()).copied().unwrap_or(false);
        let all = opinion.images.iter().copied().zip(opinion.probabilities.iter().copied());
        let mut scored: Vec<(ImageId, f32)> =
            all.filter(|(image, p)| !p.is_nan() && waits(image)).collect();
        scored.sort_by(|(one, p), (other, q)| q.total_cmp(p).then(one.cmp(other)));
        let waiting = self.waits.iter().filter(|waits| **waits).count();
        let unscored = waiting.saturating_sub(scored.len()) as u32;
        (scored, unscored)
    }
}

impl Service {
    /// What would happen with these thresholds; without, with those that are suggested.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn foresee(&self, thresholds: Option<Thresholds>) -> Result<Finish, CommandError> {
        let opinion = self.opinion.borrow().clone();
        let known = self.session.read(Known::of).await?;
        // A million images take a moment, which others must not wait for.
        let made =
            tokio::task::spawn_blocking(move || foresee(&known, opinion.as_deref(), thresholds));
        made.await.map_err(|_| CommandError::Closed)
    }

    /// Labels what still waits for an answer, as one step; `told` learns how many of how many are durable. Gives the
    /// step, and how many labels it has.
    ///
    /// # Errors
    /// When there is no model, the thresholds mean nothing, or the log takes no more.
    pub async fn finish(
        &self,
        id: CommandId,
        annotator: String,
        thresholds: Thresholds,
        told: impl Fn(usize, usize),
    ) -> Result<(BulkId, usize), FinishError> {
        check(thresholds)?;
        // Sent twice, as after a lost connection: the first one is waited for.
        let _turn = self.finishing.lock().await;
        let session = &self.session;
        let begun = session.read(move |view| {
            let seq = view.state.commands.get(&id).copied()?;
            let begun = view.state.bulks.iter().find(|bulk| bulk.seq == seq);
            begun.map(|bulk| (bulk.bulk, bulk.labels.len(), bulk.missing()))
        });
        let id = match begun.await? {
            Some((bulk, labels, 0)) => return Ok((bulk, labels)),
            // The program was ended meanwhile: the rest is a step of its own.
            Some(_) => CommandId(Uuid::now_v7()),
            None => id,
        };
        let opinion = self.opinion.borrow().clone().ok_or(FinishError::NoModel)?;
        let known = session.read(Known::of).await?;
        let labels = labels(&known, &opinion, thresholds);
        if labels.is_empty() {
            let why = "no image is that likely or that unlikely".to_owned();
            return Err(FinishError::Thresholds(why));
        }
        let Thresholds { above, below } = thresholds;
        let origin = Origin::Model { model: opinion.model, above, below };
        let all = labels.len();
        let told = |done| told(done, all);
        Ok((label_all(session, id, origin, annotator, labels, told).await?, all))
    }
}

/// What waits for an answer and is on one of the sides, by image.
fn labels(known: &Known, opinion: &Opinion, thresholds: Thresholds) -> Vec<BulkLabel> {
    let (scored, _) = known.scored(opinion);
    let (positives, negatives) = sides(&scored, thresholds);
    let label = |answer| {
        move |&(image, p): &(ImageId, f32)| BulkLabel { image, answer, probability: Some(p) }
    };
    let no = scored[scored.len() - negatives..].iter().map(label(Answer::Negative));
    let yes = scored[..positives].iter().map(label(Answer::Positive));
    let mut labels: Vec<BulkLabel> = yes.chain(no).collect();
    labels.sort_unstable_by_key(|label| label.image);
    labels
}

fn foresee(known: &Known, opinion: Option<&Opinion>, thresholds: Option<Thresholds>) -> Finish {
    let (scored, unscored) = match opinion {
        Some(opinion) => known.scored(opinion),
        None => (Vec::new(), known.waits.iter().filter(|waits| **waits).count() as u32),
    };
    let sums = known.corrections.as_ref().map(|corrections| Sums::of(&scored, corrections));
    let thresholds = thresholds.unwrap_or_else(|| suggested(&scored, sums.as_ref(), known.found));
    let (positives, negatives) = sides(&scored, thresholds);
    let (yes, no) = (&scored[..positives], &scored[scored.len() - negatives..]);
    let item = |&(image, p): &(ImageId, f32)| QueueItem { image, probability: Some(p) };
    Finish {
        thresholds,
        positives: positives as u32,
        negatives: negatives as u32,
        between: (scored.len() - positives - negatives) as u32,
        unscored,
        expected: sums.as_ref().map(|sums| sums.expected(known.found, positives, negatives)),
        curve: sums.map_or_else(Vec::new, |sums| sums.curve(known.found, &scored)),
        least_positive: yes.iter().rev().take(AT_THE_EDGE).map(item).collect(),
        least_negative: no.iter().take(AT_THE_EDGE).map(item).collect(),
        steps: known.steps.clone(),
    }
}

/// How many would become positive, and how many negative. An image at both thresholds becomes positive.
fn sides(scored: &[(ImageId, f32)], thresholds: Thresholds) -> (usize, usize) {
    let reaches = |above: f32| scored.partition_point(|(_, p)| *p >= above);
    let positives = thresholds.above.map_or(0, reaches);
    let beyond = |below: f32| scored.partition_point(|(_, p)| *p > below).max(positives);
    (positives, thresholds.below.map_or(0, |below| scored.len() - beyond(below)))
}

/// Positives expected among the likeliest 0, 1, 2 ... images: at the low end, expected, at the high end.
struct Sums(Vec<[f64; 3]>);

impl Sums {
    fn of(scored: &[(ImageId, f32)], corrections: &[Correction]) -> Self {
        let mut sum = [0.0; 3];
        let mut sums = vec![sum];
        for (_, p) in scored {
            if let Some(correction) = corrections.get(bin_of(*p)) {
                let means = correction.of(f64::from(*p));
                for (sum, means) in sum.iter_mut().zip(means) {
                    *sum += means;
                }
            }
            sums.push(sum);
        }
        Self(sums)
    }

    fn all(&self) -> [f64; 3] {
        self.0.last().copied().unwrap_or_default()
    }

    /// The share of the likeliest so many images that is positive.
    fn precision(&self, images: usize) -> Option<Interval> {
        (images > 0).then(|| interval(self.0[images].map(|sum| sum / images as f64)))
    }

    /// The share of all positives that is found with the likeliest so many images.
    fn recall(&self, found: f64, images: usize) -> Interval {
        let all = self.all();
        interval([0, 1, 2].map(|end| {
            let of = found + all[end];
            if of > 0.0 { (found + self.0[images][end]) / of } else { 1.0 }
        }))
    }

    fn expected(&self, found: f64, positives: usize, negatives: usize) -> Expected {
        let (all, before) = (self.all(), self.0[self.0.len() - 1 - negatives]);
        Expected {
            precision: self.precision(positives),
            recall: self.recall(found, positives),
            missed: interval([0, 1, 2].map(|end| all[end] - before[end])),
        }
    }

    /// About as many positives from point to point.
    fn curve(&self, found: f64, scored: &[(ImageId, f32)]) -> Vec<CurvePoint> {
        let [_, all, _] = self.all();
        let mut curve: Vec<CurvePoint> = Vec::new();
        for point in 1..=POINTS {
            let wanted = all * point as f64 / POINTS as f64;
            let images = self.0.partition_point(|sums| sums[1] < wanted).min(scored.len());
            let Some((_, threshold)) = images.checked_sub(1).and_then(|last| scored.get(last))
            else {
                continue;
            };
            // Images that are as likely go with it.
            let (images, _) = sides(scored, Thresholds { above: Some(*threshold), below: None });
            let Some(precision) = self.precision(images) else { continue };
            if curve.last().is_some_and(|last| last.images as usize == images) {
                continue;
            }
            let (threshold, recall) = (*threshold, self.recall(found, images));
            curve.push(CurvePoint { threshold, images: images as u32, precision, recall });
        }
        curve
    }
}

/// As many positives as are right often enough, as many negatives as cost few positives.
fn suggested(scored: &[(ImageId, f32)], sums: Option<&Sums>, found: f64) -> Thresholds {
    let Some(sums) = sums else { return Thresholds::default() };
    let right = |images: &usize| sums.0[*images][1] >= PRECISION * *images as f64;
    let positives = (1..=scored.len()).rev().find(right).unwrap_or(0);
    let [_, all, high] = sums.all();
    let most = MISSED * (found + all);
    let kept = sums.0.partition_point(|sums| high - sums[2] > most).max(positives);
    Thresholds {
        above: positives.checked_sub(1).map(|last| scored[last].1),
        below: scored.get(kept).map(|(_, p)| *p),
    }
}

fn interval(mut ends: [f64; 3]) -> Interval {
    let likely = ends[1] as f32;
    ends.sort_by(f64::total_cmp);
    Interval { low: ends[0] as f32, likely, high: ends[2] as f32 }
}

/// Whether thresholds mean anything.
///
/// # Errors
/// When they contradict each other, or are no probabilities.
pub fn check(thresholds: Thresholds) -> Result<(), FinishError> {
    let refuse = |why: &str| Err(FinishError::Thresholds(why.to_owned()));
    let Thresholds { above, below } = thresholds;
    let is_probability = |p: f32| (0.0..=1.0).contains(&p);
    if ![above, below].into_iter().flatten().all(is_probability) {
        return refuse("a threshold is a probability, 0 to 1");
    }
    match (above, below) {
        (None, None) => refuse("name a threshold for positives, for negatives, or both"),
        (Some(above), Some(below)) if below >= above => {
            refuse("what becomes negative must be less likely than what becomes positive")
        }
        _ => Ok(()),
    }
}

fn step(bulk: &Bulk) -> StepMade {
    StepMade {
        bulk: bulk.bulk,
        source: bulk.origin.source(),
        what: what(&bulk.origin),
        time_us: bulk.time_us,
        labels: bulk.labels.len() as u32,
        positives: bulk.positives,
        revoked: bulk.revoked,
    }
}

/// Where the labels of a step came from, for a person.
pub fn what(origin: &Origin) -> String {
    match origin {
        Origin::File { name, .. } => name.clone(),
        Origin::Model { above, below, .. } => {
            let above = above.map(|p| format!("yes from {:.1} % on", p * 100.0));
            let below = below.map(|p| format!("no up to {:.1} %", p * 100.0));
            let both: Vec<String> = above.into_iter().chain(below).collect();
            both.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So likely, the first one least.
    fn opinion(probabilities: &[f32]) -> Opinion {
        let images = (0..probabilities.len() as u32).map(ImageId).collect();
        Opinion { model: Some(ModelId(1)), images, probabilities: probabilities.into() }
    }

    fn known(images: usize, found: f64) -> Known {
        // The model is right in the mean, with a tenth of doubt.
        let correction = |bin: usize| {
            let said = (bin as f64 + 0.5) / 12.0;
            Correction { said, shares: [said * 0.9, said, (said * 1.1).min(1.0)] }
        };
        let corrections = Some((0..12).map(correction).collect());
        Known { waits: vec![true; images], corrections, found, steps: Vec::new() }
    }

    fn thresholds(above: f32, below: f32) -> Thresholds {
        Thresholds { above: Some(above), below: Some(below) }
    }

    #[test]
    fn each_image_is_on_one_side_or_in_between() {
        let opinion = opinion(&[0.1, 0.2, 0.2, 0.5, 0.9, f32::NAN, 0.9]);
        let mut known = known(7, 0.0);
        let told = foresee(&known, Some(&opinion), Some(thresholds(0.9, 0.2)));
        assert_eq!((told.positives, told.negatives, told.between, told.unscored), (2, 3, 1, 1));
        // One at both thresholds becomes positive.
        let told = foresee(&known, Some(&opinion), Some(thresholds(0.2, 0.2)));
        assert_eq!((told.positives, told.negatives, told.between), (5, 1, 0));
        // Whoever was answered meanwhile is left out.
        known.waits[4] = false;
        let told = foresee(&known, Some(&opinion), Some(thresholds(0.9, 0.0)));
        assert_eq!((told.positives, told.negatives), (1, 0));
        assert_eq!(told.least_positive, [QueueItem { image: ImageId(6), probability: Some(0.9) }]);
    }

    #[test]
    fn what_is_expected_adds_up() {
        let probabilities: Vec<f32> = (0..1000).map(|n| (n as f32 / 1000.0).powi(4)).collect();
        let told = foresee(&known(1000, 50.0), Some(&opinion(&probabilities)), None);
        let expected = told.expected.unwrap();
        let precision = expected.precision.unwrap();
        assert!(precision.low <= precision.likely && precision.likely <= precision.high);
        assert!(precision.likely >= 0.95, "suggested: {precision:?}");
        let all: f32 = probabilities.iter().sum::<f32>() + 50.0;
        assert!(
            expected.missed.high <= 0.02 * all * 1.2,
            "suggested: {:?} of {all}",
            expected.missed
        );
        assert!(told.curve.is_sorted_by(|one, next| one.images < next.images));
        assert!(told.curve.is_sorted_by(|one, next| one.recall.likely <= next.recall.likely));
        let last = told.curve.last().unwrap();
        assert!((last.recall.likely - 1.0).abs() < 1e-5, "{last:?}");
        for point in &told.curve {
            let reached = probabilities.iter().filter(|p| **p >= point.threshold).count();
            assert_eq!(reached as u32, point.images);
        }
        // All that is left becomes no: all of it is missed.
        let told = foresee(
            &known(1000, 50.0),
            Some(&opinion(&probabilities)),
            Some(thresholds(1.0, 0.999)),
        );
        let missed = told.expected.unwrap().missed.likely;
        assert!((missed - (all - 50.0)).abs() < 0.2 * all, "{missed} of {all}");
    }

    #[test]
    fn without_evidence_nothing_is_promised_or_suggested() {
        let known = Known { corrections: None, ..known(3, 1.0) };
        let told = foresee(&known, Some(&opinion(&[0.1, 0.5, 0.9])), None);
        assert_eq!((told.thresholds, told.expected), (Thresholds::default(), None));
        assert!(told.curve.is_empty() && told.positives + told.negatives == 0);
        let told = foresee(&known, None, Some(thresholds(0.5, 0.1)));
        assert_eq!((told.unscored, told.between), (3, 0));
    }
}
