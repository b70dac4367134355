//! For tests: the newer build of `swaps`.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "swaps";
    const VERSION: &'static str = "2.0.0";
    const SUMMARY: &'static str = "For tests: the pool's own order, backwards.";

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        Ok((0..pool.size()).rev().take(limit).collect())
    }
}

sluice_plugin::export_selector!(Guest);
