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
use crate::sampled::Sample;

/// Renewed when so many labels are new: this many, or this share.
const MIN_NEW: usize = 10;
const NEW_SHARE: f64 = 0.02;

/// What was computed last.
pub(crate) struct Renewed {
    /// Lower Cholesky factor of the Hessian, bias last, (d + 1, d + 1).
    pub factor: Tensor,
    /// For the share of positives among all labels, not that in the sample.
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

    /// Begins anew for a head that was fitted to this sample (rows `x`, (n, d), and `y`, (n)), if enough of its labels
    /// are others than those that were asked with.
    pub fn follow(&mut self, head: &Head, sample: &Sample, x: &Tensor, y: &Tensor) {
        let Sample { labels, shift, .. } = sample;
        let enough = MIN_NEW.max((labels.len() as f64 * NEW_SHARE) as usize);
        if self.under_way.is_some() || changed(&self.asked_with, labels) < enough {
            return;
        }
        // Copies: the rows go on changing.
        let (head, x, y, shift) = (head.clone(), x.copy(), y.copy(), *shift);
        let spawned = thread::Builder::new().name("curvature".into()).spawn(move || {
            give_way();
            tch::no_grad(|| renew(&head, &x, &y, shift))
        });
        match spawned {
            Ok(thread) => (self.under_way, self.asked_with) = (Some(thread), labels.clone()),
            Err(error) => tracing::warn!(%error, "the head goes on with an older curvature"),
        }
    }
}

/// `shift` is that of the sample whose rows these are: a newer sample may have other shares of both classes.
fn renew(head: &Head, x: &Tensor, y: &Tensor, shift: f64) -> Option<Renewed> {
    let problem = Problem::new(x, y);
    let factor = cholesky(&problem.hessian(head))?;
    let held_out = held_out_logits(&problem, head, &factor);
    Some(Renewed { factor, calibration: calibrate(&held_out, y).shifted(shift) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrected_answers_are_news_though_they_are_as_many() {
        let (x, y) = super::super::tests::problem(80, 12, 20);
        let head = Head::zero(12, &x).fit(&x, &y, None);
        let mut sample = Sample::of((0..80).map(|at| (ImageId(at), at < 20)).collect());
        let mut renewal = Renewal::default();
        renewal.follow(&head, &sample, &x, &y);
        assert!(renewal.first().is_some());
        renewal.follow(&head, &sample, &x, &y);
        assert!(renewal.under_way.is_none(), "the same again");
        for (_, positive) in &mut sample.labels[..10] {
            *positive = false;
        }
        let y = Tensor::from_slice(
            &sample.labels.iter().map(|(_, yes)| f32::from(*yes)).collect::<Vec<f32>>(),
        );
        renewal.follow(&head, &sample, &x, &y);
        assert!(renewal.under_way.is_some(), "ten are others");
    }

    #[test]
    fn what_a_sample_taught_is_moved_by_the_shift_of_that_sample_and_not_of_a_newer_one() {
        let (x, y) = super::super::tests::problem(80, 12, 20);
        let head = Head::zero(12, &x).fit(&x, &y, None);
        let with_shift = |shift: f64| Sample {
            shift,
            ..Sample::of((0..80).map(|at| (ImageId(at), at < 20)).collect())
        };
        let learned = |shift: f64| {
            let mut renewal = Renewal::default();
            renewal.follow(&head, &with_shift(shift), &x, &y);
            renewal.first().expect("it is computed");
            // The same labels are no reason to compute it again.
            renewal.follow(&head, &with_shift(-5.0), &x, &y);
            renewal.newest().expect("it is there").calibration
        };
        let (of_all, of_sample) = (learned(0.0), learned(-2.0));
        assert!((of_all.slope - of_sample.slope).abs() < 1e-4);
        assert!((of_all.offset - of_sample.offset - 2.0).abs() < 1e-4, "{of_all:?} {of_sample:?}");
    }
}
