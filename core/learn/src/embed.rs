//! Pictures of the whole pool to features, in the background: several threads decode, one asks the
//! extractor and keeps the rows. The order is random, so that the part that is done is a fair sample;
//! it is decided by the seed alone, however the threads run. What was computed before is found again.
//!
//! ```text
//!   Source --ready--> Ready --pass: Lanes decode, Ready extracts--> rows --Block--> Torch.absorb
//! ```
//!
//! A GPU that fails is left for the CPU, and it is told.

mod lanes;
mod names;
mod pass;
mod patches;
mod ready;
mod sides;
mod source;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use half::f16;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use sluice_pool::{Extent, Key, Place, RowWriter, Rows};
use tch::Device;

use crate::background::give_way;
use crate::device::{self, Workplace};
use crate::predictor::Part;
use crate::{Backbone, EXAMPLE, LearnError, NoPicture, Pictures};
use pass::Pass;
use ready::Ready;
use source::{Readiness, Source};

pub(crate) use lanes::Lanes;
pub(crate) use names::{fingerprint, set_name};
pub(crate) use sides::typical_side;

/// What the background has done.
pub(crate) enum Block {
    /// Rows will be there; of patches, with what they have learned.
    Begun(Arc<Rows>, Option<Part>),
    /// Images have these rows.
    Rows(Vec<(ImageId, u32)>),
    /// An image has no picture.
    Failed(ImageId, NoPicture),
    /// Something that a person should know; it goes on.
    Note(String),
    /// Features are computed there from now on, a device by its name.
    Device(String),
    /// No more will come.
    GaveUp(String),
}

/// What is to be computed, where, and where it is kept.
#[derive(Clone)]
pub(crate) struct Task {
    pub images: u32,
    pub pictures: Arc<dyn Pictures>,
    pub device: Device,
    pub place: Option<Place>,
    /// What the pool is known as; its rows are kept apart from those of other pools.
    pub pool: String,
}

/// Work in the background; dropping it ends the work.
pub(crate) struct Embedding {
    pub blocks: Receiver<Block>,
    /// Images that are to be looked at (again) afterwards.
    pub more: Sender<Vec<ImageId>>,
    stop: Arc<AtomicBool>,
}

impl Drop for Embedding {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Embedding {
    /// Starts. A network's weights are loaded and tried out before this returns.
    pub fn begin(task: Task, backbone: Backbone) -> Result<Self, LearnError> {
        let mut workplace = Workplace::new(task.device);
        let (seed, source) = match backbone {
            Backbone::Patches { seed } => (seed, Source::Patches { seed }),
            Backbone::Network { name, graph, weights } => {
                (0, Source::network(&name, *graph, &weights, &task.pool, &mut workplace)?)
            }
        };
        let mut order: Vec<ImageId> = (0..task.images).map(ImageId).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let first = task.pictures.has_example().then_some(EXAMPLE);
        order.splice(0..0, first);
        let stop = Arc::new(AtomicBool::new(false));
        let (send, blocks) = channel();
        let (more, to_come) = channel();
        let mut worker = Worker { order, task, send, stop: Arc::clone(&stop) };
        worker.tell_of(&mut workplace);
        thread::Builder::new().name("embedder".into()).spawn(move || {
            give_way();
            // libtorch's errors are panics here; one of them ends the features, not the program.
            let run = AssertUnwindSafe(|| worker.run(source, &mut workplace, &to_come));
            if catch_unwind(run).is_err() {
                worker
                    .tell(Block::GaveUp("libtorch failed, perhaps for lack of memory".to_owned()));
            }
        })?;
        Ok(Self { blocks, more, stop })
    }
}

struct Worker {
    order: Vec<ImageId>,
    task: Task,
    send: Sender<Block>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    /// Features of the pool; others, when it has outgrown what these were learned from.
    fn run(&mut self, source: Source, workplace: &mut Workplace, to_come: &Receiver<Vec<ImageId>>) {
        let mut next = Some(source);
        while let Some(source) = next.take() {
            match source.ready(self, workplace) {
                Readiness::Ready(ready) => next = self.compute(*ready, workplace, to_come),
                Readiness::Awaits(source) => {
                    let Ok(images) = to_come.recv() else { return };
                    source.add(&mut self.order, &images);
                    next = Some(source).filter(|_| !self.stopped());
                }
                Readiness::Failed => {}
            }
        }
    }

    /// The whole pool, then what comes; what is to come after these features.
    fn compute(
        &mut self,
        mut ready: Ready,
        workplace: &mut Workplace,
        to_come: &Receiver<Vec<ImageId>>,
    ) -> Option<Source> {
        let row_bytes = ready.dim() * size_of::<f16>();
        let place = self.task.place.as_ref();
        let extent = Extent::of(row_bytes, self.task.images);
        let mut writer = RowWriter::open(place, &ready.set, &ready.made_by, extent);
        ready.keep(&writer);
        self.tell_trouble(&mut writer);
        self.tell(Block::Begun(writer.rows(), ready.patches()));
        Pass::new(self, &mut ready, workplace, &mut writer).over(&self.order);
        while let Ok(images) = to_come.recv()
            && !self.stopped()
        {
            Pass::new(self, &mut ready, workplace, &mut writer).over(&images);
            if let Some(next) = ready.outgrown(&mut self.order, &images) {
                return Some(next);
            }
        }
        None
    }

    /// Has images decoded in this order, those whose key is known excepted; `None` where that can't be, which is told.
    fn decode(
        &self,
        order: &[ImageId],
        side: u32,
        known: &Arc<HashMap<Key, u32>>,
    ) -> Option<Lanes> {
        let lanes = Lanes::start(order, &self.task.pictures, side, known, &self.stop);
        let give_up = |error: &io::Error| {
            self.tell(Block::GaveUp(format!("can't start a thread for decoding: {error}")));
        };
        lanes.inspect_err(give_up).ok()
    }

    fn tell_trouble(&self, writer: &mut RowWriter) {
        if let Some(why) = writer.trouble() {
            self.tell(Block::Note(format!(
                "Features can't be kept in {why}. They are kept in memory, and will be computed again at \
                 the next start"
            )));
        }
    }

    /// Where features are computed, when there is something to know about it.
    fn tell_of(&self, workplace: &mut Workplace) {
        let notes = workplace.notes();
        if !notes.is_empty() {
            self.tell(Block::Device(device::name(workplace.device())));
        }
        for note in notes {
            self.tell(Block::Note(note));
        }
    }

    fn tell(&self, block: Block) {
        if self.send.send(block).is_ok() {
            self.task.pictures.ready();
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
