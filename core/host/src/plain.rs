//! Guests' types to plain ones and back. Each world has types of its own, with the same names.

/// `parameters` and `value_of` for the module `types` of a world.
macro_rules! plain_parameters {
    ($types:ident) => {
        fn parameters(declared: Vec<$types::Parameter>) -> Vec<sluice_events::plugin::Parameter> {
            use sluice_events::plugin::{Parameter, Value};
            let plain = |declared: $types::Parameter| Parameter {
                name: crate::error::clipped(declared.name),
                default: match declared.default {
                    $types::Value::Boolean(value) => Value::Boolean(value),
                    $types::Value::Integer(value) => Value::Integer(value),
                    $types::Value::Number(value) => Value::Number(value),
                    $types::Value::Text(value) => Value::Text(value),
                },
                range: declared.range,
                choices: declared.choices.into_iter().map(crate::error::clipped).collect(),
                help: crate::error::clipped(declared.help),
            };
            declared.into_iter().map(plain).collect()
        }

        /// The value that is set, or else the default.
        fn value_of(
            name: &str,
            set: &sluice_events::plugin::Values,
            declared: &[sluice_events::plugin::Parameter],
        ) -> Option<$types::Value> {
            use sluice_events::plugin::Value;
            let declared = declared.iter().find(|declared| declared.name == name);
            Some(match set.get(name).or(declared.map(|declared| &declared.default))?.clone() {
                Value::Boolean(value) => $types::Value::Boolean(value),
                Value::Integer(value) => $types::Value::Integer(value),
                Value::Number(value) => $types::Value::Number(value),
                Value::Text(value) => $types::Value::Text(value),
            })
        }
    };
}

pub(crate) use plain_parameters;
