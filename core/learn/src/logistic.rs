//! Logistic regression with few parameters, by Newton's method in double precision (Bishop 2006, 4.3.3).

use tch::{Kind, Tensor};

const ROUNDS: usize = 30;
/// A step that is shorter ends it.
const ENOUGH: f64 = 1e-6;

/// What parameters are drawn to, and how much.
pub(crate) struct Prior<'a> {
    /// Where they begin, and where they stay without data, (d).
    pub at: &'a [f64],
    /// How strongly they are drawn there, (d): as the curvature of so many observations.
    pub strength: &'a [f64],
    /// No parameter moves further in a round.
    pub longest: f64,
    /// So many of the first parameters are never below zero.
    pub none_below_zero: usize,
}

/// Parameters (d) with which σ(x·parameters) meets the targets (n; 0 to 1) best, for rows x (n, d), both in double
/// precision. Ends after some rounds in any case.
pub(crate) fn fit(x: &Tensor, targets: &Tensor, prior: &Prior<'_>) -> Vec<f64> {
    let (to, strength) = (Tensor::from_slice(prior.at), Tensor::from_slice(prior.strength));
    let is_bounded = |place: usize| f64::from(place < prior.none_below_zero);
    let bounded: Vec<f64> = (0..prior.at.len()).map(is_bounded).collect();
    let bounded = Tensor::from_slice(&bounded);
    let mut at = to.copy();
    for _ in 0..ROUNDS {
        let p = x.mv(&at).sigmoid();
        let slope = x.tr().mv(&(&p - targets)) + &strength * (&at - &to);
        let bend: Tensor = &p - &p * &p;
        let curve = x.tr().matmul(&(x * bend.unsqueeze(1))) + strength.diag(0);
        // What stands at its bound and would fall below it stays, and the others move as if it were not there
        // (Bertsekas 1982).
        let held = at.le(0.0).logical_and(&slope.gt(0.0)) * &bounded;
        let free: Tensor = 1.0 - &held;
        let curve = curve * free.outer(&free) + held.diag(0);
        let step = Tensor::linalg_solve(&curve, &(slope * &free), true);
        let length = step.abs().max().double_value(&[]);
        at -= step * (prior.longest / length.max(1e-12)).min(1.0);
        let _ = at.narrow(0, 0, prior.none_below_zero as i64).clamp_min_(0.0);
        if length < ENOUGH {
            break;
        }
    }
    (0..prior.at.len() as i64).map(|place| at.double_value(&[place])).collect()
}

/// A column of ones, for the intercept, beside these columns (n, d).
pub(crate) fn with_intercept(columns: &[Tensor]) -> Tensor {
    let columns: Vec<Tensor> = columns.iter().map(|column| column.to_kind(Kind::Double)).collect();
    let ones = columns.first().map(Tensor::ones_like);
    let all: Vec<Tensor> = columns.into_iter().chain(ones).collect();
    Tensor::stack(&all, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEAK: Prior<'_> =
        Prior { at: &[0.0, 0.0], strength: &[1e-6, 1e-6], longest: 2.0, none_below_zero: 0 };

    fn drawn(slope: f64, offset: f64) -> (Tensor, Tensor) {
        tch::manual_seed(11);
        let z = Tensor::randn([40_000], (Kind::Double, tch::Device::Cpu));
        let p = (&z * slope + offset).sigmoid();
        let y = p.rand_like().lt_tensor(&p).to_kind(Kind::Double);
        (with_intercept(&[z]), y)
    }

    #[test]
    fn it_finds_what_the_answers_were_drawn_with() {
        let (x, y) = drawn(1.7, -0.9);
        let found = fit(&x, &y, &WEAK);
        assert!((found[0] - 1.7).abs() < 0.08 && (found[1] + 0.9).abs() < 0.06, "{found:?}");
    }

    #[test]
    fn a_parameter_that_is_kept_from_falling_below_zero_is_zero() {
        let (x, y) = drawn(-1.7, 0.4);
        let found = fit(&x, &y, &Prior { none_below_zero: 1, ..WEAK });
        assert!(found[0].abs() < 1e-9 && (found[1] - 0.3).abs() < 0.3, "{found:?}");
    }

    #[test]
    fn beside_a_parameter_that_is_kept_at_zero_the_others_are_what_they_are_without_it() {
        tch::manual_seed(12);
        let z = Tensor::randn([5_000], (Kind::Double, tch::Device::Cpu));
        // It says the same, less clearly, and would best be subtracted.
        let alike = &z + z.randn_like();
        let p = (&z * 1.5 - &alike * 0.8).sigmoid();
        let y = p.rand_like().lt_tensor(&p).to_kind(Kind::Double);
        let prior = Prior { at: &[0.0; 3], strength: &[1e-6; 3], longest: 2.0, none_below_zero: 2 };
        let both = fit(&with_intercept(&[z.copy(), alike]), &y, &prior);
        let alone = fit(&with_intercept(&[z]), &y, &WEAK);
        let apart = (both[0] - alone[0]).abs().max((both[2] - alone[1]).abs());
        assert!(both[1].abs() < 1e-9 && apart < 1e-4, "{both:?}, and without it {alone:?}");
    }

    #[test]
    fn labels_that_can_be_parted_and_no_rows_at_all_stay_finite() {
        let z = Tensor::arange(100, (Kind::Double, tch::Device::Cpu)) - 50.0;
        let found = fit(&with_intercept(&[z.copy()]), &z.gt(0.0).to_kind(Kind::Double), &WEAK);
        assert!(found.iter().all(|number| number.is_finite()) && found[0] > 0.1, "{found:?}");
        let none = Tensor::zeros([0], (Kind::Double, tch::Device::Cpu));
        let prior = Prior { at: &[1.0, 0.0], ..WEAK };
        assert_eq!(fit(&with_intercept(&[none.copy()]), &none, &prior), [1.0, 0.0]);
    }
}
