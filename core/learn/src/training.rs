//! A small network that trains in the background, from nothing, on the pictures themselves, and whose
//! opinion joins the head's. It never keeps an answer waiting: the head goes on meanwhile, and the network's
//! newest opinion is taken in when it is there.
//!
//! ```text
//!   labels, scores -> Job (the newest one waits) -> cycle: draw, augment, step ... -> score -> Opinion
//! ```
//!
//! Each cycle goes on from the weights of the last one. What was found to matter (`LEARNING.md`):
//! pictures that nobody has answered, from the unlikelier part of the pool, as further negatives; plain
//! convolutions with max pooling instead of residual blocks; short cycles instead of starting anew.

mod batch;
mod network;
mod pixels;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use tch::{Kind, Tensor};

use crate::background::give_way;
use crate::embed::Task;
use batch::Augmented;
use network::SmallNetwork;
use pixels::Pixels;

/// The network joins when there are so many positives, and so many labels at all.
const MIN_POSITIVES: usize = 20;
const MIN_LABELS: usize = 60;
/// A cycle begins when so many labels have come since the last one began: this many, or this share.
const MIN_NEW: usize = 15;
const NEW_SHARE: f64 = 0.12;
/// Steps of a cycle: as many as this share of the labels, within bounds.
const STEPS_A_LABEL: f64 = 0.75;
const FEWEST_STEPS: usize = 150;
const MOST_STEPS: usize = 2000;
/// Pictures of a step: positives, negatives, and unanswered ones that count as negatives.
const POSITIVES: usize = 21;
const NEGATIVES: usize = 22;
const UNANSWERED: usize = 21;
/// Unanswered ones are drawn from this share of the pool, the unlikeliest.
const UNLIKELY: f64 = 0.7;
/// So many of them are looked at in a cycle at most.
const MOST_UNANSWERED: usize = 10_000;
/// What a label's target is away from 0 or 1 (label smoothing).
const SMOOTHING: f64 = 0.05;
const LEARNING_RATE: f64 = 2e-3;
/// The share of a cycle in which the learning rate rises.
const WARM_UP: f64 = 0.1;
/// Images that are scored after a cycle, the likeliest; after the first one, more.
const SCORED: usize = 6000;
const SCORED_FIRST: usize = 50_000;
/// Pictures that are scored at once.
const AT_ONCE: usize = 256;

/// What a cycle learns from.
pub(crate) struct Job {
    /// Oldest answer first.
    pub labels: Vec<(ImageId, bool)>,
    /// Unanswered images with what is thought of them so far.
    pub unanswered: Vec<(ImageId, f32)>,
    /// Images whose files were changed since the last job.
    pub changed: Vec<ImageId>,
}

/// What the network thinks.
pub(crate) struct Opinion {
    /// Logits of the images that were scored.
    pub logits: Vec<(ImageId, f32)>,
}

/// An opinion, or why there will be none.
type Said = Result<Opinion, String>;

const FAILED: &str = "The network that trains in the background failed, perhaps for lack of memory. Answers are safe, \
                      and the order goes on learning without it";

/// The background's handle; dropping it ends the work.
pub(crate) struct Trainer {
    jobs: SyncSender<Job>,
    opinions: Receiver<Said>,
    stop: Arc<AtomicBool>,
    /// Labels of the newest job.
    asked_with: usize,
    /// Jobs that nobody has heard the end of.
    under_way: Arc<AtomicU32>,
}

impl Drop for Trainer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Trainer {
    /// Starts the thread; it waits for a job.
    pub fn start(task: Task, seed: u64) -> std::io::Result<Self> {
        let (jobs, to_do) = sync_channel(1);
        let (say, opinions) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let under_way = Arc::new(AtomicU32::new(0));
        let (stopped, done) = (Arc::clone(&stop), Arc::clone(&under_way));
        thread::Builder::new().name("trainer".into()).spawn(move || {
            give_way();
            let (pictures, heard) = (Arc::clone(&task.pictures), Arc::clone(&task.pictures));
            let (fail, ended) = (say.clone(), Arc::clone(&done));
            let run = AssertUnwindSafe(|| {
                let mut course = Course::new(task, seed, stopped);
                for job in to_do {
                    let opinion = course.cycle(&job);
                    done.fetch_sub(1, Ordering::Relaxed);
                    if opinion.is_some_and(|opinion| say.send(Ok(opinion)).is_err()) {
                        return;
                    }
                    pictures.ready();
                }
            });
            if catch_unwind(run).is_err() {
                ended.store(0, Ordering::Relaxed);
                // libtorch's errors are panics here; the head goes on.
                if fail.send(Err(FAILED.to_owned())).is_ok() {
                    heard.ready();
                }
            }
        })?;
        Ok(Self { jobs, opinions, stop, asked_with: 0, under_way })
    }

    /// Whether a cycle would learn something new, and can wait its turn.
    pub fn is_due(&self, labels: usize, positives: usize) -> bool {
        let new = labels.saturating_sub(self.asked_with);
        let enough = MIN_NEW.max((self.asked_with as f64 * NEW_SHARE) as usize);
        let has_room = self.under_way.load(Ordering::Relaxed) < 2;
        has_room && positives >= MIN_POSITIVES && labels >= MIN_LABELS && new >= enough
    }

    /// Asks for a cycle, unless one is under way and another waits.
    pub fn ask(&mut self, job: Job) {
        let labels = job.labels.len();
        self.under_way.fetch_add(1, Ordering::Relaxed);
        match self.jobs.try_send(job) {
            Ok(()) => self.asked_with = labels,
            // It is asked again with the next answer; or it ended, which was told.
            Err(TrySendError::Full(_)) => {
                self.under_way.fetch_sub(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => {
                self.under_way.store(0, Ordering::Relaxed);
                self.asked_with = usize::MAX / 2;
            }
        }
    }

    /// Whether a cycle is under way or waits.
    pub fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// The newest of what was said since the last look.
    pub fn said(&self) -> Option<Said> {
        let mut newest = None;
        loop {
            match self.opinions.try_recv() {
                Ok(said) => newest = Some(said),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return newest,
            }
        }
    }
}

/// What the thread remembers from cycle to cycle.
struct Course {
    pixels: Pixels,
    network: Option<SmallNetwork>,
    task: Task,
    random: ChaCha8Rng,
    stop: Arc<AtomicBool>,
}

/// Images of a cycle whose pictures are there.
struct Material {
    positives: Vec<ImageId>,
    negatives: Vec<ImageId>,
    /// Those that count as negatives.
    unanswered: Vec<ImageId>,
    /// Those that are scored afterwards.
    candidates: Vec<ImageId>,
}

impl Course {
    fn new(task: Task, seed: u64, stop: Arc<AtomicBool>) -> Self {
        let pixels = Pixels::open(&task, Arc::clone(&stop));
        Self { pixels, network: None, task, random: ChaCha8Rng::seed_from_u64(seed), stop }
    }

    /// Trains on the labels and scores; `None` when it is to end, or has nothing to learn from.
    fn cycle(&mut self, job: &Job) -> Option<Opinion> {
        let begun = Instant::now();
        self.pixels.forget(&job.changed);
        let material = self.gather(job)?;
        let augmented = Augmented::of(&self.pixels);
        let network = self.network.take();
        let network =
            network.unwrap_or_else(|| SmallNetwork::new(self.task.device, &mut self.random));
        let steps = (job.labels.len() as f64 * STEPS_A_LABEL) as usize;
        let steps = steps.clamp(FEWEST_STEPS, MOST_STEPS);
        let loss = self.train(&network, &augmented, &material, steps)?;
        let logits = self.score(&network, &augmented, &material.candidates)?;
        if !logits.iter().all(|(_, logit)| logit.is_finite()) {
            tracing::warn!("the network in the background went astray and begins anew");
            return None;
        }
        self.network = Some(network);
        let (labels, seconds) = (job.labels.len(), begun.elapsed().as_secs_f64());
        tracing::info!(labels, steps, seconds, loss, "trained in the background");
        Some(Opinion { logits })
    }

    /// Chooses images and has their pictures ready.
    fn gather(&mut self, job: &Job) -> Option<Material> {
        let mut likeliest_first = job.unanswered.clone();
        likeliest_first.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        let all: Vec<ImageId> = likeliest_first.into_iter().map(|(image, _)| image).collect();
        let unanswered = self.some_unlikely(&all);
        let scored = if self.network.is_none() { SCORED_FIRST } else { SCORED };
        let candidates = &all[..all.len().min(scored)];
        let answered: Vec<ImageId> = job.labels.iter().map(|(image, _)| *image).collect();
        self.pixels.fetch(&[&answered, &unanswered, candidates]);
        let shown = |images: &mut dyn Iterator<Item = ImageId>| -> Vec<ImageId> {
            images.filter(|image| self.pixels.has(*image)).collect()
        };
        let of = |yes: bool| {
            shown(&mut job.labels.iter().filter(|label| label.1 == yes).map(|label| label.0))
        };
        let material = Material {
            positives: of(true),
            negatives: of(false),
            unanswered: shown(&mut unanswered.into_iter()),
            candidates: shown(&mut candidates.iter().copied()),
        };
        let enough = !material.positives.is_empty() && !material.negatives.is_empty();
        (enough && !self.stopped()).then_some(material)
    }

    /// So many steps; the mean loss of the last ones, nats.
    fn train(
        &mut self,
        network: &SmallNetwork,
        augmented: &Augmented,
        material: &Material,
        steps: usize,
    ) -> Option<f64> {
        let Material { positives, negatives, unanswered, .. } = material;
        let of_positives = positives.len().min(POSITIVES);
        let of_others = NEGATIVES + if unanswered.is_empty() { 0 } else { UNANSWERED };
        let targets = targets(of_positives, of_others).to_device(self.task.device);
        let mut optimiser = network.optimiser(LEARNING_RATE).ok()?;
        let mut recent = Recent::default();
        for step in 0..steps {
            if self.stopped() {
                return None;
            }
            let mut images = draw(positives, of_positives, &mut self.random);
            images.extend(draw(negatives, NEGATIVES, &mut self.random));
            images.extend(draw(unanswered, UNANSWERED, &mut self.random));
            let pictures = augmented.draw(&self.pixels, &images, &mut self.random);
            optimiser.set_lr(LEARNING_RATE * shape(step as f64 / steps as f64));
            let logits = network.logits(&pictures, true);
            let losses = logits.softplus() - &targets * &logits;
            let loss = losses.mean(Kind::Float);
            optimiser.backward_step(&loss);
            recent.add(loss.double_value(&[]));
        }
        Some(recent.mean())
    }

    fn score(
        &self,
        network: &SmallNetwork,
        augmented: &Augmented,
        candidates: &[ImageId],
    ) -> Option<Vec<(ImageId, f32)>> {
        let mut logits = Vec::with_capacity(candidates.len());
        for images in candidates.chunks(AT_ONCE) {
            if self.stopped() {
                return None;
            }
            let pictures = augmented.plain(&self.pixels, images);
            let found = tch::no_grad(|| network.logits(&pictures, false));
            let found = Vec::<f32>::try_from(found.to_kind(Kind::Float)).unwrap_or_default();
            logits.extend(images.iter().copied().zip(found));
        }
        Some(logits)
    }

    /// Unanswered images of the unlikelier part, those first whose pictures are there already.
    fn some_unlikely(&mut self, unanswered: &[ImageId]) -> Vec<ImageId> {
        let from = (unanswered.len() as f64 * (1.0 - UNLIKELY)) as usize;
        let has = |image: &ImageId| self.pixels.has(*image);
        let (mut some, mut others): (Vec<_>, Vec<_>) =
            unanswered[from..].iter().copied().partition(has);
        some.shuffle(&mut self.random);
        others.shuffle(&mut self.random);
        some.extend(others);
        some.truncate(MOST_UNANSWERED);
        some
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Mean of the last values, roughly (an exponential average).
#[derive(Default)]
struct Recent(Option<f64>);

impl Recent {
    fn add(&mut self, value: f64) {
        self.0 = Some(self.0.map_or(value, |mean| 0.95 * mean + 0.05 * value));
    }

    fn mean(&self) -> f64 {
        self.0.unwrap_or(f64::NAN)
    }
}

/// Up to the full learning rate, and down to nothing in half a cosine; of a cycle's course 0 to 1.
fn shape(course: f64) -> f64 {
    (course / WARM_UP).min(1.0) * 0.5 * (1.0 + (std::f64::consts::PI * course).cos())
}

/// First the positives' targets, then the negatives'.
fn targets(positives: usize, negatives: usize) -> Tensor {
    let yes = std::iter::repeat_n((1.0 - SMOOTHING) as f32, positives);
    let no = std::iter::repeat_n(SMOOTHING as f32, negatives);
    Tensor::from_slice(&yes.chain(no).collect::<Vec<f32>>())
}

/// So many of them: each once at most where there are enough.
fn draw(from: &[ImageId], count: usize, random: &mut ChaCha8Rng) -> Vec<ImageId> {
    if from.len() >= count {
        return from.sample(random, count).copied().collect();
    }
    (0..count).filter_map(|_| from.choose(random)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_and_falls() {
        assert!(shape(0.0) < 1e-9 && shape(1.0) < 1e-9);
        assert!((shape(WARM_UP) - 0.975).abs() < 0.01);
        assert!(shape(0.3) > shape(0.6));
    }

    #[test]
    fn few_are_drawn_again_and_many_once() {
        let images: Vec<ImageId> = (0..30).map(ImageId).collect();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut drawn = draw(&images, 30, &mut random);
        drawn.sort();
        assert_eq!(drawn, images);
        assert_eq!(draw(&images[..2], 9, &mut random).len(), 9);
        assert!(draw(&[], 9, &mut random).is_empty());
    }
}
