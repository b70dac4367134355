//! Selectors: what they may know, and the check of what they say.

mod v0_1;

use std::sync::Arc;

use sluice_events::facts::PluginRef;
use sluice_events::plugin::{PluginInfo, Value};
use wasmtime::component::Component;

use crate::engine::PluginHost;
use crate::error::{PluginError, PluginFault};

/// Feature vectors by row: candidates first, then the answered images.
pub trait FeatureRows: Send + Sync {
    /// Length of a vector; 0 as long as there are none.
    fn dim(&self) -> usize;
    /// Appends the vector of a row; NaN where there is none yet.
    fn push_row(&self, row: u32, to: &mut Vec<f32>);
}

/// What one call of a selector may know.
pub struct Candidates {
    /// P(positive) of each candidate, 0 to 1, NaN where it is not scored.
    pub probabilities: Vec<f32>,
    /// Their features, and those of the answered images.
    pub features: Arc<dyn FeatureRows>,
    /// Row of each answered image, and whether the answer was yes.
    pub answers: Vec<(u32, bool)>,
    /// Values that a person set, by name.
    pub parameters: Vec<(String, Value)>,
    /// Seed of the call's randomness.
    pub seed: u64,
}

/// A loaded selector. Clones share the compiled code.
#[derive(Clone)]
pub struct SelectorPlugin {
    host: PluginHost,
    instance: v0_1::Adapter,
    info: PluginInfo,
    reference: PluginRef,
}

impl SelectorPlugin {
    pub(crate) fn load(
        host: &PluginHost,
        component: &Component,
        hash: [u8; 32],
    ) -> Result<Self, PluginFault> {
        let instance = v0_1::Adapter::new(host, component)?;
        let info = instance.info(host)?;
        let reference = PluginRef { name: info.name.clone(), version: info.version.clone(), hash };
        Ok(Self { host: host.clone(), instance, info, reference })
    }

    /// What it says about itself.
    pub fn info(&self) -> &PluginInfo {
        &self.info
    }

    /// Which build it is.
    pub fn reference(&self) -> &PluginRef {
        &self.reference
    }

    /// The candidates' indices, best first: what the selector says, and behind it what it left out,
    /// in the pool's own order; `limit` of them at most.
    ///
    /// # Errors
    /// When the selector fails or says something that makes no sense.
    pub fn rank(&self, candidates: Candidates, limit: usize) -> Result<Vec<u32>, PluginError> {
        let size = candidates.probabilities.len();
        self.instance
            .rank(&self.host, candidates, limit)
            .and_then(|order| complete(order, size, limit))
            .map_err(|fault| PluginError { plugin: self.reference.clone(), fault })
    }
}

/// Checks an order and adds what was left out.
fn complete(mut order: Vec<u32>, size: usize, limit: usize) -> Result<Vec<u32>, PluginFault> {
    let wrong = |what: String| Err(PluginFault::WrongAnswer(what));
    if order.len() > limit {
        return wrong(format!("{} candidates where at most {limit} were asked for", order.len()));
    }
    let mut listed = vec![false; size];
    for &index in &order {
        match listed.get_mut(index as usize) {
            None => return wrong(format!("candidate {index} of {size}")),
            Some(true) => return wrong(format!("candidate {index} twice")),
            Some(listed) => *listed = true,
        }
    }
    let left_out = listed.iter().zip(0..).filter(|(listed, _)| !**listed).map(|(_, index)| index);
    order.extend(left_out.take(limit - order.len()));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_selector_leaves_out_follows_in_pool_order() {
        assert_eq!(complete(vec![3, 1], 5, 10), Ok(vec![3, 1, 0, 2, 4]));
        assert_eq!(complete(vec![3, 1], 5, 3), Ok(vec![3, 1, 0]));
    }

    #[test]
    fn nonsense_is_refused() {
        for (order, size, limit) in [(vec![5], 5, 5), (vec![1, 1], 5, 5), (vec![0, 1, 2], 5, 2)] {
            assert!(matches!(complete(order, size, limit), Err(PluginFault::WrongAnswer(_))));
        }
    }
}
