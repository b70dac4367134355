//! The selector world.

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit/selector/v0.1.0",
        world: "selector-plugin",
        pub_export_macro: true,
        default_bindings_module: "sluice_plugin::selector::bindings",
    });
}

/// What a selector may know: size, probabilities, features, answers, parameters, randomness.
pub use bindings::sluice::selector::pool;
pub use bindings::sluice::selector::types::{Answer, Parameter, PluginInfo, Value};

/// A selector. Every method is called on a fresh instance's memory or on one that was called before:
/// keep no state between calls.
pub trait Selector {
    /// The name that a person chooses it by: lower case, digits and hyphens.
    const NAME: &'static str;
    /// One line.
    const SUMMARY: &'static str;
    /// Its own version.
    const VERSION: &'static str = "0.1.0";
    /// Whether the order follows what a model says.
    const NEEDS_MODEL: bool = false;

    /// What a person can set.
    fn parameters() -> Vec<Parameter> {
        Vec::new()
    }

    /// The candidates to show next, best first, at most `limit`, none twice.
    fn rank(limit: usize) -> Result<Vec<u32>, String>;
}

#[doc(hidden)]
pub fn info<S: Selector>() -> PluginInfo {
    PluginInfo {
        name: S::NAME.into(),
        version: S::VERSION.into(),
        summary: S::SUMMARY.into(),
        needs_model: S::NEEDS_MODEL,
        parameters: S::parameters(),
    }
}

/// Makes the crate a selector component.
#[macro_export]
macro_rules! export_selector {
    ($selector:ty) => {
        const _: () = {
            struct Component;

            impl $crate::selector::bindings::exports::sluice::selector::selector::Guest for Component {
                fn info() -> $crate::selector::PluginInfo {
                    $crate::selector::info::<$selector>()
                }

                fn rank(limit: u32) -> Result<Vec<u32>, String> {
                    <$selector as $crate::Selector>::rank(limit as usize)
                }
            }

            $crate::selector::bindings::export!(Component with_types_in $crate::selector::bindings);
        };
    };
}
