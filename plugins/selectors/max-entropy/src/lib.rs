//! The least certain first (uncertainty sampling): the entropy of a yes-or-no answer falls with the
//! distance of its probability from one half, so that distance is enough to order by.

use sluice_plugin::{Pool, Selector, order::smallest_first};

/// The selector.
pub struct MaxEntropy;

impl Selector for MaxEntropy {
    const NAME: &'static str = "max-entropy";
    const SUMMARY: &'static str = "The least certain first: teaches the model the most per answer.";
    const NEEDS_MODEL: bool = true;

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        let mut certainty = pool.probabilities();
        certainty.iter_mut().for_each(|p| *p = (*p - 0.5).abs());
        Ok(smallest_first(&certainty, limit))
    }
}

sluice_plugin::export_selector!(MaxEntropy);
