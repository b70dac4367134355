//! A network with a linear head on its features, as one network that says one number.

use std::collections::HashSet;

use sluice_events::network::{CheckedGraph, Graph, GraphError, Node, Op};

/// The node's name, and the prefix of its parameters, unless the network has one like it.
const HEAD: &str = "head";

/// The graph with one more node, which says one number, and the name of that node and prefix of its parameters.
pub(crate) fn with_head(graph: &Graph) -> Result<(CheckedGraph, String), GraphError> {
    let taken: HashSet<&str> = graph
        .nodes
        .iter()
        .flat_map(|node| [node.name.as_str(), node.parameters.split('.').next().unwrap_or("")])
        .collect();
    let mut name = HEAD.to_owned();
    while taken.contains(name.as_str()) {
        name.push('_');
    }
    let mut nodes = graph.nodes.clone();
    nodes.push(Node {
        name: name.clone(),
        parameters: name.clone(),
        inputs: vec![graph.features.clone()],
        op: Op::Linear { out_features: 1, bias: true },
    });
    let with = Graph { input: graph.input.clone(), nodes, features: name.clone(), weights: None };
    Ok((CheckedGraph::new(with)?, name))
}

#[cfg(test)]
mod tests {
    use sluice_events::network::{INPUT, InputSpec};

    use super::*;

    #[test]
    fn a_head_of_the_network_s_own_stays() {
        let node = |name: &str, parameters: &str, input: &str, op| Node {
            name: name.to_owned(),
            parameters: parameters.to_owned(),
            inputs: vec![input.to_owned()],
            op,
        };
        let graph = Graph {
            input: InputSpec { height: 4, width: 4, mean: [0.0; 3], standard_deviation: [1.0; 3] },
            nodes: vec![
                node("flat", "", INPUT, Op::Flatten),
                node("head", "head_.inner", "flat", Op::Linear { out_features: 5, bias: false }),
            ],
            features: "head".to_owned(),
            weights: None,
        };
        let (with, name) = with_head(&graph).expect("a network");
        assert_eq!((name.as_str(), with.feature_dim()), ("head__", 1));
        assert_eq!(with.graph().nodes[..2], graph.nodes);
    }
}
