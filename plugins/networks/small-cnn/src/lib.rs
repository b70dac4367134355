//! A small residual network (widths 32, 64, 128, or as set) for small pictures and CPUs, trained from
//! nothing.

use sluice_plugin::network::{
    Activation, Conv2d, Graph, InputSpec, Network, Nodes, Op, Parameter, Settings, Shape, Window,
};

const EPSILON: f32 = 1e-5;

/// The network.
pub struct SmallCnn;

impl Network for SmallCnn {
    const NAME: &'static str = "small-cnn";
    const SUMMARY: &'static str = "A small residual network for small pictures and CPUs.";

    fn parameters() -> Vec<Parameter> {
        let width = "Channels of the first stage; the others have twice and four times as many.";
        let side = "Side of the pictures that it is given, pixels.";
        vec![
            Parameter::integer("width", 32, 8..=256, width),
            Parameter::integer("side", 32, 16..=256, side),
        ]
    }

    fn describe(settings: &dyn Settings, _typical: Shape) -> Result<Graph, String> {
        let (width, side): (i64, i64) = (settings.get("width")?, settings.get("side")?);
        let (width, side) = (width as u32, side as u32);
        let mut nodes = Nodes::default();
        let mut at = block(&mut nodes, "stem", "input", width, 1);
        for (stage, stride, channels) in
            [("stage1", 1, width), ("stage2", 2, 2 * width), ("stage3", 2, 4 * width)]
        {
            let down = block(&mut nodes, &format!("{stage}.down"), &at, channels, stride);
            let inner = block(&mut nodes, &format!("{stage}.inner"), &down, channels, 1);
            at = nodes.plain(&format!("{stage}.add"), &[&down, &inner], Op::Add);
        }
        let pooled = Op::AdaptiveAvgPool(Shape { height: 1, width: 1 });
        let at = nodes.plain("pool", &[&at], pooled);
        let features = nodes.plain("flatten", &[&at], Op::Flatten);
        Ok(Graph {
            input: InputSpec {
                size: Shape { height: side, width: side },
                mean: (0.5, 0.5, 0.5),
                standard_deviation: (0.25, 0.25, 0.25),
            },
            nodes: nodes.finish(),
            features,
            weights: None,
        })
    }
}

/// 3 × 3 convolution, batch norm, ReLU.
fn block(nodes: &mut Nodes, name: &str, input: &str, channels: u32, stride: u32) -> String {
    let window = Window { kernel: 3, stride, padding: 1 };
    let conv = Conv2d { out_channels: channels, window, dilation: 1, groups: 1, bias: false };
    let at = nodes.with_parameters(&format!("{name}.conv"), input, Op::Conv2d(conv));
    let at = nodes.with_parameters(&format!("{name}.norm"), &at, Op::BatchNorm(EPSILON));
    nodes.plain(&format!("{name}.relu"), &[&at], Op::Activation(Activation::Relu))
}

sluice_plugin::export_network!(SmallCnn);
