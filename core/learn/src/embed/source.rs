//! What makes the features, ready to be asked, and the name that its rows are kept by.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use sluice_events::network::{Graph, PATCHES};
use sluice_pool::{RowWriter, Square};
use tch::{Device, Tensor};

use super::{Block, Lanes, Task, Worker};
use crate::device::OUT_OF_MEMORY;
use crate::features::{Extractor, Patches, SAMPLE_IMAGES, to_tensor};
use crate::network::Network;
use crate::{EXAMPLE, NoPicture, Pictures, device};

/// To be changed with whatever changes the numbers that come out.
const VERSION: u32 = 2;
/// Pictures whose size is looked at to choose a side.
const LOOKED_AT: usize = 50;
/// Sides of the pictures that patches are taken from, pixels.
const SMALL_SIDE: u32 = 32;
const LARGE_SIDE: u32 = 64;
/// Pictures up to this side are small, pixels.
const SMALL_PICTURE: u32 = 40;
/// What patches have learned is kept under this name beside their rows.
const LEARNED: &str = "learned.safetensors";

/// Patches that were learned from fewer pictures than they could be are learned anew when the pool has so many times
/// as many.
const OUTGROWN_AT: usize = 4;

/// What is to make the features.
pub(super) enum Source {
    Patches {
        seed: u64,
    },
    /// The network as it is asked, and the name of what it was made from.
    Network {
        name: String,
        network: Box<Network>,
        made_by: String,
    },
}

/// What makes them.
pub(super) struct Ready {
    pub extractor: Extractor,
    /// Name of the set of rows.
    pub set: String,
    /// Rows that anything else made are of no use.
    pub made_by: String,
    /// Whether what was learned is not kept yet.
    new: bool,
    /// What was learned from the pool's pictures is to be learned anew of a pool of another size class.
    learned: Option<Learned>,
    /// Pictures that fit into the device's memory at once.
    fit: i64,
}

#[derive(Clone, Copy)]
struct Learned {
    seed: u64,
    /// Of the pool from whose pictures it was learned.
    size_class: u32,
}

/// What comes of a source.
pub(super) enum Readiness {
    Ready(Box<Ready>),
    /// Most of the pictures are not there. They were told; it can be tried again when some are.
    Awaits(Source),
    /// It was told why.
    Failed,
}

impl Source {
    /// Images joined the pool, or were there and were changed: in a fair order, the example first.
    pub fn add(&self, order: &mut Vec<ImageId>, images: &[ImageId]) {
        let Self::Patches { seed } = self else { return };
        order.extend_from_slice(images);
        order.sort_unstable();
        order.dedup();
        let example = order.pop_if(|last| *last == EXAMPLE);
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(*seed));
        order.splice(0..0, example);
    }

    /// Learns what has to be learned, unless it was.
    pub fn ready(self, worker: &Worker) -> Readiness {
        let Task { pool, pictures, .. } = &worker.task;
        let pictures = pictures.as_ref();
        match self {
            Self::Network { name, network, made_by } => {
                let set = set_name(&name, &[pool.as_bytes(), made_by.as_bytes()]);
                Readiness::Ready(Box::new(Ready::new(Extractor::Network(network), set, made_by)))
            }
            Self::Patches { seed } => {
                let images = worker.order.iter().copied();
                let side = typical_side(pictures, images, SMALL_SIDE, LARGE_SIDE);
                let size_class = size_class(worker.order.len());
                let numbers =
                    [&seed.to_le_bytes()[..], &side.to_le_bytes(), &size_class.to_le_bytes()];
                let set = set_name(PATCHES, &[&[pool.as_bytes()], &numbers[..]].concat());
                let learned = Some(Learned { seed, size_class });
                let place = worker.task.place.as_ref();
                let device = worker.task.device;
                let kept = place.map(|place| place.folder.join(&set).join(LEARNED));
                if let Some((patches, made_by)) = kept.and_then(|path| read_patches(&path, device))
                {
                    let ready = Ready::new(Extractor::Patches(patches), set, made_by);
                    return Readiness::Ready(Box::new(Ready { learned, ..ready }));
                }
                let patches = match worker.learn_patches(seed, side) {
                    Ok(patches) => patches,
                    Err(readiness) => return readiness,
                };
                let made_by = hash(&[&patches.fingerprint()]);
                let ready = Ready::new(Extractor::Patches(patches), set, made_by);
                Readiness::Ready(Box::new(Ready { new: true, learned, ..ready }))
            }
        }
    }
}

/// Pools of about one size are of one class, those that are larger than the sample that is taken of them, too.
fn size_class(images: usize) -> u32 {
    images.clamp(1, SAMPLE_IMAGES).ilog(OUTGROWN_AT)
}

fn read_patches(path: &Path, device: Device) -> Option<(Patches, String)> {
    let patches = Patches::read(path, device)?;
    let made_by = hash(&[&patches.fingerprint()]);
    Some((patches, made_by))
}

/// What the rows of a network depend on: how it was defined, its weights, and in what form it is asked.
pub(super) fn made_by(graph: &Graph, weights: &Path, asked: &Network) -> String {
    let is_folded = asked.graph().nodes.len() < graph.nodes.len();
    let form = if is_folded { " folded" } else { "" };
    let kind = format!("{:?}{form}", asked.kind());
    hash(&[fingerprint(graph, weights).as_bytes(), kind.as_bytes()])
}

/// What a network computes: its graph and its weights.
pub(crate) fn fingerprint(graph: &Graph, weights: &Path) -> String {
    let graph = serde_json::to_vec(graph).unwrap_or_default();
    // Who uses the weights finds out, and tells, when they can't be read.
    let weights = fs::read(weights).unwrap_or_default();
    hash(&[&graph, &weights])
}

/// A name for what was computed of a pool with these parts in it.
pub(crate) fn set_name(what: &str, parts: &[&[u8]]) -> String {
    format!("{what}-{}", hash(parts))
}

/// Sixteen hexadecimal digits of a BLAKE3 hash.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(&VERSION.to_le_bytes());
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_hex()[..16].to_owned()
}

/// The side that pictures are reduced to: small ones are taken as they are, or nearly.
pub(crate) fn typical_side(
    pictures: &dyn Pictures,
    images: impl Iterator<Item = ImageId>,
    small: u32,
    large: u32,
) -> u32 {
    let sides = images.take(LOOKED_AT).filter_map(|image| pictures.longer_side(image));
    let mut sides: Vec<u32> = sides.collect();
    sides.sort_unstable();
    let median = sides.get(sides.len() / 2).copied().unwrap_or(large);
    if median <= SMALL_PICTURE { small } else { large }
}

impl Ready {
    fn new(extractor: Extractor, set: String, made_by: String) -> Self {
        Self { extractor, set, made_by, new: false, learned: None, fit: i64::MAX }
    }

    /// What is to make the features of the pool from now on, when it has outgrown what was learned of it; `joined` is
    /// added to its images.
    pub fn outgrown(&self, order: &mut Vec<ImageId>, joined: &[ImageId]) -> Option<Source> {
        let learned =
            self.learned.filter(|learned| learned.size_class < size_class(SAMPLE_IMAGES))?;
        let next = Source::Patches { seed: learned.seed };
        next.add(order, joined);
        (size_class(order.len()) > learned.size_class).then_some(next)
    }

    /// Keeps what was learned beside its rows, where these are kept.
    pub fn keep(&mut self, rows: &RowWriter) {
        let (Some(folder), Extractor::Patches(patches), true) =
            (rows.folder(), &self.extractor, self.new)
        else {
            return;
        };
        let (written, kept) = (folder.join("learned.part"), folder.join(LEARNED));
        match patches.write(&written).and_then(|()| fs::rename(&written, &kept)) {
            Ok(()) => self.new = false,
            Err(error) => tracing::warn!(%error, path = %kept.display(), "can't be kept"),
        }
    }

    /// Features (n, dim), float32 on the CPU, of pictures (n, 3, side, side), bytes. A device that has too
    /// little memory is asked for less at once, then left; the second value tells that.
    pub fn extract(&mut self, pictures: &Tensor) -> (Tensor, Option<String>) {
        let all = pictures.size()[0];
        let mut note = None;
        loop {
            let step = all.min(self.fit).max(1);
            let run = catch_unwind(AssertUnwindSafe(|| {
                let parts: Vec<Tensor> = pictures
                    .split(step, 0)
                    .iter()
                    .map(|part| self.extractor.extract(part))
                    .collect();
                Tensor::cat(&parts, 0)
            }));
            let failure = match run {
                Ok(features) => return (features, note),
                Err(failure) => failure,
            };
            let on = self.extractor.device();
            if on == Device::Cpu {
                resume_unwind(failure);
            }
            let why = device::panic_text(failure.as_ref());
            if why.contains(OUT_OF_MEMORY) && step > 1 {
                self.fit = step / 2;
                tracing::warn!(pictures = self.fit, "less at once for the GPU's memory");
            } else {
                self.extractor.move_to(Device::Cpu);
                self.fit = i64::MAX;
                let (on, why) = (device::name(on), why.lines().next().unwrap_or_default());
                note = Some(format!(
                    "The features' network can't go on on {on} ({why}). The CPU goes on with it, which takes longer; \
                     answers and rankings go on"
                ));
            }
        }
    }
}

impl Worker {
    fn learn_patches(&self, seed: u64, side: u32) -> Result<Patches, Readiness> {
        let nothing = Arc::default();
        let order = &self.order[..self.order.len().min(SAMPLE_IMAGES * 2)];
        let lanes = match Lanes::start(order, &self.task.pictures, side, &nothing, &self.stop) {
            Ok(lanes) => lanes,
            Err(error) => {
                let why = format!("can't start a thread for decoding: {error}");
                self.tell(Block::GaveUp(why));
                return Err(Readiness::Failed);
            }
        };
        let mut missing = Vec::new();
        // Those that are broken are told when they are met again.
        let decoded = lanes.filter_map(|(image, square): (ImageId, _)| match square {
            Ok(Square::Made { rgb, .. }) => Some(rgb),
            Err(why @ NoPicture::Missing(_)) if image != EXAMPLE => {
                missing.push((image, why));
                None
            }
            Ok(Square::Known { .. }) | Err(_) => None,
        });
        let sample: Vec<Vec<u8>> = decoded.take(SAMPLE_IMAGES).collect();
        if self.stopped() {
            return Err(Readiness::Failed);
        }
        if missing.len() > sample.len() {
            // What is learned from the few that are there would stay.
            for (image, why) in missing {
                self.tell(Block::Failed(image, why));
            }
            return Err(Readiness::Awaits(Source::Patches { seed }));
        }
        if sample.is_empty() {
            self.tell(Block::GaveUp("no image of the pool can be decoded".to_owned()));
            return Err(Readiness::Failed);
        }
        tracing::info!(images = sample.len(), "learning features from a sample of the pool");
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Ok(Patches::learn(&to_tensor(&sample, side), self.task.device, &mut random))
    }
}

#[cfg(test)]
mod tests {
    use sluice_events::network::{CheckedGraph, INPUT, InputSpec, Node, Op, Window};
    use tch::Kind;

    use super::*;
    use crate::network::untrained;

    /// A convolution, its normalisation with this number added to the variance, and what follows.
    fn graph(epsilon: f32) -> Graph {
        let node = |name: &str, parameters: &str, input: &str, op| Node {
            name: name.to_owned(),
            parameters: parameters.to_owned(),
            inputs: vec![input.to_owned()],
            op,
        };
        let window = Window { kernel: 1, stride: 1, padding: 0 };
        let conv = Op::Conv2d { out_channels: 2, window, dilation: 1, groups: 1, bias: false };
        Graph {
            input: InputSpec { height: 4, width: 4, mean: [0.0; 3], standard_deviation: [1.0; 3] },
            nodes: vec![
                node("conv", "conv", INPUT, conv),
                node("norm", "norm", "conv", Op::BatchNorm { epsilon }),
                node("flat", "", "norm", Op::Flatten),
            ],
            features: "flat".to_owned(),
            weights: None,
        }
    }

    #[test]
    fn rows_are_of_one_definition_and_of_one_form() {
        let names = |epsilon: f32| {
            let graph = graph(epsilon);
            let network = untrained(CheckedGraph::new(graph.clone()).unwrap());
            let folded = network.folded(Kind::Float);
            [&network, &folded].map(|asked| made_by(&graph, Path::new("no weights"), asked))
        };
        let ([plain, folded], [other_plain, other_folded]) = (names(1e-5), names(1e-3));
        assert_ne!(folded, other_folded, "nothing of the folded network tells them apart");
        assert!(plain != folded && plain != other_plain);
        assert_eq!(folded, names(1e-5)[1]);
    }
}
