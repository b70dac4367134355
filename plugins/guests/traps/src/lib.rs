//! For tests: crashes at every call.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "traps";
    const SUMMARY: &'static str = "For tests: crashes at every call.";

    fn rank(_pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        panic!("on purpose")
    }
}

sluice_plugin::export_selector!(Guest);
