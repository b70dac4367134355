//! `sluice plugin list`.

use anyhow::Result;
use serde::Serialize;
use sluice_events::plugin::{PluginInfo, PluginKind};
use sluice_host::{Change, Plugin, PluginFolder, PluginSet};

use super::{host, parameters};
use crate::arguments::PluginList;
use crate::session;
use crate::settings::Settings;

/// One plugin, as `--json` prints it.
#[derive(Serialize)]
struct Listed {
    kind: PluginKind,
    #[serde(flatten)]
    info: PluginInfo,
    /// None: in the box.
    file: Option<String>,
}

pub fn run(arguments: &PluginList, settings: &Settings) -> Result<()> {
    let host = host(settings)?;
    let mut set = PluginSet::in_the_box(&host)?;
    let path = session::plugin_folder(arguments.plugins.as_ref(), settings);
    let mut folder = path.map(|path| PluginFolder::new(host, &path));
    for change in folder.as_mut().map(PluginFolder::load).unwrap_or_default() {
        match change {
            Change::Failed(error) => eprintln!("sluice: {error}"),
            Change::Unlisted(why) => eprintln!("sluice: {why}"),
            Change::Loaded(_) | Change::Gone(_) => {}
        }
    }
    if let Some(folder) = &folder {
        folder.add_to(&mut set);
    }
    let selectors = set.selectors.into_iter().map(Plugin::Selector);
    let all: Vec<Listed> = selectors
        .chain(set.networks.into_iter().map(Plugin::Network))
        .map(|plugin| listed(&plugin))
        .collect();
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for (kind, title) in [(PluginKind::Selector, "Selectors"), (PluginKind::Network, "Networks")] {
        say!("{title}");
        for Listed { info, file, .. } in all.iter().filter(|listed| listed.kind == kind) {
            let from = file.as_ref().map(|file| format!(" ({file})")).unwrap_or_default();
            say!("  {} {}{from}\n      {}", info.name, info.version, info.summary);
            for line in parameters(info) {
                say!("      {}.{line}", info.name);
            }
        }
    }
    Ok(())
}

fn listed(plugin: &Plugin) -> Listed {
    let file = plugin.path().map(|path| path.display().to_string());
    Listed { kind: plugin.kind(), info: plugin.info().clone(), file }
}
