//! For tests: says that it can not.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "refuses";
    const SUMMARY: &'static str = "For tests: says that it can not.";

    fn rank(_pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        Err("there is no order in this".into())
    }
}

sluice_plugin::export_selector!(Guest);
