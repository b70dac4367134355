//! Adapter of `sluice:network@0.1.0`.

use sluice_events::{network as plain, plugin};
use wasmtime::component::{Component, Linker};

use crate::engine::{Guest, PluginHost};
use crate::error::{PluginFault, clipped};

wasmtime::component::bindgen!({
    path: "../../plugins/wit/network/v0.1.0",
    world: "network-plugin",
});

use exports::sluice::network::network as guest;
use sluice::network::types;

#[derive(Clone)]
pub(super) struct Adapter {
    component: NetworkPluginPre<Guest<()>>,
}

impl Adapter {
    pub fn new(host: &PluginHost, component: &Component) -> Result<Self, PluginFault> {
        let not = |error: wasmtime::Error| PluginFault::NotAPlugin(format!("{error:#}"));
        let linker = Linker::new(host.engine());
        let component = linker.instantiate_pre(component).and_then(NetworkPluginPre::new);
        Ok(Self { component: component.map_err(not)? })
    }

    pub fn info(&self, host: &PluginHost) -> Result<plugin::PluginInfo, PluginFault> {
        let info =
            self.call(host, |guest, store| guest.sluice_network_network().call_info(store))?;
        Ok(plugin::PluginInfo {
            name: clipped(info.name),
            version: clipped(info.version),
            summary: clipped(info.summary),
            needs_model: false,
            parameters: info.parameters.into_iter().map(parameter).collect(),
        })
    }

    pub fn describe(
        &self,
        host: &PluginHost,
        (height, width): (u32, u32),
    ) -> Result<plain::Graph, PluginFault> {
        let typical = types::Shape { height, width };
        let described = self.call(host, |guest, store| {
            guest.sluice_network_network().call_describe(store, typical)
        })?;
        described.map(graph).map_err(|why| PluginFault::Refused(clipped(why)))
    }

    fn call<T>(
        &self,
        host: &PluginHost,
        call: impl FnOnce(&NetworkPlugin, &mut wasmtime::Store<Guest<()>>) -> wasmtime::Result<T>,
    ) -> Result<T, PluginFault> {
        let mut store = host.store(())?;
        self.component
            .instantiate(&mut store)
            .and_then(|guest| call(&guest, &mut store))
            .map_err(|error| host.fault(&error))
    }
}

fn parameter(parameter: types::Parameter) -> plugin::Parameter {
    plugin::Parameter {
        name: parameter.name,
        default: match parameter.default {
            types::Value::Boolean(value) => plugin::Value::Boolean(value),
            types::Value::Integer(value) => plugin::Value::Integer(value),
            types::Value::Number(value) => plugin::Value::Number(value),
            types::Value::Text(value) => plugin::Value::Text(value),
        },
        range: parameter.range,
        help: parameter.help,
    }
}

fn graph(graph: guest::Graph) -> plain::Graph {
    let (mean, deviation) = (graph.input.mean, graph.input.standard_deviation);
    plain::Graph {
        input: plain::InputSpec {
            height: graph.input.size.height,
            width: graph.input.size.width,
            mean: [mean.0, mean.1, mean.2],
            standard_deviation: [deviation.0, deviation.1, deviation.2],
        },
        nodes: graph.nodes.into_iter().map(node).collect(),
        features: graph.features,
        weights: graph.weights.map(|weights| plain::Weights {
            url: weights.url,
            sha256: weights.sha256,
            format: match weights.format {
                types::WeightsFormat::Pytorch => plain::WeightsFormat::Pytorch,
                types::WeightsFormat::Safetensors => plain::WeightsFormat::Safetensors,
            },
        }),
    }
}

fn node(node: types::Node) -> plain::Node {
    plain::Node {
        name: node.name,
        parameters: node.parameters,
        inputs: node.inputs,
        op: match node.op {
            types::Op::Conv2d(conv) => plain::Op::Conv2d {
                out_channels: conv.out_channels,
                window: window(conv.window),
                groups: conv.groups,
                bias: conv.bias,
            },
            types::Op::BatchNorm(epsilon) => plain::Op::BatchNorm { epsilon },
            types::Op::LayerNorm(epsilon) => plain::Op::LayerNorm { epsilon },
            types::Op::Linear(linear) => {
                plain::Op::Linear { out_features: linear.out_features, bias: linear.bias }
            }
            types::Op::Activation(kind) => plain::Op::Activation(activation(kind)),
            types::Op::MaxPool(pool) => plain::Op::MaxPool(window(pool)),
            types::Op::AvgPool(pool) => plain::Op::AvgPool(window(pool)),
            types::Op::AdaptiveAvgPool(size) => {
                plain::Op::AdaptiveAvgPool { height: size.height, width: size.width }
            }
            types::Op::Add => plain::Op::Add,
            types::Op::Multiply => plain::Op::Multiply,
            types::Op::Concat => plain::Op::Concat,
            types::Op::Flatten => plain::Op::Flatten,
            types::Op::Dropout(probability) => plain::Op::Dropout { probability },
        },
    }
}

fn window(window: types::Window) -> plain::Window {
    plain::Window { kernel: window.kernel, stride: window.stride, padding: window.padding }
}

fn activation(kind: types::Activation) -> plain::Activation {
    match kind {
        types::Activation::Relu => plain::Activation::Relu,
        types::Activation::Relu6 => plain::Activation::Relu6,
        types::Activation::Hardswish => plain::Activation::Hardswish,
        types::Activation::Hardsigmoid => plain::Activation::Hardsigmoid,
        types::Activation::Sigmoid => plain::Activation::Sigmoid,
        types::Activation::Silu => plain::Activation::Silu,
        types::Activation::Gelu => plain::Activation::Gelu,
        types::Activation::Tanh => plain::Activation::Tanh,
    }
}
