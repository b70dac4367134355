//! One round: from labels to probabilities of the whole pool.

use std::sync::{Arc, PoisonError};

use sluice_events::ImageId;
use sluice_events::command::FittedModel;
use sluice_events::facts::WITH_NETWORK;
use tch::{Kind, Tensor};

use super::Torch;
use super::scale::Scale;
use crate::Learned;
use crate::head::{Calibration, Head};
use crate::sampled::Sample;
use crate::table::Table;
use crate::training::{Honest, Job};

/// A head that was fitted to the newest labels.
struct Fitted {
    /// Its logit of each row of the table.
    scores: Vec<f32>,
    /// Its weights on features as they are, and its bias; none where they can't be read.
    weights: Option<(Vec<f32>, f32)>,
    /// Mean class-balanced log loss over its labels, nats.
    loss: f32,
}

impl Torch {
    /// Fits, scores, joins, and has the background go on if there is something new for it.
    pub(super) fn learn_from(
        &mut self,
        labels: &[(ImageId, bool)],
        candidates: &[ImageId],
    ) -> Option<Learned> {
        let table = Arc::clone(&self.table);
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let has_features = |(image, _): &&(ImageId, bool)| table.slot(*image).is_some();
        let sample = Sample::of(labels.iter().filter(has_features).copied().collect());
        if sample.positives == 0 || sample.negatives == 0 {
            return None;
        }
        tch::no_grad(|| {
            let Fitted { scores, weights, loss } = self.fit(&table, &sample)?;
            let logit =
                |image: &ImageId| table.slot(*image).map_or(f32::NAN, |slot| scores[slot as usize]);
            let of_head: Vec<f32> = candidates.iter().map(logit).collect();
            self.joint.weigh(labels);
            let logits = self.joint.together(candidates, &of_head);
            self.train(labels, candidates, &logits, weights);
            let calibrated = self.calibrate();
            let probability = |logit: &f32| self.calibration.probability(*logit);
            let probabilities = logits.iter().map(probability).collect();
            let mut features = self.status.features.clone();
            if self.joint.has_joined() {
                features.push_str(WITH_NETWORK);
            }
            let (positives, negatives) = (sample.positives as u32, sample.negatives as u32);
            let model = FittedModel { positives, negatives, loss, features };
            Some(Learned { model, probabilities, calibrated, training: self.is_training() })
        })
    }

    /// `None` as long as there are no rows.
    fn fit(&mut self, table: &Table, sample: &Sample) -> Option<Fitted> {
        self.measure(table);
        let scale = self.scale.as_ref()?;
        let images: Vec<ImageId> = sample.labels.iter().map(|(image, _)| *image).collect();
        let x = self.labelled.rows(&images, table, |rows| scale.standardise(&rows))?;
        let y: Vec<f32> = sample.labels.iter().map(|(_, positive)| f32::from(*positive)).collect();
        let y = Tensor::from_slice(&y);
        let from = self.head.take().unwrap_or_else(|| Head::zero(x.size()[1], &x));
        let factor = self.renewal.newest().map(|renewed| &renewed.factor);
        let head = from.fit(&x, &y, factor);
        self.renewal.follow(&head, sample, &x, &y);
        let (weights, bias) = head.on_raw(&scale.mean, &scale.deviation);
        let scores = table.with_rows(|rows| score(rows, &weights, &bias))?;
        let weights = Vec::try_from(&weights).ok();
        let weights = weights.map(|weights| (weights, bias.double_value(&[]) as f32));
        let loss = head.loss as f32;
        self.head = Some(head);
        Some(Fitted { scores, weights, loss })
    }

    /// Measures the features' scale if it was never or is out of date. The head stands on the scale,
    /// so it begins anew with it.
    fn measure(&mut self, table: &Table) {
        let (had, to_embed) = (self.scale.as_ref(), self.status.to_embed);
        if let Some(newer) = Scale::newer(had, table, to_embed, self.one_scale) {
            self.scale = Some(newer);
            self.forget_head();
        }
    }

    /// What logits mean from now on; whether anything is known of it.
    fn calibrate(&mut self) -> bool {
        let complete = self.scale.as_ref().is_some_and(|scale| scale.complete);
        let renewed = if complete { self.renewal.first() } else { self.renewal.newest() };
        let of_head = renewed.map(|renewed| renewed.calibration);
        let learned = self.joint.calibration().or(of_head);
        self.calibration = learned.unwrap_or(Calibration::NONE);
        self.calibration != Calibration::NONE
    }

    /// Has the network in the background go on, if there is something new to learn.
    fn train(
        &mut self,
        labels: &[(ImageId, bool)],
        candidates: &[ImageId],
        logits: &[f32],
        head: Option<(Vec<f32>, f32)>,
    ) {
        let Some(trainer) = &mut self.trainer else { return };
        let only_says = self.options.only_score && !trainer.is_resumed();
        if only_says || !trainer.is_due(labels) {
            return;
        }
        let scored = candidates.iter().copied().zip(logits.iter().copied());
        let unanswered = scored.filter(|(_, logit)| !logit.is_nan()).collect();
        let (rows, spreads) = (self.joint.honest(), self.joint.spreads());
        let honest = Honest { features: self.status.features.clone(), rows, spreads };
        trainer.ask(Job { labels: labels.to_vec(), unanswered, head, honest, ..Job::default() });
    }
}

/// Logits of rows (n, d) of 16-bit floating-point numbers. The product is one of 16-bit numbers, which are read
/// in a tenth of the time that 32-bit numbers made of them take; it is right to a two-thousandth of its size.
/// The weights are brought to the size of one, so that none is lost.
fn score(rows: &Tensor, weights: &Tensor, bias: &Tensor) -> Vec<f32> {
    let size = weights.abs().max().clamp_min(1e-30);
    let product = rows.mv(&(weights / &size).to_kind(Kind::Half));
    let logits = product.to_kind(Kind::Float) * size + bias;
    Vec::try_from(logits).unwrap_or_default()
}
