//! A network's graph, node by node, with the meanings that `crate::network` gives them. Tensors are stored as the
//! state dict has them, and turned or stretched in the file where ONNX wants them otherwise.

mod activation;
mod attention;
mod pooling;

use std::collections::HashMap;

use sluice_events::network::{CheckedGraph, Node, Op, Shape, Window};

use super::graph::Builder;
use super::proto::AttributeProto;
use crate::network::key;
use crate::predictor::Part;

/// The logit (n, 1) that a network gives for pictures (n, 3, side, side), floats from 0 to 255.
pub(super) fn logit(
    builder: &mut Builder,
    part: &Part,
    graph: &CheckedGraph,
    pictures: &str,
) -> String {
    let normalised = normalise(builder, part, graph, pictures);
    let mut outputs: HashMap<&str, String> = HashMap::new();
    for (node, shapes) in graph.in_order() {
        let inputs: Vec<&str> = node
            .inputs
            .iter()
            .map(|i| outputs.get(i.as_str()).unwrap_or(&normalised).as_str())
            .collect();
        let output = Step { builder, part, node }.add(&inputs, shapes);
        outputs.insert(&node.name, output);
    }
    outputs.remove(graph.graph().features.as_str()).unwrap_or(normalised)
}

fn normalise(builder: &mut Builder, part: &Part, graph: &CheckedGraph, pictures: &str) -> String {
    let input = &graph.graph().input;
    let named = |what: &str| format!("{}/input/{what}", part.name);
    let bytes = builder.number(255.0);
    let mean = builder.floats(&named("mean"), &[1, 3, 1, 1], &input.mean);
    let deviation =
        builder.floats(&named("standard_deviation"), &[1, 3, 1, 1], &input.standard_deviation);
    let shares = builder.node(&named("shares"), "Div", &[pictures, &bytes], vec![]);
    let centered = builder.node(&named("centered"), "Sub", &[&shares, &mean], vec![]);
    builder.node(&named("normalised"), "Div", &[&centered, &deviation], vec![])
}

/// One node of a network on its way into the file.
struct Step<'a> {
    builder: &'a mut Builder,
    part: &'a Part,
    node: &'a Node,
}

impl Step<'_> {
    /// What it does to its inputs, each with its shape: the name of its output.
    fn add(&mut self, inputs: &[&str], shapes: &[Shape]) -> String {
        let (node, x, shape) = (self.node, inputs[0], shapes[0]);
        match &node.op {
            Op::Conv2d { window, dilation, groups, .. } => {
                self.convolution(x, *window, *dilation, *groups)
            }
            Op::BatchNorm { epsilon } => self.batch_norm(x, *epsilon),
            Op::LayerNorm { epsilon } => {
                self.on_each_vector(x, shape, |step, x| step.layer_norm(x, *epsilon))
            }
            Op::Linear { .. } => {
                self.on_each_vector(x, shape, |step, x| step.linear("", x, ["weight", "bias"]))
            }
            Op::Activation(kind) => self.activate(*kind, x),
            Op::MaxPool(window) => self.max_pool(x, *window),
            Op::AvgPool(window) => self.avg_pool(x, *window),
            Op::AdaptiveAvgPool { height, width } => {
                self.adaptive_avg_pool(x, shape, [*height, *width])
            }
            Op::Add => self.fold("Add", inputs),
            Op::Multiply => self.fold("Mul", inputs),
            Op::Concat => self.push("", "Concat", inputs, vec![AttributeProto::int("axis", 1)]),
            Op::Flatten => self.push("", "Flatten", &[x], vec![AttributeProto::int("axis", 1)]),
            // Only asked, never trained there.
            Op::Dropout { .. } => x.to_owned(),
            Op::Tokens => self.tokens(x),
            Op::ClassToken => self.class_token(x),
            Op::PositionEmbedding => {
                let places = self.named(&node.parameters);
                self.push("", "Add", &[x, &places], vec![])
            }
            Op::SelfAttention { heads } => self.attend(x, shape, *heads),
            Op::Token { place } => {
                let place = self.builder.integer(i64::from(*place));
                self.push("", "Gather", &[x, &place], vec![AttributeProto::int("axis", 1)])
            }
            Op::MeanToken => {
                let axes = self.builder.integers(&[1]);
                let forget = AttributeProto::int("keepdims", 0);
                self.push("", "ReduceMean", &[x, &axes], vec![forget])
            }
            Op::Scale => self.scale(x, shape),
        }
    }

    /// A node of the file: its output. It is named as the network's node is, and what it does on the way there.
    fn push(
        &mut self,
        on_the_way: &str,
        kind: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.builder.node(&self.name(on_the_way), kind, inputs, attributes)
    }

    fn name(&self, on_the_way: &str) -> String {
        let name = format!("{}/{}", self.part.name, self.node.name);
        if on_the_way.is_empty() { name } else { format!("{name}/{on_the_way}") }
    }

    /// A parameter that the node needs.
    fn tensor(&mut self, name: &str) -> String {
        self.named(&key(self.node, name))
    }

    /// A parameter that the node may have.
    fn parameter(&mut self, name: &str) -> Option<String> {
        let key = key(self.node, name);
        self.part.tensors.contains_key(&key).then(|| self.named(&key))
    }

    /// A tensor by its whole name in the state dict.
    fn named(&mut self, key: &str) -> String {
        let values = &self.part.tensors[key];
        let name = format!("{}.{key}", self.part.name);
        self.builder.floats(&name, &values.shape, &values.numbers)
    }

    /// Of a map, the vectors are its places' channels.
    fn on_each_vector(
        &mut self,
        x: &str,
        shape: Shape,
        apply: impl FnOnce(&mut Self, &str) -> String,
    ) -> String {
        if !matches!(shape, Shape::Map(..)) {
            return apply(self, x);
        }
        let order = |axes: [i64; 4]| vec![AttributeProto::ints("perm", &axes)];
        let vectors = self.push("vectors", "Transpose", &[x], order([0, 2, 3, 1]));
        let applied = apply(self, &vectors);
        self.push("map", "Transpose", &[&applied], order([0, 3, 1, 2]))
    }

    /// All inputs, one after the other.
    fn fold(&mut self, kind: &str, inputs: &[&str]) -> String {
        inputs[1..].iter().fold(inputs[0].to_owned(), |so_far, other| {
            self.push("", kind, &[&so_far, other], vec![])
        })
    }

    fn convolution(&mut self, x: &str, window: Window, dilation: u32, groups: u32) -> String {
        let weight = self.tensor("weight");
        let bias = self.parameter("bias");
        let mut attributes = sliding(window);
        attributes.push(AttributeProto::ints("dilations", &[i64::from(dilation); 2]));
        attributes.push(AttributeProto::int("group", i64::from(groups)));
        let inputs: Vec<&str> = [x, &weight].into_iter().chain(bias.as_deref()).collect();
        self.push("", "Conv", &inputs, attributes)
    }

    fn batch_norm(&mut self, x: &str, epsilon: f32) -> String {
        let [weight, bias, mean, variance] =
            ["weight", "bias", "running_mean", "running_var"].map(|name| self.tensor(name));
        let epsilon = AttributeProto::float("epsilon", epsilon);
        let inputs = [x, &weight, &bias, &mean, &variance];
        self.push("", "BatchNormalization", &inputs, vec![epsilon])
    }

    fn layer_norm(&mut self, x: &str, epsilon: f32) -> String {
        let [weight, bias] = ["weight", "bias"].map(|name| self.tensor(name));
        let attributes =
            vec![AttributeProto::int("axis", -1), AttributeProto::float("epsilon", epsilon)];
        self.push("", "LayerNormalization", &[x, &weight, &bias], attributes)
    }

    /// A fully connected layer on the last axis.
    fn linear(&mut self, on_the_way: &str, x: &str, [weight, bias]: [&str; 2]) -> String {
        let name = format!("{}.{}/transposed", self.part.name, key(self.node, weight));
        let weight = self.tensor(weight);
        let turn = vec![AttributeProto::ints("perm", &[1, 0])];
        let weight = self.builder.node_once(&name, "Transpose", &[&weight], turn);
        match self.parameter(bias) {
            Some(bias) => {
                let without = [on_the_way, "product"].join("/");
                let without = without.trim_start_matches('/');
                let product = self.push(without, "MatMul", &[x, &weight], vec![]);
                self.push(on_the_way, "Add", &[&product, &bias], vec![])
            }
            None => self.push(on_the_way, "MatMul", &[x, &weight], vec![]),
        }
    }

    /// A map (n, channels, height, width) becomes tokens (n, places, channels).
    fn tokens(&mut self, x: &str) -> String {
        let shape = self.builder.integers(&[0, 0, -1]);
        let places = self.push("places", "Reshape", &[x, &shape], vec![]);
        self.push("", "Transpose", &[&places], vec![AttributeProto::ints("perm", &[0, 2, 1])])
    }

    /// The learned token (1, 1, features), once for each picture, and then the others.
    fn class_token(&mut self, x: &str) -> String {
        let token = self.named(&self.node.parameters);
        let first = vec![AttributeProto::int("start", 0), AttributeProto::int("end", 1)];
        let pictures = self.push("pictures", "Shape", &[x], first);
        let once = self.builder.integers(&[1, 1]);
        let axis = |axis| vec![AttributeProto::int("axis", axis)];
        let shape = self.push("shape", "Concat", &[&pictures, &once], axis(0));
        let tokens = self.push("token", "Expand", &[&token, &shape], vec![]);
        self.push("", "Concat", &[&tokens, x], axis(1))
    }

    fn scale(&mut self, x: &str, shape: Shape) -> String {
        let key = &self.node.parameters;
        let mut factors = self.named(key);
        if matches!(shape, Shape::Map(..)) {
            let axes = self.builder.integers(&[1, 2]);
            let name = format!("{}.{key}/stretched", self.part.name);
            factors = self.builder.node_once(&name, "Unsqueeze", &[&factors, &axes], vec![]);
        }
        self.push("", "Mul", &[x, &factors], vec![])
    }
}

/// How a window slides.
fn sliding(window: Window) -> Vec<AttributeProto> {
    let Window { kernel, stride, padding } = window;
    vec![
        AttributeProto::ints("kernel_shape", &[i64::from(kernel); 2]),
        AttributeProto::ints("strides", &[i64::from(stride); 2]),
        AttributeProto::ints("pads", &[i64::from(padding); 4]),
    ]
}
