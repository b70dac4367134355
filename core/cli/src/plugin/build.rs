//! `sluice plugin build`: a crate to a component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use sluice_plugins_build::component::{self, Written};
use sluice_plugins_build::toolchain;

use crate::arguments::PluginBuild;

/// What is read of a crate's manifest.
#[derive(Deserialize)]
struct Manifest {
    package: Package,
    lib: Option<Library>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct Library {
    name: Option<String>,
}

pub fn run(arguments: &PluginBuild) -> Result<()> {
    let folder = arguments.dir.canonicalize();
    let folder = folder.with_context(|| format!("can't look into {}", arguments.dir.display()))?;
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| {
        let shown = manifest.display();
        format!("can't read {shown}; `sluice plugin new` makes a crate that builds")
    })?;
    let manifest: Manifest =
        toml::from_str(&text).with_context(|| format!("in {}", manifest.display()))?;
    let name = manifest.package.name;
    say!("{name}: compiling (the first time takes half a minute)");
    toolchain::build(&folder)?;
    let library = manifest.lib.and_then(|library| library.name);
    let library = library.unwrap_or_else(|| name.replace('-', "_"));
    let module = toolchain::module(&folder, &library);
    let to = arguments.into.as_deref().unwrap_or(&arguments.dir).join(format!("{name}.wasm"));
    tell(&to, &component::write(&module, &to)?);
    Ok(())
}

fn tell(to: &Path, written: &Written) {
    let to = to.display();
    match written {
        Written::New(bytes) => say!("{to}: {} kB", bytes.div_ceil(1000)),
        Written::Same => say!("{to}: nothing has changed"),
    }
    say!("Try it with: sluice plugin check {to}");
}
