//! For tests: built against a contract that somebody changed, with an operation that no host knows.

wit_bindgen::generate!({ path: "wit", world: "network-plugin" });

use exports::sluice::network::network::{Graph, Guest, PluginInfo, Shape};
use sluice::network::types::{InputSpec, Node, Op};

struct OtherShape;

impl Guest for OtherShape {
    fn info() -> PluginInfo {
        PluginInfo {
            name: "other-shape".into(),
            version: "0.1.0".into(),
            summary: "For tests: speaks a changed contract.".into(),
            parameters: Vec::new(),
        }
    }

    fn describe(_typical: Shape) -> Result<Graph, String> {
        let node = Node {
            name: "f".into(),
            parameters: String::new(),
            inputs: vec!["input".into()],
            op: Op::Fourier(8),
        };
        Ok(Graph {
            input: InputSpec {
                size: Shape { height: 32, width: 32 },
                mean: (0.0, 0.0, 0.0),
                standard_deviation: (1.0, 1.0, 1.0),
            },
            nodes: vec![node],
            features: "f".into(),
            weights: None,
        })
    }
}

export!(OtherShape);
