//! For tests: describes what can't be built, each in the way that `how` says.

use sluice_plugin::network::{
    Activation, Conv2d, Graph, InputSpec, Linear, Network, Nodes, Op, Parameter, Settings, Shape,
    Window,
};

/// The guest.
pub struct Guest;

impl Network for Guest {
    const NAME: &'static str = "bad-graphs";
    const SUMMARY: &'static str = "For tests: describes what can't be built.";

    fn parameters() -> Vec<Parameter> {
        vec![Parameter::text("how", "sound", "What is wrong.")]
    }

    fn describe(settings: &dyn Settings, _typical: Shape) -> Result<Graph, String> {
        let how: String = settings.get("how")?;
        let mut nodes = Nodes::default();
        let conv = |out_channels| {
            let window = Window { kernel: 3, stride: 1, padding: 1 };
            Op::Conv2d(Conv2d { out_channels, window, dilation: 1, groups: 1, bias: true })
        };
        nodes.with_parameters("first", "input", conv(8));
        nodes.with_parameters("second", "input", conv(if how == "shapes" { 9 } else { 8 }));
        nodes.plain("sum", &["first", "second"], Op::Add);
        let pooled = Op::AdaptiveAvgPool(Shape { height: 1, width: 1 });
        nodes.plain("pool", &["sum"], pooled);
        nodes.plain("features", &["pool"], Op::Flatten);
        let relu = Op::Activation(Activation::Relu);
        match how.as_str() {
            "cycle" => {
                nodes.plain("egg", &["hen"], relu);
                nodes.plain("hen", &["egg"], relu);
            }
            "twins" => drop(nodes.plain("sum", &["input"], relu)),
            "billion" => {
                // Half of it each.
                let linear = || Op::Linear(Linear { out_features: 62_500_000, bias: false });
                nodes.with_parameters("wide", "features", linear());
                nodes.with_parameters("wider", "features", linear());
            }
            "long" => drop(nodes.plain(&"x".repeat(1 << 20), &["input"], relu)),
            "work" => drop(nodes.with_parameters("work", "sum", {
                let window = Window { kernel: 1023, stride: 1, padding: 511 };
                Op::Conv2d(Conv2d { out_channels: 50, window, dilation: 1, groups: 1, bias: false })
            })),
            _ => {}
        }
        let mean = if how == "nan" { f32::NAN } else { 0.5 };
        Ok(Graph {
            input: InputSpec {
                size: Shape { height: 32, width: if how == "wide" { 64 } else { 32 } },
                mean: (mean, 0.5, 0.5),
                standard_deviation: (0.25, 0.25, 0.25),
            },
            nodes: nodes.finish(),
            features: "features".into(),
            weights: None,
        })
    }
}

sluice_plugin::export_network!(Guest);
