//! Predictors with made-up numbers that together use all that there is.

use std::collections::BTreeMap;

use sluice_events::network::{Activation, CheckedGraph, Graph, INPUT, InputSpec, Node, Op, Window};

use crate::predictor::{Part, Predictor, Values, Way};

/// A predictor, and what it is called.
pub struct Sample {
    pub name: &'static str,
    pub predictor: Predictor,
}

/// All of them.
pub fn samples() -> Vec<Sample> {
    let one = |name, part: Part| Sample {
        name,
        predictor: Predictor { parts: vec![part], offset: -0.25 },
    };
    let two = |name, parts: [Part; 2]| Sample {
        name,
        predictor: Predictor { parts: parts.into(), offset: 0.5 },
    };
    vec![
        one("maps", maps("background")),
        one("pools", pools("background")),
        one("activations", activations("background")),
        one("tokens", tokens("background")),
        one("mean_token", mean_token("background", 24)),
        one("patches_32", patches("features", 32)),
        one("patches_48", patches("features", 48)),
        two("two_sides", [patches("features", 48), maps("background")]),
        two("same_side", [patches("features", 32), mean_token("background", 32)]),
        two("twice_the_same_names", [mean_token("features", 24), mean_token("background", 24)]),
    ]
}

/// A part as it is put together.
struct Draft {
    nodes: Vec<Node>,
    tensors: BTreeMap<String, Values>,
    state: u32,
}

impl Draft {
    fn new(seed: u32) -> Self {
        Self { nodes: vec![], tensors: BTreeMap::new(), state: seed }
    }

    /// From -1 to 1 (Numerical Recipes' linear congruential generator).
    fn random(&mut self) -> f32 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.state >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Numbers about 0, smaller the more of them are added up; of variances, about 1.
    fn tensor(&mut self, name: &str, shape: &[usize]) {
        let added = shape[1..].iter().product::<usize>().max(1);
        let variance = name.ends_with("running_var");
        let (middle, scale) =
            if variance { (1.0, 0.5) } else { (0.0, (3.0 / added as f32).sqrt()) };
        let count = shape.iter().product();
        let numbers = (0..count).map(|_| middle + scale * self.random()).collect();
        self.tensors.insert(name.to_owned(), Values { shape: shape.to_vec(), numbers });
    }

    /// A node; its parameters are named as it is, each with its shape.
    fn node(&mut self, name: &str, inputs: &[&str], op: Op, tensors: &[(&str, &[usize])]) {
        for (tensor, shape) in tensors {
            self.tensor(&format!("{name}.{tensor}"), shape);
        }
        self.named(name, name, inputs, op);
    }

    /// A node whose parameters are there already.
    fn named(&mut self, name: &str, parameters: &str, inputs: &[&str], op: Op) {
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        let (name, parameters) = (name.to_owned(), parameters.to_owned());
        self.nodes.push(Node { name, parameters, inputs, op });
    }

    fn linear(&mut self, name: &str, input: &str, from: usize, to: usize) {
        let op = Op::Linear { out_features: to as u32, bias: true };
        self.node(name, &[input], op, &[("weight", &[to, from]), ("bias", &[to])]);
    }

    fn activation(&mut self, name: &str, input: &str, kind: Activation) {
        self.node(name, &[input], Op::Activation(kind), &[]);
    }

    /// The last node gives the logit.
    fn network(self, name: &str, side: u32) -> Part {
        let features = self.nodes.last().map(|node| node.name.clone()).unwrap_or_default();
        let input = InputSpec {
            height: side,
            width: side,
            mean: [0.485, 0.456, 0.406],
            standard_deviation: [0.229, 0.224, 0.225],
        };
        let graph = Graph { input, nodes: self.nodes, features, weights: None };
        let way = Way::Network(Box::new(CheckedGraph::new(graph).unwrap()));
        Part { name: name.to_owned(), way, tensors: self.tensors, factor: 0.75 }
    }
}

fn convolution(out: u32, window: [u32; 3], dilation: u32, groups: u32, bias: bool) -> Op {
    Op::Conv2d { out_channels: out, window: slides(window), dilation, groups, bias }
}

fn slides([kernel, stride, padding]: [u32; 3]) -> Window {
    Window { kernel, stride, padding }
}

/// Convolutions of all kinds, and what else is done to maps and vectors.
fn maps(name: &str) -> Part {
    let mut draft = Draft::new(1);
    let statistics = ["weight", "bias", "running_mean", "running_var"];
    draft.node(
        "stem",
        &[INPUT],
        convolution(8, [3, 2, 1], 1, 1, false),
        &[("weight", &[8, 3, 3, 3])],
    );
    let eight = statistics.map(|tensor| (tensor, &[8_usize] as &[usize]));
    draft.node("norm", &["stem"], Op::BatchNorm { epsilon: 1e-3 }, &eight);
    draft.activation("relu", "norm", Activation::Relu);
    draft.node(
        "wide",
        &["relu"],
        convolution(8, [3, 1, 2], 2, 4, true),
        &[("weight", &[8, 2, 3, 3]), ("bias", &[8])],
    );
    draft.node("squeeze", &["wide"], Op::AdaptiveAvgPool { height: 1, width: 1 }, &[]);
    let one_by_one = convolution(8, [1, 1, 0], 1, 1, true);
    draft.node(
        "excite",
        &["squeeze"],
        one_by_one.clone(),
        &[("weight", &[8, 8, 1, 1]), ("bias", &[8])],
    );
    draft.activation("gate", "excite", Activation::Hardsigmoid);
    draft.node("excited", &["gate", "wide", "relu"], Op::Multiply, &[]);
    draft.named("again", "excite", &["excited"], one_by_one);
    draft.node("sum", &["again", "excited", "relu"], Op::Add, &[]);
    draft.node(
        "places",
        &["sum"],
        Op::LayerNorm { epsilon: 1e-6 },
        &[("weight", &[8]), ("bias", &[8])],
    );
    draft.linear("mixed", "places", 8, 6);
    draft.named("mixed_too", "mixed", &["excited"], Op::Linear { out_features: 6, bias: true });
    draft.tensor("layer.gamma", &[6]);
    draft.named("scaled", "layer.gamma", &["mixed"], Op::Scale);
    draft.node("joined", &["scaled", "sum", "mixed_too"], Op::Concat, &[]);
    draft.node("dropped", &["joined"], Op::Dropout { probability: 0.5 }, &[]);
    draft.node("flat", &["dropped"], Op::Flatten, &[]);
    draft.linear("narrow", "flat", 2000, 5);
    let five = statistics.map(|tensor| (tensor, &[5_usize] as &[usize]));
    draft.node("flat_norm", &["narrow"], Op::BatchNorm { epsilon: 1e-5 }, &five);
    draft.named("flat_scaled", "flat_norm.weight", &["flat_norm"], Op::Scale);
    draft.linear("logit", "flat_scaled", 5, 1);
    draft.network(name, 20)
}

/// Pools of all kinds, each as often as it takes to meet each way of writing it.
fn pools(name: &str) -> Part {
    let mut draft = Draft::new(2);
    draft.node("greatest", &[INPUT], Op::MaxPool(slides([3, 2, 1])), &[]);
    draft.node("mean", &["greatest"], Op::AvgPool(slides([3, 1, 1])), &[]);
    let mut flat = Vec::new();
    for (height, width) in [(1, 1), (4, 3), (12, 6), (5, 7), (6, 5), (12, 12), (13, 24)] {
        let [pool, vector] = ["pool", "flat"].map(|what| format!("{what}_{height}_{width}"));
        draft.node(&pool, &["mean"], Op::AdaptiveAvgPool { height, width }, &[]);
        draft.node(&vector, &[&pool], Op::Flatten, &[]);
        flat.push(vector);
    }
    let flat: Vec<&str> = flat.iter().map(String::as_str).collect();
    draft.node("joined", &flat, Op::Concat, &[]);
    draft.linear("logit", "joined", 3 * (1 + 12 + 72 + 35 + 30 + 144 + 312), 1);
    draft.network(name, 24)
}

/// All activations, each of the same.
fn activations(name: &str) -> Part {
    use Activation::{
        Elu, Gelu, Hardsigmoid, Hardswish, LeakyRelu, QuickGelu, Relu, Relu6, Sigmoid, Silu, Tanh,
    };
    let mut draft = Draft::new(3);
    draft.node(
        "conv",
        &[INPUT],
        convolution(4, [3, 3, 0], 1, 1, false),
        &[("weight", &[4, 3, 3, 3])],
    );
    let steeper = Values { shape: vec![4], numbers: vec![1.0, 3.0, 5.0, 8.0] };
    draft.tensors.insert("steeper".to_owned(), steeper);
    draft.named("steep", "steeper", &["conv"], Op::Scale);
    let kinds =
        [Relu, Relu6, Hardswish, Hardsigmoid, Sigmoid, Silu, Gelu, Tanh, LeakyRelu, Elu, QuickGelu];
    let names: Vec<String> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
    for (name, kind) in names.iter().zip(kinds) {
        draft.activation(name, "steep", kind);
    }
    // Named as a step of the file on the way to another node.
    draft.activation("Gelu/erf", "Gelu", Tanh);
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("Gelu/erf");
    draft.node("joined", &names, Op::Concat, &[]);
    draft.node("flat", &["joined"], Op::Flatten, &[]);
    draft.linear("logit", "flat", 12 * 4 * 25, 1);
    draft.network(name, 15)
}

/// A transformer of two blocks with a class token, and a number for each feature.
fn tokens(name: &str) -> Part {
    let mut draft = Draft::new(4);
    let norm = Op::LayerNorm { epsilon: 1e-6 };
    let of_norm: [(&str, &[usize]); 2] = [("weight", &[12]), ("bias", &[12])];
    draft.node(
        "stem",
        &[INPUT],
        convolution(12, [8, 8, 0], 1, 1, true),
        &[("weight", &[12, 3, 8, 8]), ("bias", &[12])],
    );
    draft.node("tokens", &["stem"], Op::Tokens, &[]);
    draft.tensor("class_token", &[1, 1, 12]);
    draft.named("class", "class_token", &["tokens"], Op::ClassToken);
    draft.tensor("encoder.places", &[1, 17, 12]);
    draft.named("placed", "encoder.places", &["class"], Op::PositionEmbedding);
    let mut at = "placed".to_owned();
    for block in 0..2 {
        let [calm, seen, scaled, met, calm_again, wide, bent, narrow, next] =
            ["calm", "seen", "scaled", "met", "calm_again", "wide", "bent", "narrow", "next"]
                .map(|step| format!("{block}.{step}"));
        draft.node(&calm, &[&at], norm.clone(), &of_norm);
        draft.node(
            &seen,
            &[&calm],
            Op::SelfAttention { heads: 3 },
            &[
                ("in_proj_weight", &[36, 12]),
                ("in_proj_bias", &[36]),
                ("out_proj.weight", &[12, 12]),
                ("out_proj.bias", &[12]),
            ],
        );
        let factors = format!("{block}.factors");
        draft.tensor(&factors, &[12]);
        draft.named(&scaled, &factors, &[&seen], Op::Scale);
        draft.node(&met, &[&at, &scaled], Op::Add, &[]);
        draft.node(&calm_again, &[&met], norm.clone(), &of_norm);
        draft.linear(&wide, &calm_again, 12, 20);
        draft.activation(&bent, &wide, Activation::Gelu);
        draft.linear(&narrow, &bent, 20, 12);
        draft.node(&next, &[&met, &narrow], Op::Add, &[]);
        at = next;
    }
    draft.node("first", &[&at], Op::Token { place: 0 }, &[]);
    draft.node("calm", &["first"], norm, &of_norm);
    draft.linear("logit", "calm", 12, 1);
    draft.network(name, 32)
}

/// The mean of tokens that meet once, without a class token; its last layer has no bias.
fn mean_token(name: &str, side: u32) -> Part {
    let mut draft = Draft::new(5);
    draft.node(
        "stem",
        &[INPUT],
        convolution(6, [4, 4, 0], 1, 1, true),
        &[("weight", &[6, 3, 4, 4]), ("bias", &[6])],
    );
    draft.node("tokens", &["stem"], Op::Tokens, &[]);
    draft.node(
        "seen",
        &["tokens"],
        Op::SelfAttention { heads: 1 },
        &[
            ("in_proj_weight", &[18, 6]),
            ("in_proj_bias", &[18]),
            ("out_proj.weight", &[6, 6]),
            ("out_proj.bias", &[6]),
        ],
    );
    draft.node("mean", &["seen"], Op::MeanToken, &[]);
    let logit = Op::Linear { out_features: 1, bias: false };
    draft.node("logit", &["mean"], logit, &[("weight", &[1, 6])]);
    draft.network(name, side)
}

/// Patches with a small dictionary.
fn patches(name: &str, side: u32) -> Part {
    let mut draft = Draft::new(6);
    let (entries, features) = (40, 16);
    draft.tensor("mean", &[108]);
    draft.tensor("filters", &[108, entries]);
    draft.tensor("center", &[8 * entries]);
    draft.tensor("directions", &[8 * entries, features]);
    draft.tensor("head.weight", &[1, features]);
    draft.tensor("head.bias", &[1]);
    // As large as they are in truth, so that the logit is no certainty.
    for (name, factor) in [("mean", 0.05), ("filters", 0.2), ("directions", 0.05)] {
        let tensor = draft.tensors.get_mut(name).unwrap();
        tensor.numbers.iter_mut().for_each(|number| *number *= factor);
    }
    draft.tensors.get_mut("center").unwrap().numbers.iter_mut().for_each(|number| *number += 4.0);
    let way = Way::Patches { side };
    Part { name: name.to_owned(), way, tensors: draft.tensors, factor: 1.25 }
}
