//! Normalisations that follow a convolution become part of it: of a network that is only asked, both together are one
//! convolution with other weights (Markuš 2018, "Fusing batch normalization and convolution in runtime"). The numbers
//! are the same but for their last digits, and each saves a pass over all values.

use std::collections::{HashMap, HashSet};

use sluice_events::network::{CheckedGraph, Graph, Node, Op};
use tch::Tensor;

use super::key;
use super::needed::needed;

/// The same network with fewer nodes; none where there is nothing to fold. Tensors by their names in the state dict, in
/// full precision.
pub(super) fn folded(
    graph: &CheckedGraph,
    tensors: &HashMap<String, Tensor>,
) -> Option<(CheckedGraph, HashMap<String, Tensor>)> {
    let mut nodes: Vec<Node> = graph.in_order().map(|(node, _)| node.clone()).collect();
    let pairs: Vec<(usize, usize)> = (0..nodes.len())
        .filter_map(|norm| convolution_of(graph.graph(), &nodes, norm).map(|conv| (conv, norm)))
        .collect();
    let free = free_prefix(tensors);
    let mut all = shared(tensors);
    for &(conv, norm) in &pairs {
        let weights = together(&nodes[conv], &nodes[norm], tensors);
        // What comes after asks for the normalisation's output. What others may own stays what it is.
        let name = nodes[norm].name.clone();
        let Node { name: of_conv, parameters, op, .. } = &mut nodes[conv];
        (*of_conv, *parameters) = (name, format!("{free}.{norm}"));
        if let Op::Conv2d { bias, .. } = op {
            *bias = true;
        }
        for (name, tensor) in ["weight", "bias"].into_iter().zip(weights) {
            all.insert(key(&nodes[conv], name), tensor);
        }
    }
    let mut place = 0..;
    nodes.retain(|_| place.next().is_some_and(|at| pairs.iter().all(|(_, norm)| *norm != at)));
    if pairs.is_empty() {
        return None;
    }
    let Graph { input, features, .. } = graph.graph().clone();
    // The hash of its weights' file is none of these.
    let graph = CheckedGraph::new(Graph { input, nodes, features, weights: None }).ok()?;
    let used: HashSet<String> = needed(&graph).into_iter().map(|needed| needed.name).collect();
    all.retain(|name, _| used.contains(name));
    Some((graph, all))
}

/// A beginning that no tensor's name has.
fn free_prefix(tensors: &HashMap<String, Tensor>) -> String {
    let mut prefix = "folded".to_owned();
    while tensors.keys().any(|name| name.starts_with(&prefix)) {
        prefix.push('_');
    }
    prefix
}

/// The same tensors, not copied.
pub(super) fn shared(tensors: &HashMap<String, Tensor>) -> HashMap<String, Tensor> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}

/// Whose output this node normalises, where nothing else takes that output.
fn convolution_of(graph: &Graph, nodes: &[Node], norm: usize) -> Option<usize> {
    let Node { op: Op::BatchNorm { .. }, inputs, .. } = &nodes[norm] else { return None };
    let conv = nodes.iter().position(|node| node.name == inputs[0])?;
    let Node { op: Op::Conv2d { .. }, name, .. } = &nodes[conv] else { return None };
    let takers = nodes.iter().flat_map(|node| &node.inputs).filter(|input| *input == name);
    (takers.count() == 1 && graph.features != *name).then_some(conv)
}

/// Weight and bias of a convolution that normalises, too. With w * x + b convolved, and the normalisation
/// (y - mean) / sqrt(variance + epsilon) * scale + shift, these are w * f and (b - mean) * f + shift, where
/// f = scale / sqrt(variance + epsilon).
fn together(conv: &Node, norm: &Node, tensors: &HashMap<String, Tensor>) -> [Tensor; 2] {
    let epsilon = if let Op::BatchNorm { epsilon } = norm.op { f64::from(epsilon) } else { 0.0 };
    let of_norm = |name: &str| &tensors[&key(norm, name)];
    let factor = of_norm("weight") / (of_norm("running_var") + epsilon).sqrt();
    let weight = &tensors[&key(conv, "weight")] * factor.view([-1, 1, 1, 1]);
    let bias = matches!(conv.op, Op::Conv2d { bias: true, .. });
    let centred = match tensors.get(&key(conv, "bias")).filter(|_| bias) {
        Some(bias) => bias - of_norm("running_mean"),
        None => -of_norm("running_mean"),
    };
    [weight, centred * factor + of_norm("bias")]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluice_events::network::{Activation, INPUT, InputSpec, Window};
    use tch::{Device, Kind};

    use super::super::{Network, untrained};
    use super::*;

    fn node(name: &str, parameters: &str, inputs: &[&str], op: Op) -> Node {
        let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
        Node { name: name.to_owned(), parameters: parameters.to_owned(), inputs, op }
    }

    fn conv(bias: bool, groups: u32) -> Op {
        let window = Window { kernel: 3, stride: 1, padding: 1 };
        Op::Conv2d { out_channels: 6, window, dilation: 1, groups, bias }
    }

    fn norm() -> Op {
        Op::BatchNorm { epsilon: 1e-3 }
    }

    /// With weights by chance.
    fn network(nodes: Vec<Node>, features: &str) -> Network {
        let input = InputSpec {
            height: 8,
            width: 8,
            mean: [0.4, 0.5, 0.6],
            standard_deviation: [0.2, 0.3, 0.2],
        };
        let graph = Graph { input, nodes, features: features.to_owned(), weights: None };
        untrained(CheckedGraph::new(graph).expect("a network"))
    }

    fn folds_to(network: &Network, nodes: &[&str]) {
        let pictures = Tensor::randint(256, [5, 3, 8, 8], (Kind::Uint8, Device::Cpu));
        let folded = network.folded(Kind::Float);
        let names: Vec<&str> = folded.graph().nodes.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(names, nodes);
        let (one, other) = (network.features(&pictures), folded.features(&pictures));
        let (apart, size) = ((&one - &other).abs().max(), one.abs().max());
        let (apart, size) = (apart.double_value(&[]), size.double_value(&[]));
        assert!(size > 0.1 && apart <= 1e-5 * size, "{apart} of {size}");
    }

    #[test]
    fn a_convolution_takes_its_normalisation_with_it_and_says_the_same() {
        let network = network(
            vec![
                node("one", "a", &[INPUT], conv(false, 1)),
                node("one normal", "b", &["one"], norm()),
                node("above", "", &["one normal"], Op::Activation(Activation::Relu)),
                node("two", "c", &["above"], conv(true, 3)),
                node("two normal", "d", &["two"], norm()),
                node("sum", "", &["two normal", "above"], Op::Add),
                node("pool", "", &["sum"], Op::AdaptiveAvgPool { height: 1, width: 1 }),
                node("flat", "", &["pool"], Op::Flatten),
            ],
            "flat",
        );
        folds_to(&network, &["one normal", "above", "two normal", "sum", "pool", "flat"]);
    }

    #[test]
    fn weights_that_others_have_too_stay_theirs() {
        // Two convolutions have the same weights, and each its own normalisation; a scale is named like a bias.
        let nodes = vec![
            node("first", "a", &[INPUT], conv(false, 1)),
            node("first normal", "b", &["first"], norm()),
            node("second", "a", &[INPUT], conv(false, 1)),
            node("second normal", "folded", &["second"], norm()),
            node("scaled", "a.bias", &["second normal"], Op::Scale),
            node("sum", "", &["first normal", "scaled"], Op::Add),
            node("flat", "", &["sum"], Op::Flatten),
        ];
        let names = ["first normal", "second normal", "scaled", "sum", "flat"];
        folds_to(&network(nodes, "flat"), &names);
    }

    #[test]
    fn in_sixteen_bit_it_is_as_near_to_the_truth() {
        let mut nodes = Vec::new();
        let mut before = INPUT.to_owned();
        for depth in 0..6 {
            let (conv_name, norm_name) = (format!("{depth} conv"), format!("{depth} normal"));
            nodes.push(node(&conv_name, &conv_name, &[&before], conv(false, 1)));
            nodes.push(node(&norm_name, &norm_name, &[&conv_name], norm()));
            before = norm_name;
        }
        nodes.push(node("flat", "", &[&before], Op::Flatten));
        let network = network(nodes, "flat");
        let pictures = Tensor::randint(256, [8, 3, 8, 8], (Kind::Uint8, Device::Cpu));
        let exact = network.features(&pictures);
        let plain = Network::with_tensors(
            Arc::clone(&network.graph),
            shared(network.tensors()),
            Device::Cpu,
            Kind::BFloat16,
        );
        let folded = network.folded(Kind::BFloat16);
        let apart = |other: &Network| {
            let apart = other.features(&pictures).to_kind(Kind::Float) - &exact;
            apart.norm().double_value(&[]) / exact.norm().double_value(&[])
        };
        let (plain, folded) = (apart(&plain), apart(&folded));
        assert!(plain > 0.0 && folded < 0.05 && folded < 1.5 * plain, "{folded} and {plain}");
    }

    #[test]
    fn what_others_take_stays() {
        let tail = |from: &str| node("flat", "", &[from], Op::Flatten);
        // Another node takes what the convolution gives.
        let taken = vec![
            node("conv", "a", &[INPUT], conv(true, 1)),
            node("normal", "b", &["conv"], norm()),
            node("sum", "", &["conv", "normal"], Op::Add),
            tail("sum"),
        ];
        folds_to(&network(taken, "flat"), &["conv", "normal", "sum", "flat"]);
        // Nothing is convolved before.
        let alone = vec![node("normal", "b", &[INPUT], norm()), tail("normal")];
        folds_to(&network(alone, "flat"), &["normal", "flat"]);
    }
}
