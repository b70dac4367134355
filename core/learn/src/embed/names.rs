//! Names of what was computed: of a set of rows, and of what made them.

use std::fs::File;
use std::io;
use std::path::Path;

use blake3::Hasher;
use sluice_events::network::Graph;

use crate::network::Network;

/// To be changed with whatever changes the numbers that come out.
const VERSION: u32 = 3;

/// What the rows of a network depend on: how it was defined, its weights, and in what form it is asked.
pub(super) fn made_by(graph: &Graph, weights: &Path, asked: &Network) -> String {
    let is_folded = asked.graph().nodes.len() < graph.nodes.len();
    let form = if is_folded { " folded" } else { "" };
    let kind = format!("{:?}{form}", asked.kind());
    hash(&[fingerprint(graph, weights).as_bytes(), kind.as_bytes()])
}

/// What a network computes: its graph and its weights.
pub(crate) fn fingerprint(graph: &Graph, weights: &Path) -> String {
    let mut hash = begun(&[&serde_json::to_vec(graph).unwrap_or_default()]);
    // Who uses the weights finds out, and tells, when they can't be read.
    if add_file(&mut hash, weights).is_err() {
        add(&mut hash, &[]);
    }
    digits(&hash)
}

/// A name for what was computed of a pool with these parts in it.
pub(crate) fn set_name(what: &str, parts: &[&[u8]]) -> String {
    format!("{what}-{}", hash(parts))
}

/// A name for these parts together.
pub(super) fn hash(parts: &[&[u8]]) -> String {
    digits(&begun(parts))
}

/// A hash that goes on after these parts.
fn begun(parts: &[&[u8]]) -> Hasher {
    let mut hash = Hasher::new();
    hash.update(&VERSION.to_le_bytes());
    for part in parts {
        add(&mut hash, part);
    }
    hash
}

fn add(hash: &mut Hasher, part: &[u8]) {
    hash.update(&(part.len() as u64).to_le_bytes());
    hash.update(part);
}

/// As [`add`] does, of what is in a file, which may be larger than memory.
fn add_file(hash: &mut Hasher, path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    hash.update(&file.metadata()?.len().to_le_bytes());
    hash.update_reader(file)?;
    Ok(())
}

/// Sixteen hexadecimal digits of a BLAKE3 hash.
fn digits(hash: &Hasher) -> String {
    hash.finalize().to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use sluice_events::network::{CheckedGraph, INPUT, InputSpec, Node, Op, Window};
    use tch::Kind;

    use super::*;
    use crate::network::untrained;

    /// A convolution, its normalisation with this number added to the variance, and what follows.
    fn graph(epsilon: f32) -> Graph {
        let node = |name: &str, parameters: &str, input: &str, op| Node {
            name: name.to_owned(),
            parameters: parameters.to_owned(),
            inputs: vec![input.to_owned()],
            op,
        };
        let window = Window { kernel: 1, stride: 1, padding: 0 };
        let conv = Op::Conv2d { out_channels: 2, window, dilation: 1, groups: 1, bias: false };
        Graph {
            input: InputSpec { height: 4, width: 4, mean: [0.0; 3], standard_deviation: [1.0; 3] },
            nodes: vec![
                node("conv", "conv", INPUT, conv),
                node("norm", "norm", "conv", Op::BatchNorm { epsilon }),
                node("flat", "", "norm", Op::Flatten),
            ],
            features: "flat".to_owned(),
            weights: None,
        }
    }

    #[test]
    fn rows_are_of_one_definition_and_of_one_form() {
        let names = |epsilon: f32| {
            let graph = graph(epsilon);
            let network = untrained(CheckedGraph::new(graph.clone()).unwrap());
            let folded = network.folded(Kind::Float);
            [&network, &folded].map(|asked| made_by(&graph, Path::new("no weights"), asked))
        };
        let ([plain, folded], [other_plain, other_folded]) = (names(1e-5), names(1e-3));
        assert_ne!(folded, other_folded, "nothing of the folded network tells them apart");
        assert!(plain != folded && plain != other_plain);
        assert_eq!(folded, names(1e-5)[1]);
    }

    #[test]
    fn a_file_counts_as_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        let graph = graph(1e-5);
        let of = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            fingerprint(&graph, &path)
        };
        let many = vec![7_u8; 1 << 17];
        let as_parts = hash(&[&serde_json::to_vec(&graph).unwrap(), &many]);
        assert_eq!(of(&many), as_parts, "what was kept under this name is found again");
        assert_ne!(of(&many[1..]), as_parts);
        assert_ne!(of(b""), as_parts);
    }
}
