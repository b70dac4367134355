//! Runs plugins: WebAssembly components in wasmtime. The only crate that knows wasmtime.
//!
//! ```text
//!   bytes of a component -> version -> compile -> info -> Plugin
//!   folder, looked at again and again -> changes -> PluginSet
//!   Candidates -> SelectorPlugin::rank -> checked order
//!   typical picture -> NetworkPlugin::describe -> CheckedGraph
//! ```
//!
//! What always holds:
//! - A guest gets nothing but what its world imports, and is bounded in instructions, time and memory
//!   ([`Limits`]). Each call runs in a fresh instance, so that one call can't spoil the next.
//! - What a guest says is checked before anybody uses it, and every failure names the plugin.
//! - A published WIT folder has one adapter here: `selector::v0_1`, `network::v0_1`.

mod engine;
mod error;
mod folder;
mod limits;
pub mod network;
mod plain;
pub mod selector;
mod set;
mod version;
mod wasi;

pub use engine::PluginHost;
pub use error::{PluginError, PluginFault, named};
pub use folder::{Change, FolderWatch, PluginFolder};
pub use limits::Limits;
pub use network::NetworkPlugin;
pub use selector::{Candidates, FeatureRows, SelectorPlugin};
pub use set::PluginSet;

use std::path::Path;

use sluice_events::facts::PluginRef;
use sluice_events::plugin::{PluginInfo, PluginKind};

/// A plugin that was loaded and said what it is. Two are equal when they are the same build.
#[derive(Clone)]
pub enum Plugin {
    /// Orders the pool.
    Selector(SelectorPlugin),
    /// Gives features.
    Network(NetworkPlugin),
}

impl Plugin {
    /// Which world it is of.
    pub fn kind(&self) -> PluginKind {
        match self {
            Self::Selector(_) => PluginKind::Selector,
            Self::Network(_) => PluginKind::Network,
        }
    }

    /// What it says about itself.
    pub fn info(&self) -> &PluginInfo {
        match self {
            Self::Selector(plugin) => plugin.info(),
            Self::Network(plugin) => plugin.info(),
        }
    }

    /// Which build it is.
    pub fn reference(&self) -> &PluginRef {
        match self {
            Self::Selector(plugin) => plugin.reference(),
            Self::Network(plugin) => plugin.reference(),
        }
    }

    /// The file that it came from; none for one that is in the box.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Selector(plugin) => plugin.path(),
            Self::Network(plugin) => plugin.path(),
        }
    }

    /// Whether both are chosen by the same name, whatever builds they are.
    fn is_build_of(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.info().name == other.info().name
    }
}

impl PartialEq for Plugin {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.reference() == other.reference()
    }
}

impl Eq for Plugin {}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind(), named(self.reference()))
    }
}
