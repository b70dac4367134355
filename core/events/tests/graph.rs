//! Graphs that can't be built are refused, and the node is named.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use proptest::prelude::*;
use sluice_events::network::{
    Activation, CheckedGraph, Graph, GraphError, InputSpec, Node, Op, Weights, WeightsFormat,
    Window,
};

fn node(name: &str, inputs: &[&str], op: Op) -> Node {
    let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
    Node { name: name.to_owned(), parameters: name.to_owned(), inputs, op }
}

fn conv(out_channels: u32, kernel: u32, stride: u32) -> Op {
    let window = Window { kernel, stride, padding: kernel / 2 };
    Op::Conv2d { out_channels, window, dilation: 1, groups: 1, bias: true }
}

fn graph(nodes: Vec<Node>, features: &str) -> Graph {
    Graph {
        input: InputSpec { height: 32, width: 32, mean: [0.0; 3], standard_deviation: [1.0; 3] },
        nodes,
        features: features.to_owned(),
        weights: None,
    }
}

/// Two convolutions in parallel, added, flattened.
fn sound() -> Vec<Node> {
    vec![
        node("flat", &["sum"], Op::Flatten),
        node("sum", &["a", "b"], Op::Add),
        node("a", &["input"], conv(4, 3, 2)),
        node("b", &["input"], conv(4, 5, 2)),
    ]
}

fn refused(nodes: Vec<Node>, features: &str) -> GraphError {
    CheckedGraph::new(graph(nodes, features)).expect_err("it can't be built")
}

#[test]
fn a_sound_graph_is_put_in_order_whatever_order_it_came_in() {
    let checked = CheckedGraph::new(graph(sound(), "flat")).unwrap();
    let order: Vec<&str> = checked.in_order().map(|(node, _)| node.name.as_str()).collect();
    assert_eq!(order, ["a", "b", "sum", "flat"]);
    assert_eq!(checked.feature_dim(), 4 * 16 * 16);
    assert_eq!(checked.parameters(), (4 * 3 * 9 + 4) + (4 * 3 * 25 + 4));
}

#[test]
fn a_cycle() {
    let mut nodes = sound();
    nodes[2].inputs = vec!["sum".to_owned()];
    assert!(refused(nodes, "flat").why.contains("cycle"));
}

#[test]
fn names_that_are_missing_or_taken() {
    let mut nodes = sound();
    nodes[1].inputs[1] = "c".to_owned();
    let error = refused(nodes, "flat");
    assert_eq!((error.node.as_str(), error.why.contains("'c'")), ("sum", true));
    let mut nodes = sound();
    nodes[3].name = "a".to_owned();
    assert!(refused(nodes, "flat").why.contains("two nodes"));
    assert!(refused(sound(), "nothing").why.contains("is no node"));
    assert!(refused(sound(), "sum").why.contains("flat"));
    assert!(refused(Vec::new(), "x").why.contains("0 nodes"));
}

#[test]
fn shapes_that_disagree() {
    let mut nodes = sound();
    nodes[3].op = conv(4, 5, 1);
    let error = refused(nodes, "flat");
    assert_eq!((error.node.as_str(), error.why.as_str()), ("sum", "adds 4×16×16 and 4×32×32"));
    let linear = Op::Linear { out_features: 2, bias: false };
    assert!(refused(vec![node("l", &["input"], linear)], "l").why.contains("must be flat"));
    let wide = Op::MaxPool(Window { kernel: 99, stride: 1, padding: 0 });
    assert!(refused(vec![node("p", &["input"], wide)], "p").why.contains("does not fit"));
    let two = vec![node("r", &["input", "input"], Op::Activation(Activation::Relu))];
    assert!(refused(two, "r").why.contains("takes one input, has 2"));
}

/// 2×2 tokens, one more before them, attention, and that one taken.
fn transformer(heads: u32, place: u32) -> Vec<Node> {
    vec![
        node("patches", &["input"], conv(8, 16, 16)),
        node("tokens", &["patches"], Op::Tokens),
        node("class", &["tokens"], Op::ClassToken),
        node("positions", &["class"], Op::PositionEmbedding),
        node("attention", &["positions"], Op::SelfAttention { heads }),
        node("norm", &["attention"], Op::LayerNorm { epsilon: 1e-6 }),
        node("taken", &["norm"], Op::Token { place }),
    ]
}

fn any_window() -> impl Strategy<Value = Window> {
    let any = || prop_oneof![any::<u32>(), 0_u32..5];
    (any(), any(), any()).prop_map(|(kernel, stride, padding)| Window { kernel, stride, padding })
}

fn any_op() -> impl Strategy<Value = Op> {
    let number = || prop_oneof![any::<u32>(), 0_u32..65];
    prop_oneof![
        (number(), any_window(), number(), number(), any::<bool>()).prop_map(
            |(out_channels, window, dilation, groups, bias)| Op::Conv2d {
                out_channels,
                window,
                dilation,
                groups,
                bias
            }
        ),
        any_window().prop_map(Op::MaxPool),
        any_window().prop_map(Op::AvgPool),
        (number(), number()).prop_map(|(height, width)| Op::AdaptiveAvgPool { height, width }),
        (number(), any::<bool>())
            .prop_map(|(out_features, bias)| Op::Linear { out_features, bias }),
        number().prop_map(|heads| Op::SelfAttention { heads }),
        number().prop_map(|place| Op::Token { place }),
        Just(Op::Add),
        Just(Op::Multiply),
        Just(Op::Concat),
        Just(Op::Flatten),
        Just(Op::Tokens),
        Just(Op::ClassToken),
        Just(Op::PositionEmbedding),
        Just(Op::MeanToken),
        Just(Op::Scale),
        Just(Op::LayerNorm { epsilon: 1e-5 }),
        Just(Op::BatchNorm { epsilon: 1e-5 }),
    ]
}

proptest! {
    /// Whatever a plugin describes, it is taken or refused, and what is taken keeps to the limits.
    #[test]
    fn no_graph_is_too_strange_to_be_looked_at(
        ops in prop::collection::vec((any_op(), 0_usize..8, 0_usize..8), 1..8),
        side in prop_oneof![any::<u32>(), 1_u32..100],
    ) {
        let name = |at: usize| if at == 0 { "input".to_owned() } else { format!("n{at}") };
        let nodes: Vec<Node> = ops
            .into_iter()
            .zip(1..)
            .map(|((op, first, second), at)| {
                let many = matches!(op, Op::Add | Op::Multiply | Op::Concat);
                // Mostly of nodes before it; now and then of itself or a later one.
                let inputs = [first, second].map(|input| name(input.min(at)));
                let inputs = &inputs[..if many { 2 } else { 1 }];
                Node { name: name(at), parameters: name(at), inputs: inputs.to_vec(), op }
            })
            .collect();
        let last = nodes.last().expect("there is one").name.clone();
        let mut graph = graph(nodes, &last);
        (graph.input.height, graph.input.width) = (side, side);
        if let Ok(checked) = CheckedGraph::new(graph) {
            prop_assert!(checked.parameters() <= 500_000_000);
            prop_assert!(checked.activations() <= 64_000_000);
            prop_assert!(checked.feature_dim() > 0);
        }
    }
}

#[test]
fn what_is_held_at_once_is_what_was_not_used_for_the_last_time() {
    let checked = CheckedGraph::new(graph(sound(), "flat")).unwrap();
    // Both branches and their sum.
    assert_eq!(checked.activations(), 3 * 4 * 16 * 16);
}

#[test]
fn tokens_have_shapes_of_their_own() {
    let checked = CheckedGraph::new(graph(transformer(4, 0), "taken")).unwrap();
    assert_eq!(checked.feature_dim(), 8);
    // Padding of half a window: 3×3 places, and the class token.
    let patches = 8 * (3 * 16 * 16 + 1);
    assert_eq!(checked.parameters(), patches + 8 + 10 * 8 + 4 * 8 * 9 + 2 * 8);
    assert_eq!(refused(transformer(3, 0), "taken").why, "8 features in 3 heads");
    assert_eq!(refused(transformer(0, 0), "taken").why, "8 features in 0 heads");
    assert_eq!(refused(transformer(4, 10), "taken").why, "takes token 10 of 10");
    let mut nodes = transformer(4, 0);
    nodes[4].inputs = vec!["patches".to_owned()];
    assert!(refused(nodes, "taken").why.contains("needs tokens, gets 8×3×3"));
    let mut nodes = transformer(4, 0);
    nodes[1].inputs = vec!["taken".to_owned()];
    nodes[6].inputs = vec!["patches".to_owned()];
    assert!(refused(nodes, "norm").why.contains("needs tokens"));
}

#[test]
fn what_the_features_do_not_need_is_checked_and_forgotten() {
    let mut nodes = sound();
    nodes.push(node("classifier", &["flat"], Op::Linear { out_features: 10, bias: true }));
    let checked = CheckedGraph::new(graph(nodes.clone(), "flat")).unwrap();
    assert_eq!(checked.in_order().count(), 4);
    assert_eq!(checked.parameters(), (4 * 3 * 9 + 4) + (4 * 3 * 25 + 4));
    nodes[4].op = Op::Token { place: 0 };
    assert_eq!(refused(nodes, "flat").node, "classifier");
}

#[test]
fn weights_that_can_not_be_had() {
    let weights = |url: &str, sha256: &str| {
        let (url, sha256) = (url.to_owned(), sha256.to_owned());
        let weights =
            Weights { url, sha256, format: WeightsFormat::Safetensors, renamed: Vec::new() };
        CheckedGraph::new(Graph { weights: Some(weights), ..graph(sound(), "flat") })
    };
    assert!(weights("https://example.org/w", "0123abcd").is_ok());
    for (url, sha256) in
        [("ftp://example.org", "0123abcd"), ("https://x", "0123"), ("https://x", "0123abcg")]
    {
        assert_eq!(weights(url, sha256).unwrap_err().node, "weights");
    }
}

#[test]
fn sizes_without_measure() {
    let huge = vec![node("c", &["input"], conv(u32::MAX, 3, 1))];
    assert_eq!(refused(huge, "c").node, "c");
    let flat = node("f", &["input"], Op::Flatten);
    let wide = node("l", &["f"], Op::Linear { out_features: 60_000_000, bias: true });
    assert!(refused(vec![flat, wide], "l").why.contains("parameters"));
    let none = vec![node("c", &["input"], conv(0, 3, 1))];
    assert_eq!(refused(none, "c").node, "c");
    let zero = Op::MaxPool(Window { kernel: 2, stride: 0, padding: 0 });
    assert!(refused(vec![node("p", &["input"], zero)], "p").why.contains("stride 0"));
    let window = Window { kernel: 3, stride: 1, padding: 1 };
    let op = Op::Conv2d { out_channels: 4, window, dilation: 1000, groups: 1, bias: true };
    assert!(refused(vec![node("c", &["input"], op)], "c").why.contains("window of 2001"));
    let mut spec = graph(sound(), "flat");
    (spec.input.height, spec.input.width) = (100_000, 100_000);
    assert!(CheckedGraph::new(spec).unwrap_err().why.contains("a square of 1 to 2048 pixels"));
    let mut spec = graph(sound(), "flat");
    spec.input.standard_deviation[1] = 0.0;
    assert!(CheckedGraph::new(spec).is_err());
}
