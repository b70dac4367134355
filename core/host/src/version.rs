//! Which world a component was made for, read from the names of its exports before it is compiled.

use wasmparser::{Parser, Payload};

use crate::error::{PluginFault, clipped};

/// The worlds that this host knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    Selector,
    Network,
}

/// Exported interface, world, and the version that this host has an adapter for.
const KNOWN: [(&str, World, &str, &str); 2] = [
    ("sluice:selector/selector", World::Selector, "selector", "0.1"),
    ("sluice:network/network", World::Network, "network", "0.1"),
];

pub(crate) fn world_of(bytes: &[u8]) -> Result<World, PluginFault> {
    let not = |why: &str| PluginFault::NotAPlugin(why.to_owned());
    if bytes.is_empty() {
        return Err(not("the file is empty"));
    }
    if !Parser::is_component(bytes) {
        return Err(not(if Parser::is_core_wasm(bytes) {
            "it is a core module; `sluice plugin build` makes a component, and so does wasm-tools"
        } else {
            "it is not WebAssembly"
        }));
    }
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| not(&format!("the file is damaged: {error}")))?;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(|error| not(&error.to_string()))?;
                    if let Some(found) = known(export.name.0) {
                        return found;
                    }
                }
            }
            _ => {}
        }
    }
    Err(not("it exports neither sluice:selector/selector nor sluice:network/network"))
}

fn known(export: &str) -> Option<Result<World, PluginFault>> {
    let (interface, version) = export.split_once('@').unwrap_or((export, ""));
    let (_, world, name, adapted) = *KNOWN.iter().find(|(known, ..)| *known == interface)?;
    // Before 1.0 a minor version may break; a patch may not.
    let fits = version.strip_prefix(adapted).is_some_and(|rest| rest.starts_with('.'));
    let found = if version.is_empty() { "none".to_owned() } else { clipped(version.to_owned()) };
    Some(if fits {
        Ok(world)
    } else {
        Err(PluginFault::Version { world: name, found, known: adapted })
    })
}
