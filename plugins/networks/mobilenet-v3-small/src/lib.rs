//! MobileNetV3-small (Howard et al. 2019, "Searching for MobileNetV3", table 2), with torchvision's
//! parameter names, so that its ImageNet weights fit. The features are the 576 pooled channels.

use sluice_plugin::network::{
    Activation, Conv2d, Graph, IMAGENET_MEAN, IMAGENET_STANDARD_DEVIATION, InputSpec, Linear,
    Network, Nodes, Op, Settings, Shape, Weights, WeightsFormat, Window,
};

const EPSILON: f32 = 1e-3;

/// One row of the paper's table: an inverted residual block.
struct Row {
    kernel: u32,
    expanded: u32,
    out: u32,
    squeeze: bool,
    activation: Activation,
    stride: u32,
}

const fn row(
    kernel: u32,
    expanded: u32,
    out: u32,
    squeeze: bool,
    activation: Activation,
    stride: u32,
) -> Row {
    Row { kernel, expanded, out, squeeze, activation, stride }
}

const ROWS: [Row; 11] = {
    use Activation::{Hardswish, Relu};
    [
        row(3, 16, 16, true, Relu, 2),
        row(3, 72, 24, false, Relu, 2),
        row(3, 88, 24, false, Relu, 1),
        row(5, 96, 40, true, Hardswish, 2),
        row(5, 240, 40, true, Hardswish, 1),
        row(5, 240, 40, true, Hardswish, 1),
        row(5, 120, 48, true, Hardswish, 1),
        row(5, 144, 48, true, Hardswish, 1),
        row(5, 288, 96, true, Hardswish, 2),
        row(5, 576, 96, true, Hardswish, 1),
        row(5, 576, 96, true, Hardswish, 1),
    ]
};

/// The network.
pub struct MobileNetV3Small;

impl Network for MobileNetV3Small {
    const NAME: &'static str = "mobilenet-v3-small";
    const SUMMARY: &'static str = "MobileNetV3-small: 576 features, ImageNet weights exist.";

    fn describe(_settings: &dyn Settings, _typical: Shape) -> Result<Graph, String> {
        let mut nodes = Nodes::default();
        let first = Block { kernel: 3, stride: 2, groups: 1 };
        let mut at = first.add(&mut nodes, "features.0", "input", 16, Some(Activation::Hardswish));
        let mut channels = 16;
        for (row, number) in ROWS.iter().zip(1..) {
            at = inverted_residual(&mut nodes, &format!("features.{number}"), &at, channels, row);
            channels = row.out;
        }
        let last = Block { kernel: 1, stride: 1, groups: 1 };
        at = last.add(&mut nodes, "features.12", &at, 6 * channels, Some(Activation::Hardswish));
        let pooled = Op::AdaptiveAvgPool(Shape { height: 1, width: 1 });
        at = nodes.plain("avgpool", &[&at], pooled);
        let features = nodes.plain("flatten", &[&at], Op::Flatten);
        let linear = |out_features| Op::Linear(Linear { out_features, bias: true });
        at = nodes.with_parameters("classifier.0", &features, linear(1024));
        at = nodes.plain("classifier.1", &[&at], Op::Activation(Activation::Hardswish));
        at = nodes.plain("classifier.2", &[&at], Op::Dropout(0.2));
        nodes.with_parameters("classifier.3", &at, linear(1000));
        Ok(Graph {
            input: InputSpec {
                size: Shape { height: 224, width: 224 },
                mean: IMAGENET_MEAN,
                standard_deviation: IMAGENET_STANDARD_DEVIATION,
            },
            nodes: nodes.finish(),
            features,
            weights: Some(Weights {
                url: "https://download.pytorch.org/models/mobilenet_v3_small-047dcff4.pth".into(),
                sha256: "047dcff4".into(),
                format: WeightsFormat::Pytorch,
                renamed: Vec::new(),
            }),
        })
    }
}

/// Convolution, batch norm and activation, named as torchvision's Conv2dNormActivation.
struct Block {
    kernel: u32,
    stride: u32,
    groups: u32,
}

impl Block {
    fn add(
        &self,
        nodes: &mut Nodes,
        name: &str,
        input: &str,
        out_channels: u32,
        activation: Option<Activation>,
    ) -> String {
        let window =
            Window { kernel: self.kernel, stride: self.stride, padding: (self.kernel - 1) / 2 };
        let conv = Conv2d { out_channels, window, dilation: 1, groups: self.groups, bias: false };
        let at = nodes.with_parameters(&format!("{name}.0"), input, Op::Conv2d(conv));
        let at = nodes.with_parameters(&format!("{name}.1"), &at, Op::BatchNorm(EPSILON));
        match activation {
            Some(kind) => nodes.plain(&format!("{name}.2"), &[&at], Op::Activation(kind)),
            None => at,
        }
    }
}

fn inverted_residual(
    nodes: &mut Nodes,
    name: &str,
    input: &str,
    channels: u32,
    row: &Row,
) -> String {
    let mut part = 0;
    let mut part_name = || {
        part += 1;
        format!("{name}.block.{}", part - 1)
    };
    let mut at = input.to_string();
    if row.expanded != channels {
        let expand = Block { kernel: 1, stride: 1, groups: 1 };
        at = expand.add(nodes, &part_name(), &at, row.expanded, Some(row.activation));
    }
    let depthwise = Block { kernel: row.kernel, stride: row.stride, groups: row.expanded };
    at = depthwise.add(nodes, &part_name(), &at, row.expanded, Some(row.activation));
    if row.squeeze {
        at = squeeze_excitation(nodes, &part_name(), &at, row.expanded);
    }
    let project = Block { kernel: 1, stride: 1, groups: 1 };
    at = project.add(nodes, &part_name(), &at, row.out, None);
    if row.stride == 1 && channels == row.out {
        at = nodes.plain(&format!("{name}.add"), &[input, &at], Op::Add);
    }
    at
}

/// Weighs channels by a function of their means (Hu et al. 2018).
fn squeeze_excitation(nodes: &mut Nodes, name: &str, input: &str, channels: u32) -> String {
    let squeezed = rounded_to_eight(channels / 4);
    let window = Window { kernel: 1, stride: 1, padding: 0 };
    let conv = |out_channels| {
        Op::Conv2d(Conv2d { out_channels, window, dilation: 1, groups: 1, bias: true })
    };
    let pooled = Op::AdaptiveAvgPool(Shape { height: 1, width: 1 });
    let at = nodes.plain(&format!("{name}.avgpool"), &[input], pooled);
    let at = nodes.with_parameters(&format!("{name}.fc1"), &at, conv(squeezed));
    let at = nodes.plain(&format!("{name}.relu"), &[&at], Op::Activation(Activation::Relu));
    let at = nodes.with_parameters(&format!("{name}.fc2"), &at, conv(channels));
    let scale = Op::Activation(Activation::Hardsigmoid);
    let at = nodes.plain(&format!("{name}.scale"), &[&at], scale);
    nodes.plain(&format!("{name}.multiply"), &[&at, input], Op::Multiply)
}

/// The nearest multiple of 8, never less than 8 or than nine tenths (the paper's rule).
fn rounded_to_eight(channels: u32) -> u32 {
    let rounded = ((channels + 4) / 8 * 8).max(8);
    if rounded * 10 < channels * 9 { rounded + 8 } else { rounded }
}

sluice_plugin::export_network!(MobileNetV3Small);
