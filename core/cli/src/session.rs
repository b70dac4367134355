//! Arguments and settings become a session's options and its folder.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sluice_events::plugin::Values;
use sluice_host::Limits;
use sluice_pool::{DecodeLimits, Place};
use sluice_server::open::session_name;
use sluice_server::weights::WeightsPlaces;
use sluice_server::{DeviceChoice, SessionOptions};

use crate::arguments::{Assignment, SessionArguments};
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
    let mut parameters: HashMap<String, Values> = HashMap::new();
    for (plugin, values) in &settings.plugins.parameters {
        let values = values.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        parameters.insert(plugin.clone(), values.collect());
    }
    for Assignment { plugin, parameter, value } in &arguments.set {
        parameters.entry(plugin.clone()).or_default().insert(parameter.clone(), value.clone());
    }
    let pool = pool.canonicalize().unwrap_or_else(|_| pool.to_owned());
    Ok(SessionOptions {
        cache_name: pool.display().to_string(),
        pool,
        question: settings.session.question.clone(),
        example: arguments.example.clone(),
        seed: arguments.seed.unwrap_or(settings.session.seed),
        model: settings.model.enabled,
        selector: arguments.selector.clone().unwrap_or_else(|| settings.session.selector.clone()),
        network,
        weights: WeightsPlaces {
            named: weights,
            folder: cache_folder().map(|folder| folder.join("weights")),
            elsewhere: pytorch_folder().into_iter().collect(),
            mirror: settings.model.mirror.clone(),
            offline: arguments.offline || settings.model.offline,
        },
        parameters,
        device: device(arguments, settings)?,
        background: chosen(arguments.background, &settings.model.background, "model.background")?,
        recipe: chosen(arguments.recipe, &settings.model.recipe, "model.recipe")?,
        only_score: false,
        folder: None,
        tensorboard: None,
        cache: feature_folder(arguments.cache.as_ref(), settings).map(|folder| Place {
            folder,
            most_bytes: settings.cache.max_gigabytes.saturating_mul(1_000_000_000),
        }),
        rescan: Some(settings.images.rescan_seconds)
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
        decode: decode_limits(settings),
        plugins: limits(settings)?,
        plugin_folder: plugin_folder(arguments.plugins.as_ref(), settings),
        compiled: compiled_folder(),
    })
}

/// Where to compute.
pub fn device(arguments: &SessionArguments, settings: &Settings) -> Result<DeviceChoice> {
    chosen(arguments.device, &settings.model.device, "model.device")
}

/// What a file of an image may cost.
pub fn decode_limits(settings: &Settings) -> DecodeLimits {
    DecodeLimits {
        file_bytes: settings.images.max_file_megabytes * 1_000_000,
        pixels: settings.images.max_megapixels * 1_000_000,
        ..DecodeLimits::default()
    }
}

/// What the command line says, or else the setting of this name.
fn chosen<T: FromStr<Err = String>>(named: Option<T>, setting: &str, name: &str) -> Result<T> {
    let configured = || setting.parse().map_err(anyhow::Error::msg).context(name.to_owned());
    named.map_or_else(configured, Ok)
}

/// What a plugin may use.
pub fn limits(settings: &Settings) -> Result<Limits> {
    let (deadline_ms, memory_mib) =
        (settings.plugins.deadline_ms, settings.plugins.memory_mebibytes);
    if deadline_ms < 50 || !(16..=65_536).contains(&memory_mib) {
        bail!(
            "plugins.deadline_ms is {deadline_ms} and plugins.memory_mebibytes {memory_mib}: with less than \
             50 ms, or other than 16 to 65,536 MiB, no plugin would run"
        );
    }
    Ok(Limits { deadline_ms, memory_mib, ..Limits::default() })
}

/// The person's folder of plugins.
pub fn plugin_folder(named: Option<&PathBuf>, settings: &Settings) -> Option<PathBuf> {
    let configured = Some(&settings.plugins.dir).filter(|dir| !dir.as_os_str().is_empty());
    named.or(configured).cloned()
}

/// Where features are kept; nowhere, if that is not wanted or this person has no place for such things.
fn feature_folder(named: Option<&PathBuf>, settings: &Settings) -> Option<PathBuf> {
    let configured = Some(&settings.cache.dir).filter(|dir| !dir.as_os_str().is_empty());
    let default = || Some(cache_folder()?.join("features"));
    let folder = named.or(configured).cloned().or_else(default);
    folder.filter(|_| settings.cache.max_gigabytes > 0)
}

/// Where compiled plugins are kept; nowhere, if this person has no place for such things.
pub fn compiled_folder() -> Option<PathBuf> {
    Some(cache_folder()?.join("compiled"))
}

/// Where PyTorch puts weights that it fetched.
fn pytorch_folder() -> Option<PathBuf> {
    let named = env::var_os("TORCH_HOME").map(PathBuf::from);
    let home = || {
        let base = etcetera::choose_base_strategy().ok()?;
        Some(etcetera::BaseStrategy::cache_dir(&base).join("torch"))
    };
    Some(named.or_else(home)?.join("hub").join("checkpoints"))
}

/// Where things are kept that can be made again; nowhere, if this person has no place for such things.
fn cache_folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(etcetera::BaseStrategy::cache_dir(&base).join("sluice"))
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
