//! For tests: names a candidate twice.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "repeats";
    const SUMMARY: &'static str = "For tests: names a candidate twice.";

    fn rank(_pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        Ok(vec![0, 1, 0])
    }
}

sluice_plugin::export_selector!(Guest);
