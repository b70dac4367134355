//! What a Sluice plugin in Rust imports.
//!
//! A plugin is a WebAssembly component. Implement [`Selector`] or [`Network`] for a unit struct and
//! hand it to [`export_selector!`] or [`export_network!`].
//!
//! ```
//! use sluice_plugin::{Pool, Selector};
//!
//! pub struct NewestFirst;
//!
//! impl Selector for NewestFirst {
//!     const NAME: &'static str = "newest-first";
//!     const SUMMARY: &'static str = "The pool's own order, backwards.";
//!
//!     fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
//!         Ok((0..pool.size()).rev().take(limit).collect())
//!     }
//! }
//!
//! sluice_plugin::export_selector!(NewestFirst);
//!
//! let pool = sluice_plugin::TestPool::scored(&[0.1, 0.2, 0.3]);
//! assert_eq!(NewestFirst::rank(&pool, 2), Ok(vec![2, 1]));
//! ```
//!
//! - [`selector`], [`network`]: the two worlds;
//! - [`order`]: the best of many without sorting all of them;
//! - [`vectors`]: how alike feature vectors are; [`clusters`]: which of them belong together;
//! - [`TestPool`]: a pool of plain data, to try a selector without a server.
//!
//! The code is plain Rust on any machine, so that a plugin is tested with `cargo test`; the macros
//! export it where it is compiled for wasm32.

pub mod clusters;
pub mod network;
pub mod order;
mod parameters;
pub mod selector;
mod test_pool;
pub mod vectors;

pub use network::Network;
pub use selector::{Answer, Pool, Selector};
pub use test_pool::TestPool;

/// A panic ends a component without a word; this gives it one.
#[doc(hidden)]
pub fn log_panics(log: fn(&str)) {
    std::panic::set_hook(Box::new(move |panic| log(&panic.to_string())));
}
