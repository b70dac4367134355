//! The most certain first: the farther a probability is from one half, the lower the entropy of the
//! answer. Shows where the model is sure of itself, and so where it is wrong with conviction.

use sluice_plugin::{Pool, Selector, order::largest_first};

/// The selector.
pub struct MinEntropy;

impl Selector for MinEntropy {
    const NAME: &'static str = "min-entropy";
    const SUMMARY: &'static str = "The most certain first: shows errors made with conviction.";
    const NEEDS_MODEL: bool = true;

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        let mut certainty = pool.probabilities();
        certainty.iter_mut().for_each(|p| *p = (*p - 0.5).abs());
        Ok(largest_first(&certainty, limit))
    }
}

sluice_plugin::export_selector!(MinEntropy);
