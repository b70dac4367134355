//! What can be chosen: the plugins as they are now, which of them are in use, and how they are set.
//! What was chosen or set in the session comes before the settings, and these before what a plugin
//! says itself.

use std::collections::HashMap;
use std::sync::Arc;

use sluice_events::facts::PluginRef;
use sluice_events::message::Plugins;
use sluice_events::network::PATCHES;
use sluice_events::plugin::{PluginInfo, PluginKind, Values};
use sluice_host::{PluginSet, SelectorPlugin};
use sluice_session::State;
use tokio::sync::watch;

/// What the settings say.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The selector that orders the pool when nobody chose.
    pub selector: String,
    /// The network that gives features when nobody chose, or [`PATCHES`].
    pub network: String,
    /// Values of parameters, by the plugins' names.
    pub values: HashMap<String, Values>,
}

/// What can be chosen. Clones are the same catalogue.
#[derive(Clone)]
pub struct Catalogue {
    offered: watch::Receiver<Arc<PluginSet>>,
    defaults: Arc<Defaults>,
}

impl Catalogue {
    pub(crate) fn new(offered: watch::Receiver<Arc<PluginSet>>, defaults: Defaults) -> Self {
        Self { offered, defaults: Arc::new(defaults) }
    }

    /// The plugins as they are now.
    pub fn offered(&self) -> Arc<PluginSet> {
        self.offered.borrow().clone()
    }

    /// Follows them.
    pub fn follow(&self) -> watch::Receiver<Arc<PluginSet>> {
        self.offered.clone()
    }

    /// The selector that orders the pool when nobody chose.
    pub fn default_selector(&self) -> &str {
        &self.defaults.selector
    }

    /// What is in use in a session, as far as it is there.
    pub fn in_use(&self, state: &State) -> InUse {
        let chosen = |chosen: &Option<PluginRef>, default: &String| {
            chosen.as_ref().map_or(default, |chosen| &chosen.name).clone()
        };
        let offered = self.offered();
        let selector = chosen(&state.selector, &self.defaults.selector);
        let network = chosen(&state.network, &self.defaults.network);
        let (selector_values, selector_by_hand) =
            self.values(&offered, PluginKind::Selector, &selector, state);
        let (network_values, network_by_hand) =
            self.values(&offered, PluginKind::Network, &network, state);
        InUse {
            offered,
            selector,
            selector_values,
            selector_by_hand,
            network,
            network_values,
            network_by_hand,
        }
    }

    /// The values in effect, and those that were set by hand.
    fn values(
        &self,
        offered: &PluginSet,
        kind: PluginKind,
        name: &str,
        state: &State,
    ) -> (Values, Values) {
        let Some((info, _)) = find(offered, kind, name) else { return <_>::default() };
        let none = Values::new();
        let settings = self.defaults.values.get(name).unwrap_or(&none);
        let by_hand = state.parameters.get(&(kind, name.to_owned())).unwrap_or(&none);
        (info.in_effect(&[settings, by_hand]), info.that_fit(by_hand))
    }
}

/// What is in use.
#[derive(Clone)]
pub struct InUse {
    /// The plugins as they were when this was asked.
    pub offered: Arc<PluginSet>,
    /// The selector that is to order the pool, by name, whether it is there or not.
    pub selector: String,
    /// The values in effect of its parameters.
    pub selector_values: Values,
    /// Those of them that were set by hand.
    pub selector_by_hand: Values,
    /// The network that is to give features, or [`PATCHES`].
    pub network: String,
    /// The values in effect of its parameters.
    pub network_values: Values,
    /// Those of them that were set by hand.
    pub network_by_hand: Values,
}

impl InUse {
    /// The selector that is to order the pool, if it is there.
    pub fn selector(&self) -> Option<&SelectorPlugin> {
        self.offered.selector(&self.selector)
    }
}

impl From<InUse> for Plugins {
    fn from(in_use: InUse) -> Self {
        let InUse { offered, selector, selector_values, selector_by_hand, .. } = in_use;
        let InUse { network, network_values, network_by_hand, .. } = in_use;
        let networks = offered.networks.iter().map(|plugin| plugin.info().clone());
        Self {
            selectors: offered.selectors.iter().map(|plugin| plugin.info().clone()).collect(),
            selector,
            networks: std::iter::once(patches().0).chain(networks).collect(),
            network,
            selector_values,
            selector_by_hand,
            network_values,
            network_by_hand,
        }
    }
}

/// What a person chooses of a kind by this name.
pub fn find(offered: &PluginSet, kind: PluginKind, name: &str) -> Option<(PluginInfo, PluginRef)> {
    match kind {
        PluginKind::Selector => {
            let plugin = offered.selector(name)?;
            Some((plugin.info().clone(), plugin.reference().clone()))
        }
        PluginKind::Network if name == PATCHES => Some(patches()),
        PluginKind::Network => {
            let plugin = offered.network(name)?;
            Some((plugin.info().clone(), plugin.reference().clone()))
        }
    }
}

fn patches() -> (PluginInfo, PluginRef) {
    let (name, version) = (PATCHES.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let reference = PluginRef { name: name.clone(), version: version.clone(), hash: [0; 32] };
    let summary = "Patches of the pool's own pictures: no weights needed.".to_owned();
    (PluginInfo { name, version, summary, needs_model: false, parameters: Vec::new() }, reference)
}
