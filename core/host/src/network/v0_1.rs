//! Adapter of `sluice:network@0.1.0`.

use std::sync::Arc;

use sluice_events::network as plain;
use sluice_events::plugin::{Parameter, PluginInfo, Values};
use wasmtime::component::{Component, HasSelf, Linker};

use crate::engine::{Guest, PluginHost};
use crate::error::{PluginFault, clipped};
use crate::wasi;

wasmtime::component::bindgen!({
    path: "../../plugins/wit/network/v0.1.0",
    world: "network-plugin",
});

use exports::sluice::network::network as guest;
use sluice::network::{settings, types};

crate::plain::plain_parameters!(types);

const CONTRACT: (&str, &str) = ("network", "0.1.0");

/// What a call's store holds.
pub(crate) struct Call {
    parameters: Values,
    declared: Arc<[Parameter]>,
}

#[derive(Clone)]
pub(crate) struct Adapter {
    component: NetworkPluginPre<Guest<Call>>,
    declared: Arc<[Parameter]>,
}

impl Adapter {
    pub fn new(
        host: &PluginHost,
        component: &Component,
    ) -> Result<(Self, PluginInfo), PluginFault> {
        let other = |error: wasmtime::Error| host.misfit(&error, CONTRACT);
        let mut linker = Linker::new(host.engine());
        NetworkPlugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)
            .and_then(|()| wasi::link(&mut linker, component))
            .map_err(other)?;
        let component = linker.instantiate_pre(component).and_then(NetworkPluginPre::new);
        let mut adapter = Self { component: component.map_err(other)?, declared: Arc::new([]) };
        let info = adapter.info(host)?;
        adapter.declared = info.parameters.as_slice().into();
        Ok((adapter, info))
    }

    fn info(&self, host: &PluginHost) -> Result<PluginInfo, PluginFault> {
        let info = self.call(host, Values::new(), |guest, store| {
            guest.sluice_network_network().call_info(store)
        })?;
        Ok(PluginInfo {
            name: clipped(info.name),
            version: clipped(info.version),
            summary: clipped(info.summary),
            needs_model: false,
            parameters: parameters(info.parameters),
        })
    }

    pub fn describe(
        &self,
        host: &PluginHost,
        (height, width): (u32, u32),
        parameters: Values,
    ) -> Result<plain::Graph, PluginFault> {
        let typical = types::Shape { height, width };
        let described = self.call(host, parameters, |guest, store| {
            guest.sluice_network_network().call_describe(store, typical)
        })?;
        described.map(graph).map_err(|why| PluginFault::Refused(clipped(why)))
    }

    fn call<T>(
        &self,
        host: &PluginHost,
        parameters: Values,
        call: impl FnOnce(&NetworkPlugin, &mut wasmtime::Store<Guest<Call>>) -> wasmtime::Result<T>,
    ) -> Result<T, PluginFault> {
        let mut store = host.store(Call { parameters, declared: Arc::clone(&self.declared) }, 0)?;
        let guest = self.component.instantiate(&mut store);
        let guest = guest.map_err(|error| host.misfit(&error, CONTRACT))?;
        call(&guest, &mut store).map_err(|error| host.failed(&error, store.data()))
    }
}

impl types::Host for Guest<Call> {}

impl settings::Host for Guest<Call> {
    fn parameter(&mut self, name: String) -> Option<types::Value> {
        value_of(&name, &self.data.parameters, &self.data.declared)
    }

    fn log(&mut self, text: String) {
        Self::log(self, text);
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
            renamed: weights
                .renamed
                .into_iter()
                .map(|part| (part.in_file, part.in_graph))
                .collect(),
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
                dilation: conv.dilation,
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
            types::Op::Tokens => plain::Op::Tokens,
            types::Op::ClassToken => plain::Op::ClassToken,
            types::Op::PositionEmbedding => plain::Op::PositionEmbedding,
            types::Op::SelfAttention(heads) => plain::Op::SelfAttention { heads },
            types::Op::Token(place) => plain::Op::Token { place },
            types::Op::MeanToken => plain::Op::MeanToken,
            types::Op::Scale => plain::Op::Scale,
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
        types::Activation::LeakyRelu => plain::Activation::LeakyRelu,
        types::Activation::Elu => plain::Activation::Elu,
        types::Activation::QuickGelu => plain::Activation::QuickGelu,
    }
}
