//! Builds the plugins in the box: each crate of `plugins/selectors` and `plugins/networks` to a
//! component in `plugins/dist`; and the guests that tests use.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sluice_plugins_build::component::{self, Written};
use sluice_plugins_build::toolchain;

/// Folders of crates, and where their components go. The guests are for tests and never shipped.
const KINDS: [(&str, &str); 3] =
    [("selectors", "dist/selectors"), ("networks", "dist/networks"), ("guests", "target/guests")];

fn main() -> Result<()> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no plugins folder")?;
    toolchain::build(plugins)?;
    for (kind, folder) in KINDS {
        for name in crates_in(&plugins.join(kind))? {
            let module = toolchain::module(plugins, &name.replace('-', "_"));
            let to = plugins.join(folder).join(format!("{name}.wasm"));
            if let Written::New(bytes) = component::write(&module, &to)? {
                println!("plugins: {kind}/{name} ({} kB)", bytes.div_ceil(1000));
            }
        }
    }
    Ok(())
}

/// Names of the crates in a folder, sorted.
fn crates_in(folder: &Path) -> Result<Vec<String>> {
    let entries = folder.read_dir().with_context(|| format!("can't list {}", folder.display()))?;
    let paths: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    let mut names: Vec<String> = paths
        .iter()
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}
