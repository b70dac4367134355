//! What a plugin says about itself, in plain data.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Value {
    /// On or off.
    Boolean(bool),
    /// A whole number.
    Integer(#[ts(type = "number")] i64),
    /// A number.
    Number(f64),
    /// Words.
    Text(String),
}

/// Something that a person can set on a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Parameter {
    /// What it is called.
    pub name: String,
    /// Used when nobody sets it; also says the type.
    pub default: Value,
    /// Smallest and largest, for numbers.
    pub range: Option<(f64, f64)>,
    /// One sentence.
    pub help: String,
}

/// What a plugin says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PluginInfo {
    /// The name that a person chooses it by.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// One line.
    pub summary: String,
    /// A selector that orders by what a model says. Until there is a model, the pool is ordered by
    /// chance instead of by such a selector.
    pub needs_model: bool,
    /// What can be set.
    pub parameters: Vec<Parameter>,
}
