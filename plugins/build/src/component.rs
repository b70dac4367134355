//! A core module becomes a component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

/// Encodes `module` and writes it to `to`, unless the same bytes are there already (so that nothing
/// that embeds them is built again). Gives the component's size.
pub fn write(module: &Path, to: &Path) -> Result<usize> {
    let core = fs::read(module).with_context(|| format!("can't read {}", module.display()))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|mut encoder| encoder.encode())
        .with_context(|| format!("{} is no component of a Sluice world", module.display()))?;
    if fs::read(to).is_ok_and(|old| old == component) {
        return Ok(component.len());
    }
    let folder = to.parent().context("a file needs a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(to, &component).with_context(|| format!("can't write {}", to.display()))?;
    Ok(component.len())
}
