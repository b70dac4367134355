//! The small network: plain 3 × 3 convolutions, each stage halved by max pooling, the strongest answer of
//! every channel over the whole picture, one linear layer. Takes pictures of any side from 16 pixels on.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use sluice_events::network::{Activation, Graph, GraphError, INPUT, InputSpec, Node, Op, Window};
use tch::nn;
use tch::{Device, Kind, Tensor};

use super::trainee::Trainee;
use crate::device::precision;
use crate::predictor::{BACKGROUND, Part, Values, Way, with_head};

/// Channels of each convolution, and whether its output is halved.
const LAYERS: [(i64, bool); 7] =
    [(16, false), (32, true), (32, false), (64, true), (64, false), (128, true), (128, false)];
const RATES: [f64; 1] = [2e-3];
/// Added to the variance when normalising.
const EPSILON: f32 = 1e-5;

pub(super) struct SmallNetwork {
    variables: nn::VarStore,
    layers: Vec<Layer>,
    /// (1, channels) and (1).
    weight: Tensor,
    bias: Tensor,
    /// What it computes with; the weights themselves are float32.
    kind: Kind,
}

struct Layer {
    /// (out, in, 3, 3).
    weight: Tensor,
    norm: nn::BatchNorm,
    halved: bool,
}

impl SmallNetwork {
    /// With random weights, as uniform as PyTorch's own layers begin.
    pub fn new(device: Device, random: &mut ChaCha8Rng) -> Self {
        let variables = nn::VarStore::new(device);
        let root = variables.root();
        let mut uniform = |name: &str, shape: &[i64]| {
            let inputs: i64 = shape[1..].iter().product();
            let bound = 1.0 / (inputs as f32).sqrt();
            let count = shape.iter().product::<i64>();
            let values: Vec<f32> = (0..count).map(|_| random.random_range(-bound..bound)).collect();
            root.var_copy(name, &Tensor::from_slice(&values).view(shape))
        };
        let (mut layers, mut channels) = (Vec::new(), 3);
        for (number, (out, halved)) in LAYERS.into_iter().enumerate() {
            let weight = uniform(&format!("conv{number}"), &[out, channels, 3, 3]);
            let norm = nn::batch_norm2d(
                &root / format!("norm{number}"),
                out,
                nn::BatchNormConfig {
                    ws_init: nn::Init::Const(1.0),
                    eps: f64::from(EPSILON),
                    ..Default::default()
                },
            );
            layers.push(Layer { weight, norm, halved });
            channels = out;
        }
        let weight = uniform("weight", &[1, channels]);
        let bias = root.zeros("bias", &[1]);
        Self { layers, weight, bias, kind: precision(device), variables }
    }
}

/// The same network as a graph of nodes, up to the strongest answers.
fn graph(input: InputSpec) -> Graph {
    let (mut nodes, mut last, mut side) = (Vec::new(), INPUT.to_owned(), input.height);
    let mut push = |name: String, parameters: &str, op: Op| {
        let inputs = vec![std::mem::replace(&mut last, name.clone())];
        nodes.push(Node { name, parameters: parameters.to_owned(), inputs, op });
    };
    for (number, (out, halved)) in LAYERS.into_iter().enumerate() {
        let (conv, norm) = (format!("conv{number}"), format!("norm{number}"));
        let window = Window { kernel: 3, stride: 1, padding: 1 };
        let out_channels = out as u32;
        let convolve = Op::Conv2d { out_channels, window, dilation: 1, groups: 1, bias: false };
        push(conv.clone(), &conv, convolve);
        if halved {
            let window = Window { kernel: 2, stride: 2, padding: 0 };
            push(format!("pool{number}"), "", Op::MaxPool(window));
            side /= 2;
        }
        push(norm.clone(), &norm, Op::BatchNorm { epsilon: EPSILON });
        push(format!("relu{number}"), "", Op::Activation(Activation::Relu));
    }
    let whole = Window { kernel: side, stride: side, padding: 0 };
    push("strongest".to_owned(), "", Op::MaxPool(whole));
    push("flat".to_owned(), "", Op::Flatten);
    Graph { input, nodes, features: last, weights: None }
}

impl Trainee for SmallNetwork {
    fn logits(&self, pictures: &Tensor, train: bool) -> Tensor {
        let mut x = pictures.to_device(self.variables.device()).to_kind(self.kind);
        for layer in &self.layers {
            x = x.conv2d(
                &layer.weight.to_kind(self.kind),
                None::<Tensor>,
                [1, 1],
                [1, 1],
                [1, 1],
                1,
            );
            if layer.halved {
                x = x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
            }
            x = x.apply_t(&layer.norm, train).relu();
        }
        let strongest = x.amax([2_i64, 3].as_slice(), false).to_kind(Kind::Float);
        strongest.linear(&self.weight, Some(&self.bias)).squeeze_dim(1)
    }

    fn normalisation(&self) -> Option<[[f32; 3]; 2]> {
        None
    }

    fn part(&self, normalisation: [[f32; 3]; 2], side: u32) -> Result<Part, GraphError> {
        let [mean, standard_deviation] = normalisation.map(|of| of.map(|value| value / 255.0));
        let input = InputSpec { height: side, width: side, mean, standard_deviation };
        let named = |(name, tensor): (String, Tensor)| {
            let name = match name.as_str() {
                "weight" | "bias" => format!("head.{name}"),
                conv if conv.starts_with("conv") => format!("{conv}.weight"),
                norm => norm.to_owned(),
            };
            (name, Values::of(&tensor))
        };
        let (graph, _) = with_head(&graph(input))?;
        Ok(Part {
            name: BACKGROUND.to_owned(),
            way: Way::Network(Box::new(graph)),
            tensors: self.variables.variables().into_iter().map(named).collect(),
            factor: 1.0,
        })
    }

    fn rates(&self) -> &'static [f64] {
        &RATES
    }

    fn variables(&self) -> &nn::VarStore {
        &self.variables
    }

    fn variables_mut(&mut self) -> &mut nn::VarStore {
        &mut self.variables
    }
}
