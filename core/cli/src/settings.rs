//! The settings file. Every key is documented in `config/sluice.toml`; unknown ones are errors.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sluice_events::plugin::Value;

/// Read when no other file is named, where it exists.
const DEFAULT_FILE: &str = "sluice.toml";

/// All settings with their defaults.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    pub session: SessionSettings,
    pub server: ServerSettings,
    pub model: ModelSettings,
    pub images: ImageSettings,
    pub cache: CacheSettings,
    pub plugins: PluginSettings,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct SessionSettings {
    pub question: String,
    pub seed: u64,
    pub selector: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ServerSettings {
    pub listen: SocketAddr,
    pub token: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ModelSettings {
    pub enabled: bool,
    pub device: String,
    pub background: String,
    pub recipe: String,
    pub network: String,
    pub offline: bool,
    pub mirror: String,
    pub weights: HashMap<String, PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ImageSettings {
    pub max_file_megabytes: u64,
    pub max_megapixels: u64,
    pub rescan_seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct CacheSettings {
    pub dir: PathBuf,
    pub max_gigabytes: u64,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct PluginSettings {
    pub dir: PathBuf,
    pub deadline_ms: u64,
    pub memory_mebibytes: usize,
    /// By plugin and by parameter.
    pub parameters: HashMap<String, HashMap<String, Parameter>>,
}

/// A parameter's value, as TOML has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Parameter {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

impl From<Parameter> for Value {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Boolean(value) => Self::Boolean(value),
            Parameter::Integer(value) => Self::Integer(value),
            Parameter::Number(value) => Self::Number(value),
            Parameter::Text(value) => Self::Text(value),
        }
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            question: "Is this a positive?".to_owned(),
            seed: 1,
            selector: "max-prob".to_owned(),
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8077)), token: String::new() }
    }
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            device: "auto".to_owned(),
            background: "auto".to_owned(),
            recipe: "cycles".to_owned(),
            network: String::new(),
            offline: false,
            mirror: String::new(),
            weights: HashMap::new(),
        }
    }
}

impl Default for ImageSettings {
    fn default() -> Self {
        Self { max_file_megabytes: 512, max_megapixels: 200, rescan_seconds: 5 }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { dir: PathBuf::new(), max_gigabytes: 20 }
    }
}

impl Default for PluginSettings {
    fn default() -> Self {
        Self {
            dir: PathBuf::new(),
            deadline_ms: 2000,
            memory_mebibytes: 512,
            parameters: HashMap::new(),
        }
    }
}

impl Settings {
    /// Reads the file that was named, or the default one where it exists.
    pub fn load(named: Option<&Path>) -> Result<Self> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        if named.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path)
            .with_context(|| format!("the settings file {} can't be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("in the settings file {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut unknown = Vec::new();
        let from = toml::Deserializer::parse(text)?;
        let settings: Self =
            serde_ignored::deserialize(from, |path| unknown.push(path.to_string()))?;
        match unknown.first() {
            None => Ok(settings),
            Some(key) => bail!("there is no setting {key}{}", nearest(key)),
        }
    }
}

/// The known key that is most like an unknown one.
fn nearest(unknown: &str) -> String {
    let known = known_keys();
    let likeness = |key: &String| strsim::jaro_winkler(key, unknown);
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.map(|key| format!("; the nearest is {key}")).unwrap_or_default()
}

/// Every key, as `table.key`, read off the defaults.
fn known_keys() -> Vec<String> {
    let Ok(toml::Value::Table(tables)) = toml::Value::try_from(Settings::default()) else {
        return Vec::new();
    };
    tables
        .iter()
        .flat_map(|(table, keys)| {
            let keys = keys.as_table().into_iter().flat_map(toml::Table::keys);
            keys.map(move |key| format!("{table}.{key}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_file_states_every_setting_with_its_default() {
        let text = include_str!("../../../config/sluice.toml");
        assert_eq!(
            Settings::parse(text).expect("config/sluice.toml is valid"),
            Settings::default()
        );
        for key in known_keys() {
            let name = key.rsplit('.').next().expect("a key has a name");
            assert!(text.contains(name), "config/sluice.toml does not mention {key}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = Settings::parse("[server]\nlisen = '127.0.0.1:1'").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no setting server.lisen; the nearest is server.listen"
        );
        let error = Settings::parse("[imagse]\nmax_megapixels = 3").unwrap_err();
        assert!(error.to_string().contains("imagse"), "{error}");
    }

    #[test]
    fn a_value_of_another_type_names_its_place() {
        let error = Settings::parse("[model]\nenabled = 'yes'").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
