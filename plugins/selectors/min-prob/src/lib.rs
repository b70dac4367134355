//! The least likely positives first: to look for positives that the model misses, and to sweep the
//! sure negatives.

use sluice_plugin::{Pool, Selector, order::smallest_first};

/// The selector.
pub struct MinProb;

impl Selector for MinProb {
    const NAME: &'static str = "min-prob";
    const SUMMARY: &'static str = "The least likely positives first: shows what the model misses.";
    const NEEDS_MODEL: bool = true;

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        Ok(smallest_first(&pool.probabilities(), limit))
    }
}

sluice_plugin::export_selector!(MinProb);
