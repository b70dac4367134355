//! How it is trained: which pictures a step sees, how they are changed, the loss, the learning rate.

use std::str::FromStr;

use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use tch::{Kind, Tensor, nn};

use super::augment::{Augmented, Strength};
use super::freematch::FreeMatch;
use super::trainee::Trainee;
use super::{Material, draw};
use crate::training::pixels::Pixels;

/// What a label's target is away from 0 or 1 (label smoothing).
const SMOOTHING: f64 = 0.05;
/// The share of a cycle in which the learning rate rises.
const WARM_UP: f64 = 0.1;

/// How a network trains in the background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recipe {
    /// Short cycles, as many positives as negatives as unanswered images that count as negatives (`LEARNING.md`).
    #[default]
    Cycles,
    /// Labels only: batches of 32 labels as they come, AdamW as PyTorch has it, the
    /// learning rate between 1e-5 and 1e-2 and back in 200 steps, a fresh optimiser every ten epochs, which are a
    /// cycle here (150 steps at least, 2,000 at most).
    Cyclic,
    /// Semi-supervised: FreeMatch (Wang et al. 2023), on weakly and strongly changed unanswered images.
    FreeMatch,
}

impl FromStr for Recipe {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cycles" => Ok(Self::Cycles),
            "cyclic" => Ok(Self::Cyclic),
            "freematch" => Ok(Self::FreeMatch),
            other => Err(format!("{other} is no recipe; there are cycles, cyclic, freematch")),
        }
    }
}

/// Pictures of a step of [`Recipe::Cycles`]: positives, negatives, and unanswered ones that count as negatives.
const CYCLES: [usize; 3] = [21, 22, 21];
/// Of [`Recipe::FreeMatch`]: positives, negatives, unanswered ones, which are seen twice.
const FREE_MATCH: [usize; 3] = [16, 16, 64];
/// Of [`Recipe::Cyclic`].
const CYCLIC: usize = 32;
const CYCLIC_RATES: [f64; 2] = [1e-5, 1e-2];
const CYCLIC_STEPS: usize = 200;
const EPOCHS: usize = 10;

/// Of a cycle: as many steps as this share of the labels, within bounds.
const STEPS_A_LABEL: f64 = 0.75;
const FEWEST_STEPS: usize = 150;
const MOST_STEPS: usize = 2000;

impl Recipe {
    /// Steps of a cycle.
    pub(super) fn steps(self, labels: usize) -> usize {
        let steps = match self {
            Self::Cycles | Self::FreeMatch => (labels as f64 * STEPS_A_LABEL) as usize,
            Self::Cyclic => labels.div_ceil(CYCLIC) * EPOCHS,
        };
        steps.clamp(FEWEST_STEPS, MOST_STEPS)
    }

    /// How weights follow their slopes (Loshchilov and Hutter 2019).
    pub(super) fn optimiser(self) -> nn::AdamW {
        match self {
            Self::Cycles | Self::FreeMatch => {
                nn::AdamW { beta2: 0.99, wd: 0.05, ..nn::AdamW::default() }
            }
            Self::Cyclic => nn::AdamW { wd: 0.01, ..nn::AdamW::default() },
        }
    }

    /// The learning rate of a group of weights whose rate at its height is `height`.
    pub(super) fn rate(self, height: f64, step: usize, steps: usize) -> f64 {
        match self {
            Self::Cycles | Self::FreeMatch => height * shape(step as f64 / steps as f64),
            Self::Cyclic => {
                let [least, most] = CYCLIC_RATES;
                let at = (step % CYCLIC_STEPS) as f64 / CYCLIC_STEPS as f64;
                least + (most - least) * (1.0 - (2.0 * at - 1.0).abs())
            }
        }
    }

    /// Whether unanswered images come from the unlikelier part of the pool only, to count as negatives.
    pub(super) fn takes_unlikely(self) -> bool {
        self == Self::Cycles
    }
}

/// Up to the full learning rate, and down to nothing in half a cosine; of a cycle's course 0 to 1.
fn shape(course: f64) -> f64 {
    (course / WARM_UP).min(1.0) * 0.5 * (1.0 + (std::f64::consts::PI * course).cos())
}

/// A recipe at work, with what it remembers.
pub(super) struct Steps {
    pub recipe: Recipe,
    pub free_match: FreeMatch,
    /// Batches are divided by this, where memory is short.
    pub divided: usize,
}

impl Steps {
    /// The loss of one step, a number with its gradients.
    pub fn loss(
        &mut self,
        network: &dyn Trainee,
        augmented: &Augmented,
        pixels: &Pixels,
        material: &Material,
        random: &mut ChaCha8Rng,
    ) -> Tensor {
        let Drawn { images, targets, seen_twice } = self.draw(material, random);
        let targets = Tensor::from_slice(&targets).to_kind(Kind::Float);
        let strength = match self.recipe {
            Recipe::FreeMatch => Strength::Weak,
            Recipe::Cycles | Recipe::Cyclic => Strength::Usual,
        };
        let pictures = augmented.draw(pixels, &images, strength, random);
        if seen_twice.is_empty() {
            let logits = network.logits(&pictures, true);
            return cross_entropy(&logits, &targets).mean(Kind::Float);
        }
        let weakly = augmented.draw(pixels, &seen_twice, Strength::Weak, random);
        let strongly = augmented.draw(pixels, &seen_twice, Strength::Strong, random);
        let logits = network.logits(&Tensor::cat(&[pictures, weakly, strongly], 0), true);
        let (labelled, twice) = (images.len() as i64, seen_twice.len() as i64);
        let supervised = cross_entropy(&logits.narrow(0, 0, labelled), &targets).mean(Kind::Float);
        let weakly = logits.narrow(0, labelled, twice);
        let strongly = logits.narrow(0, labelled + twice, twice);
        supervised + self.free_match.loss(&weakly, &strongly)
    }

    fn draw(&self, material: &Material, random: &mut ChaCha8Rng) -> Drawn {
        let Material { positives, negatives, unanswered, .. } = material;
        let part = |count: usize| (count / self.divided).max(2);
        let mut labelled: Vec<(ImageId, f64)> = Vec::new();
        let mut take = |from: &[ImageId], count: usize, target: f64, random: &mut ChaCha8Rng| {
            labelled.extend(draw(from, count, random).into_iter().map(|image| (image, target)));
        };
        let (yes, no) = (1.0 - SMOOTHING, SMOOTHING);
        let mut seen_twice = Vec::new();
        match self.recipe {
            Recipe::Cycles => {
                let [of_positives, of_negatives, of_unanswered] = CYCLES.map(part);
                take(positives, of_positives.min(positives.len()), yes, random);
                take(negatives, of_negatives, no, random);
                take(unanswered, of_unanswered, no, random);
            }
            Recipe::Cyclic => {
                let all = positives.len() + negatives.len();
                let share = positives.len() as f64 / all as f64;
                let of_positives = (0..part(CYCLIC)).filter(|_| chance(random) < share).count();
                take(positives, of_positives, 1.0, random);
                take(negatives, part(CYCLIC) - of_positives, 0.0, random);
            }
            Recipe::FreeMatch => {
                let [of_positives, of_negatives, of_unanswered] = FREE_MATCH.map(part);
                take(positives, of_positives, yes, random);
                take(negatives, of_negatives, no, random);
                seen_twice = draw(unanswered, of_unanswered, random);
            }
        }
        let (images, targets) = labelled.into_iter().unzip();
        Drawn { images, targets, seen_twice }
    }
}

/// The images of a step.
struct Drawn {
    /// Those that have a target, 0 to 1.
    images: Vec<ImageId>,
    targets: Vec<f64>,
    /// Those that are changed weakly and strongly.
    seen_twice: Vec<ImageId>,
}

fn chance(random: &mut ChaCha8Rng) -> f64 {
    rand::RngExt::random(random)
}

/// Of each logit, nats; targets 0 to 1.
pub(super) fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Tensor {
    logits.softplus() - targets.to_device(logits.device()) * logits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_and_falls() {
        assert!(shape(0.0) < 1e-9 && shape(1.0) < 1e-9);
        assert!((shape(WARM_UP) - 0.975).abs() < 0.01);
        assert!(shape(0.3) > shape(0.6));
        let rate = |step| Recipe::Cyclic.rate(1.0, step, 1000);
        assert!((rate(0) - 1e-5).abs() < 1e-12 && (rate(100) - 1e-2).abs() < 1e-12);
        assert!((rate(50) - rate(150)).abs() < 1e-12 && (rate(200) - 1e-5).abs() < 1e-12);
    }

    #[test]
    fn a_cycle_is_neither_too_short_nor_too_long() {
        assert_eq!(Recipe::Cycles.steps(10), FEWEST_STEPS);
        assert_eq!(Recipe::Cycles.steps(1000), 750);
        assert_eq!(Recipe::Cyclic.steps(1000), 320, "ten epochs");
        assert_eq!(Recipe::FreeMatch.steps(1_000_000), MOST_STEPS);
    }

    #[test]
    fn recipes_by_their_names() {
        assert_eq!("freematch".parse(), Ok(Recipe::FreeMatch));
        assert!("free".parse::<Recipe>().is_err());
    }
}
