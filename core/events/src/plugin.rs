//! What a plugin says about itself, and what a person sets on it, in plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Something declares no more parameters than this.
const MOST_PARAMETERS: usize = 64;
/// A name is never longer than this, characters.
const LONGEST_NAME: usize = 64;
/// Whole numbers up to here are what they are in JSON as well.
const LARGEST_INTEGER: f64 = 9_007_199_254_740_992.0;
/// A text that a person sets is never longer than this, bytes.
const LONGEST_TEXT: usize = 1000;

/// Which world a plugin is of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PluginKind {
    /// Orders the pool.
    Selector,
    /// Gives features.
    Network,
}

impl std::fmt::Display for PluginKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Selector => "selector",
            Self::Network => "network",
        })
    }
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
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

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
        }
    }
}

/// Values by the names of parameters.
pub type Values = BTreeMap<String, Value>;

/// What is to change of the values that are set by hand; none: no longer set.
pub type Changes = BTreeMap<String, Option<Value>>;

/// Something that a person can set on a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Parameter {
    /// What it is called.
    pub name: String,
    /// Used when nobody sets it; also says the type.
    pub default: Value,
    /// Smallest and largest, for numbers.
    pub range: Option<(f64, f64)>,
    /// What a text can be, if not anything.
    pub choices: Vec<String>,
    /// One sentence.
    pub help: String,
}

impl Parameter {
    /// The value, if this parameter can have it; a whole number is a number, too.
    ///
    /// # Errors
    /// Why it can't, in words for the person.
    pub fn accept(&self, value: &Value) -> Result<Value, String> {
        let name = &self.name;
        let (value, number) = match (&self.default, value) {
            (Value::Text(_), Value::Text(text)) if text.len() > LONGEST_TEXT => {
                return Err(format!("{name} is longer than {LONGEST_TEXT} bytes"));
            }
            (Value::Text(_), Value::Text(text))
                if !self.choices.is_empty() && !self.choices.contains(text) =>
            {
                return Err(format!("{name} is one of {}, not {value}", self.choices.join(", ")));
            }
            (Value::Boolean(_), Value::Boolean(_)) | (Value::Text(_), Value::Text(_)) => {
                return Ok(value.clone());
            }
            (Value::Integer(_), Value::Integer(number)) => (value.clone(), *number as f64),
            (Value::Number(_), Value::Number(number)) => (value.clone(), *number),
            (Value::Number(_), Value::Integer(number)) => {
                (Value::Number(*number as f64), *number as f64)
            }
            (wanted, _) => {
                let wanted = match wanted {
                    Value::Boolean(_) => "true or false",
                    Value::Integer(_) => "a whole number",
                    Value::Number(_) => "a number",
                    Value::Text(_) => "text",
                };
                return Err(format!("{name} is {wanted}, not {value}"));
            }
        };
        let anything = if matches!(value, Value::Integer(_)) { LARGEST_INTEGER } else { f64::MAX };
        let (least, most) = self.range.unwrap_or((-anything, anything));
        // Not a number is in no range.
        if (least..=most).contains(&number) {
            Ok(value)
        } else if self.range.is_some() {
            Err(format!("{name} is {least} to {most}, not {value}"))
        } else {
            Err(format!("{name} is a number that can be written down exactly, not {value}"))
        }
    }
}

/// What a plugin says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
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

impl PluginInfo {
    /// Whether a person could choose the plugin and set its parameters.
    ///
    /// # Errors
    /// What is wrong, as words that follow the plugin's name.
    pub fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        if self.version.is_empty() {
            return Err("has no version".to_owned());
        }
        if self.parameters.len() > MOST_PARAMETERS {
            let count = self.parameters.len();
            return Err(format!("has {count} parameters; {MOST_PARAMETERS} are the most"));
        }
        for (at, parameter) in self.parameters.iter().enumerate() {
            check_name(&parameter.name).map_err(|why| format!("has a parameter that {why}"))?;
            if self.parameters[..at].iter().any(|other| other.name == parameter.name) {
                return Err(format!("has two parameters {}", parameter.name));
            }
            let bounds = parameter.range.unwrap_or_default();
            if !bounds.0.is_finite() || !bounds.1.is_finite() {
                return Err(format!("has a range of {} that does not end", parameter.name));
            }
            parameter
                .accept(&parameter.default)
                .map_err(|why| format!("has a default that is outside of what it allows: {why}"))?;
        }
        Ok(())
    }

    /// The changes, if the plugin's parameters can have them; what is no longer set may be of another
    /// build.
    ///
    /// # Errors
    /// The first that it can't have, in words for the person.
    pub fn accept_changes(&self, changes: &Changes) -> Result<Changes, String> {
        let set = changes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        let mut accepted: Changes = changes.clone();
        accepted.extend(self.accept(&set.collect())?.into_iter().map(|(name, v)| (name, Some(v))));
        Ok(accepted)
    }

    /// The values, if the plugin's parameters can have them.
    ///
    /// # Errors
    /// The first that it can't have, in words for the person.
    pub fn accept(&self, values: &Values) -> Result<Values, String> {
        let accept = |(name, value): (&String, &Value)| {
            let known = self.parameters.iter().find(|parameter| parameter.name == *name);
            let known = known.ok_or_else(|| {
                let name_of = |parameter: &Parameter| parameter.name.clone();
                let names: Vec<String> = self.parameters.iter().map(name_of).collect();
                if names.is_empty() {
                    return format!("{} has no parameters", self.name);
                }
                format!("{} has no parameter {name}; it has {}", self.name, names.join(", "))
            })?;
            known.accept(value).map(|value| (name.clone(), value))
        };
        values.iter().map(accept).collect()
    }

    /// The values in effect: a parameter has its default, unless one of `layers` sets it; a later layer
    /// counts more. What a parameter can't have (any more) is passed over.
    pub fn in_effect(&self, layers: &[&Values]) -> Values {
        let value = |parameter: &Parameter| {
            let set = layers.iter().rev().filter_map(|layer| layer.get(&parameter.name));
            set.map(|value| parameter.accept(value))
                .find_map(Result::ok)
                .unwrap_or_else(|| parameter.default.clone())
        };
        self.parameters.iter().map(|p| (p.name.clone(), value(p))).collect()
    }

    /// Those of the values that the parameters (still) can have.
    pub fn that_fit(&self, values: &Values) -> Values {
        let fits = |parameter: &Parameter| {
            let value = parameter.accept(values.get(&parameter.name)?).ok()?;
            Some((parameter.name.clone(), value))
        };
        self.parameters.iter().filter_map(fits).collect()
    }
}

/// Whether something can be called so: lower case, digits and hyphens.
///
/// # Errors
/// What is wrong, as words that follow what has the name.
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let sound = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits);
    if sound && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(());
    }
    Err(format!("is called {name:?}, and a name is lower case letters, digits and hyphens"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(default: Value, range: Option<(f64, f64)>) -> Parameter {
        Parameter { name: "p".into(), default, range, choices: Vec::new(), help: String::new() }
    }

    fn info(parameters: Vec<Parameter>) -> PluginInfo {
        let (name, version) = ("plugin-1".to_owned(), "1.0.0".to_owned());
        PluginInfo { name, version, summary: String::new(), needs_model: false, parameters }
    }

    #[test]
    fn a_value_must_be_of_the_type_and_in_the_range() {
        let integer = parameter(Value::Integer(3), Some((1.0, 9.0)));
        assert_eq!(integer.accept(&Value::Integer(9)), Ok(Value::Integer(9)));
        assert_eq!(integer.accept(&Value::Integer(10)), Err("p is 1 to 9, not 10".into()));
        assert_eq!(integer.accept(&Value::Number(2.5)), Err("p is a whole number, not 2.5".into()));
        let number = parameter(Value::Number(0.5), None);
        assert_eq!(number.accept(&Value::Integer(2)), Ok(Value::Number(2.0)));
        for value in [f64::NAN, f64::INFINITY] {
            assert!(number.accept(&Value::Number(value)).is_err());
        }
        let choice = Parameter {
            choices: vec!["a".into(), "b".into()],
            ..parameter(Value::Text("a".into()), None)
        };
        assert_eq!(choice.accept(&Value::Text("b".into())), Ok(Value::Text("b".into())));
        assert!(choice.accept(&Value::Text("c".into())).unwrap_err().contains("one of a, b"));
        let text = parameter(Value::Text(String::new()), None);
        assert!(text.accept(&Value::Text("x".repeat(1001))).is_err());
        assert!(text.accept(&Value::Boolean(true)).is_err());
    }

    #[test]
    fn a_later_layer_counts_more_and_what_does_not_fit_is_passed_over() {
        let info = info(vec![parameter(Value::Integer(3), Some((1.0, 9.0)))]);
        let layer = |value| Values::from([("p".to_owned(), value)]);
        let none = Values::new();
        let in_effect = |layers: &[&Values]| info.in_effect(layers)["p"].clone();
        let (four, far) = (layer(Value::Integer(4)), layer(Value::Integer(99)));
        assert_eq!(in_effect(&[]), Value::Integer(3));
        assert_eq!(in_effect(&[&four, &none]), Value::Integer(4));
        assert_eq!(in_effect(&[&layer(Value::Integer(5)), &four]), Value::Integer(4));
        assert_eq!(in_effect(&[&four, &far]), Value::Integer(4));
    }

    #[test]
    fn what_nobody_could_choose_or_set_is_refused() {
        assert_eq!(info(Vec::new()).check(), Ok(()));
        let named = |name: &str| PluginInfo { name: name.to_owned(), ..info(Vec::new()) };
        for name in ["", "Upper", "with space", "-x", "x-", "ü", &"x".repeat(65)] {
            assert!(named(name).check().is_err(), "{name}");
        }
        let fine = || parameter(Value::Integer(3), Some((1.0, 9.0)));
        assert!(info(vec![fine(), fine()]).check().unwrap_err().contains("two parameters"));
        let many = (0..65).map(|i| Parameter { name: format!("p{i}"), ..fine() }).collect();
        assert!(info(many).check().unwrap_err().contains("65 parameters"));
        for (default, range) in [
            (Value::Number(f64::NAN), None),
            (Value::Integer(0), Some((1.0, 9.0))),
            (Value::Number(0.0), Some((f64::NAN, f64::NAN))),
            (Value::Number(1.0), Some((0.0, f64::INFINITY))),
            (Value::Integer(i64::MAX), None),
        ] {
            assert!(info(vec![parameter(default, range)]).check().is_err());
        }
        assert!(
            info(vec![fine()]).accept(&Values::from([("q".into(), Value::Integer(1))])).is_err()
        );
    }
}
