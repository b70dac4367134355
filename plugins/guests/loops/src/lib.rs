//! For tests: never ends.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "loops";
    const SUMMARY: &'static str = "For tests: never ends.";

    fn rank(pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        loop {
            std::hint::black_box(pool.size());
        }
    }
}

sluice_plugin::export_selector!(Guest);
