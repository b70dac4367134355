//! Self-attention (Vaswani et al. 2017).

use sluice_events::network::Shape;

use super::Step;
use crate::predictor::onnx::proto::AttributeProto;

impl Step<'_> {
    /// Over tokens (n, tokens, features).
    pub fn attend(&mut self, x: &str, shape: Shape, heads: u32) -> String {
        let of_head = shape.channels() / heads;
        let projected = self.linear("projected", x, ["in_proj_weight", "in_proj_bias"]);
        let thirds = vec![AttributeProto::int("axis", -1), AttributeProto::int("num_outputs", 3)];
        let parts = self.name("parts");
        let [query, key, value] = self.builder.node_of(&parts, "Split", &[&projected], thirds);
        let each = [i64::from(heads), i64::from(of_head)];
        let query = self.by_head("query", &query, each, [0, 2, 1, 3]);
        let key = self.by_head("key", &key, each, [0, 2, 3, 1]);
        let value = self.by_head("value", &value, each, [0, 2, 1, 3]);

        let length = self.builder.number((of_head as f32).sqrt());
        let products = self.push("products", "MatMul", &[&query, &key], vec![]);
        let scaled = self.push("scaled", "Div", &[&products, &length], vec![]);
        let last = vec![AttributeProto::int("axis", -1)];
        let shares = self.push("shares", "Softmax", &[&scaled], last);
        let seen = self.push("seen", "MatMul", &[&shares, &value], vec![]);
        let back = vec![AttributeProto::ints("perm", &[0, 2, 1, 3])];
        let turned = self.push("seen/turned", "Transpose", &[&seen], back);
        let joined = self.builder.integers(&[0, 0, -1]);
        let together = self.push("together", "Reshape", &[&turned, &joined], vec![]);
        self.linear("", &together, ["out_proj.weight", "out_proj.bias"])
    }

    /// (n, tokens, features) in heads, (n, tokens, heads, features of a head), its axes in this order.
    fn by_head(&mut self, name: &str, x: &str, each: [i64; 2], order: [i64; 4]) -> String {
        let shape = self.builder.integers(&[0, 0, each[0], each[1]]);
        let split = self.push(&format!("{name}/split"), "Reshape", &[x, &shape], vec![]);
        self.push(name, "Transpose", &[&split], vec![AttributeProto::ints("perm", &order)])
    }
}
