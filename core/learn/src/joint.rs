//! The head's and the network's opinion become one.
//!
//! Both are standardised over the unanswered images and added, with weights that are learned from answers
//! that were given before either knew them (stacking; Wolpert 1992): a logistic regression on such pairs
//! of scores, drawn towards equal weights as long as there are few. A network that is no good loses its
//! weight so, and the head loses its own where the network has overtaken it.

use std::collections::VecDeque;

use sluice_events::ImageId;
use tch::Tensor;

use crate::head::Calibration;

/// So many of the newest answers count.
const REMEMBERED: usize = 400;
/// How strongly weights are drawn towards 1: as so many answers would that say so.
const PRIOR: f64 = 10.0;
const ROUNDS: usize = 20;
/// Nothing is known about either.
const EQUAL: [f64; 3] = [1.0, 1.0, 0.0];
/// Probabilities are calibrated from so many answers of each kind on.
const MIN_OF_CLASS: usize = 5;
/// No weight moves further in a round.
const LONGEST: f64 = 2.0;
/// Scores of fewer images say nothing of how scores are spread: the spread stays.
const MEASURED_FROM: usize = 50;
/// What an older opinion may still say: not more than this share of the newer ones does.
const STALE_BELOW: f64 = 0.3;

/// Scores of one image, each in deviations from the mean of the unanswered ones.
#[derive(Clone, Copy)]
struct Pair {
    head: f32,
    network: f32,
}

impl Pair {
    const NONE: Self = Self { head: f32::NAN, network: f32::NAN };
}

/// The network's logits, and how far it is trusted.
pub(crate) struct Joint {
    /// By image; NaN where it was not asked.
    network: Vec<f32>,
    joined: bool,
    /// What was thought of each unanswered image in the last round, by image.
    before: Vec<Pair>,
    honest: VecDeque<(Pair, bool)>,
    /// Of the head and of the network, and what is added: logits of the answers that neither knew.
    weights: [f64; 3],
    /// Of the head's and of the network's logits in the last round.
    of_head: Spread,
    of_network: Spread,
    /// Answers that were known in the last round.
    known: usize,
}

/// Mean and deviation.
#[derive(Clone, Copy, PartialEq)]
struct Spread {
    mean: f64,
    deviation: f64,
}

impl Joint {
    pub fn of(images: u32) -> Self {
        let images = images as usize;
        Self {
            network: vec![f32::NAN; images],
            joined: false,
            before: vec![Pair::NONE; images],
            honest: VecDeque::new(),
            weights: EQUAL,
            of_head: Spread::NONE,
            of_network: Spread::NONE,
            known: 0,
        }
    }

    /// There are so many images now.
    pub fn grow(&mut self, images: u32) {
        let images = self.network.len().max(images as usize);
        self.network.resize(images, f32::NAN);
        self.before.resize(images, Pair::NONE);
    }

    /// These images are others now: nothing is known of them.
    pub fn forget(&mut self, images: &[ImageId]) {
        for image in images {
            if let Some(slot) = self.network.get_mut(image.index()) {
                *slot = f32::NAN;
            }
            if let Some(before) = self.before.get_mut(image.index()) {
                *before = Pair::NONE;
            }
        }
    }

    /// Whether there is a network's opinion at all.
    pub fn has_joined(&self) -> bool {
        self.joined
    }

    /// There is another head: what the old one said is no measure for it.
    pub fn forget_head(&mut self) {
        self.before.fill(Pair::NONE);
        self.honest.clear();
        self.weights = EQUAL;
        (self.of_head, self.of_network) = (Spread::NONE, Spread::NONE);
    }

    /// What logits of [`together`](Self::together) mean, learned from answers that neither knew; `None` as long
    /// as there are too few.
    pub fn calibration(&self) -> Option<Calibration> {
        let positives = self.honest.iter().filter(|(_, positive)| *positive).count();
        let negatives = self.honest.len() - positives;
        let [head, network, offset] = self.weights;
        let slope = (head + network) / self.of_head.deviation;
        let enough = self.joined && positives.min(negatives) >= MIN_OF_CLASS && slope > 0.0;
        enough.then_some(Calibration { slope, offset: offset - slope * self.of_head.mean })
    }

    /// The network's part in what both say, 0 to 1.
    fn share(&self) -> f64 {
        let [trust_head, trust_network, _] = self.weights;
        trust_network / (trust_head + trust_network).max(1e-6)
    }

    /// What [`together`](Self::together) made of a head's logit and a network's in the last round: what each was
    /// multiplied by, and what was added.
    pub fn terms(&self) -> [f64; 3] {
        if !self.joined {
            return [1.0, 0.0, 0.0];
        }
        let (share, head, network) = (self.share(), self.of_head, self.of_network);
        let of_network = share * head.deviation / network.deviation;
        [1.0 - share, of_network, share * head.mean - of_network * network.mean]
    }

    /// The answers that the weights were learned from: scores of the head and of the network, and 1 for positive, 0 for
    /// negative.
    pub fn honest(&self) -> Vec<[f32; 3]> {
        let row = |(pair, positive): &(Pair, bool)| [pair.head, pair.network, f32::from(*positive)];
        self.honest.iter().map(row).collect()
    }

    /// Mean and deviation of the head's logits, and of the network's.
    pub fn spreads(&self) -> [f32; 4] {
        let (head, network) = (self.of_head, self.of_network);
        [head.mean, head.deviation, network.mean, network.deviation].map(|number| number as f32)
    }

    /// Goes on with the weights that these answers give, and with these spreads until they are measured.
    pub fn resume(&mut self, honest: &[[f32; 3]], spreads: [f32; 4]) {
        let spread = |mean: f32, deviation: f32| Spread {
            mean: f64::from(mean),
            deviation: f64::from(deviation),
        };
        let [head, head_deviation, network, network_deviation] = spreads;
        let is_spread = |deviation: f32| deviation.is_finite() && deviation > 0.0;
        if spreads.iter().all(|number| number.is_finite())
            && is_spread(head_deviation)
            && is_spread(network_deviation)
        {
            (self.of_head, self.of_network) =
                (spread(head, head_deviation), spread(network, network_deviation));
            self.joined = true;
        }
        let newest = honest.len().saturating_sub(REMEMBERED);
        let row = |row: &[f32; 3]| (Pair { head: row[0], network: row[1] }, row[2] > 0.5);
        let is_finite =
            |(pair, _): &(Pair, bool)| pair.head.is_finite() && pair.network.is_finite();
        self.honest = honest[newest..].iter().map(row).filter(is_finite).collect();
        self.weights = if self.honest.is_empty() { EQUAL } else { fit(&self.honest) };
    }

    /// Takes in what the network thinks now. What it thought earlier of other images can't lead any more.
    pub fn take_in(&mut self, logits: &[(ImageId, f32)]) {
        let mut newer: Vec<f32> = logits.iter().map(|(_, logit)| *logit).collect();
        if newer.is_empty() {
            return;
        }
        newer.sort_unstable_by(f32::total_cmp);
        let most = newer[(newer.len() as f64 * STALE_BELOW) as usize];
        for logit in &mut self.network {
            // Not `min`, which would make a number of what is unknown.
            if *logit > most {
                *logit = most;
            }
        }
        for (image, logit) in logits {
            if let Some(slot) = self.network.get_mut(image.index()) {
                *slot = *logit;
            }
        }
        self.joined = true;
    }

    /// Learns from the answers that came since the last round how far each is to be trusted.
    pub fn weigh(&mut self, labels: &[(ImageId, bool)]) {
        if self.joined && labels.len() > self.known {
            for &(image, positive) in &labels[self.known..] {
                let pair = self.before.get(image.index()).copied().unwrap_or(Pair::NONE);
                if pair.head.is_finite() && pair.network.is_finite() {
                    self.honest.push_back((pair, positive));
                }
            }
            while self.honest.len() > REMEMBERED {
                self.honest.pop_front();
            }
            self.weights = fit(&self.honest);
        }
        self.known = labels.len();
    }

    /// One logit an image from the head's (NaN stays), on the head's scale.
    pub fn together(&mut self, candidates: &[ImageId], head: &[f32]) -> Vec<f32> {
        if !self.joined {
            return head.to_vec();
        }
        let network = &self.network;
        let network = |image: ImageId| network.get(image.index()).copied().unwrap_or(f32::NAN);
        // Of the same images for both: those that the network was asked about are the likelier ones.
        let asked = candidates.iter().zip(head).filter(|(image, _)| network(**image).is_finite());
        let asked: Vec<f32> = asked.map(|(_, logit)| *logit).collect();
        let (mut of_head, mut of_network) = (self.of_head, self.of_network);
        if asked.len() >= MEASURED_FROM || of_network == Spread::NONE {
            of_head = Spread::of(asked.into_iter());
            of_network = Spread::of(candidates.iter().map(|image| network(*image)));
        }
        let [trust_head, trust_network, _] = self.weights;
        let share = self.share();
        let mut logits = Vec::with_capacity(candidates.len());
        self.before.fill(Pair::NONE);
        for (&image, &logit) in candidates.iter().zip(head) {
            let pair = Pair {
                head: of_head.standardise(logit),
                network: of_network.standardise(network(image)),
            };
            let together = if pair.network.is_nan() {
                logit
            } else {
                let score = (1.0 - share) * f64::from(pair.head) + share * f64::from(pair.network);
                (of_head.mean + of_head.deviation * score) as f32
            };
            logits.push(together);
            if let Some(before) = self.before.get_mut(image.index()) {
                *before = pair;
            }
        }
        (self.of_head, self.of_network) = (of_head, of_network);
        tracing::debug!(trust_head, trust_network, "opinions joined");
        logits
    }
}

impl Spread {
    const NONE: Self = Self { mean: 0.0, deviation: 1.0 };

    fn of(values: impl Iterator<Item = f32>) -> Self {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for value in values.filter(|value| value.is_finite()).map(f64::from) {
            count += 1.0;
            sum += value;
            squares += value * value;
        }
        let mean = sum / f64::max(count, 1.0);
        let variance = squares / f64::max(count, 1.0) - mean * mean;
        Self { mean, deviation: variance.max(1e-12).sqrt() }
    }

    fn standardise(self, value: f32) -> f32 {
        ((f64::from(value) - self.mean) / self.deviation) as f32
    }
}

/// Weights of both scores, none below zero, and the intercept: logistic regression by Newton's method, each weight
/// drawn towards 1.
fn fit(honest: &VecDeque<(Pair, bool)>) -> [f64; 3] {
    let row = |(pair, _): &(Pair, bool)| [f64::from(pair.head), f64::from(pair.network), 1.0];
    let x: Vec<f64> = honest.iter().flat_map(row).collect();
    let x = Tensor::from_slice(&x).view([-1, 3]);
    let y: Vec<f64> = honest.iter().map(|(_, positive)| f64::from(u8::from(*positive))).collect();
    let y = Tensor::from_slice(&y);
    let prior = Tensor::from_slice(&[1.0, 1.0, 0.0_f64]);
    let strength = Tensor::from_slice(&[PRIOR, PRIOR, 1e-3]);
    let mut at = prior.copy();
    for _ in 0..ROUNDS {
        let p = x.mv(&at).sigmoid();
        let slope = x.tr().mv(&(&p - &y)) + &strength * (&at - &prior);
        let bend: Tensor = &p - &p * &p;
        let curve = x.tr().matmul(&(&x * bend.unsqueeze(1))) + strength.diag(0);
        let step = Tensor::linalg_solve(&curve, &slope, true);
        let longest = step.abs().max().double_value(&[]);
        at -= step * (LONGEST / longest).min(1.0);
        let _ = at.narrow(0, 0, 2).clamp_min_(0.0);
        if longest < 1e-6 {
            break;
        }
    }
    [0, 1, 2].map(|place| at.double_value(&[place]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(number: u32) -> ImageId {
        ImageId(number)
    }

    /// A thousand images; the answers follow the network, the head knows nothing.
    fn weights_after(answers: u32, of_network: impl Fn(u32) -> f32) -> [f64; 3] {
        let mut joint = Joint::of(1000);
        let all: Vec<ImageId> = (0..1000).map(image).collect();
        let logits: Vec<_> = all.iter().map(|id| (*id, of_network(id.0))).collect();
        joint.take_in(&logits);
        let head: Vec<f32> = (0..1000_u32).map(|n| (n.wrapping_mul(7919) % 101) as f32).collect();
        let mut labels = Vec::new();
        joint.weigh(&labels);
        for number in 0..answers {
            joint.together(&all, &head);
            labels.push((image(number * 3), number % 2 == 0));
            joint.weigh(&labels);
        }
        joint.weights
    }

    #[test]
    fn who_is_right_gets_the_weight() {
        let [head, network, _] = weights_after(0, |n| n as f32);
        assert!((head - network).abs() < 1e-9, "nothing is known yet: {head} {network}");
        let knows = |n: u32| if (n / 3).is_multiple_of(2) { 3.0 } else { -3.0 };
        let [head, network, _] = weights_after(200, knows);
        assert!(network > 3.0 * head, "the network knows: {head} {network}");
        let [_, network, _] = weights_after(200, |n| -knows(n));
        assert!(network < 0.01, "it is always wrong: {network}");
    }

    #[test]
    fn images_that_the_network_was_not_asked_about_keep_the_heads_opinion() {
        let mut joint = Joint::of(4);
        let all: Vec<ImageId> = (0..4).map(image).collect();
        let alone = joint.together(&all, &[1.0, 2.0, f32::NAN, 4.0]);
        assert!(alone[2].is_nan() && (alone[3] - 4.0).abs() < 1e-6);
        joint.take_in(&[(image(0), 9.0), (image(1), -9.0)]);
        let together = joint.together(&all, &[1.0, 1.0, f32::NAN, 4.0]);
        assert!(
            together[0] > together[1] && together[2].is_nan() && (together[3] - 4.0).abs() < 1e-6
        );
    }

    #[test]
    fn of_an_image_that_was_changed_nothing_is_known() {
        let mut joint = Joint::of(3);
        let all: Vec<ImageId> = (0..3).map(image).collect();
        joint.take_in(&[(image(0), 9.0), (image(1), 0.0), (image(2), -9.0)]);
        let head = [1.0, 2.0, 2.5];
        assert!(joint.together(&all, &head)[2] < joint.together(&all, &head)[0]);
        joint.forget(&[image(2), image(7)]);
        let together = joint.together(&all, &head);
        assert!((together[2] - 2.5).abs() < 1e-6, "the head's alone: {together:?}");
        joint.weigh(&[(image(0), true)]);
        joint.forget(&[image(1)]);
        joint.weigh(&[(image(0), true), (image(1), true)]);
        assert_eq!(joint.honest.len(), 1, "what was thought of another picture proves nothing");
    }

    #[test]
    fn the_last_images_say_nothing_of_how_scores_are_spread() {
        let mut joint = Joint::of(1000);
        let all: Vec<ImageId> = (0..1000).map(image).collect();
        let logits: Vec<_> = all.iter().map(|id| (*id, (id.0 % 97) as f32)).collect();
        joint.take_in(&logits);
        let head: Vec<f32> = (0..1000).map(|n| (n % 89) as f32 / 10.0).collect();
        joint.together(&all, &head);
        let before = joint.terms();
        for left in [49, 1, 0] {
            joint.together(&all[..left], &head[..left]);
            let after = joint.terms().map(f64::to_bits);
            assert_eq!(after, before.map(f64::to_bits), "{left}: {:?}", joint.terms());
        }
        // At the next start there may be nothing left to measure on.
        let mut again = Joint::of(1000);
        again.resume(&joint.honest(), joint.spreads());
        again.together(&[], &[]);
        let after = again.terms();
        let apart = after.iter().zip(before).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(again.has_joined() && apart < 1e-5, "{after:?}");
    }

    #[test]
    fn being_asked_about_costs_no_rank() {
        // The network was asked about the likeliest tenth, and thinks what the head thinks.
        let mut joint = Joint::of(1000);
        let all: Vec<ImageId> = (0..1000).map(image).collect();
        let head: Vec<f32> = (0..1000).map(|n| 5.0 - n as f32 / 100.0).collect();
        let asked: Vec<_> =
            all[..100].iter().map(|id| (*id, 3.0 * head[id.index()] + 40.0)).collect();
        joint.take_in(&asked);
        let together = joint.together(&all, &head);
        assert!(together.is_sorted_by(|a, b| a >= b), "the order stays");
        let apart = together.iter().zip(&head).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-3, "{apart}");
    }

    #[test]
    fn an_older_opinion_does_not_lead_and_the_unknown_stays_unknown() {
        let mut joint = Joint::of(12);
        joint.take_in(&[(image(0), 50.0), (image(11), -7.0)]);
        let newer: Vec<_> = (1..11).map(|n| (image(n), n as f32)).collect();
        joint.take_in(&newer);
        assert!((joint.network[0] - 4.0).abs() < 1e-6 && (joint.network[11] + 7.0).abs() < 1e-6);
        let mut joint = Joint::of(2);
        joint.take_in(&[(image(0), 1.0)]);
        assert!(joint.network[1].is_nan());
    }
}
