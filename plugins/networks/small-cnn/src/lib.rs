//! A small residual network (widths 32, 64, 128) for small pictures and CPUs, trained from nothing.

use sluice_plugin::network::{
    Activation, Conv2d, Graph, InputSpec, Network, Nodes, Op, Shape, Window,
};

const EPSILON: f32 = 1e-5;

struct SmallCnn;

impl Network for SmallCnn {
    const NAME: &'static str = "small-cnn";
    const SUMMARY: &'static str = "A small residual network for small pictures and CPUs.";

    fn describe(_typical: Shape) -> Result<Graph, String> {
        let mut nodes = Nodes::default();
        let mut at = block(&mut nodes, "stem", "input", 32, 1);
        for (stage, channels) in [("stage1", 32), ("stage2", 64), ("stage3", 128)] {
            let stride = if channels == 32 { 1 } else { 2 };
            let down = block(&mut nodes, &format!("{stage}.down"), &at, channels, stride);
            let inner = block(&mut nodes, &format!("{stage}.inner"), &down, channels, 1);
            at = nodes.plain(&format!("{stage}.add"), &[&down, &inner], Op::Add);
        }
        let pooled = Op::AdaptiveAvgPool(Shape { height: 1, width: 1 });
        let at = nodes.plain("pool", &[&at], pooled);
        let features = nodes.plain("flatten", &[&at], Op::Flatten);
        Ok(Graph {
            input: InputSpec {
                size: Shape { height: 32, width: 32 },
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
    let conv = Conv2d { out_channels: channels, window, groups: 1, bias: false };
    let at = nodes.with_parameters(&format!("{name}.conv"), input, Op::Conv2d(conv));
    let at = nodes.with_parameters(&format!("{name}.norm"), &at, Op::BatchNorm(EPSILON));
    nodes.plain(&format!("{name}.relu"), &[&at], Op::Activation(Activation::Relu))
}

sluice_plugin::export_network!(SmallCnn);
