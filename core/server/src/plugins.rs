//! The plugins of a session: those in the box and those of the person's folder, loaded at the start and
//! again whenever the folder changes, and what is said about it.

use std::sync::Arc;

use sluice_events::Command;
use sluice_events::message::Level;
use sluice_events::network::PATCHES;
use sluice_events::plugin::{PluginInfo, PluginKind};
use sluice_host::{
    Change, FolderWatch, NetworkPlugin, PluginFolder, PluginHost, PluginSet, SelectorPlugin, named,
};
use sluice_session::SessionHandle;
use tokio::sync::watch;

use crate::bell::Bell;
use crate::catalogue::{Catalogue, Defaults, find};
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;
use crate::open::{OpenError, SessionOptions};

/// Loaded, and not offered to anybody yet.
pub(crate) struct Plugins {
    in_the_box: PluginSet,
    folder: Option<PluginFolder>,
    /// What happened when the folder was loaded.
    changes: Vec<Change>,
    defaults: Defaults,
}

impl Plugins {
    /// Loads everything, and checks what the settings name.
    pub fn load(options: &SessionOptions) -> Result<Self, OpenError> {
        let host = PluginHost::new(options.plugins, options.compiled.as_deref());
        let host = host.map_err(OpenError::Host)?;
        let in_the_box = PluginSet::in_the_box(&host)?;
        let mut folder = options.plugin_folder.as_ref().map(|path| PluginFolder::new(host, path));
        if let Some(path) = &options.plugin_folder {
            // An interpreter's component takes some ten seconds the first time.
            tracing::info!(folder = %path.display(), "loading plugins");
        }
        let changes = folder.as_mut().map(PluginFolder::load).unwrap_or_default();
        let defaults = Defaults {
            selector: options.selector.clone(),
            network: options.network.clone().unwrap_or_else(|| PATCHES.to_owned()),
            values: options.parameters.clone(),
        };
        let plugins = Self { in_the_box, folder, changes, defaults };
        check(&plugins.all(), options)?;
        Ok(plugins)
    }

    fn all(&self) -> PluginSet {
        all(&self.in_the_box, self.folder.as_ref())
    }

    /// Offers them from now on, and follows the folder until the result is dropped.
    pub fn offer(
        self,
        session: &SessionHandle,
        metrics: &Arc<Metrics>,
        notices: &NoticeBoard,
        bell: &Bell,
    ) -> std::io::Result<(Catalogue, Option<FolderWatch>)> {
        let (offered, follow) = watch::channel(Arc::new(self.all()));
        let catalogue = Catalogue::new(follow, self.defaults);
        let herald = Herald {
            session: session.clone(),
            metrics: Arc::clone(metrics),
            notices: notices.clone(),
        };
        // What is there at the start is no news; what can't be used is.
        let failed = |change: &Change| !matches!(change, Change::Loaded(_));
        let set = catalogue.offered();
        herald.know(&set);
        herald.tell(self.changes.into_iter().filter(failed), &set, &set);
        let (in_the_box, bell) = (self.in_the_box, bell.clone());
        let watch = self.folder.map(|folder| {
            folder.watch(move |folder, changes| {
                let set = Arc::new(all(&in_the_box, Some(folder)));
                let before = offered.send_replace(Arc::clone(&set));
                herald.know(&set);
                herald.tell(changes, &before, &set);
                bell.ring();
            })
        });
        Ok((catalogue, watch.transpose()?))
    }
}

fn all(in_the_box: &PluginSet, folder: Option<&PluginFolder>) -> PluginSet {
    let mut set = in_the_box.clone();
    if let Some(folder) = folder {
        folder.add_to(&mut set);
    }
    set
}

/// Says what happened in the folder.
struct Herald {
    session: SessionHandle,
    metrics: Arc<Metrics>,
    notices: NoticeBoard,
}

impl Herald {
    /// Failures of whatever is offered are counted from nought.
    fn know(&self, offered: &PluginSet) {
        let selectors = offered.selectors.iter().map(SelectorPlugin::info);
        let networks = offered.networks.iter().map(NetworkPlugin::info);
        for info in selectors.chain(networks) {
            self.metrics.know(&info.name);
        }
    }

    fn tell(
        &self,
        changes: impl IntoIterator<Item = Change>,
        before: &PluginSet,
        offered: &PluginSet,
    ) {
        for change in changes {
            match change {
                Change::Loaded(plugin) => {
                    let (kind, name) = (plugin.kind(), named(plugin.reference()));
                    let text = match find(offered, kind, &plugin.info().name) {
                        Some((_, used)) if used != *plugin.reference() => format!(
                            "The {kind} {name} was loaded, but {} of another file counts.",
                            named(&used)
                        ),
                        _ if find(before, kind, &plugin.info().name).is_some() => format!(
                            "A new build of the {kind} {name} was loaded; where it is chosen, it is in \
                             use from now on."
                        ),
                        _ => format!("The {kind} {name} was loaded and can be chosen."),
                    };
                    self.notices.pin(Level::Info, text);
                }
                Change::Gone(plugin) => {
                    let (kind, name) = (plugin.kind(), named(plugin.reference()));
                    let text = match find(offered, kind, &plugin.info().name) {
                        Some((_, used)) => {
                            format!(
                                "A file of the {kind} {name} is gone; {} is used.",
                                named(&used)
                            )
                        }
                        None => format!("The {kind} {name} is gone with its file."),
                    };
                    self.notices.pin(Level::Info, text);
                }
                Change::Unlisted(why) => {
                    let text = format!("{why}. What was loaded stays; answers go on.");
                    self.notices.pin(Level::Warning, text);
                }
                Change::Failed(error) => {
                    self.metrics.failed(&error.plugin.name);
                    let text = format!("The {error}. What could be chosen before still can.");
                    self.notices.pin(Level::Warning, text);
                    let (plugin, what) = (error.plugin, error.fault.to_string());
                    let failed = Command::RecordPluginFailure { plugin, what };
                    self.session.command_blocking(failed).ok();
                }
            }
        }
    }
}

/// Whether everything that the settings name is there, and can be set as they say.
fn check(plugins: &PluginSet, options: &SessionOptions) -> Result<(), OpenError> {
    let known = |infos: Vec<&PluginInfo>| {
        infos.into_iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let unknown = |kind, name: &str| {
        let known = match kind {
            PluginKind::Selector => {
                known(plugins.selectors.iter().map(SelectorPlugin::info).collect())
            }
            PluginKind::Network => {
                known(plugins.networks.iter().map(NetworkPlugin::info).collect())
            }
        };
        OpenError::UnknownPlugin { kind, name: name.to_owned(), known }
    };
    if plugins.selector(&options.selector).is_none() {
        return Err(unknown(PluginKind::Selector, &options.selector));
    }
    let networks = options.network.iter().filter(|name| *name != PATCHES);
    for name in networks.chain(options.weights.named.keys()) {
        plugins.network(name).ok_or_else(|| unknown(PluginKind::Network, name))?;
    }
    for (name, values) in &options.parameters {
        let selector = plugins.selector(name).map(SelectorPlugin::info);
        let info = selector.or_else(|| plugins.network(name).map(NetworkPlugin::info));
        let info =
            info.ok_or_else(|| OpenError::Parameter(format!("there is no plugin {name}")))?;
        info.accept(values).map_err(|why| OpenError::Parameter(format!("of {name}, {why}")))?;
    }
    Ok(())
}
