//! Plugins that can be chosen: those in the box, embedded in the program, and those of a folder.

use rust_embed::RustEmbed;

use crate::engine::PluginHost;
use crate::error::PluginError;
use crate::{NetworkPlugin, Plugin, SelectorPlugin};

#[derive(RustEmbed)]
#[folder = "../../plugins/dist"]
struct Components;

/// Loaded plugins by kind, each sorted by name.
#[derive(Clone, Default)]
pub struct PluginSet {
    /// To order the pool.
    pub selectors: Vec<SelectorPlugin>,
    /// To give features.
    pub networks: Vec<NetworkPlugin>,
}

impl PluginSet {
    /// The plugins in the box.
    ///
    /// # Errors
    /// When one can't be loaded: this build of sluice is broken then.
    pub fn in_the_box(host: &PluginHost) -> Result<Self, PluginError> {
        let mut set = Self::default();
        for file in Components::iter() {
            let Some(component) = Components::get(&file) else { continue };
            set.add(host.load(&file, None, &component.data)?);
        }
        Ok(set)
    }

    /// Adds a plugin; it takes the place of one of the same name and kind.
    pub fn add(&mut self, plugin: Plugin) {
        match plugin {
            Plugin::Selector(plugin) => {
                self.selectors.retain(|known| known.info().name != plugin.info().name);
                self.selectors.push(plugin);
                self.selectors.sort_by(|a, b| a.info().name.cmp(&b.info().name));
            }
            Plugin::Network(plugin) => {
                self.networks.retain(|known| known.info().name != plugin.info().name);
                self.networks.push(plugin);
                self.networks.sort_by(|a, b| a.info().name.cmp(&b.info().name));
            }
        }
    }

    /// The selector of this name.
    pub fn selector(&self, name: &str) -> Option<&SelectorPlugin> {
        self.selectors.iter().find(|plugin| plugin.info().name == name)
    }

    /// The network of this name.
    pub fn network(&self, name: &str) -> Option<&NetworkPlugin> {
        self.networks.iter().find(|plugin| plugin.info().name == name)
    }
}
