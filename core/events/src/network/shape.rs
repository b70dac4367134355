//! Shapes: what each step makes of its inputs' shapes, and how many parameters that takes.

use super::check::{GraphError, wrong};
use super::{Node, Op, Window};

/// What a node gives for one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Channels, height, width.
    Map(u32, u32, u32),
    /// A sequence of feature vectors: how many, and their length.
    Tokens(u32, u32),
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
            Self::Tokens(n, features) => u64::from(n).saturating_mul(u64::from(features)),
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
            Self::Tokens(_, n) | Self::Vector(n) => n,
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Map(c, h, w) => write!(f, "{c}×{h}×{w}"),
            Self::Tokens(n, features) => write!(f, "{n} tokens of {features} features"),
            Self::Vector(n) => write!(f, "{n} features"),
        }
    }
}

/// What a node gives for inputs of these shapes.
pub(super) fn infer(node: &Node, inputs: &[Shape]) -> Result<Shape, GraphError> {
    let name = &node.name;
    let many = matches!(node.op, Op::Add | Op::Multiply | Op::Concat);
    if !many && inputs.len() != 1 {
        return wrong(name, format!("takes one input, has {}", inputs.len()));
    }
    let first = inputs[0];
    match &node.op {
        Op::Conv2d { out_channels, window, dilation, groups, .. } => {
            let Shape::Map(channels, h, w) = first else {
                return wrong(name, format!("a convolution needs a map, gets {first}"));
            };
            if *groups == 0 || channels % groups != 0 || out_channels % groups != 0 {
                return wrong(
                    name,
                    format!("{channels} to {out_channels} channels in {groups} groups"),
                );
            }
            let (h, w) = slide(name, *window, *dilation, h, w)?;
            Ok(Shape::Map(*out_channels, h, w))
        }
        Op::MaxPool(window) | Op::AvgPool(window) => {
            let Shape::Map(channels, h, w) = first else {
                return wrong(name, format!("pooling needs a map, gets {first}"));
            };
            if window.padding > window.kernel / 2 {
                return wrong(name, "padding is at most half of a pooling window");
            }
            let (h, w) = slide(name, *window, 1, h, w)?;
            Ok(Shape::Map(channels, h, w))
        }
        Op::AdaptiveAvgPool { height, width } => match first {
            Shape::Map(channels, _, _) => Ok(Shape::Map(channels, *height, *width)),
            _ => wrong(name, format!("pooling needs a map, gets {first}")),
        },
        Op::Linear { out_features, .. } => match first {
            Shape::Tokens(count, _) => Ok(Shape::Tokens(count, *out_features)),
            Shape::Vector(_) => Ok(Shape::Vector(*out_features)),
            Shape::Map(_, h, w) => Ok(Shape::Map(*out_features, h, w)),
        },
        Op::BatchNorm { .. } => match first {
            Shape::Map(..) | Shape::Vector(_) => Ok(first),
            Shape::Tokens(..) => wrong(name, format!("batch norm needs a map, gets {first}")),
        },
        Op::LayerNorm { .. } | Op::Activation(_) | Op::Dropout { .. } | Op::Scale => Ok(first),
        Op::Tokens
        | Op::ClassToken
        | Op::PositionEmbedding
        | Op::SelfAttention { .. }
        | Op::Token { .. }
        | Op::MeanToken => infer_tokens(name, &node.op, first),
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

fn infer_tokens(name: &str, op: &Op, input: Shape) -> Result<Shape, GraphError> {
    match (op, input) {
        (Op::Tokens, Shape::Map(channels, h, w)) => {
            Ok(Shape::Tokens(h.saturating_mul(w), channels))
        }
        (Op::ClassToken, Shape::Tokens(count, features)) => {
            Ok(Shape::Tokens(count.saturating_add(1), features))
        }
        (Op::PositionEmbedding, Shape::Tokens(..)) => Ok(input),
        (Op::SelfAttention { heads }, Shape::Tokens(_, features)) => {
            if *heads == 0 || features % heads != 0 {
                return wrong(name, format!("{features} features in {heads} heads"));
            }
            Ok(input)
        }
        (Op::Token { place }, Shape::Tokens(count, features)) => {
            if *place >= count {
                return wrong(name, format!("takes token {place} of {count}"));
            }
            Ok(Shape::Vector(features))
        }
        (Op::MeanToken, Shape::Tokens(_, features)) => Ok(Shape::Vector(features)),
        (Op::Tokens, _) => wrong(name, format!("tokens are made of a map, not of {input}")),
        _ => wrong(name, format!("needs tokens, gets {input}")),
    }
}

fn slide(
    name: &str,
    window: Window,
    dilation: u32,
    h: u32,
    w: u32,
) -> Result<(u32, u32), GraphError> {
    let Window { kernel, stride, padding } = window;
    let sound = |size: u32| (1..=1024).contains(&size);
    if !sound(kernel) || !sound(stride) || !sound(dilation) || padding > 1024 {
        let sizes = format!("kernel {kernel}, stride {stride}, padding {padding}");
        return wrong(
            name,
            format!("{sizes}, dilation {dilation}; each is 1 to 1024, or no padding"),
        );
    }
    let reach = dilation * (kernel - 1) + 1;
    // A side is bounded by the largest activation, so that this can't overflow.
    let along = |side: u32| (side + 2 * padding).checked_sub(reach).map(|rest| rest / stride + 1);
    match (along(h), along(w)) {
        (Some(h), Some(w)) => Ok((h, w)),
        _ => wrong(name, format!("a window of {reach} does not fit into {w}×{h}")),
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

/// Number of trainable values of a node.
pub(super) fn count_parameters(op: &Op, inputs: &[Shape]) -> u64 {
    let channels = u64::from(inputs[0].channels());
    match op {
        Op::Conv2d { out_channels, window, groups, bias, .. } => {
            let kernel = u64::from(window.kernel).pow(2);
            let per_output = channels / u64::from(*groups) * kernel + u64::from(*bias);
            u64::from(*out_channels).saturating_mul(per_output)
        }
        Op::Linear { out_features, bias } => {
            u64::from(*out_features).saturating_mul(channels + u64::from(*bias))
        }
        Op::BatchNorm { .. } | Op::LayerNorm { .. } => channels * 2,
        Op::ClassToken | Op::Scale => channels,
        Op::PositionEmbedding => inputs[0].len(),
        // Queries, keys, values and what comes out.
        Op::SelfAttention { .. } => 4 * channels.saturating_mul(channels.saturating_add(1)),
        _ => 0,
    }
}

/// Multiplications for one image, about; saturates.
pub(super) fn count_multiplications(op: &Op, inputs: &[Shape], output: Shape) -> u64 {
    let channels = u64::from(inputs[0].channels());
    let each = match op {
        Op::Conv2d { window, groups, .. } => {
            u64::from(window.kernel).pow(2).saturating_mul(channels / u64::from(*groups))
        }
        Op::MaxPool(window) | Op::AvgPool(window) => u64::from(window.kernel).pow(2),
        Op::AdaptiveAvgPool { .. } => (inputs[0].len() / output.len().max(1)).max(1),
        Op::Linear { .. } => channels,
        Op::SelfAttention { .. } => {
            let tokens = inputs[0].len() / channels.max(1);
            (4 * channels).saturating_add(2 * tokens)
        }
        _ => 1,
    };
    output.len().saturating_mul(each)
}
