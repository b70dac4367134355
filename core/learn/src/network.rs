//! A checked graph becomes a network of tensors.

mod folded;
mod needed;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use sluice_events::network::{Activation, CheckedGraph, Graph, Node, Op};
use tch::{Device, Kind, Tensor};

use crate::features::to_tensor;
use crate::weights::{self, WeightsError};
#[cfg(test)]
pub(crate) use needed::untrained;
use needed::{Needed, needed};

/// Intermediate values of a batch, 4 bytes each: on a GPU, ...
const VALUES_AT_ONCE: u64 = 128 << 20;
/// ... and on the CPU. Larger pieces of memory are taken from the system anew for each step and come page by page, and no
/// cache holds them: `ResNet18` asks 8 or 16 pictures at once 1.4 times as fast as 64, twice as fast in 16 bit.
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
    /// Loads weights from a file. Names that the network has no use for (a classifier's) are ignored.
    pub fn load(
        graph: CheckedGraph,
        path: &Path,
        device: Device,
        kind: Kind,
    ) -> Result<Self, WeightsError> {
        let file = weights::load(path, graph.graph().weights.as_ref())?;
        let mut differences = match fit(&graph, &file) {
            Ok(tensors) => return Ok(Self::with_tensors(Arc::new(graph), tensors, device, kind)),
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
        let tensors = fit(&graph, tensors).map_err(|mut differences| {
            differences.truncate(DIFFERENCES_SHOWN);
            differences
        })?;
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
        let mut network = Self { graph, tensors, mean, deviation, device, kind };
        network.move_to(device);
        network
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

    pub fn move_to(&mut self, device: Device) {
        self.device = device;
        let exact = normalising(self.graph());
        for (name, tensor) in &mut self.tensors {
            // Statistics are kept in full precision; libtorch takes them beside anything.
            let kind = if exact.contains(name) { Kind::Float } else { self.kind };
            *tensor = channels_last(&tensor.to_device(device).to_kind(kind));
        }
        for tensor in [&mut self.mean, &mut self.deviation] {
            *tensor = tensor.to_device(device);
        }
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
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.features(&black)));
        match run {
            Ok(features) if features.isfinite().all().int64_value(&[]) == 0 => Err(BuildError(
                "its features are not finite numbers; the weights are broken".to_owned(),
            )),
            Ok(features) if features.size() == [1, self.dim() as i64] => Ok(()),
            Ok(features) => {
                Err(BuildError(format!("its features have shape {:?}", features.size())))
            }
            Err(_) => Err(BuildError("libtorch refused one of its steps".to_owned())),
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

    fn parameter(&self, node: &Node, name: &str) -> Option<&Tensor> {
        self.tensors.get(&key(node, name))
    }

    /// Of a parameter that `needed` lists, and so was loaded.
    fn tensor(&self, node: &Node, name: &str) -> &Tensor {
        &self.tensors[&key(node, name)]
    }

    fn apply(&self, node: &Node, inputs: &[&Tensor]) -> Tensor {
        let x = inputs[0];
        let both = |side: u32| [i64::from(side), i64::from(side)];
        match &node.op {
            Op::Conv2d { window, dilation, groups, bias, .. } => x.conv2d(
                self.tensor(node, "weight"),
                self.parameter(node, "bias").filter(|_| *bias),
                both(window.stride),
                both(window.padding),
                both(*dilation),
                i64::from(*groups),
            ),
            Op::BatchNorm { epsilon } => x.batch_norm(
                self.parameter(node, "weight"),
                self.parameter(node, "bias"),
                self.parameter(node, "running_mean"),
                self.parameter(node, "running_var"),
                false,
                0.1,
                f64::from(*epsilon),
                true,
            ),
            Op::LayerNorm { epsilon } => on_each_vector(x, |x| {
                x.layer_norm(
                    &x.size()[x.dim() - 1..],
                    self.parameter(node, "weight"),
                    self.parameter(node, "bias"),
                    f64::from(*epsilon),
                    true,
                )
            }),
            Op::Linear { bias, .. } => on_each_vector(x, |x| {
                let added = self.parameter(node, "bias").filter(|_| *bias);
                x.linear(self.tensor(node, "weight"), added)
            }),
            Op::Activation(kind) => activate(*kind, x),
            Op::MaxPool(window) => x.max_pool2d(
                both(window.kernel),
                both(window.stride),
                both(window.padding),
                [1, 1],
                false,
            ),
            Op::AvgPool(window) => x.avg_pool2d(
                both(window.kernel),
                both(window.stride),
                both(window.padding),
                false,
                true,
                None,
            ),
            Op::AdaptiveAvgPool { height, width } => {
                x.adaptive_avg_pool2d([i64::from(*height), i64::from(*width)])
            }
            Op::Add => inputs[1..].iter().fold(x.shallow_clone(), |sum, other| sum + *other),
            Op::Multiply => {
                inputs[1..].iter().fold(x.shallow_clone(), |product, other| product * *other)
            }
            Op::Concat => Tensor::cat(inputs, 1),
            Op::Flatten => x.flatten(1, -1),
            // Only asked, never trained here.
            Op::Dropout { .. } => x.shallow_clone(),
            Op::Tokens => x.flatten(2, -1).transpose(1, 2),
            Op::ClassToken => {
                let token = self.tensors[&node.parameters].expand_as(&x.narrow(1, 0, 1));
                Tensor::cat(&[&token, x], 1)
            }
            Op::PositionEmbedding => x + &self.tensors[&node.parameters],
            Op::SelfAttention { heads } => self.attend(node, x, i64::from(*heads)),
            Op::Token { place } => x.select(1, i64::from(*place)),
            Op::MeanToken => x.mean_dim(1_i64, false, x.kind()),
            Op::Scale => {
                let factors = &self.tensors[&node.parameters];
                if x.dim() == 4 { x * factors.view([1, -1, 1, 1]) } else { x * factors }
            }
        }
    }

    /// Self-attention (Vaswani et al. 2017) over tokens (n, tokens, features).
    fn attend(&self, node: &Node, x: &Tensor, heads: i64) -> Tensor {
        let projected =
            x.linear(self.tensor(node, "in_proj_weight"), self.parameter(node, "in_proj_bias"));
        let by_head = |part: Tensor| {
            let (tokens, features) = (part.size()[1], part.size()[2]);
            part.reshape([-1, tokens, heads, features / heads]).transpose(1, 2)
        };
        let mut parts = projected.chunk(3, -1).into_iter().map(by_head);
        let (Some(query), Some(key), Some(value)) = (parts.next(), parts.next(), parts.next())
        else {
            unreachable!("three parts were asked for");
        };
        let none = None::<&Tensor>;
        let seen = Tensor::scaled_dot_product_attention(
            &query, &key, &value, none, 0.0, false, None, false,
        );
        let together = seen.transpose(1, 2).flatten(2, -1);
        together.linear(self.tensor(node, "out_proj.weight"), self.parameter(node, "out_proj.bias"))
    }
}

/// The tensors that the graph needs, of those that there are; or what does not fit.
fn fit(
    graph: &CheckedGraph,
    file: &HashMap<String, Tensor>,
) -> Result<HashMap<String, Tensor>, Vec<String>> {
    let mut tensors = HashMap::new();
    let mut differences = Vec::new();
    for Needed { node, name, shape } in needed(graph) {
        let found = match file.get(&name) {
            // Nodes may share a prefix.
            Some(tensor) if tensor.size() == shape => {
                tensors.entry(name).or_insert_with(|| tensor.shallow_clone());
                continue;
            }
            // What scales channels may have any shape with as many numbers.
            Some(tensor) if shape.len() == 1 && tensor.numel() as i64 == shape[0] => {
                tensors.entry(name).or_insert_with(|| tensor.flatten(0, -1));
                continue;
            }
            Some(tensor) => format!("{:?} is there", tensor.size()),
            None => "it is missing".to_owned(),
        };
        differences.push(format!("node '{node}' needs {name} of {shape:?}, and {found}"));
    }
    if differences.is_empty() { Ok(tensors) } else { Err(differences) }
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

/// Of a map, the vectors are its places' channels.
fn on_each_vector(x: &Tensor, apply: impl Fn(&Tensor) -> Tensor) -> Tensor {
    if x.dim() == 4 { apply(&x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2]) } else { apply(x) }
}

fn activate(kind: Activation, x: &Tensor) -> Tensor {
    match kind {
        Activation::Relu => x.relu(),
        Activation::Relu6 => x.relu6(),
        Activation::Hardswish => x.hardswish(),
        Activation::Hardsigmoid => x.hardsigmoid(),
        Activation::Sigmoid => x.sigmoid(),
        Activation::Silu => x.silu(),
        Activation::Gelu => x.gelu("none"),
        Activation::Tanh => x.tanh(),
        Activation::LeakyRelu => x.leaky_relu(),
        Activation::Elu => x.elu(),
        Activation::QuickGelu => x * (x * 1.702).sigmoid(),
    }
}
