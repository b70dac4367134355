//! A predictor that can be asked.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use super::{Input, Part, Predictor, PredictorError, Way};
use crate::device::{self, DeviceChoice};
use crate::features::{Patches, to_tensor};
use crate::network::Network;

/// Pictures whose patches are taken at once.
const PATCHES_AT_ONCE: usize = 16;

/// A predictor on a device, in full precision.
pub struct Inference {
    inputs: Vec<Input>,
    parts: Vec<Ready>,
    offset: f64,
    device: Device,
}

/// One part.
struct Ready {
    /// Which of the inputs it takes.
    input: usize,
    asked: Asked,
    factor: f64,
}

enum Asked {
    Network(Box<Network>),
    /// With the head's weight (features, 1) and bias (1).
    Patches(Box<Patches>, Tensor, Tensor),
}

impl Inference {
    /// Builds it, and tries it on a black picture. Gives what a person should know about the device, too.
    ///
    /// # Errors
    /// When tensors are missing or don't fit, or a part can't be run.
    pub fn load(
        predictor: &Predictor,
        choice: DeviceChoice,
    ) -> Result<(Self, Option<String>), PredictorError> {
        let device::Found { device, instead } = device::find(choice);
        let mut inference = Self::on(predictor, device)?;
        for ready in &mut inference.parts {
            if let Asked::Network(network) = &mut ready.asked {
                **network = network.folded(Kind::Float);
                network.try_out()?;
            }
        }
        Ok((inference, instead))
    }

    pub(super) fn on(predictor: &Predictor, device: Device) -> Result<Self, PredictorError> {
        let inputs = predictor.inputs();
        let ready = |part: &Part| {
            let taken = part.input();
            let input = inputs.iter().position(|input| *input == taken).unwrap_or_default();
            Ok(Ready { input, asked: Asked::of(part, device)?, factor: part.factor })
        };
        let parts = predictor.parts.iter().map(ready).collect::<Result<_, PredictorError>>()?;
        Ok(Self { inputs, parts, offset: predictor.offset, device })
    }

    /// What it takes.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Where it computes.
    pub fn device(&self) -> String {
        device::name(self.device)
    }

    /// Pictures that are asked about at once.
    pub fn batch(&self) -> usize {
        let batch = |ready: &Ready| match &ready.asked {
            Asked::Network(network) => network.batch(),
            Asked::Patches(..) => PATCHES_AT_ONCE,
        };
        self.parts.iter().map(batch).min().unwrap_or(1)
    }

    /// P(positive) of each picture, 0 to 1. For each of the [`inputs`](Self::inputs) the same pictures, each made its
    /// size: red, green, blue bytes, row by row.
    pub fn probabilities(&self, pictures: &[Vec<Vec<u8>>]) -> Vec<f32> {
        let inputs = self.inputs.iter().zip(pictures);
        let inputs: Vec<Tensor> = inputs
            .map(|(input, pictures)| to_tensor(pictures, input.side).permute([0, 2, 3, 1]))
            .collect();
        let said = tch::no_grad(|| self.forward(&inputs));
        Vec::try_from(said.to_device(Device::Cpu).to_kind(Kind::Float)).unwrap_or_default()
    }

    /// P(positive) (n) of pictures (n, side, side, 3), bytes: one tensor for each of the inputs.
    pub(super) fn forward(&self, inputs: &[Tensor]) -> Tensor {
        let logits = self.parts.iter().map(|ready| {
            let pictures = inputs[ready.input].permute([0, 3, 1, 2]);
            let logit = match &ready.asked {
                Asked::Network(network) => network.features(&pictures),
                Asked::Patches(patches, weight, bias) => {
                    patches.extract_at_once(&pictures).matmul(weight) + bias
                }
            };
            logit.squeeze_dim(1) * ready.factor
        });
        let sum = logits.reduce(|one, other| one + other).unwrap_or_else(|| Tensor::from(0.0_f32));
        (sum + self.offset).sigmoid()
    }
}

impl Asked {
    fn of(part: &Part, device: Device) -> Result<Self, PredictorError> {
        let tensors = part.tensors.iter().map(|(name, values)| (name.clone(), values.tensor()));
        let mut tensors: HashMap<String, Tensor> = tensors.collect();
        match &part.way {
            Way::Network(graph) => {
                let network = Network::fitting((**graph).clone(), &tensors, device);
                let network = network.map_err(|differences| {
                    let part = &part.name;
                    PredictorError::NoPredictor(format!(
                        "its part '{part}' does not fit its tensors: {}",
                        differences.join("; ")
                    ))
                })?;
                Ok(Self::Network(Box::new(network)))
            }
            Way::Patches { side } => {
                tensors.insert("side".to_owned(), Tensor::from(*side as f32));
                let (weight, bias) = (tensors.remove("head.weight"), tensors.remove("head.bias"));
                let patches = Patches::of(tensors, device);
                let (Some(patches), Some(weight), Some(bias)) = (patches, weight, bias) else {
                    let why = "it lacks some of the patches' tensors, or they have other sizes";
                    return Err(PredictorError::NoPredictor(why.to_owned()));
                };
                if weight.size() != [1, patches.dim() as i64] || bias.size() != [1] {
                    let why = "its head does not fit the patches' features";
                    return Err(PredictorError::NoPredictor(why.to_owned()));
                }
                let (weight, bias) = (weight.tr().to_device(device), bias.to_device(device));
                Ok(Self::Patches(Box::new(patches), weight, bias))
            }
        }
    }
}
