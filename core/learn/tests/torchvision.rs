//! Networks built from graphs against torchvision's own, on the same pictures with the same weights,
//! which torchvision saved. Run by `make torchvision`, which makes the reference.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::path::PathBuf;

use sluice_events::network::{Activation, CheckedGraph, Graph, InputSpec, Node, Op, Window};
use sluice_events::plugin::Values;
use sluice_host::{Limits, PluginHost, PluginSet};
use sluice_learn::ask;
use tch::{Kind, Tensor};

/// The largest difference that rounding explains.
const TOLERANCE: f64 = 1e-4;

/// What torchvision's network was shown, and what it said.
struct Reference {
    weights: PathBuf,
    /// (n, 3, side, side), bytes.
    pictures: Tensor,
    features: Tensor,
    output: Tensor,
}

impl Reference {
    fn read(name: &str) -> Self {
        let folder = std::env::var_os("SLUICE_TORCHVISION").expect("`make torchvision` says where");
        let folder = PathBuf::from(folder);
        let file = folder.join(name).with_extension("safetensors");
        let tensors = Tensor::read_safetensors(file).expect("`make torchvision` made it");
        let tensor = |name: &str| {
            tensors.iter().find(|(known, _)| known == name).expect("it is in the file").1.copy()
        };
        Self {
            weights: folder.join(name).with_extension("pth"),
            pictures: tensor("pictures"),
            features: tensor("features"),
            output: tensor("output"),
        }
    }
}

/// What a node gives for the pictures: (n, dim).
fn at_node(graph: &Graph, node: &str, reference: &Reference) -> Tensor {
    let graph = CheckedGraph::new(Graph { features: node.to_owned(), ..graph.clone() }).unwrap();
    let images = reference.pictures.permute([0, 2, 3, 1]).contiguous();
    let n = images.size()[0];
    let picture = |at: i64| Vec::<u8>::try_from(images.get(at).flatten(0, -1)).unwrap();
    let pictures: Vec<Vec<u8>> = (0..n).map(picture).collect();
    let features = ask(graph, &reference.weights, &pictures).expect("the weights fit");
    Tensor::from_slice(&features).view([n, -1])
}

fn compare(name: &str, graph: &Graph, output: &str) {
    let reference = Reference::read(name);
    for (what, node, expected) in [
        ("features", graph.features.as_str(), &reference.features),
        ("output", output, &reference.output),
    ] {
        let found = at_node(graph, node, &reference);
        assert_eq!(found.size(), expected.size());
        let apart = (found - expected).abs().max().double_value(&[]);
        let largest = expected.to_kind(Kind::Float).abs().max().double_value(&[]);
        println!("{name}: {what} {apart:.1e} apart at most; the largest is {largest:.1}");
        assert!(apart <= TOLERANCE, "{name}: {what} are {apart} apart");
    }
}

fn plugin(name: &str) -> Graph {
    let host = PluginHost::new(Limits::default(), None).unwrap();
    let plugins = PluginSet::in_the_box(&host).unwrap();
    let graph = plugins.network(name).unwrap().describe((224, 224), Values::new());
    // The published weights' hash is of other weights.
    Graph { weights: None, ..graph.unwrap().graph().clone() }
}

#[test]
#[ignore = "needs torchvision's reference: run `make torchvision`"]
fn mobilenet_v3_small_computes_what_torchvisions_does() {
    compare("mobilenet-v3-small", &plugin("mobilenet-v3-small"), "classifier.3");
}

#[test]
#[ignore = "needs torchvision's reference: run `make torchvision`"]
fn resnet18_computes_what_torchvisions_does() {
    compare("resnet18", &plugin("resnet18"), "fc");
}

/// torchvision's vision transformer, for 32 × 32 pictures: tokens, attention, and all that goes with them.
#[test]
#[ignore = "needs torchvision's reference: run `make torchvision`"]
fn a_vision_transformer_computes_what_torchvisions_does() {
    compare("tiny-vit", &vision_transformer(), "head");
}

fn vision_transformer() -> Graph {
    let mut nodes = Vec::new();
    let mut add = |name: &str, parameters: &str, inputs: &[&str], op: Op| {
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        nodes.push(Node { name: name.to_owned(), parameters: parameters.to_owned(), inputs, op });
        name.to_owned()
    };
    let window = Window { kernel: 8, stride: 8, padding: 0 };
    let patches = Op::Conv2d { out_channels: 64, window, dilation: 1, groups: 1, bias: true };
    add("patches", "conv_proj", &["input"], patches);
    add("tokens", "", &["patches"], Op::Tokens);
    add("class", "class_token", &["tokens"], Op::ClassToken);
    let mut at = add("positions", "encoder.pos_embedding", &["class"], Op::PositionEmbedding);
    let epsilon = 1e-6;
    let linear = |out_features| Op::Linear { out_features, bias: true };
    for layer in 0..2 {
        let key = |part: &str| format!("encoder.layers.encoder_layer_{layer}.{part}");
        let name = |part: &str| format!("{layer}.{part}");
        add(&name("ln1"), &key("ln_1"), &[&at], Op::LayerNorm { epsilon });
        let attention = Op::SelfAttention { heads: 4 };
        add(&name("attention"), &key("self_attention"), &[&name("ln1")], attention);
        add(&name("sum1"), "", &[&at, &name("attention")], Op::Add);
        add(&name("ln2"), &key("ln_2"), &[&name("sum1")], Op::LayerNorm { epsilon });
        add(&name("wide"), &key("mlp.0"), &[&name("ln2")], linear(128));
        add(&name("gelu"), "", &[&name("wide")], Op::Activation(Activation::Gelu));
        add(&name("narrow"), &key("mlp.3"), &[&name("gelu")], linear(64));
        at = add(&name("sum2"), "", &[&name("sum1"), &name("narrow")], Op::Add);
    }
    add("ln", "encoder.ln", &[&at], Op::LayerNorm { epsilon });
    add("features", "", &["ln"], Op::Token { place: 0 });
    add("head", "heads.head", &["features"], linear(10));
    let (mean, standard_deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    let input = InputSpec { height: 32, width: 32, mean, standard_deviation };
    Graph { input, nodes, features: "features".into(), weights: None }
}
