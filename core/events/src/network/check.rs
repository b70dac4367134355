//! Whether a graph can be built: names, order, sizes.

use std::collections::HashMap;

use super::shape::{Shape, count_parameters, infer};
use super::{Graph, INPUT, Node, Weights};

/// A graph may have this many nodes.
const MAX_NODES: usize = 4096;
/// The largest side of an input picture, pixels.
const MAX_INPUT_SIDE: u32 = 2048;
/// All parameters together; 4 bytes each.
const MAX_PARAMETERS: u64 = 500_000_000;
/// Values of one node's output for one image.
const MAX_ACTIVATION: u64 = 64_000_000;

/// Why a graph can't be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node '{node}': {why}")]
pub struct GraphError {
    /// The node, or what else is wrong.
    pub node: String,
    /// One sentence.
    pub why: String,
}

pub(super) fn wrong<T>(node: &str, why: impl Into<String>) -> Result<T, GraphError> {
    Err(GraphError { node: node.to_owned(), why: why.into() })
}

/// A graph that can be built.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedGraph {
    graph: Graph,
    /// Indices of the nodes that the features need, each after its inputs.
    order: Vec<usize>,
    /// Of each node, in the graph's order: shapes of its inputs, and of its output.
    shapes: Vec<(Vec<Shape>, Shape)>,
    feature_dim: u32,
    parameters: u64,
}

impl CheckedGraph {
    /// Checks that names are unique and known, that there is no cycle, that shapes agree, and that
    /// everything stays within its bounds; then forgets the nodes that the features don't need.
    ///
    /// # Errors
    /// The first thing that is wrong, with the node's name.
    pub fn new(graph: Graph) -> Result<Self, GraphError> {
        check_input(&graph)?;
        graph.weights.as_ref().map_or(Ok(()), check_weights)?;
        let names = index_names(&graph)?;
        let mut order = sort(&graph, &names)?;
        let mut shapes: Vec<Option<(Vec<Shape>, Shape)>> = vec![None; graph.nodes.len()];
        let picture = Shape::Map(3, graph.input.height, graph.input.width);
        let mut counts = vec![0_u64; graph.nodes.len()];
        for &at in &order {
            let node = &graph.nodes[at];
            let inputs: Vec<Shape> = node
                .inputs
                .iter()
                .filter_map(|name| match names.get(name.as_str()) {
                    Some(&i) => shapes[i].as_ref().map(|(_, output)| *output),
                    None => Some(picture),
                })
                .collect();
            let output = infer(node, &inputs)?;
            if output.is_empty() || output.len() > MAX_ACTIVATION {
                return wrong(&node.name, format!("its output would be {output}"));
            }
            counts[at] = count_parameters(&node.op, &inputs);
            if counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)) > MAX_PARAMETERS
            {
                return wrong(&node.name, format!("more than {MAX_PARAMETERS} parameters in all"));
            }
            shapes[at] = Some((inputs, output));
        }
        let shapes: Vec<_> = shapes.into_iter().flatten().collect();
        let Some(&feature_node) = names.get(graph.features.as_str()) else {
            return wrong(&graph.features, "is named as the feature vector, but is no node");
        };
        let Shape::Vector(feature_dim) = shapes[feature_node].1 else {
            return wrong(&graph.features, "the feature vector must be flat; add a flatten");
        };
        let needed = needed(&graph, &names, feature_node);
        order.retain(|at| needed[*at]);
        let parameters = order.iter().map(|at| counts[*at]).sum();
        Ok(Self { graph, order, shapes, feature_dim, parameters })
    }

    /// The graph itself.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Every node that the features need, each after its inputs, with the shapes of its inputs.
    pub fn in_order(&self) -> impl Iterator<Item = (&Node, &[Shape])> {
        self.order.iter().map(|&at| (&self.graph.nodes[at], self.shapes[at].0.as_slice()))
    }

    /// Length of the feature vector.
    pub fn feature_dim(&self) -> u32 {
        self.feature_dim
    }

    /// Number of trainable values that the features need.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }
}

fn check_input(graph: &Graph) -> Result<(), GraphError> {
    let input = &graph.input;
    let fits = |side: u32| (1..=MAX_INPUT_SIDE).contains(&side);
    if !fits(input.height) || !fits(input.width) {
        let size = format!("{}×{}", input.width, input.height);
        return wrong(INPUT, format!("pictures of {size}; a side is 1 to {MAX_INPUT_SIDE} pixels"));
    }
    if input.standard_deviation.iter().any(|s| !s.is_finite() || *s <= 0.0)
        || input.mean.iter().any(|m| !m.is_finite())
    {
        return wrong(INPUT, "mean and standard deviation must be finite, the latter above 0");
    }
    Ok(())
}

fn check_weights(weights: &Weights) -> Result<(), GraphError> {
    let digits = &weights.sha256;
    if !(8..=64).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return wrong("weights", "a SHA-256 is 64 hexadecimal digits, or its first eight or more");
    }
    if !weights.url.starts_with("https://") && !weights.url.starts_with("http://") {
        return wrong("weights", "their address must begin with https:// or http://");
    }
    Ok(())
}

fn index_names(graph: &Graph) -> Result<HashMap<&str, usize>, GraphError> {
    if graph.nodes.is_empty() || graph.nodes.len() > MAX_NODES {
        return wrong("graph", format!("{} nodes; 1 to {MAX_NODES} can be", graph.nodes.len()));
    }
    let mut names = HashMap::new();
    for (i, node) in graph.nodes.iter().enumerate() {
        if node.name.is_empty() || node.name == INPUT {
            return wrong(&node.name, "a node needs a name other than 'input'");
        }
        if names.insert(node.name.as_str(), i).is_some() {
            return wrong(&node.name, "two nodes have this name");
        }
    }
    Ok(names)
}

/// Kahn's algorithm; stable, so that the plugin's own order is kept where it can be.
fn sort(graph: &Graph, names: &HashMap<&str, usize>) -> Result<Vec<usize>, GraphError> {
    let mut missing = vec![0_usize; graph.nodes.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (i, node) in graph.nodes.iter().enumerate() {
        if node.inputs.is_empty() {
            return wrong(&node.name, "has no input");
        }
        for input in &node.inputs {
            if let Some(&from) = names.get(input.as_str()) {
                missing[i] += 1;
                users[from].push(i);
            } else if input != INPUT {
                return wrong(
                    &node.name,
                    format!("takes its input from '{input}', which is no node"),
                );
            }
        }
    }
    let mut ready: std::collections::BTreeSet<usize> =
        (0..missing.len()).filter(|&i| missing[i] == 0).collect();
    let mut order = Vec::with_capacity(missing.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for &user in &users[at] {
            missing[user] -= 1;
            if missing[user] == 0 {
                ready.insert(user);
            }
        }
    }
    match (0..missing.len()).find(|&i| missing[i] > 0) {
        Some(i) => wrong(&graph.nodes[i].name, "is part of a cycle, or follows one"),
        None => Ok(order),
    }
}

/// Which nodes a node needs, itself included.
fn needed(graph: &Graph, names: &HashMap<&str, usize>, node: usize) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    let mut open = vec![node];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut needed[at], true) {
            let inputs = graph.nodes[at].inputs.iter();
            open.extend(inputs.filter_map(|name| names.get(name.as_str())));
        }
    }
    needed
}
