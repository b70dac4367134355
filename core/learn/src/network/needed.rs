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
        let taken = inputs.first().copied().unwrap_or(Shape::Vector(0));
        for (name, shape) in parameters(&node.op, taken) {
            let name = if name.is_empty() { node.parameters.clone() } else { key(node, name) };
            all.push(Needed { node: node.name.clone(), name, shape });
        }
    }
    all
}

/// What a node needs that takes an input of this shape: each parameter's name and shape. No name: it is the only one,
/// and called as the node's parameters are.
fn parameters(op: &Op, taken: Shape) -> Vec<(&'static str, Vec<i64>)> {
    let channels = i64::from(taken.channels());
    match op {
        Op::Conv2d { out_channels, window, groups, bias, .. } => {
            let (out, kernel) = (i64::from(*out_channels), i64::from(window.kernel));
            weighted(vec![out, channels / i64::from(*groups), kernel, kernel], *bias)
        }
        Op::Linear { out_features, bias } => {
            weighted(vec![i64::from(*out_features), channels], *bias)
        }
        Op::BatchNorm { .. } => ["weight", "bias", "running_mean", "running_var"]
            .map(|name| (name, vec![channels]))
            .to_vec(),
        Op::LayerNorm { .. } => ["weight", "bias"].map(|name| (name, vec![channels])).to_vec(),
        Op::SelfAttention { .. } => vec![
            ("in_proj_weight", vec![3 * channels, channels]),
            ("in_proj_bias", vec![3 * channels]),
            ("out_proj.weight", vec![channels, channels]),
            ("out_proj.bias", vec![channels]),
        ],
        Op::ClassToken => vec![("", vec![1, 1, channels])],
        Op::Scale => vec![("", vec![channels])],
        Op::PositionEmbedding => {
            let tokens = taken.len() as i64 / channels.max(1);
            vec![("", vec![1, tokens, channels])]
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
        | Op::MeanToken => Vec::new(),
    }
}

/// A weight of this shape, and perhaps a bias for each output.
fn weighted(weight: Vec<i64>, bias: bool) -> Vec<(&'static str, Vec<i64>)> {
    let outputs = vec![weight[0]];
    let mut all = vec![("weight", weight)];
    all.extend(bias.then_some(("bias", outputs)));
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
