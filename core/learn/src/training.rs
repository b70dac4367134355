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
mod checkpoint;
mod course;
mod due;
mod freematch;
mod pixels;
mod progress;
mod recipe;
mod small;
#[cfg(test)]
mod tests;
mod trainee;
mod tuned;
mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use sluice_events::facts::CycleTrained;

use crate::background::give_way;
use crate::embed::Task;
use crate::joint::Say;
use crate::predictor::Part;
pub use checkpoint::Checkpoint;
use course::Course;
use due::Due;
pub use recipe::Recipe;
pub(crate) use trainee::Subject;
pub(crate) use work::Said;
use work::{Cycles, Thread, Wish};

/// The network joins when there are so many positives, and so many labels at all.
const MIN_POSITIVES: usize = 20;
const MIN_LABELS: usize = 60;

/// Whether so many labels, of which so many are positive, are enough for a network in the background.
pub fn can_train(labels: usize, positives: usize) -> bool {
    positives >= MIN_POSITIVES && labels >= MIN_LABELS
}

/// What a cycle learns from.
#[derive(Default)]
pub(crate) struct Job {
    /// The first has 1. Set by [`Trainer::ask`], as are `changed` and `only_score`.
    pub number: u64,
    /// Oldest answer first.
    pub labels: Vec<(ImageId, bool)>,
    /// Unanswered images with what is thought of them so far.
    pub unanswered: Vec<(ImageId, f32)>,
    /// Images whose pictures were changed since the last job.
    pub changed: Vec<ImageId>,
    /// What the head learned on the features as they are: a weight each, and the bias.
    pub head: Option<(Vec<f32>, f32)>,
    /// What the joint opinion's weights were learned from, to be kept beside the network.
    pub honest: Honest,
    /// The weights that were kept know these labels already.
    pub only_score: bool,
}

/// Answers that neither the head nor the network had known, by which both are weighed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Honest {
    /// The features that the head stood on.
    pub features: String,
    /// Scores of the head and of the network, and 1 for positive, 0 for negative.
    pub rows: Vec<[f32; 3]>,
    /// Mean and deviation of the head's logits, and of the network's.
    pub spreads: [f32; 4],
}

/// What the network thinks.
pub(crate) struct Opinion {
    /// Number of the job that it follows from.
    pub job: u64,
    /// Logits of the images that were scored.
    pub logits: Vec<(ImageId, f32)>,
    /// How the training went; none where nothing was learned.
    pub cycle: Option<CycleTrained>,
    /// What it can go on from; none where nothing was learned.
    pub checkpoint: Option<Checkpoint>,
    /// The network, to be asked elsewhere; none where it can't be taken along.
    pub part: Option<Arc<Part>>,
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

/// The background's handle; dropping it ends the work.
pub(crate) struct Trainer {
    subject: Subject,
    wishes: Sender<Wish>,
    said: Receiver<Said>,
    stop: Arc<AtomicBool>,
    due: Due,
    /// Whether weights were gone on with, of which nobody has heard anything yet.
    resumed: bool,
    /// Labels of the newest job, and whether it was only to score.
    newest: (Vec<(ImageId, bool)>, bool),
    /// Jobs that nobody has heard the end of.
    under_way: Arc<AtomicU32>,
    /// Jobs that were ever asked for.
    asked: u64,
    /// Images whose pictures were changed, and how many jobs had been asked for by then: these know the old ones.
    changed: HashMap<ImageId, u64>,
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
            let begin = |subject: Subject, task: Task| -> Box<dyn Cycles> {
                Box::new(Course::new(subject, recipe, task, seed, Arc::clone(&stopped)))
            };
            Thread { course: Some(begin(of, task.clone())), begin: &begin, task, say }
                .run(&to_do, &done);
        })?;
        Ok(Self {
            subject,
            wishes,
            said,
            stop,
            due: Due::default(),
            newest: (Vec::new(), false),
            resumed: false,
            under_way,
            asked: 0,
            changed: HashMap::new(),
        })
    }

    /// The name of what it trains.
    pub fn name(&self) -> &str {
        self.subject.name()
    }

    /// What it has to say before answers have shown how good it is.
    pub fn say(&self) -> Say {
        self.subject.say()
    }

    /// Whether this is what it trains.
    pub fn trains(&self, subject: &Subject) -> bool {
        self.subject.identity() == subject.identity()
    }

    /// Goes on from what was kept of the same network.
    pub fn resume(&mut self, checkpoint: &Checkpoint) {
        self.due.go_on_from(checkpoint.labels as usize);
        self.resumed = true;
        self.wishes.send(Wish::Resume(Arc::clone(&checkpoint.weights))).ok();
    }

    /// Whether weights were gone on with that have not been asked yet what they think.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Whether a cycle with all these labels would say something new, and can wait its turn.
    pub fn is_due(&self, labels: &[(ImageId, bool)]) -> bool {
        let has_room = self.under_way.load(Ordering::Relaxed) < 2;
        // To compare very many labels takes a while: last of all.
        has_room
            && Due::has_begun(labels)
            && if self.resumed { self.due.is_other(labels) } else { self.due.is_due(labels) }
    }

    /// The pictures of these images are others now.
    pub fn change(&mut self, images: &[ImageId]) {
        self.due.look_again();
        self.changed.extend(images.iter().map(|image| (*image, self.asked)));
    }

    /// Asks for a cycle. Weights that were gone on with are first asked what they think.
    pub fn ask(&mut self, job: Job) {
        let only_score = self.resumed;
        self.resumed = false;
        self.due.look_again();
        if !only_score {
            self.due.asked(&job.labels);
        }
        self.newest = (job.labels.clone(), only_score);
        let new = self.changed.iter().filter(|(_, asked)| **asked == self.asked);
        let changed = new.map(|(image, _)| *image).collect();
        self.asked += 1;
        self.under_way.fetch_add(1, Ordering::Relaxed);
        // Where it ended, that is told.
        self.wishes.send(Wish::Cycle(Job { number: self.asked, changed, only_score, ..job })).ok();
    }

    /// Whether a cycle is under way or waits.
    pub fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// What was said since the last look, oldest first. What it thinks of pictures that were changed meanwhile is
    /// left out.
    pub fn said(&mut self) -> Option<Said> {
        let mut said = self.said.try_recv().ok()?;
        match &mut said {
            Said::Opinion(opinion) => {
                let job = opinion.job;
                let knows =
                    |image: &ImageId| self.changed.get(image).is_none_or(|asked| *asked < job);
                opinion.logits.retain(|(image, _)| knows(image));
                self.changed.retain(|_, asked| *asked >= job);
                self.due.spoke();
            }
            Said::Nothing => {
                let (labels, only_score) = self.newest.clone();
                self.due.came_to_nothing(labels);
                self.resumed |= only_score;
            }
            Said::Astray => self.due.went_astray(),
            Said::Instead(subject) => {
                self.subject = subject.clone();
                self.due.begin_anew();
            }
            Said::Note(_) | Said::Ended(_) => {}
        }
        Some(said)
    }
}

/// So many of them: each once at most where there are enough.
fn draw(from: &[ImageId], count: usize, random: &mut ChaCha8Rng) -> Vec<ImageId> {
    if from.len() >= count {
        return from.sample(random, count).copied().collect();
    }
    (0..count).filter_map(|_| from.choose(random)).copied().collect()
}
