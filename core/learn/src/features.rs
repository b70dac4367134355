//! Pictures to feature vectors.

pub(crate) mod patches;

use tch::{Device, Kind, Tensor};

use crate::network::Network;
use crate::predictor::{FEATURES, Part, Way};

pub(crate) use patches::{Patches, SAMPLE_IMAGES};

/// Pictures whose patches are taken at once.
const PATCHES_AT_ONCE: usize = 128;

/// A way from pictures to features.
pub(crate) enum Extractor {
    Patches(Patches),
    Network(Box<Network>),
}

impl Extractor {
    /// Side of the square pictures that it takes, pixels.
    pub fn side(&self) -> u32 {
        match self {
            Self::Patches(patches) => patches.side(),
            Self::Network(network) => network.side(),
        }
    }

    /// Length of a feature vector.
    pub fn dim(&self) -> usize {
        match self {
            Self::Patches(patches) => patches.dim(),
            Self::Network(network) => network.dim(),
        }
    }

    /// Patches as a part of a predictor, still without a head.
    pub fn patches(&self) -> Option<Part> {
        let Self::Patches(patches) = self else { return None };
        let way = Way::Patches { side: patches.side() };
        Some(Part { name: FEATURES.to_owned(), way, tensors: patches.learned(), factor: 1.0 })
    }

    pub fn device(&self) -> Device {
        match self {
            Self::Patches(patches) => patches.device(),
            Self::Network(network) => network.device(),
        }
    }

    /// The same on a device. This one stays as it is.
    pub fn on(&self, device: Device) -> Self {
        match self {
            Self::Patches(patches) => Self::Patches(patches.on(device)),
            Self::Network(network) => Self::Network(Box::new(network.on(device))),
        }
    }

    /// Pictures that it takes at once.
    pub fn batch(&self) -> usize {
        match self {
            Self::Patches(_) => PATCHES_AT_ONCE,
            Self::Network(network) => network.batch(),
        }
    }

    /// Features (n, dim), float32 on the CPU, of pictures (n, 3, side, side), bytes.
    pub fn extract(&self, pictures: &Tensor) -> Tensor {
        let features = tch::no_grad(|| match self {
            Self::Patches(patches) => patches.extract(pictures),
            Self::Network(network) => network.features(pictures),
        });
        features.to_device(Device::Cpu).to_kind(Kind::Float)
    }
}

/// Square pictures of `side` pixels, each red, green, blue row by row, as a tensor (n, 3, side, side)
/// of bytes.
pub(crate) fn to_tensor(pictures: &[Vec<u8>], side: u32) -> Tensor {
    let side = i64::from(side);
    let rows: Vec<Tensor> = pictures.iter().map(|rgb| Tensor::from_slice(rgb)).collect();
    Tensor::stack(&rows, 0).view([-1, side, side, 3]).permute([0, 3, 1, 2])
}
