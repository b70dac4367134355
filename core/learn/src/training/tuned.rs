//! A network whose pretrained weights are tuned: from the head that stands on its features (Kumar et al. 2022,
//! linear probing, then fine-tuning), with small steps, what normalises frozen.

use std::path::Path;
use std::sync::Arc;

use sluice_events::network::{CheckedGraph, GraphError};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::trainee::Trainee;
use crate::device::precision;
use crate::network::{Network, normalising};
use crate::predictor::{BACKGROUND, Part, Values, Way, with_head};
use crate::weights::WeightsError;

/// Of the pretrained weights, and of the linear layer on them.
const RATES: [f64; 2] = [1e-5, 1e-3];
const BACKBONE: &str = "backbone";

pub(super) struct TunedNetwork {
    graph: Arc<CheckedGraph>,
    /// Float32, those of the backbone by their names in the state dict.
    variables: VarStore,
    /// (1, features) and (1).
    weight: Tensor,
    bias: Tensor,
    /// What it computes with.
    kind: Kind,
}

impl TunedNetwork {
    pub fn load(
        graph: &CheckedGraph,
        weights: &Path,
        device: Device,
        head: Option<&(Vec<f32>, f32)>,
    ) -> Result<Self, WeightsError> {
        let network = Network::load(graph.clone(), weights, Device::Cpu, Kind::Float)?;
        let variables = VarStore::new(device);
        let root = variables.root();
        let frozen = normalising(graph.graph());
        for (name, tensor) in network.tensors() {
            let mut parts: Vec<&str> = name.split('.').collect();
            let last = parts.pop().unwrap_or_default();
            let path = parts.iter().fold(&root / BACKBONE, |path, part| path / part);
            let tensor = tensor.to_device(device).contiguous();
            let _ = path.add(last, tensor.copy(), !frozen.contains(name));
        }
        let features = graph.feature_dim() as usize;
        let (weight, bias) = match head.filter(|(weight, _)| weight.len() == features) {
            Some((weight, bias)) => (weight.clone(), *bias),
            None => (vec![0.0; features], 0.0),
        };
        let of_head = root.set_group(1);
        let weight = of_head.var_copy("weight", &Tensor::from_slice(&weight).unsqueeze(0));
        let bias = of_head.var_copy("bias", &Tensor::from_slice(&[bias]));
        let graph = Arc::new(graph.clone());
        Ok(Self { graph, weight, bias, kind: precision(device), variables })
    }
}

impl Trainee for TunedNetwork {
    fn logits(&self, pictures: &Tensor, _train: bool) -> Tensor {
        let prefix = format!("{BACKBONE}.");
        let of_backbone = |(name, tensor): (String, Tensor)| {
            name.strip_prefix(&prefix).map(|name| (name.to_owned(), tensor))
        };
        let tensors = self.variables.variables().into_iter().filter_map(of_backbone).collect();
        let device = self.variables.device();
        // Of the weights' newest values; gradients go back through the change of their kind.
        let network = Network::with_tensors(Arc::clone(&self.graph), tensors, device, self.kind);
        let features = network.forward(&pictures.to_device(device)).to_kind(Kind::Float);
        features.linear(&self.weight, Some(&self.bias)).squeeze_dim(1)
    }

    fn normalisation(&self) -> Option<[[f32; 3]; 2]> {
        let input = &self.graph.graph().input;
        Some([input.mean, input.standard_deviation].map(|of| of.map(|value| value * 255.0)))
    }

    fn part(&self, _: [[f32; 3]; 2], _: u32) -> Result<Part, GraphError> {
        let (graph, head) = with_head(self.graph.graph())?;
        let prefix = format!("{BACKBONE}.");
        let named = |(name, tensor): (String, Tensor)| {
            let name = match name.strip_prefix(&prefix) {
                Some(name) => name.to_owned(),
                None => format!("{head}.{name}"),
            };
            (name, Values::of(&tensor))
        };
        let tensors = self.variables.variables().into_iter().map(named).collect();
        let way = Way::Network(Box::new(graph));
        Ok(Part { name: BACKGROUND.to_owned(), way, tensors, factor: 1.0 })
    }

    fn rates(&self) -> &'static [f64] {
        &RATES
    }

    fn variables(&self) -> &VarStore {
        &self.variables
    }

    fn variables_mut(&mut self) -> &mut VarStore {
        &mut self.variables
    }
}
