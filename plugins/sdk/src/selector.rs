//! The selector world.

use crate::parameters::typed;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit/selector/v0.1.0",
        world: "selector-plugin",
        pub_export_macro: true,
        default_bindings_module: "sluice_plugin::selector::bindings",
    });
}

use bindings::sluice::selector::pool as imported;
pub use bindings::sluice::selector::types::{Answer, Parameter, PluginInfo, Value};

/// What a selector may know. Each call copies only what is asked for.
pub trait Pool {
    /// How many images are to be ordered: the candidates are 0 up to, but not including, this, in
    /// the pool's own order.
    fn size(&self) -> u32;

    /// P(positive) of each candidate, 0 to 1; NaN where the model has not scored it yet.
    fn probabilities(&self) -> Vec<f32>;

    /// Length of a feature vector; 0 as long as there are none.
    fn feature_dim(&self) -> usize;

    /// Feature vectors, one after the other. Rows 0 up to `size` are the candidates; the rows of
    /// answered images are named by `answers`. NaN where an image has no features yet.
    fn features(&self, rows: &[u32]) -> Vec<f32>;

    /// The images that were answered yes or no, the oldest answer first.
    fn answers(&self) -> Vec<Answer>;

    /// The value of one of the selector's own parameters.
    fn parameter(&self, name: &str) -> Option<Value>;

    /// Random bits, from a seed that follows from the session and the rankings before.
    fn random_u64(&self) -> u64;

    /// Words for yourself: `sluice plugin check` shows them, and the last of them stand beside what
    /// went wrong when a call fails. What a panic says is logged by itself.
    fn log(&self, text: &str);
}

impl dyn Pool + '_ {
    /// The value of one of the selector's own parameters: a `bool`, `i64`, `f64` or `String`, as it was
    /// declared.
    ///
    /// # Errors
    /// When it was not declared, or as another type.
    pub fn get<T: TryFrom<Value, Error = &'static str>>(&self, name: &str) -> Result<T, String> {
        typed(name, self.parameter(name))
    }
}

/// A selector. Each call runs in a fresh instance: state does not last from one to the next.
pub trait Selector {
    /// The name that a person chooses it by: lower case, digits and hyphens.
    const NAME: &'static str;
    /// One line.
    const SUMMARY: &'static str;
    /// Its own version.
    const VERSION: &'static str = "0.1.0";
    /// Whether the order follows what a model says. Until there is a model, the server orders by
    /// chance instead.
    const NEEDS_MODEL: bool = false;

    /// What a person can set.
    fn parameters() -> Vec<Parameter> {
        Vec::new()
    }

    /// The candidates to show next, best first, at most `limit`, none twice; the server puts the
    /// rest behind them.
    ///
    /// # Errors
    /// A sentence for the person; the last ranking stays then.
    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String>;
}

/// The server's pool, from within a component.
#[doc(hidden)]
pub struct Imported;

impl Pool for Imported {
    fn size(&self) -> u32 {
        imported::size()
    }

    fn probabilities(&self) -> Vec<f32> {
        imported::probabilities()
    }

    fn feature_dim(&self) -> usize {
        imported::feature_dim() as usize
    }

    fn features(&self, rows: &[u32]) -> Vec<f32> {
        imported::features(rows)
    }

    fn answers(&self) -> Vec<Answer> {
        imported::answers()
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        imported::parameter(name)
    }

    fn random_u64(&self) -> u64 {
        imported::random_u64()
    }

    fn log(&self, text: &str) {
        imported::log(text);
    }
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

/// Makes the crate a selector component, where it is compiled for wasm32.
#[macro_export]
macro_rules! export_selector {
    ($selector:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::selector::bindings::exports::sluice::selector::selector::Guest for Component {
                fn info() -> $crate::selector::PluginInfo {
                    $crate::selector::info::<$selector>()
                }

                fn rank(limit: u32) -> Result<Vec<u32>, String> {
                    let pool = $crate::selector::Imported;
                    $crate::log_panics(|said| $crate::Pool::log(&$crate::selector::Imported, said));
                    <$selector as $crate::Selector>::rank(&pool, limit as usize)
                }
            }

            $crate::selector::bindings::export!(Component with_types_in $crate::selector::bindings);
        };
    };
}
