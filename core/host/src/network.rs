//! Networks: their graphs, checked.

mod v0_1;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sluice_events::facts::PluginRef;
use sluice_events::network::CheckedGraph;
use sluice_events::plugin::{PluginInfo, Values};
use wasmtime::component::Component;

use crate::engine::PluginHost;
use crate::error::{PluginError, PluginFault};

/// A loaded network. Clones share the compiled code.
#[derive(Clone)]
pub struct NetworkPlugin {
    host: PluginHost,
    call: v0_1::Adapter,
    info: Arc<PluginInfo>,
    reference: PluginRef,
    path: Option<PathBuf>,
}

impl NetworkPlugin {
    pub(crate) fn ask(
        host: &PluginHost,
        component: &Component,
    ) -> Result<(v0_1::Adapter, PluginInfo), PluginFault> {
        v0_1::Adapter::new(host, component)
    }

    pub(crate) fn new(
        host: &PluginHost,
        call: v0_1::Adapter,
        info: PluginInfo,
        reference: PluginRef,
        path: Option<PathBuf>,
    ) -> Self {
        Self { host: host.clone(), call, info: Arc::new(info), reference, path }
    }

    /// What it says about itself.
    pub fn info(&self) -> &PluginInfo {
        &self.info
    }

    /// Which build it is.
    pub fn reference(&self) -> &PluginRef {
        &self.reference
    }

    /// The file that it came from; none for one that is in the box.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The graph for pictures of about this height and width, pixels. A parameter that is missing has
    /// its default.
    ///
    /// # Errors
    /// When the network fails, or describes something that can't be built.
    pub fn describe(
        &self,
        typical: (u32, u32),
        parameters: Values,
    ) -> Result<CheckedGraph, PluginError> {
        self.call
            .describe(&self.host, typical, parameters)
            .and_then(|graph| {
                CheckedGraph::new(graph).map_err(|why| PluginFault::WrongAnswer(why.to_string()))
            })
            .map_err(|fault| PluginError { plugin: self.reference.clone(), fault })
    }
}
