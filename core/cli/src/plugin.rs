//! `sluice plugin`: for those who write selectors and networks.

/// Writes a line for whoever reads; that nobody does any more is no reason to complain.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($words)*);
    }};
}

mod build;
mod check;
mod list;
mod new;

use anyhow::{Result, anyhow};
use sluice_events::plugin::{Parameter, PluginInfo, Value};
use sluice_host::PluginHost;

use crate::arguments::PluginCommand;
use crate::session;
use crate::settings::Settings;

pub fn run(command: &PluginCommand, settings: &Settings) -> Result<()> {
    match command {
        PluginCommand::New(new) => new::run(new),
        PluginCommand::Build(build) => build::run(build),
        PluginCommand::Check(check) => check::run(check, settings),
        PluginCommand::List(list) => list::run(list, settings),
    }
}

/// The limits are those of a session, so that what passes here passes there.
fn host(settings: &Settings) -> Result<PluginHost> {
    PluginHost::new(session::limits(settings)?, session::compiled_folder().as_deref())
        .map_err(|why| anyhow!("plugins can't be run on this machine: {why}"))
}

/// A line for each parameter.
fn parameters(info: &PluginInfo) -> impl Iterator<Item = String> {
    let name_width = info.parameters.iter().map(|p| p.name.len()).max().unwrap_or_default();
    info.parameters.iter().map(move |Parameter { name, default, range, choices, help }| {
        let kind = match default {
            Value::Boolean(_) => "true or false",
            Value::Integer(_) => "whole number",
            Value::Number(_) => "number",
            Value::Text(_) if choices.is_empty() => "text",
            Value::Text(_) => &format!("one of {}", choices.join(", ")),
        };
        let range = range.map(|(least, most)| format!(" {least} to {most}")).unwrap_or_default();
        format!("{name:name_width$}  {kind}{range}, {default} if nobody sets it. {help}")
    })
}
