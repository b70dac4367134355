//! Whether a graph can be built: names, order, sizes.

use std::collections::HashMap;

use super::shape::{Shape, count_multiplications, count_parameters, infer};
use super::{Graph, INPUT, Node, Weights};

/// A graph may have this many nodes.
const MAX_NODES: usize = 4096;
/// The largest side of an input picture, pixels.
const MAX_INPUT_SIDE: u32 = 2048;
/// All parameters together; 4 bytes each.
const MAX_PARAMETERS: u64 = 500_000_000;
/// Values that are held at once for one image; 4 bytes each.
const MAX_ACTIVATIONS: u64 = 64_000_000;
/// Multiplications for one image: a very large network needs half of it.
const MAX_MULTIPLICATIONS: u64 = 100_000_000_000;
/// Bytes of a name; so much of a stranger's words may stand in an error.
const LONGEST_NAME: usize = 200;

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
    activations: u64,
}

impl CheckedGraph {
    /// Checks that names are unique and known, that there is no cycle, that shapes agree, and that
    /// everything stays within its bounds; then forgets the nodes that the features don't need.
    ///
    /// # Errors
    /// The first thing that is wrong, with the node's name.
    pub fn new(graph: Graph) -> Result<Self, GraphError> {
        check_input(&graph)?;
        check_lengths(&graph)?;
        graph.weights.as_ref().map_or(Ok(()), check_weights)?;
        let names = index_names(&graph)?;
        let mut order = sort(&graph, &names)?;
        let mut shapes: Vec<Option<(Vec<Shape>, Shape)>> = vec![None; graph.nodes.len()];
        let picture = Shape::Map(3, graph.input.height, graph.input.width);
        let (mut counts, mut work) = (vec![0_u64; graph.nodes.len()], 0_u64);
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
            if output.is_empty() || output.len() > MAX_ACTIVATIONS {
                return wrong(&node.name, format!("its output would be {output}"));
            }
            counts[at] = count_parameters(&node.op, &inputs);
            if counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)) > MAX_PARAMETERS
            {
                return wrong(&node.name, format!("more than {MAX_PARAMETERS} parameters in all"));
            }
            work = work.saturating_add(count_multiplications(&node.op, &inputs, output));
            if work > MAX_MULTIPLICATIONS {
                let most = MAX_MULTIPLICATIONS;
                return wrong(
                    &node.name,
                    format!("more than {most} multiplications for a picture"),
                );
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
        let activations = held_at_once(&graph, &names, &order, &shapes);
        if activations > MAX_ACTIVATIONS {
            let why = format!("the network holds {activations} values at once for one picture");
            return wrong(&graph.features, format!("{why}; {MAX_ACTIVATIONS} are the most"));
        }
        Ok(Self { graph, order, shapes, feature_dim, parameters, activations })
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

    /// Values that are held at once for one image, when an output is forgotten after its last use.
    pub fn activations(&self) -> u64 {
        self.activations
    }

    /// Number of trainable values that the features need.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }
}

fn check_input(graph: &Graph) -> Result<(), GraphError> {
    let input = &graph.input;
    if input.height != input.width || !(1..=MAX_INPUT_SIDE).contains(&input.height) {
        let size = format!("{}×{}", input.width, input.height);
        return wrong(
            INPUT,
            format!("pictures of {size}; a square of 1 to {MAX_INPUT_SIDE} pixels is taken"),
        );
    }
    if input.standard_deviation.iter().any(|s| !s.is_finite() || *s <= 0.0)
        || input.mean.iter().any(|m| !m.is_finite())
    {
        return wrong(INPUT, "mean and standard deviation must be finite, the latter above 0");
    }
    Ok(())
}

fn check_lengths(graph: &Graph) -> Result<(), GraphError> {
    for node in &graph.nodes {
        let names = node.inputs.iter().chain([&node.name, &node.parameters]);
        if let Some(long) = names.into_iter().find(|name| name.len() > LONGEST_NAME) {
            let begins: String = long.chars().take(20).collect();
            return wrong(&begins, format!("a name is longer than {LONGEST_NAME} bytes"));
        }
    }
    let renamed = graph.weights.iter().flat_map(|weights| &weights.renamed);
    let mut others = renamed.flat_map(|(file, graph)| [file, graph]).chain([&graph.features]);
    match others.find(|name| name.len() > LONGEST_NAME) {
        Some(_) => wrong("graph", format!("a name is longer than {LONGEST_NAME} bytes")),
        None => Ok(()),
    }
}

/// Values that are held at once when the nodes run in order and each output is forgotten after its last
/// use; saturates.
fn held_at_once(
    graph: &Graph,
    names: &HashMap<&str, usize>,
    order: &[usize],
    shapes: &[(Vec<Shape>, Shape)],
) -> u64 {
    let mut last_use = vec![usize::MAX; graph.nodes.len()];
    for (step, &at) in order.iter().enumerate() {
        for input in graph.nodes[at].inputs.iter().filter_map(|name| names.get(name.as_str())) {
            last_use[*input] = step;
        }
    }
    let (mut held, mut most) = (0_u64, 0_u64);
    for (step, &at) in order.iter().enumerate() {
        held = held.saturating_add(shapes[at].1.len());
        most = most.max(held);
        let mut done: Vec<usize> = graph.nodes[at]
            .inputs
            .iter()
            .filter_map(|name| names.get(name.as_str()).copied())
            .collect();
        done.sort_unstable();
        done.dedup();
        for input in done.into_iter().filter(|input| last_use[*input] == step) {
            held = held.saturating_sub(shapes[input].1.len());
        }
    }
    most
}

fn check_weights(weights: &Weights) -> Result<(), GraphError> {
    let digits = &weights.sha256;
    if !(8..=64).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return wrong("weights", "a SHA-256 is 64 hexadecimal digits, or its first eight or more");
    }
    if weights.url.len() > 2000 {
        return wrong("weights", "their address is longer than 2,000 bytes");
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
