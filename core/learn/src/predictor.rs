//! The predictor: what gives P(positive) for a picture, taken out of a running session as plain data, so that it can be
//! asked elsewhere.
//!
//! ```text
//!   picture --made square--> part: network or patches, head --logit--+
//!   picture --made square--> part: network of the background --logit--+--> offset + Σ factor · logit --> sigmoid
//! ```

mod file;
mod inference;
mod network;
mod onnx;
mod script;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_events::network::{CheckedGraph, GraphError};
use tch::{Device, Kind, Tensor};

use crate::network::BuildError;
use crate::weights::WeightsError;

pub use inference::Inference;
pub(crate) use network::with_head;

/// The part of the features and the head on them.
pub(crate) const FEATURES: &str = "features";
/// The part of what trained in the background.
pub(crate) const BACKGROUND: &str = "background";

/// Features and background.
const MOST_PARTS: usize = 2;

/// The numbers of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// Its sizes, the outermost first.
    pub shape: Vec<usize>,
    /// Row-major.
    pub numbers: Vec<f32>,
}

/// P(positive) = sigmoid(offset + Σ factor · logit), over its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictor {
    /// One or two.
    pub parts: Vec<Part>,
    /// Added to the logits.
    pub offset: f64,
}

/// What gives one logit for a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `features` for features with a head, `background` for what trained in the background.
    pub name: String,
    /// How.
    pub way: Way,
    /// What it learned, by name. Of a network, names of its state dict; of patches, `mean`, `filters`, `center`,
    /// `directions`, and `head.weight` (1, features), `head.bias` (1).
    pub tensors: BTreeMap<String, Values>,
    /// What its logit is multiplied by.
    pub factor: f64,
}

/// How a part comes from a picture to a logit.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// A network whose feature vector is the logit: one number.
    Network(Box<CheckedGraph>),
    /// What patches of the picture answer to a dictionary, and a linear head on it.
    Patches {
        /// Of the square pictures, pixels.
        side: u32,
    },
}

/// A picture that the predictor takes: (n, side, side, 3) bytes, red, green, blue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// `picture_` and the side.
    pub name: String,
    /// Pixels.
    pub side: u32,
}

/// Why there is no predictor, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum PredictorError {
    /// Nothing was learned.
    #[error("there is no model yet: it needs a yes and a no to learn from")]
    NotLearned,
    /// The weights under the head can't be read again.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The network can't be run.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The network with its head is none that could be built.
    #[error("the network can't be taken along: {0}")]
    Graph(#[from] GraphError),
    /// What was read is no predictor; a sentence.
    #[error("{0}")]
    NoPredictor(String),
    /// libtorch refused to write it.
    #[error("libtorch can't write it: {0}")]
    Script(String),
}

impl Values {
    /// Of a tensor of any kind, on any device.
    pub(crate) fn of(tensor: &Tensor) -> Self {
        let shape = tensor.size().iter().map(|size| *size as usize).collect();
        let flat = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).flatten(0, -1);
        Self { shape, numbers: Vec::try_from(flat.contiguous()).unwrap_or_default() }
    }

    /// A tensor on the CPU.
    pub(crate) fn tensor(&self) -> Tensor {
        let shape: Vec<i64> = self.shape.iter().map(|size| *size as i64).collect();
        Tensor::from_slice(&self.numbers).view(shape.as_slice())
    }
}

impl Part {
    /// What it takes.
    pub fn input(&self) -> Input {
        let side = match &self.way {
            Way::Network(graph) => graph.graph().input.height,
            Way::Patches { side } => *side,
        };
        Input { name: format!("picture_{side}"), side }
    }
}

impl Predictor {
    /// Whether it has the parts that it must have, and all of its numbers are there, and are numbers.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn check(&self) -> Result<(), PredictorError> {
        let no = |why: String| Err(PredictorError::NoPredictor(why));
        let named: BTreeSet<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        if !(1..=MOST_PARTS).contains(&self.parts.len()) || named.len() != self.parts.len() {
            return no(format!("it has {} parts; one or two are possible", self.parts.len()));
        }
        let mut numbers = self.parts.iter().map(|part| part.factor).chain([self.offset]);
        if !numbers.all(f64::is_finite) {
            return no("some of its numbers are none; export it again".to_owned());
        }
        for part in &self.parts {
            for (name, Values { shape, numbers }) in &part.tensors {
                let size = shape.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
                if numbers.is_empty() || size != Some(numbers.len()) {
                    return no(format!("its tensor {}.{name} is not {shape:?}", part.name));
                }
                if !numbers.iter().all(|number| number.is_finite()) {
                    return no(format!("numbers of its tensor {}.{name} are none", part.name));
                }
            }
        }
        Ok(())
    }

    /// What it takes, each once, in the order of the parts.
    pub fn inputs(&self) -> Vec<Input> {
        let mut inputs: Vec<Input> = Vec::new();
        for input in self.parts.iter().map(Part::input) {
            if !inputs.contains(&input) {
                inputs.push(input);
            }
        }
        inputs
    }

    /// As a file in ONNX's format; `described` goes with it.
    pub fn to_onnx(&self, described: &[(String, String)]) -> Vec<u8> {
        onnx::write(self, described)
    }
}
