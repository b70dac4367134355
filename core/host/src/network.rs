//! Networks: their graphs, checked.

mod v0_1;

use sluice_events::facts::PluginRef;
use sluice_events::network::CheckedGraph;
use sluice_events::plugin::PluginInfo;
use wasmtime::component::Component;

use crate::engine::PluginHost;
use crate::error::{PluginError, PluginFault};

/// A loaded network. Clones share the compiled code.
#[derive(Clone)]
pub struct NetworkPlugin {
    host: PluginHost,
    instance: v0_1::Adapter,
    info: PluginInfo,
    reference: PluginRef,
}

impl NetworkPlugin {
    pub(crate) fn load(
        host: &PluginHost,
        component: &Component,
        hash: [u8; 32],
    ) -> Result<Self, PluginFault> {
        let instance = v0_1::Adapter::new(host, component)?;
        let info = instance.info(host)?;
        let reference = PluginRef { name: info.name.clone(), version: info.version.clone(), hash };
        Ok(Self { host: host.clone(), instance, info, reference })
    }

    /// What it says about itself.
    pub fn info(&self) -> &PluginInfo {
        &self.info
    }

    /// Which build it is.
    pub fn reference(&self) -> &PluginRef {
        &self.reference
    }

    /// The graph for pictures of about this height and width, pixels.
    ///
    /// # Errors
    /// When the network fails, or describes something that can't be built.
    pub fn describe(&self, typical: (u32, u32)) -> Result<CheckedGraph, PluginError> {
        self.instance
            .describe(&self.host, typical)
            .and_then(|graph| {
                CheckedGraph::new(graph).map_err(|why| PluginFault::WrongAnswer(why.to_string()))
            })
            .map_err(|fault| PluginError { plugin: self.reference.clone(), fault })
    }
}
