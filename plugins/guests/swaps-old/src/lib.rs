//! For tests: the older build of `swaps`.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "swaps";
    const VERSION: &'static str = "1.0.0";
    const SUMMARY: &'static str = "For tests: the pool's own order.";

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        Ok((0..pool.size()).take(limit).collect())
    }
}

sluice_plugin::export_selector!(Guest);
