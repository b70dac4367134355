//! The least certain first (uncertainty sampling): the entropy of a yes-or-no answer falls with the
//! distance of its probability from one half, so that distance is enough to order by.

use sluice_plugin::{Selector, order::largest_first, pool};

struct MaxEntropy;

impl Selector for MaxEntropy {
    const NAME: &'static str = "max-entropy";
    const SUMMARY: &'static str = "The least certain first: teaches the model the most per answer.";
    const NEEDS_MODEL: bool = true;

    fn rank(limit: usize) -> Result<Vec<u32>, String> {
        let certainty = |p: f32| (p - 0.5).abs();
        let scores: Vec<f32> = pool::probabilities().into_iter().map(|p| -certainty(p)).collect();
        Ok(largest_first(&scores, limit))
    }
}

sluice_plugin::export_selector!(MaxEntropy);
