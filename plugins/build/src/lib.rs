//! Crates of plugins become components: by the build of those in the box, and by `sluice plugin build`.
//!
//! ```text
//!   crate --cargo (wasm32-unknown-unknown)--> core module --ComponentEncoder--> NAME.wasm
//! ```

pub mod component;
pub mod toolchain;
