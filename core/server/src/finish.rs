//! The model labels the rest: what that would mean with these thresholds ([`worth`]), and doing it, as one step.

mod steps;
mod worth;

use std::sync::Arc;

use sluice_events::command::Answer;
use sluice_events::facts::{BulkLabel, Origin};
use sluice_events::message::{Finish, QueueItem, StepMade, Thresholds};
use sluice_events::{BulkId, CommandId, ImageId, ModelId};
use sluice_session::state::ImageState;
use sluice_session::{CommandError, Correction, View, label_all};

use uuid::Uuid;

use crate::open::Service;
use steps::step;
pub use steps::{percent, what};
use worth::{Before, Sums, sides};

/// Images shown at each threshold.
const AT_THE_EDGE: usize = 12;
/// What the model last thought of every unanswered image.
pub(crate) struct Opinion {
    /// Which model; none before there was one.
    pub model: Option<ModelId>,
    /// Every event up to this sequence number was known to it, ...
    pub learned_from: u64,
    /// ... and what the network in the background had said by then, so many times.
    pub heard: u32,
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
    #[error(
        "{0}. What was labelled before that is among the steps, and counts unless it was taken back"
    )]
    Session(#[from] CommandError),
}

/// What is known of the session at one moment.
struct Known {
    /// By image, whether it still waits for an answer.
    waits: Vec<bool>,
    corrections: Option<Vec<Correction>>,
    before: Before,
    steps: Vec<StepMade>,
}

impl Known {
    fn of(view: &View<'_>) -> Self {
        let corrections = view.state.corrections();
        Self {
            waits: view.state.images.iter().map(ImageState::is_candidate).collect(),
            before: Before::of(view.state, corrections.as_deref()),
            corrections,
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
    /// The sequence number up to which what the model last thought knows every event; none where it has thought nothing.
    pub fn learned_from(&self) -> Option<u64> {
        self.opinion.borrow().as_ref().map(|opinion| opinion.learned_from)
    }

    /// How often the network in the background had spoken before the model last thought anything.
    pub fn heard(&self) -> u32 {
        self.opinion.borrow().as_ref().map_or(0, |opinion| opinion.heard)
    }

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
    ) -> Result<(BulkId, u32), FinishError> {
        check(thresholds)?;
        // Sent twice, as after a lost connection: the first one is waited for.
        let _turn = self.finishing.lock().await;
        let session = &self.session;
        let begun = session.read(move |view| {
            let seq = view.state.commands.get(&id).copied()?;
            let begun = view.state.bulks.iter().find(|bulk| bulk.seq == seq);
            begun.map(|bulk| (bulk.bulk, bulk.gave, bulk.missing()))
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
        let bulk = label_all(session, id, origin, annotator, labels, told).await?;
        // Of what was answered meanwhile, the answer stays.
        let gave = session.read(move |view| view.state.bulk(bulk).map_or(0, |bulk| bulk.gave));
        Ok((bulk, gave.await?))
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
    let sums = known.corrections.as_ref();
    let sums = sums.map(|corrections| Sums::of(&scored, known.before, corrections));
    let suggested = || sums.as_ref().map(Sums::suggested).unwrap_or_default();
    let thresholds = thresholds.unwrap_or_else(suggested);
    let (positives, negatives) = sides(&scored, thresholds);
    let (yes, no) = (&scored[..positives], &scored[scored.len() - negatives..]);
    let item = |&(image, p): &(ImageId, f32)| QueueItem { image, probability: Some(p) };
    Finish {
        thresholds,
        positives: positives as u32,
        negatives: negatives as u32,
        between: (scored.len() - positives - negatives) as u32,
        unscored,
        expected: sums.as_ref().map(|sums| sums.expected(positives, negatives)),
        curve: sums.as_ref().map_or_else(Vec::new, Sums::curve),
        least_positive: yes.iter().rev().take(AT_THE_EDGE).map(item).collect(),
        least_negative: no.iter().take(AT_THE_EDGE).map(item).collect(),
        steps: known.steps.clone(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// So likely, the first one least.
    fn opinion(probabilities: &[f32]) -> Opinion {
        let images = (0..probabilities.len() as u32).map(ImageId).collect();
        Opinion {
            model: Some(ModelId(1)),
            learned_from: 0,
            heard: 0,
            images,
            probabilities: probabilities.into(),
        }
    }

    fn known(images: usize, found: f64) -> Known {
        // The model is right in the mean, with a tenth of doubt.
        let correction = |bin: usize| {
            let said = (bin as f64 + 0.5) / 12.0;
            Correction { said, shares: [said * 0.9, said, (said * 1.1).min(1.0)] }
        };
        let corrections = Some((0..12).map(correction).collect());
        let before = Before { found, ..Before::default() };
        Known { waits: vec![true; images], corrections, before, steps: Vec::new() }
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
        let recall = expected.recall;
        assert!(recall.low < recall.likely && recall.likely < recall.high, "{recall:?}");
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
    fn no_range_is_narrower_than_the_answers_allow() {
        // As sure as a model can be, of fifteen positives and a thousand negatives.
        let mut probabilities = vec![1.0; 15];
        probabilities.extend([0.0; 1000]);
        let mut known = known(1015, 10.0);
        let foresee = |known: &Known| {
            let told = foresee(known, Some(&opinion(&probabilities)), Some(thresholds(0.5, 0.5)));
            (told.expected.unwrap(), told.curve)
        };
        let near = |one: f32, other: f64| (f64::from(one) - other).abs() < 1e-3;
        let (sure, _) = foresee(&known);
        assert!(sure.missed.high < 1e-3 && sure.recall.low > 0.999, "{sure:?}");
        // It was put to the test with sixty of the one kind and thirty of the other.
        known.before.unseen = [3.0 / 60.0, 3.0 / 30.0];
        let (told, curve) = foresee(&known);
        let (missed, recall, precision) = (told.missed, told.recall, told.precision.unwrap());
        assert!(near(missed.high, 50.0) && near(missed.likely, 0.0), "{missed:?}");
        assert!(near(precision.low, 0.9) && near(precision.likely, 1.0), "{precision:?}");
        assert!(near(recall.low, 23.5 / 73.5) && near(recall.likely, 1.0), "{recall:?}");
        assert!(curve.iter().all(|point| point.precision.low <= 0.9001));
        // Once it has labelled them, nobody knows more than before.
        let mut done = Known { waits: vec![false; 1015], ..known };
        done.before =
            Before { yes: [15.0; 3], no: [0.0; 3], called: [1000.0, 15.0], ..done.before };
        let (after, _) = foresee(&done);
        assert!(near(after.recall.low, f64::from(recall.low)), "{after:?}, {recall:?}");
        // It was never put to the test.
        done.before.unseen = [1.0; 2];
        let (told, _) = foresee(&done);
        assert!(near(told.recall.low, 10.0 / 1010.0), "{told:?}");
    }

    #[test]
    fn what_is_suggested_keeps_to_its_side_of_one_half_and_splits_no_tie() {
        // Sure positives would carry many negatives with them, and cheap ones are many.
        let mut probabilities = vec![0.999; 400];
        probabilities.extend([0.7; 3]);
        probabilities.extend([0.3; 5]);
        probabilities.extend([0.001; 100]);
        let told = foresee(&known(508, 5000.0), Some(&opinion(&probabilities)), None);
        let Thresholds { above: Some(above), below: Some(below) } = told.thresholds else {
            panic!("both are suggested: {:?}", told.thresholds)
        };
        assert!(above >= 0.5 && below < 0.5 && below < above, "{:?}", told.thresholds);
        assert!(check(told.thresholds).is_ok());
        assert_eq!(told.positives + told.negatives + told.between, 508);
        // All are as likely: none is on both sides.
        let told = foresee(&known(50, 9.0), Some(&opinion(&[0.2; 50])), None);
        assert!(told.thresholds.above.is_none(), "{:?}", told.thresholds);
    }

    #[test]
    fn what_the_model_labelled_before_is_found_only_as_far_as_it_is_right() {
        let opinion = opinion(&[0.9, 0.8, 0.1]);
        let without = foresee(&known(3, 10.0), Some(&opinion), thresholds(0.5, 0.2).into());
        let mut known = known(3, 10.0);
        known.before = Before { yes: [4.0, 5.0, 6.0], no: [8.0, 10.0, 12.0], ..known.before };
        let with = foresee(&known, Some(&opinion), thresholds(0.5, 0.2).into());
        let recall = |told: &Finish| told.expected.unwrap().recall.likely;
        assert!(recall(&with) < recall(&without), "ten are missed among its no");
        let all = 10.0 + 5.0 + 10.0 + 1.8;
        assert!((recall(&with) - (15.0 + 1.7) / all).abs() < 0.02, "{}", recall(&with));
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
