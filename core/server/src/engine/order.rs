//! Who orders the pool, and what happens when they fail.

use std::sync::Arc;

use sluice_events::ImageId;
use sluice_events::facts::PluginRef;
use sluice_events::plugin::{Value, Values};
use sluice_host::{Candidates, FeatureRows, PluginError, SelectorPlugin};
use sluice_learn::Features;

use super::{Engine, Memory, Snapshot};

/// Orders by chance as long as there is nothing to learn from.
const CHANCE: &str = "random";
/// Entries of a ranking that are made; queues are cut from them.
const RANKED: usize = 1000;

/// An order, and who made it.
pub(super) struct Ordered {
    pub by: PluginRef,
    /// Values of its parameters, as far as they were not what it says itself.
    pub parameters: Values,
    /// Indices of candidates, best first.
    pub order: Vec<u32>,
}

impl Engine {
    /// Asks the chosen selector; until there is a model, chance instead of one that needs a model.
    pub(super) fn order(
        &self,
        memory: &mut Memory,
        snapshot: &Snapshot,
        probabilities: &Arc<[f32]>,
    ) -> Option<Ordered> {
        let default = self.catalogue.default_selector();
        let in_use = &snapshot.in_use;
        let chosen = in_use.selector();
        if chosen.is_none() && memory.missing.as_ref() != Some(&in_use.selector) {
            memory.missing = Some(in_use.selector.clone());
            let name = &in_use.selector;
            self.warn(format!(
                "The selector {name} is not there any more; {default} orders instead."
            ));
        }
        let default = in_use.offered.selector(default);
        let by_chance = in_use.offered.selector(CHANCE);
        let scored = probabilities.iter().any(|p| !p.is_nan());
        let chance = |selector: &&SelectorPlugin| selector.info().needs_model && !scored;
        let (selector, values) = match (chosen, by_chance) {
            (Some(chosen), Some(by_chance)) if chance(&chosen) => (by_chance, Values::new()),
            (Some(chosen), _) => (chosen, in_use.selector_values.clone()),
            (None, by_chance) => (by_chance.filter(|_| !scored).or(default)?, Values::new()),
        };
        match self.ask(selector, values, snapshot, probabilities) {
            Ok(ordered) => {
                memory.failures.remove(selector.reference());
                Some(ordered)
            }
            Err(error) => {
                self.tell_failure(memory, snapshot, &error);
                let others = [default, by_chance].into_iter().flatten();
                let mut others = others.filter(|other| other.reference() != selector.reference());
                let instead = others.next().filter(|_| !snapshot.ranked)?;
                self.ask(instead, Values::new(), snapshot, probabilities).ok()
            }
        }
    }

    /// Once for each thing that a build does wrong.
    fn tell_failure(&self, memory: &mut Memory, snapshot: &Snapshot, error: &PluginError) {
        let text = error.to_string();
        let told = memory.failures.insert(error.plugin.clone(), text.clone());
        if told.as_ref() != Some(&text) {
            self.record_failure(&error.plugin, error.fault.to_string());
            let stays = if snapshot.ranked {
                "The last ranking stays"
            } else {
                "Another selector takes over"
            };
            self.warn(format!(
                "The {text}. {stays}, and answers go on; choose another selector to go on learning."
            ));
        }
    }

    fn ask(
        &self,
        selector: &SelectorPlugin,
        values: Values,
        snapshot: &Snapshot,
        probabilities: &Arc<[f32]>,
    ) -> Result<Ordered, PluginError> {
        let (set, size) = (&snapshot.set, snapshot.set.candidates.len() as u32);
        let answered = set.labels.iter().map(|(image, _)| *image);
        let images = set.candidates.iter().copied().chain(answered).collect();
        let answers = (size..).zip(&set.labels).map(|(row, (_, yes))| (row, *yes)).collect();
        let info = selector.info();
        let is_own = |name: &str, value: &Value| {
            info.parameters.iter().any(|p| p.name == name && p.default == *value)
        };
        let parameters = values.iter().filter(|(name, value)| !is_own(name, value));
        let parameters = parameters.map(|(name, value)| (name.clone(), value.clone())).collect();
        let candidates = Candidates {
            probabilities: Arc::clone(probabilities),
            features: Arc::new(Rows { images, features: self.learner.features() }),
            answers,
            parameters: values,
            seed: self.seed.wrapping_add(snapshot.rankings),
        };
        let order = selector.rank(candidates, RANKED)?;
        Ok(Ordered { by: selector.reference().clone(), parameters, order })
    }
}

/// Features by row of one call: candidates, then answered images.
struct Rows {
    images: Vec<ImageId>,
    features: Arc<dyn Features>,
}

impl FeatureRows for Rows {
    fn dim(&self) -> usize {
        self.features.dim()
    }

    fn gather(&self, rows: &[u32]) -> Vec<f32> {
        // No image has this id: a row that is not there has no features.
        let nobody = ImageId(u32::MAX);
        let image = |row: &u32| self.images.get(*row as usize).copied().unwrap_or(nobody);
        self.features.gather(&rows.iter().map(image).collect::<Vec<_>>())
    }
}
