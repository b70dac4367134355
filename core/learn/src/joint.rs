//! The head's and the network's opinion become one.
//!
//! Both are standardised over the unanswered images and added, with weights that are learned from answers
//! that were given before either knew them ([`stacking`]). A network that is no good loses its weight so,
//! and the head loses its own where the network has overtaken it.

mod stacking;
#[cfg(test)]
mod tests;

use sluice_events::ImageId;

use crate::head::Calibration;
pub(crate) use stacking::Say;
use stacking::{Pair, Stacking};

/// Probabilities are calibrated from so many answers of each kind on.
const MIN_OF_CLASS: usize = 5;
/// Scores of fewer images say nothing of how scores are spread: the spread stays.
const MEASURED_FROM: usize = 50;
/// What an older opinion may still say: not more than this share of the newer ones does.
const STALE_BELOW: f64 = 0.3;

/// The network's logits, and how far it is trusted.
pub(crate) struct Joint {
    /// By image; NaN where it was not asked.
    network: Vec<f32>,
    joined: bool,
    /// What was thought of each unanswered image in the last round, by image.
    before: Vec<Pair>,
    say: Say,
    stacking: Stacking,
    /// Of the head's and of the network's logits in the last round.
    of_head: Spread,
    of_network: Spread,
}

/// Mean and deviation.
#[derive(Clone, Copy, PartialEq)]
struct Spread {
    mean: f64,
    deviation: f64,
}

impl Joint {
    /// For so many images; the network begins with this say.
    pub fn of(images: u32, say: Say) -> Self {
        let images = images as usize;
        Self {
            network: vec![f32::NAN; images],
            joined: false,
            before: vec![Pair::NONE; images],
            say,
            stacking: Stacking::new(say),
            of_head: Spread::NONE,
            of_network: Spread::NONE,
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
        self.stacking = Stacking::new(self.say);
        (self.of_head, self.of_network) = (Spread::NONE, Spread::NONE);
    }

    /// What logits of [`together`](Self::together) mean, learned from answers that neither knew; `None` as long
    /// as there are too few.
    pub fn calibration(&self) -> Option<Calibration> {
        let [positives, negatives] = self.stacking.classes();
        let [head, network, offset] = self.stacking.weights();
        let slope = (head + network) / self.of_head.deviation;
        let enough = self.joined && positives.min(negatives) >= MIN_OF_CLASS && slope > 0.0;
        enough.then_some(Calibration { slope, offset: offset - slope * self.of_head.mean })
    }

    /// The network's part in what both say, 0 to 1.
    fn share(&self) -> f64 {
        let [trust_head, trust_network, _] = self.stacking.weights();
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
        self.stacking.rows()
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
        self.stacking.resume(honest);
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

    /// Learns from the answers that came since the last round how far each is to be trusted. An answer is one that
    /// neither knew if both had thought something of its image when it was unanswered.
    pub fn weigh(&mut self, labels: &[(ImageId, bool)]) {
        if !self.joined {
            return;
        }
        let mut now = vec![None; self.before.len()];
        for (image, positive) in labels {
            if let Some(now) = now.get_mut(image.index()) {
                *now = Some(*positive);
            }
        }
        self.stacking.correct(|image| now.get(image.index()).copied().flatten());
        for (image, positive) in labels {
            if let Some(before) = self.before.get_mut(image.index()) {
                self.stacking.add(*image, std::mem::replace(before, Pair::NONE), *positive);
            }
        }
        self.stacking.learn();
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
        let is_first = of_network == Spread::NONE && asked.len() > 1;
        if asked.len() >= MEASURED_FROM || is_first {
            of_head = Spread::of(asked.into_iter());
            of_network = Spread::of(candidates.iter().map(|image| network(*image)));
        }
        let [trust_head, trust_network, _] = self.stacking.weights();
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
