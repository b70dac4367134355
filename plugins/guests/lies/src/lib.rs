//! For tests: names a candidate that does not exist.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "lies";
    const SUMMARY: &'static str = "For tests: names a candidate that does not exist.";

    fn rank(pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        Ok(vec![pool.size()])
    }
}

sluice_plugin::export_selector!(Guest);
