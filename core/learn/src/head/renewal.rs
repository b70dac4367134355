//! What is dear to compute and changes slowly, computed in the background every so many answers: the
//! curvature of the objective, by which steps are preconditioned; leave-one-out logits, and what they say
//! about probabilities.

use std::thread::{self, JoinHandle};

use sluice_events::ImageId;
use tch::Tensor;

use super::calibration::{Calibration, calibrate};
use super::leave_one_out::held_out_logits;
use super::{Head, Problem, cholesky};
use crate::background::give_way;
use crate::changed::changed;

/// Renewed when so many labels are new: this many, or this share.
const MIN_NEW: usize = 10;
const NEW_SHARE: f64 = 0.02;

/// What was computed last.
pub(crate) struct Renewed {
    /// Lower Cholesky factor of the Hessian, bias last, (d + 1, d + 1).
    pub factor: Tensor,
    pub calibration: Calibration,
}

/// Keeps one computation under way at most.
#[derive(Default)]
pub(crate) struct Renewal {
    newest: Option<Renewed>,
    under_way: Option<JoinHandle<Option<Renewed>>>,
    asked_with: Vec<(ImageId, bool)>,
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

    /// Begins anew for a head that was fitted to these labels (rows `x`, (n, d), and `y`, (n)), if enough of them are
    /// others than those that were asked with.
    pub fn follow(&mut self, head: &Head, labels: &[(ImageId, bool)], x: &Tensor, y: &Tensor) {
        let enough = MIN_NEW.max((labels.len() as f64 * NEW_SHARE) as usize);
        if self.under_way.is_some() || changed(&self.asked_with, labels) < enough {
            return;
        }
        // Copies: the rows go on changing.
        let (head, x, y) = (head.clone(), x.copy(), y.copy());
        let spawned = thread::Builder::new().name("curvature".into()).spawn(move || {
            give_way();
            tch::no_grad(|| renew(&head, &x, &y))
        });
        match spawned {
            Ok(thread) => (self.under_way, self.asked_with) = (Some(thread), labels.to_vec()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrected_answers_are_news_though_they_are_as_many() {
        let (x, y) = super::super::tests::problem(80, 12, 20);
        let head = Head::zero(12, &x).fit(&x, &y, None);
        let mut labels: Vec<_> = (0..80).map(|at| (ImageId(at), at < 20)).collect();
        let mut renewal = Renewal::default();
        renewal.follow(&head, &labels, &x, &y);
        assert!(renewal.first().is_some());
        renewal.follow(&head, &labels, &x, &y);
        assert!(renewal.under_way.is_none(), "the same again");
        for (_, positive) in &mut labels[..10] {
            *positive = false;
        }
        let y = Tensor::from_slice(
            &labels.iter().map(|(_, positive)| f32::from(*positive)).collect::<Vec<f32>>(),
        );
        renewal.follow(&head, &labels, &x, &y);
        assert!(renewal.under_way.is_some(), "ten are others");
    }
}
