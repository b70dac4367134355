//! The network world, and a builder that names nodes and wires each to the one before it.

use crate::parameters::typed;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit/network/v0.1.0",
        world: "network-plugin",
        pub_export_macro: true,
        default_bindings_module: "sluice_plugin::network::bindings",
    });
}

use bindings::exports::sluice::network::network as exported;
pub use bindings::sluice::network::types::{
    Activation, Conv2d, Graph, InputSpec, Linear, Node, Op, Parameter, PluginInfo, Rename, Shape,
    Value, Weights, WeightsFormat, Window,
};
#[doc(hidden)]
pub use exported::Guest;

/// Mean of ImageNet's red, green and blue.
pub const IMAGENET_MEAN: (f32, f32, f32) = (0.485, 0.456, 0.406);
/// Standard deviation of ImageNet's red, green and blue.
pub const IMAGENET_STANDARD_DEVIATION: (f32, f32, f32) = (0.229, 0.224, 0.225);

/// A network.
pub trait Network {
    /// The name that a person chooses it by: lower case, digits and hyphens.
    const NAME: &'static str;
    /// One line.
    const SUMMARY: &'static str;
    /// Its own version.
    const VERSION: &'static str = "0.1.0";

    /// What a person can set.
    fn parameters() -> Vec<Parameter> {
        Vec::new()
    }

    /// The graph for pictures of about this size.
    ///
    /// # Errors
    /// A sentence for the person; the network in use stays then.
    fn describe(settings: &dyn Settings, typical: Shape) -> Result<Graph, String>;
}

/// What a person set.
pub trait Settings {
    /// The value of one of the network's own parameters.
    fn parameter(&self, name: &str) -> Option<Value>;

    /// Words for yourself: `sluice plugin check` shows them, and the last of them stand beside what
    /// went wrong when a call fails. What a panic says is logged by itself.
    fn log(&self, text: &str);
}

impl dyn Settings + '_ {
    /// The value of one of the network's own parameters: a `bool`, `i64`, `f64` or `String`, as it was
    /// declared.
    ///
    /// # Errors
    /// When it was not declared, or as another type.
    pub fn get<T: TryFrom<Value, Error = &'static str>>(&self, name: &str) -> Result<T, String> {
        typed(name, self.parameter(name))
    }
}

/// The server's settings, from within a component.
#[doc(hidden)]
pub struct Imported;

impl Settings for Imported {
    fn parameter(&self, name: &str) -> Option<Value> {
        bindings::sluice::network::settings::parameter(name)
    }

    fn log(&self, text: &str) {
        bindings::sluice::network::settings::log(text);
    }
}

#[doc(hidden)]
pub fn info<N: Network>() -> PluginInfo {
    PluginInfo {
        name: N::NAME.into(),
        version: N::VERSION.into(),
        summary: N::SUMMARY.into(),
        parameters: N::parameters(),
    }
}

/// Collects nodes. Each method adds one and gives its name, to be the next one's input.
#[derive(Default)]
pub struct Nodes(Vec<Node>);

impl Nodes {
    /// Adds a node whose parameters have the node's own name as their prefix.
    pub fn with_parameters(&mut self, name: &str, input: &str, op: Op) -> String {
        self.push(name, name, &[input], op)
    }

    /// Adds a node without parameters.
    pub fn plain(&mut self, name: &str, inputs: &[&str], op: Op) -> String {
        self.push(name, "", inputs, op)
    }

    /// Everything that was added.
    pub fn finish(self) -> Vec<Node> {
        self.0
    }

    fn push(&mut self, name: &str, parameters: &str, inputs: &[&str], op: Op) -> String {
        self.0.push(Node {
            name: name.into(),
            parameters: parameters.into(),
            inputs: inputs.iter().map(|&input| input.into()).collect(),
            op,
        });
        name.into()
    }
}

/// Makes the crate a network component, where it is compiled for wasm32.
#[macro_export]
macro_rules! export_network {
    ($network:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::network::Guest for Component {
                fn info() -> $crate::network::PluginInfo {
                    $crate::network::info::<$network>()
                }

                fn describe(
                    typical: $crate::network::Shape,
                ) -> Result<$crate::network::Graph, String> {
                    let settings = $crate::network::Imported;
                    $crate::log_panics(|said| {
                        $crate::network::Settings::log(&$crate::network::Imported, said)
                    });
                    <$network as $crate::Network>::describe(&settings, typical)
                }
            }

    $crate::network::bindings::export!(Component with_types_in $crate::network::bindings);
        };
    };
}
