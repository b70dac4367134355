//! A network as a graph of named nodes, in plain data: a plugin describes it, the host checks it,
//! and `learn` builds it. What a node gives for one image is a map (channels, height, width), tokens (a
//! sequence of feature vectors), or one feature vector: [`Shape`].

mod check;
mod shape;

pub use check::{CheckedGraph, GraphError};
pub use shape::Shape;

use serde::{Deserialize, Serialize};

/// What is chosen instead of a network for features that need none; no network goes by this name.
pub const PATCHES: &str = "patches";
/// The name by which nodes refer to the picture.
pub const INPUT: &str = "input";

/// What a network expects of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Pixels.
    pub height: u32,
    /// Pixels.
    pub width: u32,
    /// Subtracted from red, green and blue, each 0 to 1.
    pub mean: [f32; 3],
    /// Divided by afterwards.
    pub standard_deviation: [f32; 3],
}

/// A whole network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// What it expects of a picture.
    pub input: InputSpec,
    /// In any order.
    pub nodes: Vec<Node>,
    /// The node whose output is the feature vector that the head is put on.
    pub features: String,
    /// Where pretrained weights are to be had.
    pub weights: Option<Weights>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Unique in the graph.
    pub name: String,
    /// Prefix of its parameters in a state dict, for example `features.0.0`; empty if it has none.
    /// The whole name of the one tensor of [`Op::ClassToken`], [`Op::PositionEmbedding`] and [`Op::Scale`].
    pub parameters: String,
    /// Names of the nodes whose outputs it takes, or [`INPUT`].
    pub inputs: Vec<String>,
    /// What it does.
    pub op: Op,
}

/// A window that slides over height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Pixels, both ways.
    pub kernel: u32,
    /// Pixels between two places.
    pub stride: u32,
    /// Pixels of zeros around.
    pub padding: u32,
}

/// A function of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the field's own names")]
pub enum Activation {
    Relu,
    Relu6,
    Hardswish,
    Hardsigmoid,
    Sigmoid,
    Silu,
    Gelu,
    Tanh,
    LeakyRelu,
    Elu,
    QuickGelu,
}

/// What a node does. Meanings and defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// Two-dimensional convolution.
    Conv2d {
        /// Channels that come out.
        out_channels: u32,
        /// The window.
        window: Window,
        /// Pixels from one value that the window looks at to the next.
        dilation: u32,
        /// Groups of channels that don't see each other.
        groups: u32,
        /// Whether a bias is added.
        bias: bool,
    },
    /// Batch normalisation, with running statistics.
    BatchNorm {
        /// Added to the variance.
        epsilon: f32,
    },
    /// Layer normalisation of each feature vector; of a map, of each place's channels.
    LayerNorm {
        /// Added to the variance.
        epsilon: f32,
    },
    /// Fully connected layer on each feature vector; of a map, on each place's channels.
    Linear {
        /// Features that come out.
        out_features: u32,
        /// Whether a bias is added.
        bias: bool,
    },
    /// A function of each value.
    Activation(Activation),
    /// Largest value of each window.
    MaxPool(Window),
    /// Mean of each window, zeros of the padding included.
    AvgPool(Window),
    /// Means over as many windows as asked for.
    AdaptiveAvgPool {
        /// Rows that come out.
        height: u32,
        /// Columns that come out.
        width: u32,
    },
    /// Sum of the inputs.
    Add,
    /// Product of the inputs; a height or width of 1 is stretched.
    Multiply,
    /// The inputs' channels one after the other.
    Concat,
    /// (channels, height, width) to (features).
    Flatten,
    /// Sets values to zero while training.
    Dropout {
        /// How likely, 0 to 1.
        probability: f32,
    },
    /// A map becomes tokens: one for each place, row by row.
    Tokens,
    /// A learned token, put before the others.
    ClassToken,
    /// Learned, added to the tokens.
    PositionEmbedding,
    /// Each token looks at all, as `torch.nn.MultiheadAttention` does.
    SelfAttention {
        /// Heads; the features are divided among them.
        heads: u32,
    },
    /// One of the tokens.
    Token {
        /// Its place, counted from 0.
        place: u32,
    },
    /// The mean of the tokens.
    MeanToken,
    /// Each channel or feature times a learned number.
    Scale,
}

/// Pretrained weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// Where they are to be had.
    pub url: String,
    /// SHA-256 of the file, or its first hexadecimal digits.
    pub sha256: String,
    /// The file's format.
    pub format: WeightsFormat,
    /// How names begin in the file, and what stands for that in the graph; for each name the first that
    /// fits counts.
    pub renamed: Vec<(String, String)>,
}

/// Format of a file of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WeightsFormat {
    /// A state dict as `torch.save` writes it.
    Pytorch,
    /// safetensors.
    Safetensors,
}
