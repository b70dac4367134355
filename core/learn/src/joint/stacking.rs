//! How far the head and the network are trusted: learned from answers that were given before either knew them
//! (stacking; Wolpert 1992).

use std::collections::VecDeque;

use sluice_events::ImageId;
use tch::{Kind, Tensor};

use crate::logistic::{self, Prior, with_intercept};

/// So many of the newest answers count.
const REMEMBERED: usize = 400;
/// How strongly weights are drawn to what they began with: as so many answers would that say so.
const PRIOR: f64 = 10.0;
/// As strongly the intercept is.
const PRIOR_OF_INTERCEPT: f64 = 1e-3;
/// No weight moves further in a round.
const LONGEST: f64 = 2.0;

/// Scores of one image, each in deviations from the mean of the unanswered ones.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub head: f32,
    pub network: f32,
}

impl Pair {
    pub const NONE: Self = Self { head: f32::NAN, network: f32::NAN };

    fn is_finite(self) -> bool {
        self.head.is_finite() && self.network.is_finite()
    }
}

/// What a network has to say before any answer has shown how good it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Say {
    /// As much as the head: the small network joins when it has learned from enough answers.
    #[default]
    Equal,
    /// Nothing: a network that begins with pretrained weights, tuned by few answers, may be much worse than the head on
    /// those very features.
    Earned,
}

impl Say {
    /// Weights to begin with: of the head, of the network, and the intercept.
    fn weights(self) -> [f64; 3] {
        match self {
            Self::Equal => [1.0, 1.0, 0.0],
            Self::Earned => [1.0, 0.0, 0.0],
        }
    }
}

/// An answer that neither had known.
struct HeldOut {
    /// None where it is of an earlier run.
    image: Option<ImageId>,
    pair: Pair,
    positive: bool,
}

/// Weights of both scores, with the answers that they were learned from.
pub(super) struct Stacking {
    say: Say,
    answers: VecDeque<HeldOut>,
    weights: [f64; 3],
    /// Whether the answers are others than those that the weights were learned from.
    has_news: bool,
}

impl Stacking {
    pub fn new(say: Say) -> Self {
        Self { say, answers: VecDeque::new(), weights: say.weights(), has_news: false }
    }

    /// Weight of the head, weight of the network, intercept: together the logit of an answer that neither knew. No weight
    /// is below zero.
    pub fn weights(&self) -> [f64; 3] {
        self.weights
    }

    /// Positives and negatives among the answers.
    pub fn classes(&self) -> [usize; 2] {
        let positives = self.answers.iter().filter(|answer| answer.positive).count();
        [positives, self.answers.len() - positives]
    }

    /// What the answers are now: those that were taken back go, those that were corrected count as what they are.
    pub fn correct(&mut self, label: impl Fn(ImageId) -> Option<bool>) {
        self.answers.retain_mut(|answer| {
            let Some(now) = answer.image.map(&label) else { return true };
            self.has_news |= now != Some(answer.positive);
            answer.positive = now.unwrap_or(answer.positive);
            now.is_some()
        });
    }

    /// An answer, with what both thought before it.
    pub fn add(&mut self, image: ImageId, pair: Pair, positive: bool) {
        if pair.is_finite() {
            self.answers.push_back(HeldOut { image: Some(image), pair, positive });
            self.has_news = true;
        }
    }

    /// Learns the weights from the newest answers, if there is anything new: it is on every answer's way to its ranking.
    pub fn learn(&mut self) {
        if !std::mem::take(&mut self.has_news) {
            return;
        }
        let old = self.answers.len().saturating_sub(REMEMBERED);
        self.answers.drain(..old);
        self.weights = self.fit();
    }

    /// Each as scores of the head and of the network, and 1 for positive, 0 for negative.
    pub fn rows(&self) -> Vec<[f32; 3]> {
        let row =
            |answer: &HeldOut| [answer.pair.head, answer.pair.network, f32::from(answer.positive)];
        self.answers.iter().map(row).collect()
    }

    /// Goes on with the answers of an earlier run.
    pub fn resume(&mut self, rows: &[[f32; 3]]) {
        let answer = |row: &[f32; 3]| HeldOut {
            image: None,
            pair: Pair { head: row[0], network: row[1] },
            positive: row[2] > 0.5,
        };
        self.answers = rows.iter().map(answer).filter(|answer| answer.pair.is_finite()).collect();
        self.has_news = true;
        self.learn();
    }

    fn fit(&self) -> [f64; 3] {
        if self.answers.is_empty() {
            return self.say.weights();
        }
        let column = |of: fn(&HeldOut) -> f32| {
            let values: Vec<f32> = self.answers.iter().map(of).collect();
            Tensor::from_slice(&values)
        };
        let x = with_intercept(&[
            column(|answer| answer.pair.head),
            column(|answer| answer.pair.network),
        ]);
        let y = column(|answer| f32::from(answer.positive)).to_kind(Kind::Double);
        let prior = Prior {
            at: &self.say.weights(),
            strength: &[PRIOR, PRIOR, PRIOR_OF_INTERCEPT],
            longest: LONGEST,
            none_below_zero: 2,
        };
        let found = logistic::fit(&x, &y, &prior);
        <[f64; 3]>::try_from(found).unwrap_or(self.say.weights())
    }
}
