//! A core module becomes a component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

/// What happened to a component's file.
pub enum Written {
    /// It has so many new bytes.
    New(usize),
    /// It was as it should be, so that nothing that embeds it is built again.
    Same,
}

/// Encodes `module` and writes it to `to`, unless the same bytes are there already. Whoever looks at
/// `to` meanwhile sees the old file or the new one.
///
/// # Errors
/// When the module is no plugin's, or a file can't be read or written.
pub fn write(module: &Path, to: &Path) -> Result<Written> {
    let core = fs::read(module).with_context(|| format!("can't read {}", module.display()))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|mut encoder| encoder.encode())
        .with_context(|| format!("{} is no component of a Sluice world", module.display()))?;
    if fs::read(to).is_ok_and(|old| old == component) {
        return Ok(Written::Same);
    }
    let folder = to.parent().context("a file needs a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    let new = to.with_extension("wasm.new");
    fs::write(&new, &component)
        .and_then(|()| fs::rename(&new, to))
        .with_context(|| format!("can't write {}", to.display()))?;
    Ok(Written::New(component.len()))
}
