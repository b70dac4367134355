//! Pictures of the whole pool to features, in the background: several threads decode, one asks the
//! extractor. The order is random, so that the part that is done is a fair sample; it is decided by
//! the seed alone, however the threads run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use tch::{Device, Tensor};

use crate::features::{Extractor, Patches, SAMPLE_IMAGES, to_tensor};
use crate::network::Network;
use crate::{Backbone, LearnError, Pictures};

/// Pictures that each decoding thread may be ahead.
const AHEAD: usize = 64;
/// Pictures whose size is looked at to choose a side.
const LOOKED_AT: usize = 50;
/// Sides of the pictures that patches are taken from, pixels.
const SMALL_SIDE: u32 = 32;
const LARGE_SIDE: u32 = 64;

/// What the background has done.
pub(crate) enum Block {
    /// Features (n, dim) of as many images.
    Rows(Vec<ImageId>, Tensor),
    /// An image can't be shown.
    Failed(ImageId, String),
    /// No more will come.
    GaveUp(String),
}

/// Work in the background; dropping it ends the work.
pub(crate) struct Embedding {
    pub blocks: Receiver<Block>,
    stop: Arc<AtomicBool>,
}

impl Drop for Embedding {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Embedding {
    /// Starts. A network's weights are loaded and tried out before this returns.
    pub fn begin(
        images: u32,
        backbone: Backbone,
        pictures: Arc<dyn Pictures>,
        device: Device,
    ) -> Result<Self, LearnError> {
        let (seed, network) = match backbone {
            Backbone::Patches { seed } => (seed, None),
            Backbone::Network { graph, weights, .. } => {
                let network = Network::load(*graph, &weights, device)?;
                network.try_out()?;
                (0, Some(network))
            }
        };
        let mut order: Vec<ImageId> = (0..images).map(ImageId).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let stop = Arc::new(AtomicBool::new(false));
        let (send, blocks) = channel();
        let worker = Worker { order, pictures, device, seed, send, stop: Arc::clone(&stop) };
        thread::Builder::new().name("embedder".into()).spawn(move || {
            // libtorch's errors are panics here; one of them ends the features, not the program.
            let run = AssertUnwindSafe(|| worker.run(network));
            if catch_unwind(run).is_err() {
                worker
                    .tell(Block::GaveUp("libtorch failed, perhaps for lack of memory".to_owned()));
            }
        })?;
        Ok(Self { blocks, stop })
    }
}

struct Worker {
    order: Vec<ImageId>,
    pictures: Arc<dyn Pictures>,
    device: Device,
    seed: u64,
    send: Sender<Block>,
    stop: Arc<AtomicBool>,
}

type Decoded = (ImageId, Vec<u8>);
/// One that was tried.
type Tried = (ImageId, Result<Vec<u8>, String>);

impl Worker {
    fn run(&self, network: Option<Network>) {
        let side = network.as_ref().map_or_else(|| self.choose_side(), Network::side);
        let mut decoded = self.decode(side);
        let mut first: Vec<Decoded> = Vec::new();
        let extractor = if let Some(network) = network {
            Extractor::Network(Box::new(network))
        } else {
            first = decoded.by_ref().take(SAMPLE_IMAGES).collect();
            if first.is_empty() {
                self.tell(Block::GaveUp("no image of the pool can be decoded".to_owned()));
                return;
            }
            tracing::info!(images = first.len(), "learning features from a sample of the pool");
            let rgb: Vec<Vec<u8>> = first.iter().map(|(_, rgb)| rgb.clone()).collect();
            let mut random = ChaCha8Rng::seed_from_u64(self.seed);
            Extractor::Patches(Patches::learn(&to_tensor(&rgb, side), self.device, &mut random))
        };
        debug_assert_eq!(extractor.side(), side);
        let mut all = first.into_iter().chain(decoded);
        loop {
            let (images, rgb): (Vec<ImageId>, Vec<Vec<u8>>) =
                all.by_ref().take(extractor.batch()).unzip();
            if images.is_empty() || self.stopped() {
                return;
            }
            let rows = extractor.extract(&to_tensor(&rgb, side));
            self.tell(Block::Rows(images, rows));
        }
    }

    /// Small pictures are taken as they are, larger ones reduced.
    fn choose_side(&self) -> u32 {
        let sides = self.order.iter().take(LOOKED_AT);
        let mut sides: Vec<u32> =
            sides.filter_map(|&image| self.pictures.longer_side(image)).collect();
        sides.sort_unstable();
        let median = sides.get(sides.len() / 2).copied().unwrap_or(LARGE_SIDE);
        if median <= 40 { SMALL_SIDE } else { LARGE_SIDE }
    }

    /// Decoded pictures in `order`, those that can't be left out and told.
    fn decode(&self, side: u32) -> impl Iterator<Item = Decoded> + use<'_> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let lanes: Vec<Receiver<Tried>> = (0..threads)
            .map(|lane| {
                let (send, receive) = sync_channel(AHEAD);
                let images: Vec<ImageId> =
                    self.order.iter().skip(lane).step_by(threads).copied().collect();
                let (pictures, stop) = (Arc::clone(&self.pictures), Arc::clone(&self.stop));
                let spawned = thread::Builder::new()
                    .name(format!("decoder-{lane}"))
                    .spawn(move || decode_lane(&images, pictures.as_ref(), side, &send, &stop));
                if let Err(error) = spawned {
                    self.tell(Block::GaveUp(format!("can't start a thread for decoding: {error}")));
                }
                receive
            })
            .collect();
        // One after the other from each lane: the order of the pool's shuffle again.
        let in_order = (0..self.order.len()).map_while(move |at| lanes[at % threads].recv().ok());
        in_order.filter_map(|(image, picture)| match picture {
            Ok(rgb) => Some((image, rgb)),
            Err(reason) => {
                self.tell(Block::Failed(image, reason));
                None
            }
        })
    }

    fn tell(&self, block: Block) {
        if self.send.send(block).is_ok() {
            self.pictures.ready();
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn decode_lane(
    images: &[ImageId],
    pictures: &dyn Pictures,
    side: u32,
    send: &SyncSender<Tried>,
    stop: &AtomicBool,
) {
    for &image in images {
        let picture = pictures.square(image, side);
        if stop.load(Ordering::Relaxed) || send.send((image, picture)).is_err() {
            return;
        }
    }
}
