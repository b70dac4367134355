//! The head: balanced, L2-regularised logistic regression on standardised features, fitted by warm
//! Newton steps.
//!
//! J(β, b) = Σ wᵢ·logloss(yᵢ, βᵀxᵢ + b) + (λ/2)‖β‖², the bias not penalised, wᵢ = n / (2·n of its
//! class), λ = c·mean‖x‖². A Newton step solves a weighted ridge regression on the working response
//! (iteratively reweighted least squares; Bishop 2006, 4.3.3): in the dual while there are fewer
//! labels than features (Woodbury), else in the primal; with many labels by conjugate gradients,
//! preconditioned with the curvature of some answers ago (Nocedal and Wright 2006, 7.1).

mod calibration;
mod leave_one_out;
mod renewal;

use tch::{Kind, Tensor};

pub(crate) use calibration::Calibration;
pub(crate) use renewal::Renewal;

/// c in λ = c·mean‖x‖².
const RIDGE: f64 = 0.2;
/// A curvature never counts for less than this share of its label's weight, so that a label that is
/// fitted perfectly does not make the system singular.
const MIN_CURVATURE: f64 = 1e-4;
const MAX_STEPS: usize = 12;
/// A step that lowers the objective by less than this share ends the fit.
const TOLERANCE: f64 = 1e-4;
const MAX_HALVINGS: usize = 6;
/// From so many labels on, steps are made by conjugate gradients.
const MANY: i64 = 1500;
/// They end when the equations hold up to this share.
const RESIDUAL: f64 = 0.02;
const MAX_GRADIENTS: usize = 15;

/// A fitted head on standardised features.
pub(crate) struct Head {
    /// Shape (d).
    beta: Tensor,
    /// Shape ().
    bias: Tensor,
    /// Mean class-balanced log loss over the labels, nats.
    pub loss: f64,
}

impl Clone for Head {
    fn clone(&self) -> Self {
        Self { beta: self.beta.copy(), bias: self.bias.copy(), loss: self.loss }
    }
}

/// Labelled rows.
struct Problem<'a> {
    /// Standardised features, (n, d).
    x: &'a Tensor,
    /// 1 for positive, 0 for negative, (n).
    y: &'a Tensor,
    /// Balancing weights, (n).
    weights: Tensor,
    lambda: f64,
}

impl Head {
    /// No opinion: probability one half everywhere.
    pub fn zero(dim: i64, like: &Tensor) -> Self {
        let options = (like.kind(), like.device());
        Self {
            beta: Tensor::zeros([dim], options),
            bias: Tensor::zeros([], options),
            loss: f64::NAN,
        }
    }

    /// Fits to standardised features `x` (n, d) and labels `y` (n; 1 or 0, both present), from where
    /// this head stands. `factor` is that of the Hessian (d + 1, d + 1) for somewhat older labels.
    pub fn fit(&self, x: &Tensor, y: &Tensor, factor: Option<&Tensor>) -> Self {
        let problem = Problem::new(x, y);
        let mut at = self.clone();
        let mut objective = problem.objective(&at);
        for _ in 0..MAX_STEPS {
            let Some((next, lower)) = problem.step(&at, objective, factor) else { break };
            let enough = (objective - lower) < TOLERANCE * lower.abs();
            (at, objective) = (next, lower);
            if enough {
                break;
            }
        }
        at.loss = problem.log_loss(&at) / y.size()[0] as f64;
        at
    }

    /// Weights and bias for features that were not standardised: w = β/σ, b − μᵀw.
    pub fn on_raw(&self, mean: &Tensor, deviation: &Tensor) -> (Tensor, Tensor) {
        let weights = &self.beta / deviation;
        let bias = &self.bias - weights.dot(mean);
        (weights, bias)
    }
}

impl<'a> Problem<'a> {
    /// Labelled rows with their weights.
    fn new(x: &'a Tensor, y: &'a Tensor) -> Self {
        let n = y.size()[0] as f64;
        let positives = y.sum(Kind::Float).double_value(&[]);
        let weights = y * (n / (2.0 * positives)) + (1.0 - y) * (n / (2.0 * (n - positives)));
        let mean_square = (x * x).sum(Kind::Float).double_value(&[]) / n;
        Self { x, y, weights, lambda: (RIDGE * mean_square).max(1e-6) }
    }

    fn logits(&self, head: &Head) -> Tensor {
        self.x.mv(&head.beta) + &head.bias
    }

    /// Σ wᵢ·logloss.
    fn log_loss(&self, head: &Head) -> f64 {
        let logits = self.logits(head);
        let losses = logits.softplus() - self.y * &logits;
        (&self.weights * losses).sum(Kind::Float).double_value(&[])
    }

    fn objective(&self, head: &Head) -> f64 {
        let ridge = (&head.beta * &head.beta).sum(Kind::Float).double_value(&[]);
        self.log_loss(head) + 0.5 * self.lambda * ridge
    }

    /// Of the loss at each label (n), of what the head says about it (n).
    fn curvature(&self, p: &Tensor) -> Tensor {
        let slope: Tensor = p - p * p;
        (&self.weights * slope).maximum(&(&self.weights * MIN_CURVATURE))
    }

    /// One Newton step, halved until it lowers the objective; `None` where it can't.
    fn step(&self, from: &Head, objective: f64, factor: Option<&Tensor>) -> Option<(Head, f64)> {
        let logits = self.logits(from);
        let p = logits.sigmoid();
        let curvature = self.curvature(&p);
        let response = &logits + &self.weights * (self.y - &p) / &curvature;
        let (n, d) = (self.x.size()[0], self.x.size()[1]);
        let (beta, bias) = if let Some(factor) = factor.filter(|_| n > MANY.max(d)) {
            self.solve_by_gradients(from, &p, &curvature, factor)
        } else if n < d {
            self.solve_dual(&curvature, &response)?
        } else {
            self.solve_primal(&curvature, &response)?
        };
        let mut share = 1.0;
        for _ in 0..=MAX_HALVINGS {
            let next = Head {
                beta: &from.beta + (&beta - &from.beta) * share,
                bias: &from.bias + (&bias - &from.bias) * share,
                loss: f64::NAN,
            };
            let lower = self.objective(&next);
            if lower.is_finite() && lower < objective {
                return Some((next, lower));
            }
            share *= 0.5;
        }
        None
    }

    /// The Hessian, bias last, (d + 1, d + 1).
    fn hessian(&self, head: &Head) -> Tensor {
        let curvature = self.curvature(&self.logits(head).sigmoid());
        let scaled = self.x * curvature.unsqueeze(1);
        let ones = scaled.sum_dim_intlist(0_i64, false, Kind::Float).unsqueeze(1);
        let gram = scaled.tr().matmul(self.x)
            + Tensor::eye(self.x.size()[1], (self.x.kind(), self.x.device())) * self.lambda;
        let total = curvature.sum(Kind::Float).view([1, 1]);
        let left = Tensor::cat(&[&gram, &ones.tr()], 0);
        Tensor::cat(&[left, Tensor::cat(&[&ones, &total], 0)], 1)
    }

    /// Conjugate gradients on the Newton equations, preconditioned.
    fn solve_by_gradients(
        &self,
        from: &Head,
        p: &Tensor,
        curvature: &Tensor,
        factor: &Tensor,
    ) -> (Tensor, Tensor) {
        let d = self.x.size()[1];
        let joined =
            |of_beta: Tensor, of_bias: Tensor| Tensor::cat(&[of_beta, of_bias.view([1])], 0);
        let errors = &self.weights * (p - self.y);
        let of_beta = self.x.tr().mv(&errors) + &from.beta * self.lambda;
        let gradient = joined(of_beta, errors.sum(Kind::Float));
        let curve = |v: &Tensor| {
            let (of_beta, of_bias) = (v.narrow(0, 0, d), v.narrow(0, d, 1));
            let bent = curvature * (self.x.mv(&of_beta) + of_bias);
            joined(self.x.tr().mv(&bent) + of_beta * self.lambda, bent.sum(Kind::Float))
        };
        let precondition = |v: &Tensor| v.unsqueeze(1).cholesky_solve(factor, false).squeeze_dim(1);
        let enough = RESIDUAL * gradient.norm().double_value(&[]);
        let mut step = gradient.zeros_like();
        let mut left = -gradient;
        let mut towards = precondition(&left);
        let mut direction = towards.copy();
        let mut progress = left.dot(&towards);
        for _ in 0..MAX_GRADIENTS {
            let curved = curve(&direction);
            let length = &progress / direction.dot(&curved);
            step += &direction * &length;
            left -= curved * length;
            if left.norm().double_value(&[]) <= enough {
                break;
            }
            towards = precondition(&left);
            let next = left.dot(&towards);
            direction = &towards + direction * (&next / &progress);
            progress = next;
        }
        (&from.beta + step.narrow(0, 0, d), &from.bias + step.select(0, d))
    }

    /// (XᵀSX + λI) β + XᵀS1 b = XᵀS t, and 1ᵀSX β + 1ᵀS1 b = 1ᵀS t.
    fn solve_primal(&self, curvature: &Tensor, response: &Tensor) -> Option<(Tensor, Tensor)> {
        let d = self.x.size()[1];
        let scaled = self.x * curvature.unsqueeze(1);
        let gram = scaled.tr().matmul(self.x)
            + Tensor::eye(d, (self.x.kind(), self.x.device())) * self.lambda;
        let ones = scaled.sum_dim_intlist(0_i64, false, self.x.kind());
        let right = scaled.tr().mv(response);
        let factor = cholesky(&gram)?;
        let solve = |v: &Tensor| v.unsqueeze(1).cholesky_solve(&factor, false).squeeze_dim(1);
        let (from_right, from_ones) = (solve(&right), solve(&ones));
        let total = curvature.sum(Kind::Float);
        let total_response = (curvature * response).sum(Kind::Float);
        let bias = (total_response - ones.dot(&from_right)) / (total - ones.dot(&from_ones));
        Some((from_right - from_ones * &bias, bias))
    }

    /// β = Xᵀα with (XXᵀ + λS⁻¹) α = t − b·1 and 1ᵀα = 0.
    fn solve_dual(&self, curvature: &Tensor, response: &Tensor) -> Option<(Tensor, Tensor)> {
        let kernel = self.x.matmul(&self.x.tr()) + (curvature.reciprocal() * self.lambda).diag(0);
        let factor = cholesky(&kernel)?;
        let solve = |v: &Tensor| v.unsqueeze(1).cholesky_solve(&factor, false).squeeze_dim(1);
        let (u, v) = (solve(response), solve(&response.ones_like()));
        let bias = u.sum(Kind::Float) / v.sum(Kind::Float);
        let alpha = u - v * &bias;
        Some((self.x.tr().mv(&alpha), bias))
    }
}

/// Lower factor; `None` where the matrix is not positive definite to working precision.
fn cholesky(matrix: &Tensor) -> Option<Tensor> {
    let (factor, info) = matrix.linalg_cholesky_ex(false, false);
    (info.int64_value(&[]) == 0).then_some(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn problem(n: i64, d: i64, positives: i64) -> (Tensor, Tensor) {
        tch::manual_seed(7);
        let options = (Kind::Float, tch::Device::Cpu);
        let y = (Tensor::arange(n, options).lt(positives as f64)).to_kind(Kind::Float);
        let x = Tensor::randn([n, d], options) + y.unsqueeze(1) * 0.7;
        (x, y)
    }

    /// Gradient of the objective at a fitted head.
    fn gradient(x: &Tensor, y: &Tensor, head: &Head) -> f64 {
        let n = y.size()[0] as f64;
        let positives = y.sum(Kind::Float).double_value(&[]);
        let weights = y * (n / (2.0 * positives)) + (1.0 - y) * (n / (2.0 * (n - positives)));
        let lambda = RIDGE * (x * x).sum(Kind::Float).double_value(&[]) / n;
        let errors = weights * ((x.mv(&head.beta) + &head.bias).sigmoid() - y);
        let of_beta = x.tr().mv(&errors) + &head.beta * lambda;
        let of_bias = errors.sum(Kind::Float).double_value(&[]);
        of_beta.norm().double_value(&[]).hypot(of_bias)
    }

    #[test]
    fn both_forms_reach_the_minimum() {
        // More features than labels, then fewer; the same number, and one positive only.
        for (n, d, positives) in [(20, 60, 8), (300, 20, 30), (40, 40, 20), (500, 30, 1)] {
            let (x, y) = problem(n, d, positives);
            let head = Head::zero(d, &x).fit(&x, &y, None);
            let slope = gradient(&x, &y, &head);
            assert!(slope < 0.02 * n as f64, "n {n}, d {d}: gradient {slope}");
            assert!(head.loss < 2.0_f64.ln(), "n {n}, d {d}: loss {}", head.loss);
        }
    }

    #[test]
    fn a_warm_start_ends_where_a_cold_one_does() {
        let (x, y) = problem(200, 30, 40);
        let cold = Head::zero(30, &x).fit(&x, &y, None);
        let warm = Head::zero(30, &x)
            .fit(&x.narrow(0, 0, 60), &y.narrow(0, 0, 60), None)
            .fit(&x, &y, None);
        let apart = (&cold.beta - &warm.beta).norm().double_value(&[]);
        assert!(apart < 0.02 * cold.beta.norm().double_value(&[]), "{apart} apart");
    }

    #[test]
    fn with_many_labels_gradients_reach_the_same_minimum() {
        for positives in [1, 40, 1000] {
            let (x, y) = problem(2000, 30, positives);
            let direct = Head::zero(30, &x).fit(&x, &y, None);
            // The curvature of the first three quarters, at an older head.
            let (older_x, older_y) = (x.narrow(0, 0, 1500), y.narrow(0, 0, 1500));
            let older = Head::zero(30, &x).fit(&older_x, &older_y, None);
            let factor = cholesky(&Problem::new(&older_x, &older_y).hessian(&older));
            let by_gradients = older.fit(&x, &y, factor.as_ref());
            let apart = (&direct.beta - &by_gradients.beta).norm().double_value(&[]);
            let length = direct.beta.norm().double_value(&[]);
            assert!(apart < 0.03 * length, "{positives} positives: {apart} apart of {length}");
        }
    }

    /// The head's logits of these rows.
    fn logits(head: &Head, x: &Tensor) -> Vec<f32> {
        Vec::try_from(x.mv(&head.beta) + &head.bias).expect("numbers")
    }

    fn furthest(one: &[f32], other: &[f32]) -> f32 {
        one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn features_that_come_twice_or_never_change_change_nothing() {
        // λ follows from mean ‖x‖², which doubles with every feature given twice, and so does what two halves of a
        // weight can say for the same ‖β‖²: the minimum has the same logits.
        for (n, d) in [(100, 10), (30, 60)] {
            let (x, y) = problem(n, d, n / 4);
            let once = logits(&Head::zero(d, &x).fit(&x, &y, None), &x);
            let constant = x.narrow(1, 0, 1).zeros_like();
            let twice = Tensor::cat(&[&x, &x, &constant], 1);
            let twice = logits(&Head::zero(2 * d + 1, &x).fit(&twice, &y, None), &twice);
            let apart = furthest(&once, &twice);
            assert!(apart < 0.02, "n {n}, d {d}: {apart}");
        }
    }

    #[test]
    fn a_picture_that_was_answered_both_ways_gets_what_the_balance_says_and_harms_no_other() {
        let (x, y) = problem(200, 20, 100);
        let apart = Head::zero(20, &x).fit(&x, &y, None);
        let auc = |head: &Head| {
            let all = logits(head, &x);
            let (yes, no) = all.split_at(100);
            let right = yes.iter().flat_map(|a| no.iter().map(move |b| usize::from(a > b)));
            right.sum::<usize>() as f64 / 1e4
        };
        // One further picture, far from all others, answered yes `yes` times of 40: a tug of war of strong labels.
        for (yes, least, most) in [(20, 0.4, 0.6), (36, 0.7, 0.97), (4, 0.03, 0.3)] {
            let odd = Tensor::zeros([1, 20], (Kind::Float, tch::Device::Cpu));
            let _ = odd.narrow(1, 3, 1).fill_(6.0);
            let rows = Tensor::cat(&[&x, &odd.expand([40, 20], false)], 0);
            let both = Tensor::arange(40, (Kind::Float, tch::Device::Cpu)).lt(f64::from(yes));
            let labels = Tensor::cat(&[&y, &both.to_kind(Kind::Float)], 0);
            let head = Head::zero(20, &x).fit(&rows, &labels, None);
            let probability = 1.0 / (1.0 + (-f64::from(logits(&head, &odd)[0])).exp());
            assert!((least..most).contains(&probability), "{yes} of 40: {probability}");
            assert!(auc(&head) > auc(&apart) - 0.05, "{yes}: {} of {}", auc(&head), auc(&apart));
        }
    }

    #[test]
    fn one_positive_among_ten_thousand_is_ranked_first() {
        tch::manual_seed(5);
        let options = (Kind::Float, tch::Device::Cpu);
        let x = Tensor::randn([10_000, 64], options);
        // It is a picture like the others: no feature gives it away.
        let y = Tensor::arange(10_000, options).eq(4_321.0).to_kind(Kind::Float);
        let direct = Head::zero(64, &x).fit(&x, &y, None);
        let older = Head::zero(64, &x).fit(&x.narrow(0, 0, 9_000), &y.narrow(0, 0, 9_000), None);
        let older_problem = (x.narrow(0, 0, 9_000), y.narrow(0, 0, 9_000));
        let hessian = Problem::new(&older_problem.0, &older_problem.1).hessian(&older);
        let by_gradients = older.fit(&x, &y, cholesky(&hessian).as_ref());
        for head in [direct, by_gradients] {
            let all = logits(&head, &x);
            let best = all.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at);
            assert_eq!(best, Some(4_321));
            assert!(all.iter().all(|logit| logit.is_finite() && logit.abs() < 30.0));
            assert!(head.loss < 2.0_f64.ln(), "{}", head.loss);
        }
    }

    #[test]
    fn raw_and_standardised_features_give_the_same_logits() {
        let (raw, y) = problem(80, 12, 20);
        let raw = raw * 3.0 + 5.0;
        let mean = raw.mean_dim(0_i64, false, Kind::Float);
        let deviation = raw.std_dim(0_i64, true, false);
        let x = (&raw - &mean) / &deviation;
        let head = Head::zero(12, &x).fit(&x, &y, None);
        let (weights, bias) = head.on_raw(&mean, &deviation);
        let apart = (raw.mv(&weights) + bias - (x.mv(&head.beta) + &head.bias)).abs().max();
        assert!(apart.double_value(&[]) < 1e-4);
    }
}
