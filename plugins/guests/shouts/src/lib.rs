//! For tests: has a name that nobody could choose.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "LOUD name!";
    const SUMMARY: &'static str = "For tests: has a name that nobody could choose.";

    fn rank(_pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        Ok(Vec::new())
    }
}

sluice_plugin::export_selector!(Guest);
