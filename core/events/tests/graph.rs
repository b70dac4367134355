//! Graphs that can't be built are refused, and the node is named.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use sluice_events::network::{
    Activation, CheckedGraph, Graph, GraphError, InputSpec, Node, Op, Window,
};

fn node(name: &str, inputs: &[&str], op: Op) -> Node {
    let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
    Node { name: name.to_owned(), parameters: name.to_owned(), inputs, op }
}

fn conv(out_channels: u32, kernel: u32, stride: u32) -> Op {
    let window = Window { kernel, stride, padding: kernel / 2 };
    Op::Conv2d { out_channels, window, groups: 1, bias: true }
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
    assert!(refused(vec![node("l", &["input"], linear)], "l").why.contains("needs a vector"));
    let wide = Op::MaxPool(Window { kernel: 99, stride: 1, padding: 0 });
    assert!(refused(vec![node("p", &["input"], wide)], "p").why.contains("does not fit"));
    let two = vec![node("r", &["input", "input"], Op::Activation(Activation::Relu))];
    assert!(refused(two, "r").why.contains("takes one input, has 2"));
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
    let mut spec = graph(sound(), "flat");
    spec.input.height = 100_000;
    assert!(CheckedGraph::new(spec).unwrap_err().why.contains("side"));
    let mut spec = graph(sound(), "flat");
    spec.input.standard_deviation[1] = 0.0;
    assert!(CheckedGraph::new(spec).is_err());
}
