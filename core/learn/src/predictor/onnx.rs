//! The predictor in ONNX's format, so that other programs can ask it: pictures go in as bytes, probabilities come
//! out, and all that lies between is in the file.

mod graph;
mod network;
mod patches;
mod proto;
#[cfg(test)]
mod tests;

use prost::Message;

use super::{Input, Part, Predictor, Way};
use graph::Builder;
use proto::{
    AttributeProto, DimensionProto, FLOAT, ModelProto, OperatorSetIdProto, StringStringEntryProto,
    UINT8, ValueInfoProto,
};

/// Of the format, and of the meanings of its operators: those of ONNX 1.13 of December 2022.
const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 18;
/// The size that is free.
const PICTURES: &str = "pictures";
/// The output.
const PROBABILITY: &str = "probability";

/// The predictor as a file in ONNX's format. It takes `predictor.inputs()`, any number of pictures at once, and
/// gives `probability` (pictures), floats. `described` is what the file says of itself, keys and values.
///
/// The parts' names differ, a network gives one number, and each part has the tensors that it needs.
pub fn write(predictor: &Predictor, described: &[(String, String)]) -> Vec<u8> {
    let mut builder = Builder::default();
    for input in predictor.inputs() {
        take(&mut builder, &input);
    }
    let mut logit = builder.number(predictor.offset as f32);
    for part in &predictor.parts {
        let weighted = weighted_logit(&mut builder, part);
        let name = format!("{}/added", part.name);
        logit = builder.node(&name, "Add", &[&logit, &weighted], vec![]);
    }
    let axes = builder.integers(&[1]);
    let logit = builder.node("logit", "Squeeze", &[&logit, &axes], vec![]);
    let name = builder.node(PROBABILITY, "Sigmoid", &[&logit], vec![]);
    let says = "How likely each picture is positive, 0 to 1.".to_owned();
    let output = ValueInfoProto::new(&name, FLOAT, vec![DimensionProto::free(PICTURES)], says);
    let mut graph = builder.finish(output);
    "sluice".clone_into(&mut graph.name);
    let entry = |(key, value): &(String, String)| StringStringEntryProto {
        key: key.clone(),
        value: value.clone(),
    };
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "sluice".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPERATORS }],
        metadata_props: described.iter().map(entry).collect(),
    };
    model.encode_to_vec()
}

/// An input: (pictures, side, side, 3), bytes.
fn take(builder: &mut Builder, input: &Input) {
    let Input { name, side } = input;
    let sizes = [*side, *side, 3].map(DimensionProto::fixed);
    let shape = [DimensionProto::free(PICTURES)].into_iter().chain(sizes).collect();
    let says = format!("Pictures made {side} × {side}: bytes, red, green, blue.");
    builder.input(ValueInfoProto::new(name, UINT8, shape, says));
}

/// A part's logit (n, 1) times its factor.
fn weighted_logit(builder: &mut Builder, part: &Part) -> String {
    let input = part.input().name;
    let pictures = as_maps(builder, &input);
    let logit = match &part.way {
        Way::Network(graph) => network::logit(builder, part, graph, &pictures),
        Way::Patches { side } => patches::logit(builder, part, *side, &pictures),
    };
    let factor = builder.number(part.factor as f32);
    builder.node(&format!("{}/weighted", part.name), "Mul", &[&logit, &factor], vec![])
}

/// An input as floats from 0 to 255, (n, 3, side, side); parts that take the same share it.
fn as_maps(builder: &mut Builder, input: &str) -> String {
    let float = vec![AttributeProto::int("to", i64::from(FLOAT))];
    let floats = builder.node_once(&format!("{input}/floats"), "Cast", &[input], float);
    let order = vec![AttributeProto::ints("perm", &[0, 3, 1, 2])];
    builder.node_once(&format!("{input}/maps"), "Transpose", &[&floats], order)
}
