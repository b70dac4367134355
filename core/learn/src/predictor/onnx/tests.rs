//! What is written is read again, and holds together. That it computes what it should is for a runtime to show.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod samples;

use std::collections::{BTreeSet, HashMap, HashSet};

use sluice_events::network::Op;

use super::proto::{GraphProto, INT64};
use super::*;
use samples::{Sample, samples};

fn read(predictor: &Predictor) -> GraphProto {
    ModelProto::decode(write(predictor, &[]).as_slice()).unwrap().graph.unwrap()
}

#[test]
fn the_samples_use_all_that_a_network_can_do() {
    let word = |shown: String| shown.split([' ', '(']).next().unwrap_or_default().to_owned();
    let (mut ops, mut activations) = (BTreeSet::new(), BTreeSet::new());
    for Sample { predictor, .. } in samples() {
        for part in &predictor.parts {
            let Way::Network(graph) = &part.way else { continue };
            for (node, _) in graph.in_order() {
                ops.insert(word(format!("{:?}", node.op)));
                if let Op::Activation(kind) = node.op {
                    activations.insert(format!("{kind:?}"));
                }
            }
        }
    }
    assert_eq!((ops.len(), activations.len()), (20, 11), "{ops:?} {activations:?}");
}

#[test]
fn each_value_is_there_before_it_is_used_and_all_are_used() {
    for Sample { name, predictor } in samples() {
        let graph = read(&predictor);
        let given = graph.input.iter().map(|input| &input.name);
        let mut known: HashSet<&String> = given.collect();
        for stored in &graph.initializer {
            assert!(known.insert(&stored.name), "{name}: {} is there twice", stored.name);
        }
        for node in &graph.node {
            for input in &node.input {
                assert!(known.contains(input), "{name}: {} takes {input}", node.name);
            }
            for output in &node.output {
                assert!(known.insert(output), "{name}: {output} is there twice");
            }
        }
        let used = graph.node.iter().flat_map(|node| &node.input);
        let used: HashSet<&String> = used.chain(graph.output.iter().map(|out| &out.name)).collect();
        let idle: Vec<_> = known.difference(&used).collect();
        assert!(idle.is_empty(), "{name}: nobody uses {idle:?}");
        let names: HashSet<&String> = graph.node.iter().map(|node| &node.name).collect();
        assert_eq!(names.len(), graph.node.len(), "{name}: names of nodes");
    }
}

#[test]
fn what_was_learned_is_stored_once_and_whole() {
    for Sample { name, predictor } in samples() {
        let graph = read(&predictor);
        let mut stored = HashMap::new();
        for tensor in graph.initializer {
            let size = if tensor.data_type == INT64 { 8 } else { 4 };
            let numbers: i64 = tensor.dims.iter().product();
            assert_eq!(tensor.raw_data.len() as i64, numbers * size, "{name}: {}", tensor.name);
            stored.insert(tensor.name, (tensor.dims, tensor.raw_data));
        }
        for part in &predictor.parts {
            for (key, values) in &part.tensors {
                let dims = values.shape.iter().map(|size| *size as i64).collect();
                let bytes = values.numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                let learned = stored.remove(&format!("{}.{key}", part.name));
                assert_eq!(learned, Some((dims, bytes)), "{name}: {key}");
            }
            let begins = format!("{}.", part.name);
            let others = stored.keys().find(|other| other.starts_with(&begins));
            assert_eq!(others, None, "{name}: was not learned, or is there twice");
        }
    }
}

#[test]
fn parts_share_the_pictures_of_one_side() {
    let shared = |wanted: &str| {
        let sample = samples().into_iter().find(|sample| sample.name == wanted).unwrap();
        let graph = read(&sample.predictor);
        let casts = graph.node.iter().filter(|node| node.op_type == "Cast").count();
        (graph.input.iter().map(|input| input.name.clone()).collect::<Vec<_>>(), casts)
    };
    assert_eq!(shared("same_side"), (vec!["picture_32".to_owned()], 1));
    let both = vec!["picture_48".to_owned(), "picture_20".to_owned()];
    assert_eq!(shared("two_sides"), (both, 2));
}

#[test]
fn a_file_says_what_it_is() {
    let predictor = &samples()[0].predictor;
    let described = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "zwei".to_owned())];
    let model = ModelProto::decode(write(predictor, &described).as_slice()).unwrap();
    let said = model.metadata_props.into_iter().map(|entry| (entry.key, entry.value));
    assert_eq!(said.collect::<Vec<_>>(), described);
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 18));
    let output = &model.graph.unwrap().output[0];
    let shape = output.r#type.clone().unwrap().tensor_type.unwrap().shape.unwrap();
    assert_eq!(output.name, "probability");
    assert_eq!(shape.dim, [DimensionProto::free("pictures")]);
}
