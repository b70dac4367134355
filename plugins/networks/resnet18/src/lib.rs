//! ResNet-18 (He et al. 2016, "Deep residual learning for image recognition", table 1), with
//! torchvision's parameter names, so that its ImageNet weights fit. The features are the 512 pooled
//! channels.

use sluice_plugin::network::{
    Activation, Conv2d, Graph, IMAGENET_MEAN, IMAGENET_STANDARD_DEVIATION, InputSpec, Linear,
    Network, Nodes, Op, Settings, Shape, Weights, WeightsFormat, Window,
};

const EPSILON: f32 = 1e-5;

/// The network.
pub struct ResNet18;

impl Network for ResNet18 {
    const NAME: &'static str = "resnet18";
    const SUMMARY: &'static str = "ResNet-18: 512 features, ImageNet weights exist.";

    fn describe(_settings: &dyn Settings, _typical: Shape) -> Result<Graph, String> {
        let mut nodes = Nodes::default();
        let at = conv(&mut nodes, "conv1", "input", 64, 7, 2);
        let at = norm(&mut nodes, "bn1", &at);
        let at = relu(&mut nodes, "relu", &at);
        let window = Window { kernel: 3, stride: 2, padding: 1 };
        let mut at = nodes.plain("maxpool", &[&at], Op::MaxPool(window));
        for (layer, channels) in (1..).zip([64, 128, 256, 512]) {
            let stride = if layer == 1 { 1 } else { 2 };
            at = block(&mut nodes, &format!("layer{layer}.0"), &at, channels, stride);
            at = block(&mut nodes, &format!("layer{layer}.1"), &at, channels, 1);
        }
        let pooled = Op::AdaptiveAvgPool(Shape { height: 1, width: 1 });
        let at = nodes.plain("avgpool", &[&at], pooled);
        let features = nodes.plain("flatten", &[&at], Op::Flatten);
        let classes = Op::Linear(Linear { out_features: 1000, bias: true });
        nodes.with_parameters("fc", &features, classes);
        Ok(Graph {
            input: InputSpec {
                size: Shape { height: 224, width: 224 },
                mean: IMAGENET_MEAN,
                standard_deviation: IMAGENET_STANDARD_DEVIATION,
            },
            nodes: nodes.finish(),
            features,
            weights: Some(Weights {
                url: "https://download.pytorch.org/models/resnet18-f37072fd.pth".into(),
                sha256: "f37072fd".into(),
                format: WeightsFormat::Pytorch,
                renamed: Vec::new(),
            }),
        })
    }
}

/// Two convolutions and a way around them.
fn block(nodes: &mut Nodes, name: &str, input: &str, channels: u32, stride: u32) -> String {
    let part = |part: &str| format!("{name}.{part}");
    let at = conv(nodes, &part("conv1"), input, channels, 3, stride);
    let at = norm(nodes, &part("bn1"), &at);
    let at = relu(nodes, &part("relu1"), &at);
    let at = conv(nodes, &part("conv2"), &at, channels, 3, 1);
    let at = norm(nodes, &part("bn2"), &at);
    let around = if stride == 1 {
        input.to_owned()
    } else {
        let at = conv(nodes, &part("downsample.0"), input, channels, 1, stride);
        norm(nodes, &part("downsample.1"), &at)
    };
    let at = nodes.plain(&part("add"), &[&at, &around], Op::Add);
    relu(nodes, &part("relu2"), &at)
}

fn conv(
    nodes: &mut Nodes,
    name: &str,
    input: &str,
    out_channels: u32,
    kernel: u32,
    stride: u32,
) -> String {
    let window = Window { kernel, stride, padding: kernel / 2 };
    let conv = Conv2d { out_channels, window, dilation: 1, groups: 1, bias: false };
    nodes.with_parameters(name, input, Op::Conv2d(conv))
}

fn norm(nodes: &mut Nodes, name: &str, input: &str) -> String {
    nodes.with_parameters(name, input, Op::BatchNorm(EPSILON))
}

fn relu(nodes: &mut Nodes, name: &str, input: &str) -> String {
    nodes.plain(name, &[input], Op::Activation(Activation::Relu))
}

sluice_plugin::export_network!(ResNet18);
