//! Selectors: what they may know, and the check of what they say.

mod v0_1;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sluice_events::facts::PluginRef;
use sluice_events::plugin::{PluginInfo, Values};
use wasmtime::component::Component;

use crate::engine::PluginHost;
use crate::error::{PluginError, PluginFault};

/// Feature vectors by row: candidates first, then the answered images.
pub trait FeatureRows: Send + Sync {
    /// Length of a vector; 0 as long as there are none.
    fn dim(&self) -> usize;
    /// The vectors of these rows, one after the other; NaN where there is none yet.
    fn gather(&self, rows: &[u32]) -> Vec<f32>;
}

/// What one call of a selector may know.
#[derive(Clone)]
pub struct Candidates {
    /// P(positive) of each candidate, 0 to 1, NaN where it is not scored.
    pub probabilities: Arc<[f32]>,
    /// Their features, and those of the answered images.
    pub features: Arc<dyn FeatureRows>,
    /// Row of each answered image, and whether the answer was yes; the oldest answer first.
    pub answers: Vec<(u32, bool)>,
    /// Values of the selector's parameters; one that is missing has its default.
    pub parameters: Values,
    /// Seed of the call's randomness.
    pub seed: u64,
}

/// A loaded selector. Clones share the compiled code.
#[derive(Clone)]
pub struct SelectorPlugin {
    host: PluginHost,
    call: v0_1::Adapter,
    info: Arc<PluginInfo>,
    reference: PluginRef,
    path: Option<PathBuf>,
}

impl SelectorPlugin {
    pub(crate) fn ask(
        host: &PluginHost,
        component: &Component,
    ) -> Result<(v0_1::Adapter, PluginInfo), PluginFault> {
        v0_1::Adapter::new(host, component)
    }

    pub(crate) fn new(
        host: &PluginHost,
        call: v0_1::Adapter,
        info: PluginInfo,
        reference: PluginRef,
        path: Option<PathBuf>,
    ) -> Self {
        Self { host: host.clone(), call, info: Arc::new(info), reference, path }
    }

    /// What it says about itself.
    pub fn info(&self) -> &PluginInfo {
        &self.info
    }

    /// Which build it is.
    pub fn reference(&self) -> &PluginRef {
        &self.reference
    }

    /// The file that it came from; none for one that is in the box.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The candidates' indices, best first: what the selector says, and behind it what it left out,
    /// in the pool's own order; `limit` of them at most.
    ///
    /// # Errors
    /// When the selector fails or says something that makes no sense.
    pub fn rank(&self, candidates: Candidates, limit: usize) -> Result<Vec<u32>, PluginError> {
        let size = candidates.probabilities.len();
        self.call
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
