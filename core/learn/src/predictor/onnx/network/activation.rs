//! Functions of each value.

use sluice_events::network::Activation;

use super::Step;
use crate::predictor::onnx::proto::AttributeProto;

impl Step<'_> {
    pub fn activate(&mut self, kind: Activation, x: &str) -> String {
        let float = AttributeProto::float;
        match kind {
            Activation::Relu => self.push("", "Relu", &[x], vec![]),
            Activation::Relu6 => {
                let bounds = [0.0, 6.0].map(|bound| self.builder.number(bound));
                self.push("", "Clip", &[x, &bounds[0], &bounds[1]], vec![])
            }
            Activation::Hardswish => self.push("", "HardSwish", &[x], vec![]),
            Activation::Hardsigmoid => {
                let line = vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)];
                self.push("", "HardSigmoid", &[x], line)
            }
            Activation::Sigmoid => self.push("", "Sigmoid", &[x], vec![]),
            Activation::Silu => self.gated(x, x),
            Activation::Gelu => self.gelu(x),
            Activation::Tanh => self.push("", "Tanh", &[x], vec![]),
            Activation::LeakyRelu => self.push("", "LeakyRelu", &[x], vec![float("alpha", 0.01)]),
            Activation::Elu => self.push("", "Elu", &[x], vec![float("alpha", 1.0)]),
            Activation::QuickGelu => {
                let factor = self.builder.number(1.702);
                let steeper = self.push("steeper", "Mul", &[x, &factor], vec![]);
                self.gated(x, &steeper)
            }
        }
    }

    /// x · sigmoid(gate).
    fn gated(&mut self, x: &str, gate: &str) -> String {
        let gate = self.push("gate", "Sigmoid", &[gate], vec![]);
        self.push("", "Mul", &[x, &gate], vec![])
    }

    /// x / 2 · (1 + erf(x / √2)), in the order in which runtimes know it.
    fn gelu(&mut self, x: &str) -> String {
        let [root, one, half] =
            [std::f32::consts::SQRT_2, 1.0, 0.5].map(|number| self.builder.number(number));
        let narrower = self.push("narrower", "Div", &[x, &root], vec![]);
        let erf = self.push("erf", "Erf", &[&narrower], vec![]);
        let above_nought = self.push("above_nought", "Add", &[&erf, &one], vec![]);
        let doubled = self.push("doubled", "Mul", &[x, &above_nought], vec![]);
        self.push("", "Mul", &[&doubled, &half], vec![])
    }
}
