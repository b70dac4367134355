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
#[cfg(test)]
mod tests;

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
