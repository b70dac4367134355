//! The background's thread: one cycle after the other, whatever happens to the GPU.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::thread;

use tch::Device;

use super::trainee::Subject;
use super::{Job, Opinion};
use crate::device::{self, OUT_OF_MEMORY};
use crate::embed::Task;

/// What comes from the thread.
pub(crate) enum Said {
    Opinion(Opinion),
    /// A cycle came to nothing: there were no pictures.
    Nothing,
    /// What was learned is not to be trusted: it begins anew when more has been answered.
    Astray,
    /// Something that a person should know.
    Note(String),
    /// The GPU is given up, and something else is trained instead, from nothing.
    Instead(Subject),
    /// No more will come; why, for a person.
    Ended(String),
}

/// What came of a cycle.
pub(super) enum Outcome {
    Opinion(Opinion),
    /// It is to end, or has nothing to learn from.
    Nothing,
    /// It went astray.
    Astray,
}

/// What is done in the background, one cycle after the other.
pub(super) trait Cycles {
    /// The next cycle goes on from these weights.
    fn resume(&mut self, weights: Arc<[u8]>);

    /// Trains and scores.
    fn cycle(&mut self, job: &Job) -> Result<Outcome, String>;

    /// Takes less memory from now on; whether there is anything less.
    fn divide(&mut self) -> bool;
}

const FAILED: &str = "The network that trains in the background failed, perhaps for lack of memory. Answers are safe, \
                      and the order goes on learning without it";

const ASTRAY: &str = "The network that trains in the background lost its way: what it said was no numbers any more. \
                      Answers are safe, and the order goes on with what the head has learned; the network begins \
                      anew when more is answered. There is nothing to do";

/// What the thread is asked for.
pub(super) enum Wish {
    Resume(Arc<[u8]>),
    Cycle(Job),
}

impl From<Outcome> for Said {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Opinion(opinion) => Self::Opinion(opinion),
            Outcome::Nothing => Self::Nothing,
            Outcome::Astray => Self::Astray,
        }
    }
}

/// The background's thread.
pub(super) struct Thread<'a> {
    /// None while another one takes its place.
    pub course: Option<Box<dyn Cycles>>,
    pub begin: &'a dyn Fn(Subject, Task) -> Box<dyn Cycles>,
    pub task: Task,
    pub say: Sender<Said>,
}

impl Thread<'_> {
    /// Does what is asked for until nobody asks any more, or it can't go on.
    pub fn run(&mut self, to_do: &Receiver<Wish>, done: &AtomicU32) {
        let mut was_astray = false;
        for wish in to_do {
            let outcome = self.fulfil(&wish);
            if let Wish::Cycle(_) = wish {
                done.fetch_sub(1, Ordering::Relaxed);
            }
            let is_astray = matches!(outcome, Ok(Ok(Some(Outcome::Astray))));
            if is_astray && !was_astray {
                self.say.send(Said::Note(ASTRAY.to_owned())).ok();
            }
            was_astray |= is_astray;
            let goes_on = match outcome {
                Ok(Ok(None)) => true,
                Ok(Ok(Some(outcome))) => self.say.send(outcome.into()).is_ok(),
                Ok(Err(why)) => {
                    let why = format!("No network can train in the background: {why}");
                    self.say.send(Said::Ended(why)).ok();
                    false
                }
                Err(panic) => self.after(panic.as_ref()),
            };
            self.task.pictures.ready();
            if !goes_on {
                return;
            }
        }
    }

    /// What comes of a wish; nothing where nothing is to be said. libtorch's errors are panics here; the head goes on.
    fn fulfil(&mut self, wish: &Wish) -> thread::Result<Result<Option<Outcome>, String>> {
        loop {
            let Some(course) = &mut self.course else { return Ok(Ok(None)) };
            let outcome = catch_unwind(AssertUnwindSafe(|| match wish {
                Wish::Resume(weights) => {
                    course.resume(Arc::clone(weights));
                    Ok(None)
                }
                Wish::Cycle(job) => course.cycle(job).map(Some),
            }));
            match outcome {
                Err(panic) if self.asks_for_less(panic.as_ref()) => {}
                outcome => return outcome,
            }
        }
    }

    /// A GPU that is short of memory gets the same again in smaller batches, if there are smaller ones.
    fn asks_for_less(&mut self, panic: &(dyn Any + Send)) -> bool {
        let lacks_memory = device::panic_text(panic).contains(OUT_OF_MEMORY);
        let course = self.course.as_mut().filter(|_| self.task.device != Device::Cpu);
        let less = lacks_memory && course.is_some_and(|course| course.divide());
        if less {
            tracing::warn!("smaller batches for the GPU's memory");
        }
        less
    }

    /// Then the CPU trains the small network instead.
    fn after(&mut self, panic: &(dyn Any + Send)) -> bool {
        if self.task.device == Device::Cpu {
            self.say.send(Said::Ended(FAILED.to_owned())).ok();
            return false;
        }
        let why = device::panic_text(panic);
        let (on, why) = (device::name(self.task.device), why.lines().next().unwrap_or_default());
        let note = format!(
            "Training in the background can't go on on {on} ({why}). The CPU trains a small network instead; \
             answers and rankings go on"
        );
        self.task.device = Device::Cpu;
        // Its pictures are locked as long as it is there.
        self.course = None;
        self.course = Some((self.begin)(Subject::Small, self.task.clone()));
        self.say.send(Said::Instead(Subject::Small)).is_ok()
            && self.say.send(Said::Note(note)).is_ok()
    }
}
