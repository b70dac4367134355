//! What is to make the features, before it can be asked.

use std::path::Path;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use sluice_events::network::CheckedGraph;
use tch::{Device, Kind};

use super::names::{made_by, set_name};
use super::ready::Ready;
use super::{Worker, patches};
use crate::device::{Workplace, precision};
use crate::features::Extractor;
use crate::network::Network;
use crate::{EXAMPLE, LearnError};

/// What is to make the features.
pub(super) enum Source {
    Patches { seed: u64 },
    Network(Box<Ready>),
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
    /// A network as it is asked, tried out where it will be.
    pub fn network(
        name: &str,
        graph: CheckedGraph,
        weights: &Path,
        pool: &str,
        workplace: &mut Workplace,
    ) -> Result<Self, LearnError> {
        let network = Network::load(graph, weights, Device::Cpu, Kind::Float)?;
        let asked = workplace.run(1, |on, _| {
            let asked = network.folded(precision(on));
            asked.on(on).try_out().map(|()| asked)
        })?;
        let made_by = made_by(network.graph(), weights, &asked);
        let set = set_name(name, &[pool.as_bytes(), made_by.as_bytes()]);
        let ready = Ready::new(Extractor::Network(Box::new(asked)), set, made_by);
        Ok(Self::Network(Box::new(ready)))
    }

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
    pub fn ready(self, worker: &Worker, workplace: &mut Workplace) -> Readiness {
        match self {
            Self::Network(ready) => Readiness::Ready(ready),
            Self::Patches { seed } => patches::ready(seed, worker, workplace),
        }
    }
}
