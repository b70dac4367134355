//! Patches, found again or learned from a sample of the pool.

use std::convert::Infallible;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use sluice_events::network::PATCHES;
use sluice_pool::Square;
use tch::Device;

use super::names::set_name;
use super::ready::{LEARNED, Learned, Ready, size_class};
use super::sides::typical_side;
use super::source::{Readiness, Source};
use super::{Block, Task, Worker};
use crate::device::Workplace;
use crate::features::{Patches, SAMPLE_IMAGES, to_tensor};
use crate::{EXAMPLE, NoPicture};

/// Sides of the pictures that patches are taken from, pixels.
const SMALL_SIDE: u32 = 32;
const LARGE_SIDE: u32 = 64;

/// Patches for the pool; learned, unless they were. `seed` decides every draw.
pub(super) fn ready(seed: u64, worker: &Worker, workplace: &mut Workplace) -> Readiness {
    let Task { pool, pictures, place, .. } = &worker.task;
    let images = worker.order.iter().copied();
    let side = typical_side(pictures.as_ref(), images, SMALL_SIDE, LARGE_SIDE);
    let size_class = size_class(worker.order.len());
    let numbers = [&seed.to_le_bytes()[..], &side.to_le_bytes(), &size_class.to_le_bytes()];
    let set = set_name(PATCHES, &[&[pool.as_bytes()], &numbers[..]].concat());
    let learned = Learned { seed, size_class };
    let kept = place.as_ref().map(|place| place.folder.join(&set).join(LEARNED));
    if let Some(patches) = kept.and_then(|path| Patches::read(&path)) {
        return Readiness::Ready(Box::new(Ready::of_patches(patches, set, false, learned)));
    }
    match sample(seed, side, worker) {
        Ok(sample) => {
            let patches = learn(&sample, side, seed, workplace);
            worker.tell_of(workplace);
            Readiness::Ready(Box::new(Ready::of_patches(patches, set, true, learned)))
        }
        Err(readiness) => readiness,
    }
}

/// Pictures of this side to learn from; or what there is instead.
fn sample(seed: u64, side: u32, worker: &Worker) -> Result<Vec<Vec<u8>>, Readiness> {
    let order = &worker.order[..worker.order.len().min(SAMPLE_IMAGES * 2)];
    let lanes = worker.decode(order, side, &Arc::default()).ok_or(Readiness::Failed)?;
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
    if worker.stopped() {
        return Err(Readiness::Failed);
    }
    if missing.len() > sample.len() {
        // What is learned from the few that are there would stay.
        for (image, why) in missing {
            worker.tell(Block::Failed(image, why));
        }
        return Err(Readiness::Awaits(Source::Patches { seed }));
    }
    if sample.is_empty() {
        worker.tell(Block::GaveUp("no image of the pool can be decoded".to_owned()));
        return Err(Readiness::Failed);
    }
    Ok(sample)
}

/// Learned where there is the memory for it; on the CPU.
fn learn(sample: &[Vec<u8>], side: u32, seed: u64, workplace: &mut Workplace) -> Patches {
    tracing::info!(images = sample.len(), "learning features from a sample of the pool");
    let sample = to_tensor(sample, side);
    // The whole sample is wanted at once.
    let Ok(patches) = workplace.run(1, |on, _| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Ok::<_, Infallible>(Patches::learn(&sample, on, &mut random).on(Device::Cpu))
    });
    patches
}
