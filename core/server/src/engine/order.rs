//! Who orders the pool, and what happens when they fail.

use std::mem::discriminant;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_events::facts::PluginRef;
use sluice_events::plugin::{Value, Values};
use sluice_host::{Candidates, FeatureRows, PluginError, SelectorPlugin};
use sluice_learn::{EXAMPLE, Features};
use sluice_session::projections::TrainingSet;

use super::{Engine, Memory, Snapshot};

/// Orders when the default itself can't.
const LIKELIEST: &str = "max-prob";
/// Orders as long as there is a positive or an example, and no model ...
const LIKE_THE_POSITIVES: &str = "similar";
/// ... as long as there is neither ...
const TYPICAL: &str = "spread";
/// ... and when nothing else can.
const CHANCE: &str = "random";
/// A failure that goes on is told again after this time.
const TELL_AGAIN: Duration = Duration::from_mins(5);
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
    /// Asks the chosen selector; until there is a model, instead of one that needs a model, one for the
    /// beginning. While there is no ranking to stay with, others are asked when one fails or is not there.
    pub(super) fn order(
        &self,
        memory: &mut Memory,
        snapshot: &Snapshot,
        set: &TrainingSet,
        probabilities: &Arc<[f32]>,
    ) -> Option<Ordered> {
        let in_use = &snapshot.in_use;
        let scored = probabilities.iter().any(|p| !p.is_nan());
        let can_order = |selector: &&SelectorPlugin| scored || !selector.info().needs_model;
        let chosen = in_use.selector();
        let begun = self.folder.has_example() || set.labels.iter().any(|(_, positive)| *positive);
        let beginning = if begun { LIKE_THE_POSITIVES } else { TYPICAL };
        let others = if scored {
            [self.catalogue.default_selector(), LIKELIEST, CHANCE]
        } else {
            [beginning, self.catalogue.default_selector(), CHANCE]
        };
        let others = others.into_iter().filter_map(|name| in_use.offered.selector(name));
        let mut in_turn: Vec<&SelectorPlugin> =
            chosen.into_iter().chain(others).filter(can_order).collect();
        let mut seen = Vec::new();
        in_turn.retain(|selector| {
            let new = !seen.contains(&selector.reference());
            seen.push(selector.reference());
            new
        });
        if chosen.is_some() {
            memory.missing = None;
        } else if memory.missing.as_ref() != Some(&in_use.selector) {
            memory.missing = Some(in_use.selector.clone());
            let (gone, instead) = (&in_use.selector, &in_turn.first()?.info().name);
            self.warn(format!(
                "The selector {gone} is not there any more; {instead} orders instead."
            ));
        }
        for selector in in_turn {
            let is_chosen = chosen.is_some_and(|chosen| chosen.reference() == selector.reference());
            let values = if is_chosen { in_use.selector_values.clone() } else { Values::new() };
            match self.ask(selector, values, snapshot.rankings, set, probabilities) {
                Ok(ordered) => return Some(ordered),
                Err(error) => self.tell_failure(memory, snapshot, &error),
            }
            if snapshot.ranked {
                break;
            }
        }
        None
    }

    /// Once in a while for each kind of thing that a build does wrong.
    fn tell_failure(&self, memory: &mut Memory, snapshot: &Snapshot, error: &PluginError) {
        let crime = (error.plugin.clone(), discriminant(&error.fault));
        let told = memory.failures.get(&crime);
        if told.is_some_and(|told| told.elapsed() < TELL_AGAIN) {
            return;
        }
        memory.failures.insert(crime, Instant::now());
        self.record_failure(&error.plugin, error.fault.to_string());
        let stays = if snapshot.ranked {
            "The last ranking stays, and answers go on; choose another selector to go on learning"
        } else {
            "Another selector takes over, and answers go on"
        };
        self.warn(format!("The {error}. {stays}."));
    }

    fn ask(
        &self,
        selector: &SelectorPlugin,
        values: Values,
        rankings: u64,
        set: &TrainingSet,
        probabilities: &Arc<[f32]>,
    ) -> Result<Ordered, PluginError> {
        let size = set.candidates.len() as u32;
        let answered = set.labels.iter().map(|(image, _)| *image);
        let mut images: Vec<ImageId> = set.candidates.iter().copied().chain(answered).collect();
        let mut answers: Vec<(u32, bool)> =
            (size..).zip(&set.labels).map(|(row, (_, yes))| (row, *yes)).collect();
        // An example is a first positive, until there is one of the pool's own.
        if self.folder.has_example() && !answers.iter().any(|(_, positive)| *positive) {
            answers.push((images.len() as u32, true));
            images.push(EXAMPLE);
        }
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
            seed: self.seed.wrapping_add(rankings),
        };
        let begun = Instant::now();
        let order = selector.rank(candidates, RANKED);
        self.metrics.called(&selector.reference().name, begun.elapsed());
        if order.is_err() {
            self.metrics.failed(&selector.reference().name);
        }
        let order = order?;
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
