//! Builds the plugins in the box: each crate of `plugins/selectors` and `plugins/networks` to a core
//! module for wasm32, and that to a component in `plugins/dist`.
//!
//! ```text
//!   crates --cargo (wasm32-unknown-unknown)--> modules --ComponentEncoder--> plugins/dist/<world>/<name>.wasm
//! ```

mod component;
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no plugins folder")?;
    toolchain::build(plugins)?;
    for kind in ["selectors", "networks"] {
        for name in crates_in(&plugins.join(kind))? {
            let module = plugins
                .join("target/wasm32-unknown-unknown/release")
                .join(format!("{}.wasm", name.replace('-', "_")));
            let to = plugins.join("dist").join(kind).join(format!("{name}.wasm"));
            let bytes = component::write(&module, &to)?;
            println!("plugins: {kind}/{name} ({} kB)", bytes.div_ceil(1000));
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
