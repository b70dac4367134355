//! What gives the features: patches of the pool's own pictures, or the network that was chosen.

use std::sync::Arc;

use sluice_events::facts::PluginRef;
use sluice_events::message::Level;
use sluice_events::network::PATCHES;
use sluice_events::plugin::{PluginKind, Value, Values};
use sluice_events::{Command, CommandId, ImageId};
use sluice_host::{NetworkPlugin, named};
use sluice_learn::{Backbone, LearnError, Pictures};
use uuid::Uuid;

use super::{Engine, Memory, Snapshot};
use crate::catalogue::find;
use crate::pictures::PoolPictures;
use crate::weights::Found;

/// Pictures whose size is looked at to tell a network what is typical.
const LOOKED_AT: u32 = 16;

/// What was chosen to give features.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Source {
    /// The network or [`PATCHES`], by name.
    pub name: String,
    /// Which build of the network; none where there is no such network.
    build: Option<PluginRef>,
    values: Values,
}

/// What came of the wish for other features.
enum Begun {
    /// They are being computed.
    Now,
    /// Their weights are on their way.
    Later,
}

/// Why a network gives no features.
enum Hindrance {
    /// It does nothing wrong: it is not there, or has no weights.
    Missing(String),
    Failed(PluginRef, String),
}

impl Engine {
    /// Begins features anew when another network was chosen, or in another build, or with other values.
    pub(super) fn follow_network(&mut self, memory: &mut Memory, snapshot: &Snapshot) {
        let in_use = &snapshot.in_use;
        let network = in_use.offered.network(&in_use.network).cloned();
        let build = network.as_ref().map(|network| network.reference().clone());
        let (name, values) = (in_use.network.clone(), in_use.network_values.clone());
        let wanted = Source { name, build, values };
        if memory.wanted.as_ref() != Some(&wanted) {
            // What an earlier choice came to is no answer to this one.
            self.weights.forget_ended();
        } else if memory.awaited.as_ref() != Some(&wanted) || self.weights.is_fetching(&wanted.name)
        {
            return;
        }
        memory.wanted = Some(wanted.clone());
        memory.awaited = None;
        if memory.in_use.as_ref() == Some(&wanted) {
            return;
        }
        if wanted.name == PATCHES {
            self.begin_patches(memory);
            return;
        }
        match self.begin_network(network.as_ref(), &wanted) {
            Ok(Begun::Now) => {
                memory.in_use = Some(wanted);
                memory.last = None;
            }
            Ok(Begun::Later) => {
                if memory.in_use.is_none() {
                    self.begin_patches(memory);
                }
                memory.awaited = Some(wanted);
            }
            Err(hindrance) => self.refuse(memory, &wanted, hindrance),
        }
    }

    /// Goes on without what was wanted, and says why.
    fn refuse(&mut self, memory: &mut Memory, wanted: &Source, hindrance: Hindrance) {
        let stays = match &memory.in_use {
            Some(_) => "the features in use stay",
            None => "features are used that need none",
        };
        self.keep(memory, wanted);
        match hindrance {
            Hindrance::Missing(why) => {
                let text = format!("{why}, so {stays}. Answers and rankings go on.");
                self.notices.pin(Level::Info, text);
            }
            Hindrance::Failed(plugin, why) => {
                self.metrics.failed(&plugin.name);
                self.record_failure(&plugin, why.clone());
                let plugin = named(&plugin);
                self.warn(format!(
                    "The network {plugin} can't be used: {why}. So {stays}, and answers and rankings go \
                     on."
                ));
            }
        }
    }

    /// What is in use was not touched: the choice goes back to it, unless somebody chose yet another
    /// meanwhile. At the start there is nothing in use; the choice stays, because the hindrance may be gone
    /// at the next one.
    fn keep(&mut self, memory: &mut Memory, refused: &Source) {
        let Some(in_use) = memory.in_use.clone() else { return self.begin_patches(memory) };
        let kept = find(&self.catalogue.offered(), PluginKind::Network, &in_use.name);
        if let Some((_, network)) = kept
            && refused.name != in_use.name
        {
            let (id, instead_of) = (CommandId(Uuid::now_v7()), refused.name.clone());
            let keep = Command::KeepNetwork { id, instead_of, network };
            self.session.command_blocking(keep).ok();
        } else if refused.name == in_use.name && refused.build == in_use.build {
            // It was a value that it could not have: the one before counts again.
            let is_other = |name: &String, value: &Value| refused.values.get(name) != Some(value);
            let others = in_use.values.iter().filter(|(name, value)| is_other(name, value));
            let changes = others.map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
            let (id, kind) = (CommandId(Uuid::now_v7()), PluginKind::Network);
            let set = Command::SetParameters { id, kind, plugin: in_use.name.clone(), changes };
            self.session.command_blocking(set).ok();
        }
    }

    fn begin_patches(&mut self, memory: &mut Memory) {
        if memory.in_use.as_ref().is_some_and(|in_use| in_use.name == PATCHES) {
            return;
        }
        if let Err(error) = self.begin(Backbone::Patches { seed: self.seed }) {
            self.warn(format!(
                "No features can be computed ({error}); the order stays what it is."
            ));
        }
        let (name, values) = (PATCHES.to_owned(), Values::new());
        memory.in_use = Some(Source { name, build: None, values });
        memory.last = None;
    }

    /// Begins features of a network, if it is there and its weights are.
    fn begin_network(
        &mut self,
        network: Option<&NetworkPlugin>,
        wanted: &Source,
    ) -> Result<Begun, Hindrance> {
        let Source { name, values, .. } = wanted;
        let network = network
            .ok_or_else(|| Hindrance::Missing(format!("There is no network {name} any more")))?;
        let failed = |why: String| Hindrance::Failed(network.reference().clone(), why);
        let graph = network
            .describe(self.typical_size(), values.clone())
            .map_err(|error| failed(error.fault.to_string()))?;
        let weights = match self.weights.find(name, graph.graph().weights.as_ref()) {
            Found::File(file) => file,
            Found::Coming => return Ok(Begun::Later),
            Found::Missing(why) => return Err(Hindrance::Missing(why)),
        };
        self.begin(Backbone::Network { name: name.clone(), graph: Box::new(graph), weights })
            .map_err(|error| failed(error.to_string()))?;
        Ok(Begun::Now)
    }

    fn begin(&mut self, backbone: Backbone) -> Result<(), LearnError> {
        self.learner.begin(self.folder.len(), backbone, Arc::new(self.pictures()))
    }

    fn pictures(&self) -> PoolPictures {
        PoolPictures {
            folder: self.folder.clone(),
            contents: self.contents.clone(),
            bell: self.bell.clone(),
            metrics: Arc::clone(&self.metrics),
        }
    }

    /// Height and width of the pool's pictures, about, pixels.
    fn typical_size(&self) -> (u32, u32) {
        let (pictures, all) = (self.pictures(), self.folder.len());
        let spread = (0..all).step_by((all / LOOKED_AT).max(1) as usize);
        let mut sides: Vec<u32> =
            spread.filter_map(|image| pictures.longer_side(ImageId(image))).collect();
        sides.sort_unstable();
        let median = sides.get(sides.len() / 2).copied().unwrap_or(224);
        (median, median)
    }
}
