//! One ranking: from labels to an order of the pool that the log knows.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use sluice_events::Command;
use sluice_events::command::{FittedModel, MadeRanking};
use sluice_events::facts::Ranked;
use sluice_events::outlook::outlook;
use sluice_learn::Learned;
use sluice_session::projections::TrainingSet;

use super::order::Ordered;
use super::{Engine, Memory, Snapshot};
use crate::finish::Opinion;

/// What the learner says of the candidates.
struct Scored {
    /// None as long as it has learned nothing.
    model: Option<FittedModel>,
    /// P(positive) of each candidate, 0 to 1; NaN where it has none.
    probabilities: Arc<[f32]>,
    /// Whether their size says something, beside their order.
    calibrated: bool,
    /// How many have one.
    images: u32,
}

impl Engine {
    /// Fits, scores, orders, records. The network in the background was `heard` so many times.
    pub(super) fn rank(
        &mut self,
        memory: &mut Memory,
        snapshot: &Snapshot,
        set: TrainingSet,
        heard: u32,
    ) {
        let scored = self.score(memory, &set);
        let Some(ordered) = self.order(memory, snapshot, &set, &scored.probabilities) else {
            return;
        };
        if let (Some(model), None) = (&scored.model, memory.training.loss) {
            let FittedModel { positives, negatives, features, .. } = model;
            tracing::info!(positives, negatives, %features, "the order learns from the answers now");
        }
        if self.record(made(&set, &scored, ordered)) {
            self.tell_ranking(memory, set, scored, heard);
        }
    }

    /// Has the learner fit and score, and tells how that went.
    fn score(&mut self, memory: &mut Memory, set: &TrainingSet) -> Scored {
        let begun = Instant::now();
        let learned = self.learner.learn(&set.labels, &set.candidates);
        let seconds = begun.elapsed().as_secs_f64();
        let Some(Learned { model, probabilities, calibrated, training }) = learned else {
            let probabilities = vec![f32::NAN; set.candidates.len()].into();
            return Scored { model: None, probabilities, calibrated: false, images: 0 };
        };
        let images = probabilities.iter().filter(|p| !p.is_nan()).count() as u32;
        if images > 0 {
            self.metrics.learning_seconds.observe(seconds);
            self.metrics.scored_images_total.inc_by(u64::from(images));
            memory.training.scored_per_second = Some(f64::from(images) / seconds);
        }
        // What trains in the background may have been asked just now; the next round can be a second away.
        memory.training.in_background = training;
        self.publish(&memory.training);
        Scored { model: Some(model), probabilities: probabilities.into(), calibrated, images }
    }

    /// Whether the log has it now.
    fn record(&self, made: MadeRanking) -> bool {
        let recorded = self.session.command_blocking(Command::RecordRanking(made));
        if let Err(error) = &recorded
            && !self.stop.load(Ordering::Relaxed)
        {
            tracing::warn!(%error, "a ranking could not be recorded");
        }
        recorded.is_ok()
    }

    /// What is thought of every image, to who asks for it; how it went, to the pages.
    fn tell_ranking(&self, memory: &mut Memory, set: TrainingSet, scored: Scored, heard: u32) {
        let newest = self.session.read_blocking(|view| view.state.model.as_ref().map(|m| m.model));
        let model = newest.ok().flatten();
        let loss = scored.model.as_ref().map(|model| model.loss);
        let TrainingSet { learned_from, candidates: images, .. } = set;
        // Where nothing is left to be scored, nothing is what there is to say.
        let says = scored.images > 0 || (loss.is_some() && images.is_empty());
        let probabilities = scored.probabilities;
        let opinion = Opinion { model, learned_from, heard, images, probabilities };
        self.opinion.send_replace(says.then(|| Arc::new(opinion)));
        memory.training.model = model;
        memory.training.loss = loss.or(memory.training.loss);
        let waited = *self.answer_to_ranking.lock().unwrap_or_else(PoisonError::into_inner);
        memory.training.answer_to_ranking_ms = waited.map(|time| time.as_secs_f64() * 1e3);
        self.publish(&memory.training);
    }
}

/// What is recorded of it.
fn made(set: &TrainingSet, scored: &Scored, ordered: Ordered) -> MadeRanking {
    let Scored { model, probabilities, calibrated, images } = scored;
    let ranked = |&index: &u32| Ranked {
        image: set.candidates[index as usize],
        probability: Some(probabilities[index as usize]).filter(|p| !p.is_nan()),
    };
    MadeRanking {
        learned_from: set.learned_from,
        model: model.clone(),
        selector: ordered.by,
        parameters: ordered.parameters,
        candidates: set.candidates.len() as u32,
        scored: *images,
        order: ordered.order.iter().map(ranked).collect(),
        outlook: if *calibrated { outlook(probabilities) } else { Vec::new() },
    }
}
