//! Runs plugins: WebAssembly components in wasmtime. The only crate that knows wasmtime.
//!
//! ```text
//!   bytes of a component -> version -> compile -> info -> Plugin
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
pub mod network;
pub mod selector;
mod set;
mod version;

pub use engine::{Limits, PluginHost};
pub use error::{PluginError, PluginFault};
pub use network::NetworkPlugin;
pub use selector::{Candidates, FeatureRows, SelectorPlugin};
pub use set::PluginSet;

/// A plugin that was loaded and said what it is.
#[derive(Clone)]
pub enum Plugin {
    /// Orders the pool.
    Selector(SelectorPlugin),
    /// Gives features.
    Network(NetworkPlugin),
}
