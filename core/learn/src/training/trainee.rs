//! What is trained in the background: the small network from nothing, or a network whose pretrained weights are
//! tuned.

use std::path::PathBuf;

use rand_chacha::ChaCha8Rng;
use sluice_events::network::{CheckedGraph, GraphError};
use tch::nn::{self, Optimizer, OptimizerConfig, VarStore};
use tch::{Device, TchError, Tensor};

use super::small::SmallNetwork;
use super::tuned::TunedNetwork;
use crate::joint::Say;
use crate::predictor::Part;

/// What is to be trained.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// The small network, from nothing.
    Small,
    /// A network from its pretrained weights.
    Backbone { name: String, graph: Box<CheckedGraph>, weights: PathBuf, fingerprint: String },
}

impl Subject {
    /// What it is: weights that were kept of another one are of no use. Begins with its name.
    pub fn identity(&self) -> String {
        match self {
            Self::Small => self.name().to_owned(),
            Self::Backbone { name, fingerprint, .. } => format!("{name}-{fingerprint}"),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Small => "small",
            Self::Backbone { name, .. } => name,
        }
    }

    /// What it has to say before answers have shown how good it is.
    pub fn say(&self) -> Say {
        match self {
            Self::Small => Say::Equal,
            Self::Backbone { .. } => Say::Earned,
        }
    }

    /// Side of the pictures that it wants, pixels; none: any, as the pool's pictures have it.
    pub fn side(&self) -> Option<u32> {
        match self {
            Self::Small => None,
            Self::Backbone { graph, .. } => Some(graph.graph().input.height),
        }
    }

    /// With the weights that it begins with. `head` is what the head learned on the same network's features: one
    /// weight a feature, and the bias.
    pub(super) fn begin(
        &self,
        device: Device,
        head: Option<&(Vec<f32>, f32)>,
        random: &mut ChaCha8Rng,
    ) -> Result<Box<dyn Trainee>, String> {
        match self {
            Self::Small => Ok(Box::new(SmallNetwork::new(device, random))),
            Self::Backbone { graph, weights, .. } => {
                let tuned = TunedNetwork::load(graph, weights, device, head);
                Ok(Box::new(tuned.map_err(|error| error.to_string())?))
            }
        }
    }
}

/// A network while it is trained.
pub(super) trait Trainee {
    /// Logits (n), float32, of normalised pictures (n, 3, side, side), float32.
    fn logits(&self, pictures: &Tensor, train: bool) -> Tensor;

    /// What is subtracted from red, green and blue bytes, and what they are divided by; none: as the pool's are.
    fn normalisation(&self) -> Option<[[f32; 3]; 2]>;

    /// The learning rate of each group of weights at its height.
    fn rates(&self) -> &'static [f64];

    /// As a part of a predictor for pictures of this side, which were normalised so.
    fn part(&self, normalisation: [[f32; 3]; 2], side: u32) -> Result<Part, GraphError>;

    fn variables(&self) -> &VarStore;

    fn variables_mut(&mut self) -> &mut VarStore;

    /// A fresh optimiser of all weights.
    fn optimiser(&self, settings: nn::AdamW) -> Result<Optimizer, TchError> {
        settings.build(self.variables(), self.rates()[0])
    }
}
