//! The tensors that a network's nodes need.

use sluice_events::network::{CheckedGraph, Op, Shape};

use super::key;

/// A tensor that a node needs.
pub(super) struct Needed {
    pub node: String,
    /// In the state dict.
    pub name: String,
    pub shape: Vec<i64>,
}

/// All tensors that the network needs.
pub(super) fn needed(graph: &CheckedGraph) -> Vec<Needed> {
    let mut all = Vec::new();
    for (node, inputs) in graph.in_order() {
        let first = inputs.first().copied().unwrap_or(Shape::Vector(0));
        let channels = i64::from(first.channels());
        let mut add_named = |name: String, shape: &[i64]| {
            all.push(Needed { node: node.name.clone(), name, shape: shape.to_vec() });
        };
        let mut add = |name: &str, shape: &[i64]| add_named(key(node, name), shape);
        match &node.op {
            Op::Conv2d { out_channels, window, groups, bias, .. } => {
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
            Op::SelfAttention { .. } => {
                add("in_proj_weight", &[3 * channels, channels]);
                add("in_proj_bias", &[3 * channels]);
                add("out_proj.weight", &[channels, channels]);
                add("out_proj.bias", &[channels]);
            }
            Op::ClassToken => add_named(node.parameters.clone(), &[1, 1, channels]),
            Op::Scale => add_named(node.parameters.clone(), &[channels]),
            Op::PositionEmbedding => {
                let tokens = first.len() as i64 / channels.max(1);
                add_named(node.parameters.clone(), &[1, tokens, channels]);
            }
            Op::Activation(_)
            | Op::MaxPool(_)
            | Op::AvgPool(_)
            | Op::AdaptiveAvgPool { .. }
            | Op::Add
            | Op::Multiply
            | Op::Concat
            | Op::Flatten
            | Op::Dropout { .. }
            | Op::Tokens
            | Op::Token { .. }
            | Op::MeanToken => {}
        }
    }
    all
}

/// With weights by chance, above zero, as variances are.
#[cfg(test)]
pub(crate) fn untrained(graph: CheckedGraph) -> super::Network {
    use tch::{Device, Kind, Tensor};

    tch::manual_seed(3);
    let by_chance = |shape: &[i64]| Tensor::rand(shape, (Kind::Float, Device::Cpu)) + 0.1;
    let tensors = needed(&graph).into_iter().map(|n| (n.name, by_chance(&n.shape))).collect();
    super::Network::with_tensors(graph.into(), tensors, Device::Cpu, Kind::Float)
}
