//! What is dear to compute and changes slowly, computed in the background every so many answers: the
//! curvature of the objective, by which steps are preconditioned; leave-one-out logits, and what they say
//! about probabilities.

use std::thread::{self, JoinHandle};

use tch::{Kind, Tensor};

use super::{Head, Problem, cholesky};
use crate::background::give_way;

/// Renewed when so many labels are new: this many, or this share.
const MIN_NEW: usize = 10;
const NEW_SHARE: f64 = 0.02;
/// Probabilities are calibrated from so many labels of each class on.
const MIN_OF_CLASS: f64 = 5.0;
/// A label's share of its own logit is never taken for more than this.
const MOST_INFLUENCE: f64 = 0.95;
/// A calibration never makes the model say less than this share of what it thinks.
const MIN_SLOPE: f64 = 0.05;
const ROUNDS: usize = 30;

/// What was computed last.
pub(crate) struct Renewed {
    /// Lower Cholesky factor of the Hessian, bias last, (d + 1, d + 1).
    pub factor: Tensor,
    pub calibration: Calibration,
}

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
}

/// Keeps one computation under way at most.
#[derive(Default)]
pub(crate) struct Renewal {
    newest: Option<Renewed>,
    under_way: Option<JoinHandle<Option<Renewed>>>,
    asked_with: usize,
}

impl Renewal {
    /// The newest that is there.
    pub fn newest(&mut self) -> Option<&Renewed> {
        if let Some(done) = self.under_way.take_if(|thread| thread.is_finished())
            && let Ok(Some(renewed)) = done.join()
        {
            self.newest = Some(renewed);
        }
        self.newest.as_ref()
    }

    /// The newest that is there; waits for the first one, so that the first that is said after a start means as much as
    /// what was said before the end.
    pub fn first(&mut self) -> Option<&Renewed> {
        if self.newest.is_none()
            && let Some(first) = self.under_way.take()
        {
            self.newest = first.join().ok().flatten();
        }
        self.newest()
    }

    /// Begins anew for a head that was fitted to these labels, if there are enough new ones.
    pub fn follow(&mut self, head: &Head, x: &Tensor, y: &Tensor) {
        let labels = y.size()[0] as usize;
        let new = labels.abs_diff(self.asked_with);
        if self.under_way.is_some() || new < MIN_NEW.max((labels as f64 * NEW_SHARE) as usize) {
            return;
        }
        // Copies: the rows go on changing.
        let (head, x, y) = (head.clone(), x.copy(), y.copy());
        let spawned = thread::Builder::new().name("curvature".into()).spawn(move || {
            give_way();
            tch::no_grad(|| renew(&head, &x, &y))
        });
        match spawned {
            Ok(thread) => (self.under_way, self.asked_with) = (Some(thread), labels),
            Err(error) => tracing::warn!(%error, "the head goes on with an older curvature"),
        }
    }
}

fn renew(head: &Head, x: &Tensor, y: &Tensor) -> Option<Renewed> {
    let problem = Problem::new(x, y);
    let factor = cholesky(&problem.hessian(head))?;
    let held_out = held_out_logits(&problem, head, &factor);
    Some(Renewed { factor, calibration: calibrate(&held_out, y) })
}

/// What the head would say of each label (n) if it had not learned from it, to first order:
/// zᵢ + wᵢ(pᵢ − yᵢ)·hᵢ / (1 − sᵢhᵢ) with hᵢ = xᵢᵀH⁻¹xᵢ (Pregibon 1981).
pub(super) fn held_out_logits(problem: &Problem<'_>, head: &Head, factor: &Tensor) -> Tensor {
    let with_bias = Tensor::cat(&[problem.x, &problem.y.ones_like().unsqueeze(1)], 1);
    let solved = factor.linalg_solve_triangular(&with_bias.tr(), false, true, false);
    let leverage = (&solved * &solved).sum_dim_intlist(0_i64, false, Kind::Float);
    let logits = problem.logits(head);
    let p = logits.sigmoid();
    let influence = (&leverage * problem.curvature(&p)).clamp_max(MOST_INFLUENCE);
    logits + &problem.weights * (p - problem.y) * leverage / (1.0 - influence)
}

/// Logistic regression of the labels on held-out logits; targets as Platt smooths them.
fn calibrate(held_out: &Tensor, y: &Tensor) -> Calibration {
    let (z, y) = (held_out.to_kind(Kind::Double), y.to_kind(Kind::Double));
    let positives = y.sum(Kind::Double).double_value(&[]);
    let negatives = y.size()[0] as f64 - positives;
    if positives.min(negatives) < MIN_OF_CLASS {
        return Calibration::NONE;
    }
    let (high, low) = ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
    let target = &y * high + (1.0 - &y) * low;
    let x = Tensor::stack(&[&z, &z.ones_like()], 1);
    let mut at = Tensor::from_slice(&[1.0, 0.0_f64]);
    for _ in 0..ROUNDS {
        let p = x.mv(&at).sigmoid();
        let bend: Tensor = &p - &p * &p;
        let curve =
            x.tr().matmul(&(&x * bend.unsqueeze(1))) + Tensor::from_slice(&[1e-3; 2]).diag(0);
        let step = Tensor::linalg_solve(&curve, &x.tr().mv(&(p - &target)), true);
        let longest = step.abs().max().double_value(&[]);
        at -= step * (1.0 / longest.max(1e-12)).min(1.0);
        if longest < 1e-6 {
            break;
        }
    }
    let (slope, offset) = (at.double_value(&[0]), at.double_value(&[1]));
    if slope.is_finite() && offset.is_finite() {
        Calibration { slope: slope.max(MIN_SLOPE), offset }
    } else {
        Calibration::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_out_logits_are_those_of_heads_that_did_not_see_the_label() {
        let (x, y) = super::super::tests::problem(80, 12, 20);
        let head = Head::zero(12, &x).fit(&x, &y, None);
        let problem = Problem::new(&x, &y);
        let factor = cholesky(&problem.hessian(&head)).expect("positive definite");
        let quick = held_out_logits(&problem, &head, &factor);
        for left_out in [0, 5, 19, 20, 44, 79] {
            let kept: Vec<i64> = (0..80).filter(|at| *at != left_out).collect();
            let kept = Tensor::from_slice(&kept);
            let (x_kept, y_kept) = (x.index_select(0, &kept), y.index_select(0, &kept));
            let without = head.fit(&x_kept, &y_kept, None);
            let honest = x.get(left_out).dot(&without.beta) + &without.bias;
            let honest = honest.double_value(&[]);
            let quick = quick.double_value(&[left_out]);
            let seen = problem.logits(&head).double_value(&[left_out]);
            assert!((honest - quick).abs() < 0.1, "{left_out}: {honest}, not {quick}");
            assert!(
                (honest - quick).abs() <= (honest - seen).abs() + 0.02,
                "no better than {seen}"
            );
        }
    }

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
