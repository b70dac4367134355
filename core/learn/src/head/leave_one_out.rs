//! What the head would say of a label that it had not learned from.

use tch::{Kind, Tensor};

use super::{Head, Problem};

/// A label's share of its own logit is never taken for more than this.
const MOST_INFLUENCE: f64 = 0.95;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::cholesky;

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
}
