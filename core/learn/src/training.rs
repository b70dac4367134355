//! A network that trains in the background, on the pictures themselves, and whose opinion joins the head's: a small
//! one from nothing, or, where there is a GPU, the network that gives the features, from its pretrained weights. It
//! never keeps an answer waiting: the head goes on meanwhile, and the network's newest opinion is taken in when it is
//! there.
//!
//! ```text
//!   labels, scores -> Job (the newest one waits) -> cycle: draw, augment, step ... -> score -> Opinion, Checkpoint
//! ```
//!
//! Each cycle goes on from the weights of the last one, also after the program was ended. What was found to matter
//! (`LEARNING.md`): pictures that nobody has answered, from the unlikelier part of the pool, as further negatives;
//! plain convolutions with max pooling instead of residual blocks; short cycles instead of starting anew.

mod augment;
mod course;
mod freematch;
mod pixels;
mod recipe;
mod small;
mod trainee;
mod tuned;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use tch::Device;

use crate::background::give_way;
use crate::device::{self, OUT_OF_MEMORY};
use crate::embed::Task;
use course::Course;
pub use recipe::Recipe;
pub(crate) use trainee::Subject;

/// The network joins when there are so many positives, and so many labels at all.
const MIN_POSITIVES: usize = 20;
const MIN_LABELS: usize = 60;
/// A cycle begins when so many labels have come since the last one began: this many, or this share.
const MIN_NEW: usize = 15;
const NEW_SHARE: f64 = 0.12;

/// What a cycle learns from.
pub(crate) struct Job {
    /// Oldest answer first.
    pub labels: Vec<(ImageId, bool)>,
    /// Unanswered images with what is thought of them so far.
    pub unanswered: Vec<(ImageId, f32)>,
    /// Images whose files were changed since the last job.
    pub changed: Vec<ImageId>,
    /// What the head learned on the features as they are: a weight each, and the bias.
    pub head: Option<(Vec<f32>, f32)>,
    /// The weights that were kept know these labels already.
    pub only_score: bool,
}

/// Weights that training can go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose they are: `small`, or a network's name.
    pub network: String,
    /// Labels that they were trained on.
    pub labels: u32,
    /// As libtorch writes them.
    pub weights: Arc<[u8]>,
}

/// What the network thinks.
pub(crate) struct Opinion {
    /// Logits of the images that were scored.
    pub logits: Vec<(ImageId, f32)>,
    /// What it can go on from; none where nothing was learned.
    pub checkpoint: Option<Checkpoint>,
}

/// Images of a cycle whose pictures are there.
struct Material {
    positives: Vec<ImageId>,
    negatives: Vec<ImageId>,
    /// For the recipe.
    unanswered: Vec<ImageId>,
    /// Those that are scored afterwards.
    candidates: Vec<ImageId>,
}

/// What comes from the thread.
pub(crate) enum Said {
    Opinion(Opinion),
    /// Something that a person should know.
    Note(String),
}

const FAILED: &str = "The network that trains in the background failed, perhaps for lack of memory. Answers are safe, \
                      and the order goes on learning without it";

/// What the thread is asked for.
enum Wish {
    Resume(Arc<[u8]>),
    Cycle(Job),
}

/// The background's handle; dropping it ends the work.
pub(crate) struct Trainer {
    subject: Subject,
    wishes: Sender<Wish>,
    said: Receiver<Said>,
    stop: Arc<AtomicBool>,
    /// Labels of the newest job.
    asked_with: usize,
    /// Whether weights were gone on with, of which nobody has heard anything yet.
    resumed: bool,
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
    pub fn start(subject: Subject, recipe: Recipe, task: Task, seed: u64) -> std::io::Result<Self> {
        let (wishes, to_do) = channel();
        let (say, said) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let under_way = Arc::new(AtomicU32::new(0));
        let (stopped, done) = (Arc::clone(&stop), Arc::clone(&under_way));
        let of = subject.clone();
        thread::Builder::new().name("trainer".into()).spawn(move || {
            give_way();
            let begin = |subject: Subject, task: Task| {
                Course::new(subject, recipe, task, seed, Arc::clone(&stopped))
            };
            Thread { course: begin(of, task.clone()), begin: &begin, task, say }.run(&to_do, &done);
            done.store(0, Ordering::Relaxed);
        })?;
        Ok(Self { subject, wishes, said, stop, asked_with: 0, resumed: false, under_way })
    }

    /// The name of what it trains.
    pub fn name(&self) -> &str {
        self.subject.name()
    }

    /// Whether this is what it trains.
    pub fn trains(&self, subject: &Subject) -> bool {
        self.subject.name() == subject.name()
    }

    /// Goes on from what was kept, if it is of the same network.
    pub fn resume(&mut self, checkpoint: &Checkpoint) {
        if checkpoint.network == self.subject.name() {
            self.asked_with = checkpoint.labels as usize;
            self.resumed = true;
            self.wishes.send(Wish::Resume(Arc::clone(&checkpoint.weights))).ok();
        }
    }

    /// Whether a cycle would say something new, and can wait its turn.
    pub fn is_due(&self, labels: usize, positives: usize) -> bool {
        let new = labels.saturating_sub(self.asked_with);
        let enough = MIN_NEW.max((self.asked_with as f64 * NEW_SHARE) as usize);
        let has_room = self.under_way.load(Ordering::Relaxed) < 2;
        let begun = positives >= MIN_POSITIVES && labels >= MIN_LABELS;
        has_room && begun && (self.resumed || new >= enough)
    }

    /// Asks for a cycle. Weights that were gone on with are first asked what they think.
    pub fn ask(&mut self, job: Job) {
        let only_score = std::mem::take(&mut self.resumed);
        if !only_score {
            self.asked_with = job.labels.len();
        }
        self.under_way.fetch_add(1, Ordering::Relaxed);
        if self.wishes.send(Wish::Cycle(Job { only_score, ..job })).is_err() {
            // It ended, which was told.
            self.under_way.store(0, Ordering::Relaxed);
            self.asked_with = usize::MAX / 2;
        }
    }

    /// Whether a cycle is under way or waits.
    pub fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// What was said since the last look, oldest first.
    pub fn said(&self) -> Option<Said> {
        self.said.try_recv().ok()
    }
}

/// The background's thread.
struct Thread<'a> {
    course: Course,
    begin: &'a dyn Fn(Subject, Task) -> Course,
    task: Task,
    say: Sender<Said>,
}

impl Thread<'_> {
    fn run(&mut self, to_do: &Receiver<Wish>, done: &AtomicU32) {
        for wish in to_do {
            // libtorch's errors are panics here; the head goes on.
            let outcome = catch_unwind(AssertUnwindSafe(|| match &wish {
                Wish::Resume(weights) => {
                    self.course.resume(weights);
                    Ok(None)
                }
                Wish::Cycle(job) => self.course.cycle(job),
            }));
            if let Wish::Cycle(_) = wish {
                done.fetch_sub(1, Ordering::Relaxed);
            }
            let goes_on = match outcome {
                Ok(Ok(None)) => true,
                Ok(Ok(Some(opinion))) => self.say.send(Said::Opinion(opinion)).is_ok(),
                Ok(Err(why)) => {
                    self.tell(format!("No network can train in the background: {why}"), false)
                }
                Err(panic) => self.after(panic.as_ref()),
            };
            self.task.pictures.ready();
            if !goes_on {
                return;
            }
        }
    }

    /// A GPU that is short of memory gets smaller batches; then the CPU trains the small network instead.
    fn after(&mut self, panic: &(dyn Any + Send)) -> bool {
        let why = device::panic_text(panic);
        if self.task.device == Device::Cpu {
            return self.tell(FAILED.to_owned(), false);
        }
        if why.contains(OUT_OF_MEMORY) && self.course.divide() {
            tracing::warn!("smaller batches for the GPU's memory");
            return true;
        }
        let (on, why) = (device::name(self.task.device), why.lines().next().unwrap_or_default());
        let note = format!(
            "Training in the background can't go on on {on} ({why}). The CPU trains a small network instead; answers and \
             rankings go on"
        );
        self.task.device = Device::Cpu;
        self.course = (self.begin)(Subject::Small, self.task.clone());
        self.tell(note, true)
    }

    fn tell(&self, note: String, goes_on: bool) -> bool {
        self.say.send(Said::Note(note)).is_ok() && goes_on
    }
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
    use rand::SeedableRng;

    use super::*;

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
