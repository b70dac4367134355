//! From logits to probabilities that are frequencies (Platt 1999).

use tch::{Kind, Tensor};

use crate::logistic::{self, Prior, with_intercept};

/// Probabilities are calibrated from so many labels of each class on.
const MIN_OF_CLASS: f64 = 5.0;
/// A calibration never makes the model say less than this share of what it thinks.
const MIN_SLOPE: f64 = 0.05;
/// Without a little of this, labels that can be parted would have no best slope.
const STRENGTH: f64 = 1e-3;
/// Slope and offset move no further in a round.
const LONGEST: f64 = 1.0;

/// A logit as the model has it becomes slope · logit + offset (Platt 1999).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Calibration {
    pub slope: f64,
    pub offset: f64,
}

impl Calibration {
    /// Nothing is known: as it is.
    pub const NONE: Self = Self { slope: 1.0, offset: 0.0 };

    /// The calibrated probability.
    pub fn probability(self, logit: f32) -> f32 {
        let logit = self.slope * f64::from(logit) + self.offset;
        (1.0 / (1.0 + (-logit).exp())) as f32
    }

    /// Where the share of positives is another one: its logit is so much higher than where this was learned (prior
    /// correction; King and Zeng 2001, 4.2).
    pub fn shifted(self, by: f64) -> Self {
        if self == Self::NONE { self } else { Self { offset: self.offset + by, ..self } }
    }
}

/// Logistic regression of the labels (n; 1 or 0) on held-out logits (n); targets as Platt smooths them.
pub(super) fn calibrate(held_out: &Tensor, y: &Tensor) -> Calibration {
    let y = y.to_kind(Kind::Double);
    let positives = y.sum(Kind::Double).double_value(&[]);
    let negatives = y.size()[0] as f64 - positives;
    if positives.min(negatives) < MIN_OF_CLASS {
        return Calibration::NONE;
    }
    let (high, low) = ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
    let target = &y * high + (1.0 - &y) * low;
    let prior =
        Prior { at: &[1.0, 0.0], strength: &[STRENGTH; 2], longest: LONGEST, none_below_zero: 0 };
    match logistic::fit(&with_intercept(&[held_out.copy()]), &target, &prior)[..] {
        [slope, offset] if slope.is_finite() && offset.is_finite() => {
            Calibration { slope: slope.max(MIN_SLOPE), offset }
        }
        _ => Calibration::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibrated_probabilities_are_frequencies() {
        // Of the pictures with logit 4 z, the share σ(z − 1) is positive.
        tch::manual_seed(3);
        let options = (Kind::Float, tch::Device::Cpu);
        let z = Tensor::randn([20_000], options);
        let y =
            Tensor::rand([20_000], options).lt_tensor(&(&z - 1.0).sigmoid()).to_kind(Kind::Float);
        let calibration = calibrate(&(z * 4.0), &y);
        assert!((calibration.slope - 0.25).abs() < 0.02, "{calibration:?}");
        assert!((calibration.offset + 1.0).abs() < 0.08, "{calibration:?}");
        assert!((calibration.probability(4.0) - 0.5).abs() < 0.02);
    }

    #[test]
    fn what_a_sample_with_other_shares_taught_holds_for_the_whole() {
        // A tenth of the negatives is in the sample: odds are ten times those of the whole.
        let calibration = Calibration { slope: 1.3, offset: 0.4 };
        let shifted = calibration.shifted((0.1_f64).ln());
        for logit in [-3.0, 0.0, 2.5] {
            let odds = |p: f32| f64::from(p) / (1.0 - f64::from(p));
            let [of_sample, of_all] = [calibration, shifted].map(|c| odds(c.probability(logit)));
            assert!((of_sample / of_all - 10.0).abs() < 1e-3, "{logit}: {of_sample} and {of_all}");
        }
        assert_eq!(Calibration::NONE.shifted(-2.0), Calibration::NONE, "nothing is known");
    }

    #[test]
    fn few_labels_and_labels_that_say_the_opposite_do_no_harm() {
        let z = Tensor::from_slice(&[3.0_f32, -3.0, 2.0, -2.0]);
        assert_eq!(
            calibrate(&z, &Tensor::from_slice(&[1.0_f32, 0.0, 1.0, 0.0])),
            Calibration::NONE
        );
        let z = Tensor::arange(100, (Kind::Float, tch::Device::Cpu)) - 50.0;
        let opposite = calibrate(&z, &z.lt(0.0).to_kind(Kind::Float));
        assert!(opposite.slope > 0.0, "the order stays");
    }
}
