//! Whether a graph can be built: names, order, shapes, sizes.

use std::collections::HashMap;

use super::{Graph, INPUT, Node, Op, Window};

/// A graph may have this many nodes.
const MAX_NODES: usize = 4096;
/// The largest side of an input picture, pixels.
const MAX_INPUT_SIDE: u32 = 2048;
/// All parameters together; 4 bytes each.
const MAX_PARAMETERS: u64 = 500_000_000;
/// Values of one node's output for one image.
const MAX_ACTIVATION: u64 = 64_000_000;

/// What a node gives for one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Channels, height, width.
    Map(u32, u32, u32),
    /// A feature vector.
    Vector(u32),
}

impl Shape {
    /// Number of values; saturates.
    pub fn len(self) -> u64 {
        match self {
            Self::Map(c, h, w) => {
                u64::from(c).saturating_mul(u64::from(h)).saturating_mul(u64::from(w))
            }
            Self::Vector(n) => u64::from(n),
        }
    }

    /// Whether there is no value at all.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Channels, or features.
    pub fn channels(self) -> u32 {
        match self {
            Self::Map(c, _, _) => c,
            Self::Vector(n) => n,
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Map(c, h, w) => write!(f, "{c}×{h}×{w}"),
            Self::Vector(n) => write!(f, "{n} features"),
        }
    }
}

/// Why a graph can't be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node '{node}': {why}")]
pub struct GraphError {
    /// The node, or what else is wrong.
    pub node: String,
    /// One sentence.
    pub why: String,
}

fn wrong<T>(node: &str, why: impl Into<String>) -> Result<T, GraphError> {
    Err(GraphError { node: node.to_owned(), why: why.into() })
}

/// A graph that can be built.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedGraph {
    graph: Graph,
    /// Indices of the nodes, each after its inputs.
    order: Vec<usize>,
    /// Of each node, in the graph's order: shapes of its inputs, and of its output.
    shapes: Vec<(Vec<Shape>, Shape)>,
    feature_dim: u32,
    parameters: u64,
}

impl CheckedGraph {
    /// Checks that names are unique and known, that there is no cycle, that shapes agree, and that
    /// everything stays within its bounds.
    ///
    /// # Errors
    /// The first thing that is wrong, with the node's name.
    pub fn new(graph: Graph) -> Result<Self, GraphError> {
        check_input(&graph)?;
        let names = index_names(&graph)?;
        let order = sort(&graph, &names)?;
        let mut shapes: Vec<Option<(Vec<Shape>, Shape)>> = vec![None; graph.nodes.len()];
        let picture = Shape::Map(3, graph.input.height, graph.input.width);
        let mut parameters = 0_u64;
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
            parameters = parameters.saturating_add(count_parameters(&node.op, &inputs));
            if parameters > MAX_PARAMETERS {
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
        Ok(Self { graph, order, shapes, feature_dim, parameters })
    }

    /// The graph itself.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Every node after its inputs, with the shapes of its inputs.
    pub fn in_order(&self) -> impl Iterator<Item = (&Node, &[Shape])> {
        self.order.iter().map(|&at| (&self.graph.nodes[at], self.shapes[at].0.as_slice()))
    }

    /// Length of the feature vector.
    pub fn feature_dim(&self) -> u32 {
        self.feature_dim
    }

    /// Number of trainable values.
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

fn infer(node: &Node, inputs: &[Shape]) -> Result<Shape, GraphError> {
    let name = &node.name;
    let many = matches!(node.op, Op::Add | Op::Multiply | Op::Concat);
    if !many && inputs.len() != 1 {
        return wrong(name, format!("takes one input, has {}", inputs.len()));
    }
    let first = inputs[0];
    match &node.op {
        Op::Conv2d { out_channels, window, groups, .. } => {
            let Shape::Map(channels, h, w) = first else {
                return wrong(name, format!("a convolution needs a map, gets {first}"));
            };
            if *groups == 0 || channels % groups != 0 || out_channels % groups != 0 {
                return wrong(
                    name,
                    format!("{channels} to {out_channels} channels in {groups} groups"),
                );
            }
            let (h, w) = slide(name, *window, h, w)?;
            Ok(Shape::Map(*out_channels, h, w))
        }
        Op::MaxPool(window) | Op::AvgPool(window) => {
            let Shape::Map(channels, h, w) = first else {
                return wrong(name, format!("pooling needs a map, gets {first}"));
            };
            if window.padding * 2 > window.kernel {
                return wrong(name, "padding is at most half of a pooling window");
            }
            let (h, w) = slide(name, *window, h, w)?;
            Ok(Shape::Map(channels, h, w))
        }
        Op::AdaptiveAvgPool { height, width } => match first {
            Shape::Map(channels, _, _) => Ok(Shape::Map(channels, *height, *width)),
            Shape::Vector(_) => wrong(name, "pooling needs a map, gets a vector"),
        },
        Op::Linear { out_features, .. } => match first {
            Shape::Vector(_) => Ok(Shape::Vector(*out_features)),
            Shape::Map(..) => wrong(name, format!("a linear layer needs a vector, gets {first}")),
        },
        Op::LayerNorm { .. } => match first {
            Shape::Vector(_) => Ok(first),
            Shape::Map(..) => wrong(name, format!("layer norm needs a vector, gets {first}")),
        },
        Op::BatchNorm { .. } | Op::Activation(_) | Op::Dropout { .. } => Ok(first),
        Op::Flatten => match u32::try_from(first.len()) {
            Ok(length) => Ok(Shape::Vector(length)),
            Err(_) => wrong(name, format!("{first} is too large to flatten")),
        },
        Op::Add => match inputs.iter().find(|s| **s != first) {
            Some(other) => wrong(name, format!("adds {first} and {other}")),
            None => Ok(first),
        },
        Op::Multiply => inputs[1..].iter().try_fold(first, |a, &b| stretch(name, a, b)),
        Op::Concat => inputs[1..].iter().try_fold(first, |a, &b| join(name, a, b)),
    }
}

fn slide(name: &str, window: Window, h: u32, w: u32) -> Result<(u32, u32), GraphError> {
    let Window { kernel, stride, padding } = window;
    if kernel == 0 || stride == 0 || kernel > 1024 || padding > 1024 {
        return wrong(name, format!("kernel {kernel}, stride {stride}, padding {padding}"));
    }
    let along = |side: u32| (side + 2 * padding).checked_sub(kernel).map(|rest| rest / stride + 1);
    match (along(h), along(w)) {
        (Some(h), Some(w)) => Ok((h, w)),
        _ => wrong(name, format!("a window of {kernel} does not fit into {w}×{h}")),
    }
}

fn stretch(name: &str, a: Shape, b: Shape) -> Result<Shape, GraphError> {
    match (a, b) {
        (Shape::Map(c, h, w), Shape::Map(c2, h2, w2))
            if c == c2 && (h == h2 || h == 1 || h2 == 1) && (w == w2 || w == 1 || w2 == 1) =>
        {
            Ok(Shape::Map(c, h.max(h2), w.max(w2)))
        }
        _ if a == b => Ok(a),
        _ => wrong(name, format!("multiplies {a} and {b}")),
    }
}

fn join(name: &str, a: Shape, b: Shape) -> Result<Shape, GraphError> {
    match (a, b) {
        (Shape::Map(c, h, w), Shape::Map(c2, h2, w2)) if h == h2 && w == w2 => {
            Ok(Shape::Map(c.saturating_add(c2), h, w))
        }
        (Shape::Vector(n), Shape::Vector(m)) => Ok(Shape::Vector(n.saturating_add(m))),
        _ => wrong(name, format!("joins {a} and {b}")),
    }
}

fn count_parameters(op: &Op, inputs: &[Shape]) -> u64 {
    let channels = u64::from(inputs[0].channels());
    match op {
        Op::Conv2d { out_channels, window, groups, bias } => {
            let kernel = u64::from(window.kernel).pow(2);
            let per_output = channels / u64::from(*groups) * kernel + u64::from(*bias);
            u64::from(*out_channels).saturating_mul(per_output)
        }
        Op::Linear { out_features, bias } => {
            u64::from(*out_features).saturating_mul(channels + u64::from(*bias))
        }
        Op::BatchNorm { .. } | Op::LayerNorm { .. } => channels * 2,
        _ => 0,
    }
}
