//! For tests: wants all the memory there is.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "hogs";
    const SUMMARY: &'static str = "For tests: wants all the memory there is.";

    fn rank(_pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        loop {
            hoard.push(vec![1; 1 << 20]);
            std::hint::black_box(&hoard);
        }
    }
}

sluice_plugin::export_selector!(Guest);
