//! One cycle of training after the other, on the background's thread.

#[cfg(test)]
mod tests;

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use sluice_events::facts::CycleTrained;
use tch::Tensor;
use tch::nn::VarStore;

use super::augment::Augmented;
use super::freematch::FreeMatch;
use super::pixels::Pixels;
use super::progress::{Recent, Trained};
use super::recipe::{Recipe, Steps};
use super::trainee::{Subject, Trainee};
use super::work::{Cycles, Outcome};
use super::{Checkpoint, Honest, Job, Material, Opinion};
use crate::embed::Task;
use crate::predictor::Part;
use crate::sampled::Sample;

/// Unanswered ones that count as negatives are drawn from this share of the pool, the unlikeliest.
const UNLIKELY: f64 = 0.7;
/// So many unanswered ones are looked at in a cycle at most.
const MOST_UNANSWERED: usize = 10_000;
/// Images that are scored after a cycle, the likeliest; after the first one, more: so many pixels of them.
const SCORED: usize = 6000;
const SCORED_FIRST: usize = 50_000;
const PIXELS_FIRST: usize = SCORED_FIRST * 48 * 48;
/// Pictures that are scored at once: so many pixels.
const PIXELS_AT_ONCE: usize = 1 << 20;
/// A GPU's batches are divided by this at most.
const MOST_DIVIDED: usize = 8;

/// What is remembered from cycle to cycle.
pub(super) struct Course {
    subject: Subject,
    pixels: Pixels,
    network: Option<Box<dyn Trainee>>,
    /// The newest weights that gave numbers.
    good: Option<Arc<[u8]>>,
    /// Whether it has an opinion of the pool, so that only the likeliest images are asked about again.
    has_spoken: bool,
    steps: Steps,
    task: Task,
    random: ChaCha8Rng,
    stop: Arc<AtomicBool>,
}

impl Cycles for Course {
    fn resume(&mut self, weights: Arc<[u8]>) {
        (self.network, self.good) = (None, Some(weights));
    }

    fn divide(&mut self) -> bool {
        // What was in the making is not to be trusted; what was good is loaded by the next cycle.
        self.network = None;
        self.steps.divided *= 2;
        self.steps.divided <= MOST_DIVIDED
    }

    fn cycle(&mut self, job: &Job) -> Result<Outcome, String> {
        self.draw_anew(job.number);
        self.pixels.forget(&job.changed);
        let Some(material) = self.gather(job) else { return Ok(Outcome::Nothing) };
        self.learn(job, &material)
    }
}

impl Course {
    pub fn new(
        subject: Subject,
        recipe: Recipe,
        task: Task,
        seed: u64,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let pixels = Pixels::open(&task, subject.side(), Arc::clone(&stop));
        let steps = Steps { recipe, free_match: FreeMatch::default(), divided: 1 };
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            subject,
            pixels,
            network: None,
            good: None,
            has_spoken: false,
            steps,
            task,
            random,
            stop,
        }
    }

    /// What is drawn by chance depends on the seed and on the job's number, not on what came of earlier jobs: one that
    /// found no pictures, say, may have drawn as well.
    fn draw_anew(&mut self, job: u64) {
        self.random.set_stream(job);
        self.random.set_word_pos(0);
    }

    /// Goes on from weights that were kept. What does not fit is told to the program's log, and it begins anew.
    fn load(&mut self, weights: Arc<[u8]>) {
        let begun = self.subject.begin(self.task.device, None, &mut self.random);
        let resumed = begun.and_then(|mut network| {
            let loaded = network.variables_mut().load_from_stream(Cursor::new(&*weights));
            loaded.map(|()| network).map_err(|error| error.to_string())
        });
        match resumed {
            Ok(network) => (self.network, self.good) = (Some(network), Some(weights)),
            Err(error) => {
                self.good = None;
                tracing::warn!(%error, "the background's weights can't be gone on with");
            }
        }
    }

    /// Trains on what was gathered, and scores.
    fn learn(&mut self, job: &Job, material: &Material) -> Result<Outcome, String> {
        let begun = Instant::now();
        let (network, only_score) = self.take_network(job)?;
        let normalisation = network.normalisation();
        let augmented = Augmented::of(&self.pixels, normalisation, self.task.device);
        let steps = if only_score { 0 } else { self.steps.recipe.steps(job.labels.len()) };
        let Some(trained) = self.train(network.as_ref(), &augmented, material, steps) else {
            return Ok(Outcome::Nothing);
        };
        let Trained { loss, highest_rate } = trained;
        let Some(logits) = self.score(network.as_ref(), &augmented, &material.candidates) else {
            return Ok(Outcome::Nothing);
        };
        let is_number =
            (steps == 0 || loss.is_finite()) && logits.iter().all(|(_, logit)| logit.is_finite());
        if !is_number {
            tracing::warn!("the network in the background went astray and begins anew");
            self.forget();
            return Ok(Outcome::Astray);
        }
        let labels = job.labels.len();
        let checkpoint = if only_score {
            None
        } else {
            self.checkpoint(network.variables(), labels, &job.honest)
        };
        let part = self.part(network.as_ref(), &augmented);
        self.good = checkpoint.as_ref().map(|kept| Arc::clone(&kept.weights)).or(self.good.take());
        (self.network, self.has_spoken) = (Some(network), true);
        let seconds = begun.elapsed().as_secs_f64();
        tracing::info!(labels, steps, seconds, loss, "trained in the background");
        let cycle = (steps > 0).then(|| CycleTrained {
            network: self.subject.name().to_owned(),
            labels: labels as u32,
            steps: steps as u32,
            loss: loss as f32,
            learning_rate: highest_rate as f32,
            scored: logits.len() as u32,
            seconds: seconds as f32,
        });
        Ok(Outcome::Opinion(Opinion { job: job.number, logits, cycle, checkpoint, part }))
    }

    /// The network as it was left, or one that begins anew; and whether it need not learn.
    fn take_network(&mut self, job: &Job) -> Result<(Box<dyn Trainee>, bool), String> {
        if self.network.is_none()
            && let Some(good) = self.good.clone()
        {
            self.load(good);
        }
        if let Some(network) = self.network.take() {
            return Ok((network, job.only_score));
        }
        let head = job.head.as_ref();
        let network = self.subject.begin(self.task.device, head, &mut self.random)?;
        Ok((network, false))
    }

    /// Nothing of what it learned is to be trusted.
    fn forget(&mut self) {
        (self.network, self.good, self.has_spoken) = (None, None, false);
        self.steps.free_match = FreeMatch::default();
    }

    fn checkpoint(
        &self,
        variables: &VarStore,
        labels: usize,
        honest: &Honest,
    ) -> Option<Checkpoint> {
        Checkpoint::of(self.subject.identity(), labels as u32, variables, honest)
            .inspect_err(|error| tracing::warn!(%error, "the background's weights can't be kept"))
            .ok()
    }

    fn part(&self, network: &dyn Trainee, augmented: &Augmented) -> Option<Arc<Part>> {
        let part = network
            .part(augmented.normalisation(), self.pixels.side() as u32)
            .inspect_err(|error| tracing::warn!(%error, "the background can't be exported"));
        part.ok().map(Arc::new)
    }

    /// Chooses images and has their pictures ready.
    fn gather(&mut self, job: &Job) -> Option<Material> {
        let mut likeliest_first = job.unanswered.clone();
        likeliest_first.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        let all: Vec<ImageId> = likeliest_first.into_iter().map(|(image, _)| image).collect();
        let unanswered = self.some_unanswered(&all);
        let scored = if self.has_spoken { SCORED } else { self.scored_first() };
        let candidates = &all[..all.len().min(scored)];
        // Hundreds of thousands of labels may have been imported; their pictures would have to be made first.
        let labels = Sample::of(job.labels.clone()).labels;
        let of = |yes: bool| -> Vec<ImageId> {
            labels.iter().filter(|label| label.1 == yes).map(|label| label.0).collect()
        };
        let (positives, negatives) = (of(true), of(false));
        // It can't do without any of them: without candidates it has nothing to say, without answers of both kinds
        // nothing to learn from.
        self.pixels.fetch(&[candidates, &positives, &negatives, &unanswered]);
        let shown = |images: &[ImageId]| -> Vec<ImageId> {
            images.iter().copied().filter(|image| self.pixels.has(*image)).collect()
        };
        let material = Material {
            positives: shown(&positives),
            negatives: shown(&negatives),
            unanswered: shown(&unanswered),
            candidates: shown(candidates),
        };
        let enough = !material.positives.is_empty() && !material.negatives.is_empty();
        (enough && !self.stopped()).then_some(material)
    }

    /// Large pictures are fewer: they have to be made first, and kept.
    fn scored_first(&self) -> usize {
        let pixels = self.pixels.side() * self.pixels.side();
        (PIXELS_FIRST / pixels.max(1)).clamp(SCORED, SCORED_FIRST)
    }

    /// So many steps. `None` when it is to end.
    fn train(
        &mut self,
        network: &dyn Trainee,
        augmented: &Augmented,
        material: &Material,
        steps: usize,
    ) -> Option<Trained> {
        let mut optimiser = network.optimiser(self.steps.recipe.optimiser()).ok()?;
        let (mut recent, mut highest_rate) = (Recent::default(), 0.0_f64);
        for step in 0..steps {
            if self.stopped() {
                return None;
            }
            for (group, height) in network.rates().iter().enumerate() {
                let rate = self.steps.recipe.rate(*height, step, steps);
                optimiser.set_lr_group(group, rate);
                highest_rate = highest_rate.max(rate);
            }
            let loss =
                self.steps.loss(network, augmented, &self.pixels, material, &mut self.random);
            optimiser.backward_step(&loss);
            recent.add(loss.double_value(&[]));
        }
        Some(Trained { loss: recent.mean(), highest_rate })
    }

    fn score(
        &self,
        network: &dyn Trainee,
        augmented: &Augmented,
        candidates: &[ImageId],
    ) -> Option<Vec<(ImageId, f32)>> {
        let pixels = self.pixels.side() * self.pixels.side();
        let at_once = (PIXELS_AT_ONCE / pixels.max(1) / self.steps.divided).max(1);
        let mut logits = Vec::with_capacity(candidates.len());
        for images in candidates.chunks(at_once) {
            if self.stopped() {
                return None;
            }
            let pictures = augmented.plain(&self.pixels, images);
            let found: Tensor = tch::no_grad(|| network.logits(&pictures, false));
            let found = Vec::<f32>::try_from(found).unwrap_or_default();
            logits.extend(images.iter().copied().zip(found));
        }
        Some(logits)
    }

    /// Unanswered images for the recipe, those first whose pictures are there already.
    fn some_unanswered(&mut self, likeliest_first: &[ImageId]) -> Vec<ImageId> {
        let share = if self.steps.recipe.takes_unlikely() { UNLIKELY } else { 1.0 };
        let from = (likeliest_first.len() as f64 * (1.0 - share)) as usize;
        let has = |image: &ImageId| self.pixels.has(*image);
        let (mut some, mut others): (Vec<_>, Vec<_>) =
            likeliest_first[from..].iter().copied().partition(has);
        some.shuffle(&mut self.random);
        others.shuffle(&mut self.random);
        some.extend(others);
        some.truncate(MOST_UNANSWERED.min(self.scored_first()));
        some
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
