//! Pictures of the whole pool to features, in the background: several threads decode, one asks the
//! extractor and keeps the rows. The order is random, so that the part that is done is a fair sample;
//! it is decided by the seed alone, however the threads run. What was computed before is found again.

mod lanes;
mod source;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use half::f16;
use half::slice::HalfFloatSliceExt;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use sluice_pool::{Extent, Key, Place, RowWriter, Rows, Square};
use tch::{Device, Kind, Tensor};

use crate::background::give_way;
use crate::features::to_tensor;
use crate::network::Network;
use crate::predictor::Part;
use crate::{Backbone, EXAMPLE, LearnError, NoPicture, Pictures, device};
use source::{Readiness, Source};

pub(crate) use lanes::Lanes;
pub(crate) use source::{fingerprint, set_name, typical_side};

/// What is found again is told in such portions.
const TOLD_AT_ONCE: usize = 4096;
const TOLD_AFTER: Duration = Duration::from_millis(500);

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
        let (seed, source) = match backbone {
            Backbone::Patches { seed } => (seed, Source::Patches { seed }),
            Backbone::Network { name, graph, weights } => {
                let network = Network::load(*graph, &weights, task.device, Kind::Float)?;
                let asked = network.folded(device::precision(task.device));
                asked.try_out()?;
                let made_by = source::made_by(network.graph(), &weights, &asked);
                (0, Source::Network { name, network: Box::new(asked), made_by })
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
        thread::Builder::new().name("embedder".into()).spawn(move || {
            give_way();
            // libtorch's errors are panics here; one of them ends the features, not the program.
            let run = AssertUnwindSafe(|| worker.run(source, &to_come));
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

/// Pictures on their way to rows.
#[derive(Default)]
struct Batch {
    images: Vec<ImageId>,
    rgb: Vec<Vec<u8>>,
    keys: Vec<[Key; 2]>,
}

impl Worker {
    /// Features of the pool; others, when it has outgrown what these were learned from.
    fn run(&mut self, source: Source, to_come: &Receiver<Vec<ImageId>>) {
        let mut next = Some(source);
        while let Some(source) = next.take() {
            match source.ready(self) {
                Readiness::Ready(ready) => next = self.compute(*ready, to_come),
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
        mut source: source::Ready,
        to_come: &Receiver<Vec<ImageId>>,
    ) -> Option<Source> {
        let row_bytes = source.extractor.dim() * size_of::<f16>();
        let place = self.task.place.as_ref();
        let extent = Extent::of(row_bytes, self.task.images);
        let mut writer = RowWriter::open(place, &source.set, &source.made_by, extent);
        source.keep(&writer);
        self.tell_trouble(&mut writer);
        self.tell(Block::Begun(writer.rows(), source.extractor.patches()));
        let known = writer.known();
        self.pass(&self.order, &mut source, &mut writer, &known);
        while let Ok(images) = to_come.recv()
            && !self.stopped()
        {
            self.pass(&images, &mut source, &mut writer, &known);
            if let Some(next) = source.outgrown(&mut self.order, &images) {
                return Some(next);
            }
        }
        None
    }

    /// Images to rows, in this order.
    fn pass(
        &self,
        order: &[ImageId],
        source: &mut source::Ready,
        writer: &mut RowWriter,
        known: &Arc<HashMap<Key, u32>>,
    ) {
        let side = source.extractor.side();
        let lanes = match Lanes::start(order, &self.task.pictures, side, known, &self.stop) {
            Ok(lanes) => lanes,
            Err(error) => {
                let why = format!("can't start a thread for decoding: {error}");
                return self.tell(Block::GaveUp(why));
            }
        };
        let (mut found, mut told) = (Vec::new(), Instant::now());
        let mut batch = Batch::default();
        for (image, square) in lanes {
            if self.stopped() {
                break;
            }
            match square {
                Ok(Square::Known { key, also }) => {
                    let row = known[&key];
                    if let Some(also) = also {
                        writer.also(also, row);
                    }
                    found.push((image, row));
                }
                Ok(Square::Made { rgb, keys }) => {
                    batch.images.push(image);
                    batch.rgb.push(rgb);
                    batch.keys.push(keys);
                    if batch.images.len() >= source.extractor.batch() {
                        self.embed(source, &mut batch, writer);
                    }
                }
                Err(reason) if image == EXAMPLE => {
                    let text = format!("The example can't be used: it {reason}");
                    self.tell(Block::Note(text));
                }
                Err(reason) => self.tell(Block::Failed(image, reason)),
            }
            let due = found.len() >= TOLD_AT_ONCE || told.elapsed() > TOLD_AFTER;
            if due && !found.is_empty() {
                self.tell(Block::Rows(std::mem::take(&mut found)));
                told = Instant::now();
            }
        }
        self.tell(Block::Rows(found));
        self.embed(source, &mut batch, writer);
        writer.sync();
        self.tell_trouble(writer);
    }

    /// A batch of pictures becomes rows.
    fn embed(&self, source: &mut source::Ready, batch: &mut Batch, writer: &mut RowWriter) {
        let Batch { images, rgb, keys } = std::mem::take(batch);
        if images.is_empty() || self.stopped() {
            return;
        }
        let (features, note) = source.extract(&to_tensor(&rgb, source.extractor.side()));
        if let Some(note) = note {
            self.tell(Block::Note(note));
        }
        let mut rows = Vec::with_capacity(images.len());
        for ((image, keys), row) in images.into_iter().zip(keys).zip(to_rows(&features)) {
            match writer.push(&keys, &row) {
                Ok(number) => rows.push((image, number)),
                Err(error) => {
                    return self
                        .tell(Block::GaveUp(format!("there is no memory for them: {error}")));
                }
            }
        }
        self.tell_trouble(writer);
        self.tell(Block::Rows(rows));
    }

    fn tell_trouble(&self, writer: &mut RowWriter) {
        if let Some(why) = writer.trouble() {
            self.tell(Block::Note(format!(
                "Features can't be kept in {why}. They are kept in memory, and will be computed again at \
                 the next start"
            )));
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

/// Features (n, dim) as rows of 16-bit floating-point numbers. One overflow must not spread over the pool's mean.
fn to_rows(features: &Tensor) -> impl Iterator<Item = Vec<u8>> {
    let most = f64::from(f16::MAX);
    let (n, finite) = (features.size()[0], features.nan_to_num(0.0, most, -most));
    let halves = finite.clamp(-most, most).to_kind(Kind::Half);
    (0..n).map(move |at| {
        let row = Vec::<f16>::try_from(halves.get(at)).unwrap_or_default();
        row.reinterpret_cast().iter().flat_map(|bits| bits.to_ne_bytes()).collect()
    })
}
