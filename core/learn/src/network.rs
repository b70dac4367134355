//! A checked graph becomes a network of tensors.

mod folded;
mod needed;
mod steps;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use sluice_events::network::{CheckedGraph, Graph, Node, Op};
use tch::{Device, Kind, Tensor};

use crate::device::panic_text;
use crate::features::to_tensor;
use crate::weights::{self, WeightsError};
#[cfg(test)]
pub(crate) use needed::untrained;
use needed::{Needed, needed};

/// Intermediate values of a batch, 4 bytes each: on a GPU, ...
const VALUES_AT_ONCE: u64 = 128 << 20;
/// ... and on the CPU. Larger pieces of memory are taken from the system anew for each step and come page by page, and
/// no cache holds them: `ResNet18` asks 8 or 16 pictures at once 1.2 to 1.5 times as fast as 64, in 16 bit 1.3 to 1.7
/// times.
const VALUES_AT_ONCE_ON_CPU: u64 = 16 << 20;
/// Pictures of a batch at most.
const MOST_AT_ONCE: usize = 128;
/// So many differences between weights and network are told.
const DIFFERENCES_SHOWN: usize = 5;

/// A network can't be run.
#[derive(Debug, thiserror::Error)]
#[error("the network can't be run: {0}")]
pub struct BuildError(String);

/// What a network says of pictures (n, 3, side, side; bytes, each picture red, green, blue row by row), in full
/// precision on the CPU: features (n, dim), row after row. Nothing is kept.
///
/// # Errors
/// When the weights don't fit or the network can't be run.
pub fn ask(
    graph: CheckedGraph,
    weights: &Path,
    pictures: &[Vec<u8>],
) -> Result<Vec<f32>, crate::LearnError> {
    let network = Network::load(graph, weights, Device::Cpu, Kind::Float)?;
    network.try_out()?;
    let features = tch::no_grad(|| network.features(&to_tensor(pictures, network.side())));
    Ok(Vec::try_from(features.flatten(0, -1)).unwrap_or_default())
}

/// A network with its weights, on a device, ready to be asked.
pub(crate) struct Network {
    graph: Arc<CheckedGraph>,
    /// By their names in the state dict.
    tensors: HashMap<String, Tensor>,
    /// Of the input, each (1, 3, 1, 1).
    mean: Tensor,
    deviation: Tensor,
    device: Device,
    /// What it computes with.
    kind: Kind,
}

impl Network {
    /// Loads weights from a file. What the network has no use for (a classifier) is not read.
    pub fn load(
        graph: CheckedGraph,
        path: &Path,
        device: Device,
        kind: Kind,
    ) -> Result<Self, WeightsError> {
        let file = weights::open(path, graph.graph().weights.as_ref())?;
        let fitting = fit(&graph, |name| file.get(name).map(|unread| unread.shape.clone()));
        let mut differences = match fitting {
            Ok(wanted) => {
                let tensors = weights::read(path, &file, &wanted)?;
                return Ok(Self::with_tensors(Arc::new(graph), tensors, device, kind));
            }
            Err(differences) => differences,
        };
        let more = differences.len().saturating_sub(DIFFERENCES_SHOWN);
        differences.truncate(DIFFERENCES_SHOWN);
        if more > 0 {
            let first =
                file.into_keys().min().map(|name| format!(" (the file begins with {name})"));
            differences.push(format!("and {more} more{}", first.unwrap_or_default()));
        }
        Err(WeightsError::Mismatch { path: path.to_owned(), differences })
    }

    /// In full precision with these tensors, by their names in the state dict; what does not fit is told.
    pub fn fitting(
        graph: CheckedGraph,
        tensors: &HashMap<String, Tensor>,
        device: Device,
    ) -> Result<Self, Vec<String>> {
        let fitting = fit(&graph, |name| tensors.get(name).map(Tensor::size));
        let wanted = fitting.map_err(|mut differences| {
            differences.truncate(DIFFERENCES_SHOWN);
            differences
        })?;
        let shaped = |(name, shape): (String, Vec<i64>)| {
            let tensor = tensors.get(&name)?.reshape(shape.as_slice());
            Some((name, tensor))
        };
        let tensors = wanted.into_iter().filter_map(shaped).collect();
        Ok(Self::with_tensors(Arc::new(graph), tensors, device, Kind::Float))
    }

    /// With these tensors, by their names in the state dict: all that the graph needs. Gradients go back to them.
    pub fn with_tensors(
        graph: Arc<CheckedGraph>,
        tensors: HashMap<String, Tensor>,
        device: Device,
        kind: Kind,
    ) -> Self {
        let input = &graph.graph().input;
        let channel = |values: &[f32; 3]| Tensor::from_slice(values).view([1, 3, 1, 1]);
        let (mean, deviation) = (channel(&input.mean), channel(&input.standard_deviation));
        Self { graph, tensors, mean, deviation, device: Device::Cpu, kind }.on(device)
    }

    /// The same on a device. This one stays as it is.
    pub fn on(&self, device: Device) -> Self {
        let exact = normalising(self.graph());
        let moved = |(name, tensor): (&String, &Tensor)| {
            // Statistics are kept in full precision; libtorch takes them beside anything.
            let kind = if exact.contains(name) { Kind::Float } else { self.kind };
            (name.clone(), channels_last(&tensor.to_device(device).to_kind(kind)))
        };
        let tensors = self.tensors.iter().map(moved).collect();
        let (mean, deviation) = (self.mean.to_device(device), self.deviation.to_device(device));
        Self { graph: Arc::clone(&self.graph), tensors, mean, deviation, device, kind: self.kind }
    }

    /// The same, made to be asked and nothing else, from its tensors in full precision: what normalises a convolution is
    /// part of it.
    pub fn folded(&self, kind: Kind) -> Self {
        let (graph, tensors) = match folded::folded(&self.graph, &self.tensors) {
            Some((graph, tensors)) => (Arc::new(graph), tensors),
            None => (Arc::clone(&self.graph), folded::shared(&self.tensors)),
        };
        Self::with_tensors(graph, tensors, self.device, kind)
    }

    /// What it was built from.
    pub fn graph(&self) -> &Graph {
        self.graph.graph()
    }

    /// By their names in the state dict.
    pub fn tensors(&self) -> &HashMap<String, Tensor> {
        &self.tensors
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// What it computes with.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Side of the square pictures that it takes, pixels.
    pub fn side(&self) -> u32 {
        self.graph.graph().input.height
    }

    /// Length of the feature vector.
    pub fn dim(&self) -> usize {
        self.graph.feature_dim() as usize
    }

    /// Pictures that are asked about at once: as many as their intermediate values fit into memory.
    pub fn batch(&self) -> usize {
        let values =
            if self.device == Device::Cpu { VALUES_AT_ONCE_ON_CPU } else { VALUES_AT_ONCE };
        let fit = values / self.graph.activations().max(1);
        usize::try_from(fit).unwrap_or(MOST_AT_ONCE).clamp(1, MOST_AT_ONCE)
    }

    /// Proves that the network runs: on one black picture.
    pub fn try_out(&self) -> Result<(), BuildError> {
        let side = i64::from(self.side());
        let black = Tensor::zeros([1, 3, side, side], (Kind::Uint8, Device::Cpu));
        let run = catch_unwind(AssertUnwindSafe(|| self.features(&black)));
        match run {
            Ok(features) if features.isfinite().all().int64_value(&[]) == 0 => Err(BuildError(
                "its features are not finite numbers; the weights are broken".to_owned(),
            )),
            Ok(features) if features.size() == [1, self.dim() as i64] => Ok(()),
            Ok(features) => {
                Err(BuildError(format!("its features have shape {:?}", features.size())))
            }
            Err(panic) => {
                let why = panic_text(panic.as_ref());
                Err(BuildError(format!("libtorch refused one of its steps ({why})")))
            }
        }
    }

    /// Features (n, dim) of pictures (n, 3, side, side), bytes.
    pub fn features(&self, pictures: &Tensor) -> Tensor {
        let pictures = on(pictures, self.device).to_kind(Kind::Float) / 255.0;
        self.forward(&((pictures - &self.mean) / &self.deviation))
    }

    /// Features (n, dim) of normalised pictures (n, 3, side, side), float32 on the device.
    pub fn forward(&self, pictures: &Tensor) -> Tensor {
        let pictures = pictures.to_kind(self.kind);
        let mut last_use: HashMap<&str, usize> = HashMap::new();
        for (step, (node, _)) in self.graph.in_order().enumerate() {
            last_use.extend(node.inputs.iter().map(|input| (input.as_str(), step)));
        }
        let mut outputs: HashMap<&str, Tensor> = HashMap::new();
        for (step, (node, _)) in self.graph.in_order().enumerate() {
            let inputs: Vec<&Tensor> =
                node.inputs.iter().map(|i| outputs.get(i.as_str()).unwrap_or(&pictures)).collect();
            let output = self.apply(node, &inputs);
            outputs.retain(|name, _| last_use.get(name).is_none_or(|last| *last > step));
            outputs.insert(&node.name, output);
        }
        outputs.remove(self.graph.graph().features.as_str()).unwrap_or(pictures)
    }
}

/// The tensors that the graph needs, and the shapes that it needs them in; or what does not fit. `there` gives the
/// shape of what there is.
fn fit(
    graph: &CheckedGraph,
    there: impl Fn(&str) -> Option<Vec<i64>>,
) -> Result<HashMap<String, Vec<i64>>, Vec<String>> {
    let mut wanted = HashMap::new();
    let mut differences = Vec::new();
    for Needed { node, name, shape } in needed(graph) {
        let found = match there(&name) {
            Some(there) if there == shape || is_as_long(&there, &shape) => {
                // Nodes may share a prefix.
                wanted.entry(name).or_insert(shape);
                continue;
            }
            Some(there) => format!("{there:?} is there"),
            None => "it is missing".to_owned(),
        };
        differences.push(format!("node '{node}' needs {name} of {shape:?}, and {found}"));
    }
    if differences.is_empty() { Ok(wanted) } else { Err(differences) }
}

/// What scales channels may have any shape with as many numbers.
fn is_as_long(there: &[i64], vector: &[i64]) -> bool {
    let numbers = there.iter().try_fold(1_i64, |all, side| all.checked_mul(*side));
    vector.len() == 1 && numbers == Some(vector[0])
}

/// The same where it is there already: a trace would have every copy of it made on that device for ever.
pub(crate) fn on(tensor: &Tensor, device: Device) -> Tensor {
    if tensor.device() == device { tensor.shallow_clone() } else { tensor.to_device(device) }
}

/// Parameters of the layers that normalise.
pub(crate) fn normalising(graph: &Graph) -> HashSet<String> {
    let nodes = graph.nodes.iter();
    let normalise = nodes.filter(|n| matches!(n.op, Op::BatchNorm { .. } | Op::LayerNorm { .. }));
    let names = ["weight", "bias", "running_mean", "running_var"];
    normalise.flat_map(|node| names.map(|name| key(node, name))).collect()
}

/// The same numbers, those of one place of a map side by side: the order that convolutions are fastest in.
fn channels_last(tensor: &Tensor) -> Tensor {
    match tensor.dim() {
        4 => tensor.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]),
        _ => tensor.shallow_clone(),
    }
}

pub(crate) fn key(node: &Node, name: &str) -> String {
    match node.parameters.as_str() {
        "" => name.to_owned(),
        prefix => format!("{prefix}.{name}"),
    }
}
