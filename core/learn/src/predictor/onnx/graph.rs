//! The graph of a file as it grows: each node stands after what it takes, and each value has a name of its own, that
//! of the node that gives it.

use std::collections::{HashMap, HashSet};

use super::proto::{
    AttributeProto, FLOAT, GraphProto, INT64, NodeProto, TensorProto, ValueInfoProto,
};

#[derive(Default)]
pub(super) struct Builder {
    graph: GraphProto,
    /// Names of values.
    taken: HashSet<String>,
    /// What is stored, by what it was asked for as: the value's name.
    stored: HashMap<String, String>,
    /// Of nodes that are there once, by what they were asked for as: the value's name.
    once: HashMap<String, String>,
}

impl Builder {
    /// What the graph takes; its name is its value's.
    pub fn input(&mut self, input: ValueInfoProto) {
        self.taken.insert(input.name.clone());
        self.graph.input.push(input);
    }

    /// A node with one output: its name. Where the node's own name is taken, it gets a number.
    pub fn node(
        &mut self,
        name: &str,
        kind: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let name = self.free(name);
        let output = vec![name.clone()];
        self.push(name.clone(), kind, inputs, output, attributes);
        name
    }

    /// A node with several outputs: their names.
    pub fn node_of<const OUTPUTS: usize>(
        &mut self,
        name: &str,
        kind: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> [String; OUTPUTS] {
        let name = self.free(name);
        let outputs = std::array::from_fn(|at| self.free(&format!("{name}/{at}")));
        self.push(name, kind, inputs, outputs.to_vec(), attributes);
        outputs
    }

    /// A node that is there once, whoever asks for it by this name: its output.
    pub fn node_once(
        &mut self,
        name: &str,
        kind: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        if let Some(value) = self.once.get(name) {
            return value.clone();
        }
        let value = self.node(name, kind, inputs, attributes);
        self.once.insert(name.to_owned(), value.clone());
        value
    }

    /// What was learned. It is stored once, whoever asks for it by this name.
    pub fn floats(&mut self, name: &str, shape: &[usize], numbers: &[f32]) -> String {
        let bytes = || {
            let mut bytes = Vec::with_capacity(4 * numbers.len());
            for number in numbers {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes
        };
        self.initializer(name, FLOAT, shape, bytes)
    }

    /// One number, without an axis.
    pub fn number(&mut self, number: f32) -> String {
        self.floats(&format!("number/{number}"), &[], &[number])
    }

    /// One integer, without an axis.
    pub fn integer(&mut self, integer: i64) -> String {
        let bytes = || integer.to_le_bytes().to_vec();
        self.initializer(&format!("integer/{integer}"), INT64, &[], bytes)
    }

    /// Integers along one axis: a shape, or axes.
    pub fn integers(&mut self, integers: &[i64]) -> String {
        let named: Vec<String> = integers.iter().map(i64::to_string).collect();
        let bytes = || integers.iter().flat_map(|integer| integer.to_le_bytes()).collect();
        self.initializer(&format!("integers/{}", named.join(",")), INT64, &[integers.len()], bytes)
    }

    /// The graph with its one output.
    pub fn finish(mut self, output: ValueInfoProto) -> GraphProto {
        self.graph.output.push(output);
        self.graph
    }

    fn initializer(
        &mut self,
        name: &str,
        data_type: i32,
        shape: &[usize],
        bytes: impl FnOnce() -> Vec<u8>,
    ) -> String {
        if let Some(value) = self.stored.get(name) {
            return value.clone();
        }
        let value = self.free(name);
        self.stored.insert(name.to_owned(), value.clone());
        self.graph.initializer.push(TensorProto {
            dims: shape.iter().map(|size| *size as i64).collect(),
            data_type,
            name: value.clone(),
            raw_data: bytes(),
        });
        value
    }

    fn push(
        &mut self,
        name: String,
        kind: &str,
        inputs: &[&str],
        output: Vec<String>,
        attribute: Vec<AttributeProto>,
    ) {
        let input = inputs.iter().map(|input| (*input).to_owned()).collect();
        let op_type = kind.to_owned();
        self.graph.node.push(NodeProto { input, output, name, op_type, attribute });
    }

    /// The name, or with a number the first that is not taken.
    fn free(&mut self, name: &str) -> String {
        let (mut free, mut number) = (name.to_owned(), 1);
        while !self.taken.insert(free.clone()) {
            number += 1;
            free = format!("{name}_{number}");
        }
        free
    }
}
