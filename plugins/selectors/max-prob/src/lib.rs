//! The most likely positives first: finds the rare ones with the fewest looks.

use sluice_plugin::{Pool, Selector, order::largest_first};

/// The selector.
pub struct MaxProb;

impl Selector for MaxProb {
    const NAME: &'static str = "max-prob";
    const SUMMARY: &'static str = "The most likely positives first.";
    const NEEDS_MODEL: bool = true;

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        Ok(largest_first(&pool.probabilities(), limit))
    }
}

sluice_plugin::export_selector!(MaxProb);
