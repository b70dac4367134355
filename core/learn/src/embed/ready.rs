//! What makes the features, ready to be asked.

use std::convert::Infallible;
use std::fs;

use sluice_events::ImageId;
use sluice_pool::RowWriter;
use tch::{Device, Tensor};

use super::names::hash;
use super::source::Source;
use crate::device::Workplace;
use crate::features::{Extractor, Patches, SAMPLE_IMAGES};
use crate::predictor::Part;

/// What patches have learned is kept under this name beside their rows.
pub(super) const LEARNED: &str = "learned.safetensors";
/// Patches that were learned from fewer pictures than they could be are learned anew when the pool has so many times
/// as many.
const OUTGROWN_AT: usize = 4;

/// What makes them.
pub(super) struct Ready {
    /// On the CPU: a GPU that fails may take with it what is there.
    whole: Extractor,
    /// The same where it is asked.
    asked: Extractor,
    /// Name of the set of rows.
    pub set: String,
    /// Rows that anything else made are of no use.
    pub made_by: String,
    /// Whether what was learned is not kept yet.
    new: bool,
    /// What was learned from the pool's pictures is to be learned anew of a pool of another size class.
    learned: Option<Learned>,
}

/// How patches were learned.
#[derive(Clone, Copy)]
pub(super) struct Learned {
    pub seed: u64,
    /// Of the pool from whose pictures it was learned.
    pub size_class: u32,
}

/// Pools of about one size are of one class, those that are larger than the sample that is taken of them, too.
pub(super) fn size_class(images: usize) -> u32 {
    images.clamp(1, SAMPLE_IMAGES).ilog(OUTGROWN_AT)
}

impl Ready {
    /// On the CPU as it is given.
    pub fn new(whole: Extractor, set: String, made_by: String) -> Self {
        let asked = whole.on(Device::Cpu);
        Self { whole, asked, set, made_by, new: false, learned: None }
    }

    /// Patches on the CPU, whether they were learned just now, and how.
    pub fn of_patches(patches: Patches, set: String, new: bool, learned: Learned) -> Self {
        let made_by = hash(&[&patches.fingerprint()]);
        let ready = Self::new(Extractor::Patches(patches), set, made_by);
        Self { new, learned: Some(learned), ..ready }
    }

    /// Side of the square pictures that it takes, pixels.
    pub fn side(&self) -> u32 {
        self.whole.side()
    }

    /// Length of a feature vector.
    pub fn dim(&self) -> usize {
        self.whole.dim()
    }

    /// Pictures that it takes at once where it is.
    pub fn batch(&self) -> usize {
        self.asked.batch()
    }

    /// Patches as a part of a predictor, still without a head.
    pub fn patches(&self) -> Option<Part> {
        self.whole.patches()
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
            (rows.folder(), &self.whole, self.new)
        else {
            return;
        };
        let (written, kept) = (folder.join("learned.part"), folder.join(LEARNED));
        match patches.write(&written).and_then(|()| fs::rename(&written, &kept)) {
            Ok(()) => self.new = false,
            Err(error) => tracing::warn!(%error, path = %kept.display(), "can't be kept"),
        }
    }

    /// Features (n, dim), float32 on the CPU, of pictures (n, 3, side, side), bytes.
    pub fn extract(&mut self, pictures: &Tensor, workplace: &mut Workplace) -> Tensor {
        let Self { whole, asked, .. } = self;
        let Ok(features) = workplace.run(pictures.size()[0], |on, at_once| {
            if asked.device() != on {
                *asked = whole.on(on);
            }
            let parts = pictures.split(at_once, 0);
            let parts: Vec<Tensor> = parts.iter().map(|part| asked.extract(part)).collect();
            Ok::<_, Infallible>(Tensor::cat(&parts, 0))
        });
        features
    }
}
