//! What patches of a picture answer to a dictionary, and a linear head on it: what `crate::features::patches` does.

use super::graph::Builder;
use super::proto::AttributeProto;
use crate::features::patches::{CONTRAST_FLOOR, PATCH, THRESHOLD, stride};
use crate::predictor::Part;

/// The logit (n, 1) that patches give for pictures (n, 3, side, side), floats from 0 to 255.
pub(super) fn logit(builder: &mut Builder, part: &Part, side: u32, pictures: &str) -> String {
    let mut steps = Steps { builder, part };
    let side = i64::from(side);
    let patches = steps.patches(pictures, stride(side));
    let answers = steps.answers(&patches);
    let pooled = steps.pooled(&answers, (side - PATCH) / stride(side) + 1);
    steps.head(&pooled)
}

struct Steps<'a> {
    builder: &'a mut Builder,
    part: &'a Part,
}

impl Steps<'_> {
    fn push(
        &mut self,
        name: &str,
        kind: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.builder.node(&format!("{}/{name}", self.part.name), kind, inputs, attributes)
    }

    fn tensor(&mut self, name: &str) -> String {
        let values = &self.part.tensors[name];
        let name = format!("{}.{name}", self.part.name);
        self.builder.floats(&name, &values.shape, &values.numbers)
    }

    /// The values of each patch, (n, rows, columns, values): a convolution that picks each of them.
    fn patches(&mut self, pictures: &str, stride: i64) -> String {
        let patch = PATCH as usize;
        let values = 3 * patch * patch;
        let mut pick = vec![0.0; values * values];
        pick.iter_mut().step_by(values + 1).for_each(|own| *own = 1.0);
        let name = format!("{}/pick", self.part.name);
        let pick = self.builder.floats(&name, &[values, 3, patch, patch], &pick);
        let slide = vec![
            AttributeProto::ints("kernel_shape", &[PATCH; 2]),
            AttributeProto::ints("strides", &[stride; 2]),
        ];
        let picked = self.push("patches", "Conv", &[pictures, &pick], slide);
        let order = vec![AttributeProto::ints("perm", &[0, 2, 3, 1])];
        self.push("patches/by_place", "Transpose", &[&picked], order)
    }

    /// What normalised patches answer to the dictionary, (n, rows, columns, entries).
    fn answers(&mut self, patches: &str) -> String {
        let last = self.builder.integers(&[-1]);
        let floor = self.builder.number(CONTRAST_FLOOR as f32);
        let own_mean = self.push("patches/mean", "ReduceMean", &[patches, &last], vec![]);
        let centered = self.push("patches/centered", "Sub", &[patches, &own_mean], vec![]);
        let squares = self.push("patches/squares", "Mul", &[&centered, &centered], vec![]);
        let variance = self.push("patches/variance", "ReduceMean", &[&squares, &last], vec![]);
        let contrast = self.push("patches/contrast", "Add", &[&variance, &floor], vec![]);
        let deviation = self.push("patches/deviation", "Sqrt", &[&contrast], vec![]);
        let normal = self.push("patches/normalised", "Div", &[&centered, &deviation], vec![]);
        let mean = self.tensor("mean");
        let unusual = self.push("patches/unusual", "Sub", &[&normal, &mean], vec![]);
        let filters = self.tensor("filters");
        self.push("answers", "MatMul", &[&unusual, &filters], vec![])
    }

    /// Roots of the strong answers' sums over quadrants, of both signs, (n, 8 · entries). There are `along` places
    /// along each side.
    fn pooled(&mut self, answers: &str, along: i64) -> String {
        let halves = [("first", 0, along / 2), ("second", along / 2, along)];
        let mut sums = Vec::with_capacity(8);
        for (row, top, bottom) in halves {
            for (column, left, right) in halves {
                let name = format!("{row}_{column}");
                let quadrant = self.quadrant(&name, answers, [top, left], [bottom, right]);
                let opposite = self.push(&format!("{name}/opposite"), "Neg", &[&quadrant], vec![]);
                sums.push(self.strength(&format!("{name}/positive"), &quadrant));
                sums.push(self.strength(&format!("{name}/negative"), &opposite));
            }
        }
        let sums: Vec<&str> = sums.iter().map(String::as_str).collect();
        let joined = self.push("strengths", "Concat", &sums, vec![AttributeProto::int("axis", 1)]);
        self.push("pooled", "Sqrt", &[&joined], vec![])
    }

    /// The places from `start` to before `end`, each row and column.
    fn quadrant(&mut self, name: &str, answers: &str, start: [i64; 2], end: [i64; 2]) -> String {
        let [start, end, axes] = [start, end, [1, 2]].map(|pair| self.builder.integers(&pair));
        self.push(name, "Slice", &[answers, &start, &end, &axes], vec![])
    }

    /// The sum over all places of what is above the threshold, (n, entries).
    fn strength(&mut self, name: &str, answers: &str) -> String {
        let threshold = self.builder.number(THRESHOLD as f32);
        let places = self.builder.integers(&[1, 2]);
        let above = self.push(&format!("{name}/above"), "Sub", &[answers, &threshold], vec![]);
        let strong = self.push(&format!("{name}/strong"), "Relu", &[&above], vec![]);
        let forget = vec![AttributeProto::int("keepdims", 0)];
        self.push(name, "ReduceSum", &[&strong, &places], forget)
    }

    /// Features, and what the head says of them.
    fn head(&mut self, pooled: &str) -> String {
        let [center, directions, weight, bias] =
            ["center", "directions", "head.weight", "head.bias"].map(|name| self.tensor(name));
        let centered = self.push("pooled/centered", "Sub", &[pooled, &center], vec![]);
        let features = self.push("features", "MatMul", &[&centered, &directions], vec![]);
        let turn = vec![AttributeProto::int("transB", 1)];
        self.push("head", "Gemm", &[&features, &weight, &bias], turn)
    }
}
