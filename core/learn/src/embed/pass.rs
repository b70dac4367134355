//! One pass over images: each is found again or decoded, and what was decoded becomes rows.

use std::time::{Duration, Instant};

use half::f16;
use half::slice::HalfFloatSliceExt;
use sluice_events::ImageId;
use sluice_pool::{Key, RowWriter, Square};
use tch::{Kind, Tensor};

use super::ready::Ready;
use super::{Block, Worker};
use crate::EXAMPLE;
use crate::device::Workplace;
use crate::features::to_tensor;

/// What is found again is told in such portions.
const TOLD_AT_ONCE: usize = 4096;
const TOLD_AFTER: Duration = Duration::from_millis(500);

pub(super) struct Pass<'a> {
    worker: &'a Worker,
    ready: &'a mut Ready,
    workplace: &'a mut Workplace,
    writer: &'a mut RowWriter,
    batch: Batch,
    /// Images that were found again and not told yet.
    found: Vec<(ImageId, u32)>,
    /// When some of them were told last.
    told: Instant,
}

/// Pictures on their way to rows.
#[derive(Default)]
struct Batch {
    images: Vec<ImageId>,
    rgb: Vec<Vec<u8>>,
    keys: Vec<[Key; 2]>,
}

impl<'a> Pass<'a> {
    /// Over nothing yet.
    pub fn new(
        worker: &'a Worker,
        ready: &'a mut Ready,
        workplace: &'a mut Workplace,
        writer: &'a mut RowWriter,
    ) -> Self {
        let (batch, found, told) = (Batch::default(), Vec::new(), Instant::now());
        Self { worker, ready, workplace, writer, batch, found, told }
    }

    /// Images to rows, in this order.
    pub fn over(mut self, order: &[ImageId]) {
        // What earlier passes computed is known by now.
        let known = self.writer.known();
        let Some(lanes) = self.worker.decode(order, self.ready.side(), &known) else { return };
        for (image, square) in lanes {
            if self.worker.stopped() {
                break;
            }
            match square {
                Ok(Square::Known { key, also }) => self.find(image, known[&key], also),
                Ok(Square::Made { rgb, keys }) => self.add(image, rgb, keys),
                Err(reason) if image == EXAMPLE => {
                    let text = format!("The example can't be used: it {reason}");
                    self.worker.tell(Block::Note(text));
                }
                Err(reason) => self.worker.tell(Block::Failed(image, reason)),
            }
            let due = self.found.len() >= TOLD_AT_ONCE || self.told.elapsed() > TOLD_AFTER;
            if due && !self.found.is_empty() {
                self.tell_found();
            }
        }
        self.tell_found();
        self.embed();
        self.writer.sync();
        self.worker.tell_trouble(self.writer);
    }

    fn tell_found(&mut self) {
        self.worker.tell(Block::Rows(std::mem::take(&mut self.found)));
        self.told = Instant::now();
    }

    /// An image has this row already.
    fn find(&mut self, image: ImageId, row: u32, also: Option<Key>) {
        if let Some(also) = also {
            self.writer.also(also, row);
        }
        self.found.push((image, row));
    }

    /// A picture that has no row yet.
    fn add(&mut self, image: ImageId, rgb: Vec<u8>, keys: [Key; 2]) {
        self.batch.images.push(image);
        self.batch.rgb.push(rgb);
        self.batch.keys.push(keys);
        if self.batch.images.len() >= self.ready.batch() {
            self.embed();
        }
    }

    /// The batch becomes rows.
    fn embed(&mut self) {
        let Batch { images, rgb, keys } = std::mem::take(&mut self.batch);
        if images.is_empty() || self.worker.stopped() {
            return;
        }
        let pictures = to_tensor(&rgb, self.ready.side());
        let features = self.ready.extract(&pictures, self.workplace);
        self.worker.tell_of(self.workplace);
        let mut rows = Vec::with_capacity(images.len());
        for ((image, keys), row) in images.into_iter().zip(keys).zip(to_rows(&features)) {
            match self.writer.push(&keys, &row) {
                Ok(number) => rows.push((image, number)),
                Err(error) => {
                    let why = format!("there is no memory for them: {error}");
                    return self.worker.tell(Block::GaveUp(why));
                }
            }
        }
        self.worker.tell_trouble(self.writer);
        self.worker.tell(Block::Rows(rows));
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
