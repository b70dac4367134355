//! What a Sluice plugin in Rust imports.
//!
//! A plugin is a WebAssembly component. Implement [`Selector`] or [`Network`] for a unit struct and
//! hand it to [`export_selector!`] or [`export_network!`]; the crate type is `cdylib`.
//!
//! ```ignore
//! struct NewestFirst;
//!
//! impl sluice_plugin::Selector for NewestFirst {
//!     const NAME: &'static str = "newest-first";
//!     const SUMMARY: &'static str = "The pool's own order, backwards.";
//!
//!     fn rank(limit: usize) -> Result<Vec<u32>, String> {
//!         Ok((0..sluice_plugin::pool::size()).rev().take(limit).collect())
//!     }
//! }
//!
//! sluice_plugin::export_selector!(NewestFirst);
//! ```

pub mod network;
pub mod order;
pub mod selector;

pub use network::Network;
pub use selector::{Selector, pool};
