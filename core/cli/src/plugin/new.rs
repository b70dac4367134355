//! `sluice plugin new`: a crate with everything that it needs, also the SDK and the contract of this
//! version, so that it builds anywhere and goes on building.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rust_embed::RustEmbed;
use sluice_events::plugin;

use crate::arguments::{NewKind, PluginNew};

/// What crates are called already.
const TAKEN: [&str; 7] = ["alloc", "core", "patches", "proc-macro", "sluice-plugin", "std", "test"];

#[derive(RustEmbed)]
#[folder = "../../plugins/sdk"]
struct Sdk;

#[derive(RustEmbed)]
#[folder = "../../plugins/wit"]
struct Contract;

const SELECTOR: &str = include_str!("new/selector.rs.txt");
const NETWORK: &str = include_str!("new/network.rs.txt");
const MANIFEST: &str = include_str!("new/Cargo.toml.txt");
const README: &str = include_str!("new/README.md.txt");
/// Several values at once: feature vectors are what costs.
const CARGO_CONFIG: &str = include_str!("../../../../plugins/.cargo/config.toml");

pub fn run(arguments: &PluginNew) -> Result<()> {
    let name = &arguments.name;
    check_name(name)?;
    let folder = arguments.dir.clone().unwrap_or_else(|| PathBuf::from(name));
    let shown = folder.display();
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{shown} is not empty, and nothing was written: name another folder with --dir");
    }
    let (kind, source) = match arguments.kind {
        NewKind::Selector => ("selector", SELECTOR),
        NewKind::Network => ("network", NETWORK),
    };
    let fill = |text: &str| text.replace("@NAME@", name).replace("@KIND@", kind);
    write(&folder.join("Cargo.toml"), fill(MANIFEST).as_bytes())?;
    write(&folder.join("README.md"), fill(README).as_bytes())?;
    write(&folder.join("src/lib.rs"), fill(source).as_bytes())?;
    write(&folder.join(".cargo/config.toml"), CARGO_CONFIG.as_bytes())?;
    write(&folder.join(".gitignore"), b"/target\n/*.wasm\n")?;
    for file in Sdk::iter() {
        let content = Sdk::get(&file).context("this build of sluice is broken")?;
        write(&folder.join("sluice/sdk").join(&*file), &content.data)?;
    }
    for file in Contract::iter() {
        let content = Contract::get(&file).context("this build of sluice is broken")?;
        write(&folder.join("sluice/wit").join(&*file), &content.data)?;
    }
    say!(
        "{shown}: a {kind} to begin with, in src/lib.rs\nNext:\n  sluice plugin build {shown}\n  sluice plugin \
         check {shown}/{name}.wasm"
    );
    Ok(())
}

/// The name is a crate's, a plugin's and a file's.
fn check_name(name: &str) -> Result<()> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if plugin::check_name(name).is_err() || !begins || TAKEN.contains(&name) {
        bail!(
            "{name:?} can't be a plugin's name: take lower case letters, digits and hyphens, a letter first, \
             and none of {}",
            TAKEN.join(", ")
        );
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let shown = path.display();
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    fs::write(path, content).with_context(|| format!("can't write {shown}"))
}
