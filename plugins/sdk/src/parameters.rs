//! What a person can set: how a plugin declares it, and reads it again. The two worlds have types of
//! their own, so everything here is made for each.

macro_rules! parameters {
    ($world:ident) => {
        mod $world {
            use std::ops::RangeInclusive;

            use crate::$world::{Parameter, Value};

            impl Parameter {
                /// On or off.
                pub fn boolean(name: &str, default: bool, help: &str) -> Self {
                    Self::new(name, Value::Boolean(default), None, help)
                }

                /// A whole number of this range.
                pub fn integer(
                    name: &str,
                    default: i64,
                    range: RangeInclusive<i64>,
                    help: &str,
                ) -> Self {
                    let range = (*range.start() as f64, *range.end() as f64);
                    Self::new(name, Value::Integer(default), Some(range), help)
                }

                /// A number of this range.
                pub fn number(
                    name: &str,
                    default: f64,
                    range: RangeInclusive<f64>,
                    help: &str,
                ) -> Self {
                    let range = (*range.start(), *range.end());
                    Self::new(name, Value::Number(default), Some(range), help)
                }

                /// Words.
                pub fn text(name: &str, default: &str, help: &str) -> Self {
                    Self::new(name, Value::Text(default.into()), None, help)
                }

                /// One of these.
                pub fn choice(name: &str, default: &str, choices: &[&str], help: &str) -> Self {
                    let choices = choices.iter().map(|&choice| choice.into()).collect();
                    Self { choices, ..Self::text(name, default, help) }
                }

                fn new(name: &str, default: Value, range: Option<(f64, f64)>, help: &str) -> Self {
                    Self {
                        name: name.into(),
                        default,
                        range,
                        choices: Vec::new(),
                        help: help.into(),
                    }
                }
            }

            macro_rules! from_value {
                ($kind:ident, $type:ty) => {
                    impl TryFrom<Value> for $type {
                        type Error = &'static str;

                        fn try_from(value: Value) -> Result<Self, &'static str> {
                            match value {
                                Value::$kind(value) => Ok(value),
                                _ => Err(stringify!($type)),
                            }
                        }
                    }
                };
            }

            from_value!(Boolean, bool);
            from_value!(Integer, i64);
            from_value!(Number, f64);
            from_value!(Text, String);
        }
    };
}

parameters!(selector);
parameters!(network);

/// A value as the type that the plugin wants.
pub(crate) fn typed<V, T>(name: &str, value: Option<V>) -> Result<T, String>
where
    T: TryFrom<V, Error = &'static str>,
{
    let value = value.ok_or_else(|| format!("it reads '{name}', which it does not declare"))?;
    value.try_into().map_err(|wanted| format!("it reads '{name}' as {wanted}, which it is not"))
}
