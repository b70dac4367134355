//! Arguments and settings become a session's options and its folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sluice_host::Limits;
use sluice_pool::DecodeLimits;
use sluice_server::SessionOptions;
use sluice_server::open::session_name;

use crate::arguments::SessionArguments;
use crate::settings::Settings;

/// What to run, from what was said on the command line and what the settings say.
pub fn options(
    pool: &Path,
    arguments: &SessionArguments,
    settings: &Settings,
) -> Result<SessionOptions> {
    let configured = Some(settings.model.network.clone()).filter(|name| !name.is_empty());
    let network = arguments.network.clone().or(configured);
    let mut weights: HashMap<String, PathBuf> = settings.model.weights.clone();
    if let Some(file) = &arguments.weights {
        let network =
            network.clone().context("--weights is for a network: name it with --network")?;
        weights.insert(network, file.clone());
    }
    Ok(SessionOptions {
        pool: pool.canonicalize().unwrap_or_else(|_| pool.to_owned()),
        question: settings.session.question.clone(),
        seed: arguments.seed.unwrap_or(settings.session.seed),
        model: settings.model.enabled,
        selector: arguments.selector.clone().unwrap_or_else(|| settings.session.selector.clone()),
        network,
        weights,
        decode: DecodeLimits {
            file_bytes: settings.images.max_file_megabytes * 1_000_000,
            pixels: settings.images.max_megapixels * 1_000_000,
            ..DecodeLimits::default()
        },
        plugins: Limits {
            deadline_ms: settings.plugins.deadline_ms,
            memory_mib: settings.plugins.memory_mebibytes,
            ..Limits::default()
        },
        plugin_folder: arguments.plugins.clone().or_else(|| {
            Some(settings.plugins.dir.clone()).filter(|dir| !dir.as_os_str().is_empty())
        }),
    })
}

/// Where a pool's answers are kept when nobody said: the same folder for the same pool, from
/// wherever the command is given.
pub fn default_folder(pool: &Path) -> Result<PathBuf> {
    Ok(data_folder()?.join("sessions").join(session_name(pool)))
}

/// Where this person's data are kept.
pub fn data_folder() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy()
        .context("your home folder is not known; name one with --session")?;
    Ok(etcetera::BaseStrategy::data_dir(&base).join("sluice"))
}
