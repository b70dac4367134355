//! FreeMatch (Wang et al., ICLR 2023) for two classes: an unanswered image that the network is sure of, changed
//! weakly, teaches it the same of the image changed strongly; how sure it must be follows how sure it is of each
//! class so far.

use tch::{Kind, Tensor};

use super::recipe::cross_entropy;

/// Of the exponential averages. The paper has 0.999, for runs of a million steps; a cycle has a thousand.
const MOMENTUM: f64 = 0.99;
/// Of the fairness of the classes (equation 11), which has the network call images of both.
const FAIRNESS: f64 = 0.05;

/// A class that is called less often than this is called by nothing.
const SELDOM: f64 = 1e-3;

/// What it remembers, from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FreeMatch {
    /// How sure the network is of unanswered images.
    sure: f64,
    /// Mean P(positive) of unanswered images.
    share: f64,
    /// How many of them it calls positive.
    called: f64,
}

impl Default for FreeMatch {
    fn default() -> Self {
        Self { sure: 0.5, share: 0.5, called: 0.5 }
    }
}

impl FreeMatch {
    /// The loss of unanswered images, from logits (n) of both their changes; remembers what it saw.
    pub fn loss(&mut self, weakly: &Tensor, strongly: &Tensor) -> Tensor {
        let p = weakly.detach().to_kind(Kind::Float).sigmoid();
        let called = p.ge(0.5).to_kind(Kind::Float);
        let sure = p.maximum(&(1.0 - &p));
        for (average, newest) in
            [(&mut self.sure, &sure), (&mut self.share, &p), (&mut self.called, &called)]
        {
            let newest = newest.mean(Kind::Float).double_value(&[]);
            // A network that went astray is noticed by its scores; this outlives it.
            if newest.is_finite() {
                *average = MOMENTUM * *average + (1.0 - MOMENTUM) * newest;
            }
        }
        let [of_negatives, of_positives] = self.thresholds();
        let threshold = &called * of_positives + (1.0 - &called) * of_negatives;
        let counts = sure.ge_tensor(&threshold).to_kind(Kind::Float);
        let consistent = (cross_entropy(strongly, &called) * &counts).mean(Kind::Float);
        consistent + self.fairness(strongly, &counts) * FAIRNESS
    }

    /// How sure it must be of a negative and of a positive: less of the class that it believes in less.
    fn thresholds(&self) -> [f64; 2] {
        let shares = [1.0 - self.share, self.share];
        let most = shares[0].max(shares[1]);
        shares.map(|share| self.sure * share / most)
    }

    /// The paper's equation 11: the shares of the classes among those that count, each over how often it is called,
    /// against the same of the averages. A class that nothing is called has no weight, as in the authors' program:
    /// else each batch without a positive would press all images further down.
    fn fairness(&self, strongly: &Tensor, counts: &Tensor) -> Tensor {
        let (p, number) = (strongly.sigmoid(), counts.sum(Kind::Float).clamp_min(1.0));
        let share = (&p * counts).sum(Kind::Float) / &number;
        let called = (p.ge(0.5).to_kind(Kind::Float) * counts).sum(Kind::Float) / &number;
        let over = |share: &Tensor, called: &Tensor| {
            share / called.clamp_min(SELDOM) * called.ge(SELDOM).to_kind(Kind::Float)
        };
        let (yes, no) = (over(&share, &called), over(&(1.0 - &share), &(1.0 - &called)));
        let sum: Tensor = &yes + &no;
        let [yes, no] = [yes, no].map(|value| (value / &sum).clamp_min(1e-6).log());
        let before = [(self.share, self.called), (1.0 - self.share, 1.0 - self.called)]
            .map(|(share, called)| if called < SELDOM { 0.0 } else { share / called });
        let all = before[0] + before[1];
        yes * (before[0] / all) + no * (before[1] / all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_sure_of_counts_and_what_it_doubts_does_not() {
        let mut free_match = FreeMatch { sure: 0.9, share: 0.5, called: 0.5 };
        let strongly = Tensor::from_slice(&[0.0_f32, 0.0]).set_requires_grad(true);
        let weakly = Tensor::from_slice(&[4.0_f32, 0.2]);
        free_match.loss(&weakly, &strongly).backward();
        let slopes = Vec::<f32>::try_from(strongly.grad()).expect("two numbers");
        assert!(slopes[0] < -0.1, "the sure one is called positive: {slopes:?}");
        assert!(slopes[1].abs() < 0.02, "{slopes:?}");
    }

    #[test]
    fn it_asks_less_of_the_rarer_class() {
        let free_match = FreeMatch { sure: 0.95, share: 0.1, called: 0.1 };
        let [negatives, positives] = free_match.thresholds();
        assert!((negatives - 0.95).abs() < 1e-12 && positives < 0.2);
    }

    /// Slopes of the fairness of images that all count.
    fn slopes(free_match: FreeMatch, logits: &[f32]) -> Vec<f32> {
        let logits = Tensor::from_slice(logits).set_requires_grad(true);
        free_match.fairness(&logits, &logits.ones_like()).backward();
        Vec::<f32>::try_from(logits.grad()).expect("numbers")
    }

    #[test]
    fn a_batch_without_positives_is_not_pressed_down_by_fairness() {
        let free_match = FreeMatch { sure: 0.95, share: 0.02, called: 0.01 };
        assert!(slopes(free_match, &[-5.0; 64]).iter().all(|slope| slope.abs() < 1e-9));
        let one = slopes(free_match, &[vec![-5.0; 63], vec![2.0]].concat());
        assert!(one.iter().all(|slope| slope.is_finite()) && one.iter().any(|slope| *slope != 0.0));
    }

    #[test]
    fn fairness_treats_both_classes_alike() {
        let free_match = FreeMatch { sure: 0.9, share: 0.5, called: 0.5 };
        let surer = slopes(free_match, &[-0.1, -0.1, 3.0, 3.0]);
        let mirrored = slopes(free_match, &[0.1, 0.1, -3.0, -3.0]);
        for (a, b) in surer.iter().zip(&mirrored) {
            assert!((a + b).abs() < 1e-5, "both classes are treated alike: {surer:?} {mirrored:?}");
        }
        // By hand: a step raises all four, the doubtful ones more.
        let wanted = [-0.065, -0.065, -0.012, -0.012];
        assert!(surer.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-3), "{surer:?}");
    }

    #[test]
    fn averages_follow_what_is_seen() {
        let mut free_match = FreeMatch::default();
        for _ in 0..500 {
            let logits = Tensor::from_slice(&[-3.0_f32, -3.0, -3.0, 3.0]);
            let _ = free_match.loss(&logits, &logits);
        }
        assert!((free_match.called - 0.25).abs() < 0.01, "{free_match:?}");
        assert!((free_match.sure - 0.95).abs() < 0.01, "{free_match:?}");
    }
}
