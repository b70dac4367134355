//! A checked graph becomes a network of tensors.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use sluice_events::network::{Activation, CheckedGraph, Node, Op, Shape};
use tch::{Device, Kind, Tensor};

use crate::weights::{self, WeightsError};

/// So many differences between weights and network are told.
const DIFFERENCES_SHOWN: usize = 5;

/// A network can't be run.
#[derive(Debug, thiserror::Error)]
#[error("the network can't be run: {0}")]
pub struct BuildError(String);

/// A network with its weights, on a device, ready to be asked.
pub(crate) struct Network {
    graph: CheckedGraph,
    /// By their names in the state dict.
    tensors: HashMap<String, Tensor>,
    /// Of the input, each (1, 3, 1, 1).
    mean: Tensor,
    deviation: Tensor,
    device: Device,
}

impl Network {
    /// Loads weights from a file. Names that the network has no use for (a classifier's) are ignored.
    pub fn load(graph: CheckedGraph, path: &Path, device: Device) -> Result<Self, WeightsError> {
        let mut file = weights::load(path)?;
        let mut tensors = HashMap::new();
        let mut differences = Vec::new();
        for (name, shape) in expected(&graph) {
            match file.remove(&name) {
                Some(tensor) if tensor.size() == shape => {
                    tensors.insert(name, tensor.to_device(device));
                }
                Some(tensor) => {
                    differences.push(format!("{name} is {:?}, not {shape:?}", tensor.size()));
                }
                None => differences.push(format!("{name} {shape:?} is missing")),
            }
        }
        if differences.is_empty() {
            return Ok(Self::with_tensors(graph, tensors, device));
        }
        let more = differences.len().saturating_sub(DIFFERENCES_SHOWN);
        differences.truncate(DIFFERENCES_SHOWN);
        if more > 0 {
            differences.push(format!("and {more} more"));
        }
        Err(WeightsError::Mismatch { path: path.to_owned(), differences })
    }

    fn with_tensors(graph: CheckedGraph, tensors: HashMap<String, Tensor>, device: Device) -> Self {
        let input = &graph.graph().input;
        let channel =
            |values: &[f32; 3]| Tensor::from_slice(values).view([1, 3, 1, 1]).to_device(device);
        let (mean, deviation) = (channel(&input.mean), channel(&input.standard_deviation));
        Self { graph, tensors, mean, deviation, device }
    }

    /// Side of the square pictures that it takes, pixels.
    pub fn side(&self) -> u32 {
        self.graph.graph().input.height
    }

    /// Length of the feature vector.
    pub fn dim(&self) -> usize {
        self.graph.feature_dim() as usize
    }

    /// Runs nothing yet, but proves that the network runs: one black picture.
    pub fn try_out(&self) -> Result<(), BuildError> {
        let side = i64::from(self.side());
        if self.graph.graph().input.width != self.side() {
            return Err(BuildError("its pictures are not square".to_owned()));
        }
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
        let pictures = pictures.to_device(self.device).to_kind(Kind::Float) / 255.0;
        let pictures = (pictures - &self.mean) / &self.deviation;
        let mut outputs: HashMap<&str, Tensor> = HashMap::new();
        for (node, _) in self.graph.in_order() {
            let inputs: Vec<&Tensor> =
                node.inputs.iter().map(|i| outputs.get(i.as_str()).unwrap_or(&pictures)).collect();
            let output = self.apply(node, &inputs);
            outputs.insert(&node.name, output);
        }
        outputs.remove(self.graph.graph().features.as_str()).unwrap_or(pictures)
    }

    fn parameter(&self, node: &Node, name: &str) -> Option<&Tensor> {
        self.tensors.get(&key(node, name))
    }

    /// Of a parameter that `expected` lists, and so was loaded.
    fn tensor(&self, node: &Node, name: &str) -> &Tensor {
        &self.tensors[&key(node, name)]
    }

    fn apply(&self, node: &Node, inputs: &[&Tensor]) -> Tensor {
        let x = inputs[0];
        let both = |side: u32| [i64::from(side), i64::from(side)];
        match &node.op {
            Op::Conv2d { window, groups, .. } => x.conv2d(
                self.tensor(node, "weight"),
                self.parameter(node, "bias"),
                both(window.stride),
                both(window.padding),
                [1, 1],
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
            Op::LayerNorm { epsilon } => x.layer_norm(
                [x.size()[1]],
                self.parameter(node, "weight"),
                self.parameter(node, "bias"),
                f64::from(*epsilon),
                true,
            ),
            Op::Linear { .. } => {
                x.linear(self.tensor(node, "weight"), self.parameter(node, "bias"))
            }
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
        }
    }
}

fn key(node: &Node, name: &str) -> String {
    format!("{}.{name}", node.parameters)
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
    }
}

/// Names and shapes of all tensors in the network's state dict.
fn expected(graph: &CheckedGraph) -> BTreeMap<String, Vec<i64>> {
    let mut all = BTreeMap::new();
    for (node, inputs) in graph.in_order() {
        let channels = i64::from(inputs.first().map_or(0, |shape: &Shape| shape.channels()));
        let mut add = |name: &str, shape: &[i64]| {
            all.insert(key(node, name), shape.to_vec());
        };
        match &node.op {
            Op::Conv2d { out_channels, window, groups, bias } => {
                let (out, kernel) = (i64::from(*out_channels), i64::from(window.kernel));
                add("weight", &[out, channels / i64::from(*groups), kernel, kernel]);
                if *bias {
                    add("bias", &[out]);
                }
            }
            Op::Linear { out_features, bias } => {
                let out = i64::from(*out_features);
                add("weight", &[out, channels]);
                if *bias {
                    add("bias", &[out]);
                }
            }
            Op::BatchNorm { .. } => {
                for name in ["weight", "bias", "running_mean", "running_var"] {
                    add(name, &[channels]);
                }
            }
            Op::LayerNorm { .. } => {
                add("weight", &[channels]);
                add("bias", &[channels]);
            }
            _ => {}
        }
    }
    all
}
