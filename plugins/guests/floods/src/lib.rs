//! For tests: asks for the same features so often that no memory could hold them.

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "floods";
    const SUMMARY: &'static str = "For tests: asks for more features than fit.";

    fn rank(pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        let features = pool.features(&vec![0; 4 << 20]);
        Ok(vec![features.len() as u32])
    }
}

sluice_plugin::export_selector!(Guest);
