//! What the learner would say of any picture, as data to be taken along.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use super::{Backbone, Torch};
use crate::head::Calibration;
use crate::network::Network;
use crate::predictor::{FEATURES, Part, Predictor, PredictorError, Values, Way, with_head};

impl Torch {
    /// The predictor of what was learned last.
    pub(super) fn take_along(&self) -> Result<Predictor, PredictorError> {
        let (Some(head), Some(scale)) = (&self.head, &self.scale) else {
            return Err(PredictorError::NotLearned);
        };
        let (weight, bias) = head.on_raw(&scale.mean, &scale.deviation);
        let mut features = self.features_with(&weight.unsqueeze(0), &bias.view([1]))?;
        let Calibration { slope, offset } = self.calibration;
        let [of_head, of_network, added] = self.joint.terms();
        features.factor = slope * of_head;
        let mut parts = vec![features];
        if self.joint.has_joined() {
            let background = self.background.clone().ok_or_else(|| {
                PredictorError::NoPredictor(
                    "the network in the background can't be taken along".to_owned(),
                )
            })?;
            parts.push(Part { factor: slope * of_network, ..(*background).clone() });
        }
        // What counts for nothing need not be taken along.
        parts.retain(|part| part.factor != 0.0);
        let predictor = Predictor { parts, offset: slope * added + offset };
        predictor.check()?;
        Ok(predictor)
    }

    /// What makes the features, with this head: weight (1, dim), bias (1).
    fn features_with(&self, weight: &Tensor, bias: &Tensor) -> Result<Part, PredictorError> {
        let mut add = BTreeMap::from([
            ("head.weight".to_owned(), Values::of(weight)),
            ("head.bias".to_owned(), Values::of(bias)),
        ]);
        match (&self.backbone, &self.patches) {
            (Some(Backbone::Network { graph, weights, .. }), _) => {
                let network = Network::load((**graph).clone(), weights, Device::Cpu, Kind::Float)?;
                let (graph, head) = with_head(graph.graph())?;
                let named =
                    add.into_iter().map(|(name, values)| (name.replacen("head", &head, 1), values));
                let of_network = network
                    .tensors()
                    .iter()
                    .map(|(name, tensor)| (name.clone(), Values::of(tensor)));
                let tensors = of_network.chain(named).collect();
                let way = Way::Network(Box::new(graph));
                Ok(Part { name: FEATURES.to_owned(), way, tensors, factor: 1.0 })
            }
            (Some(Backbone::Patches { .. }), Some(patches)) => {
                add.extend(patches.tensors.clone());
                Ok(Part { tensors: add, ..patches.clone() })
            }
            _ => Err(PredictorError::NotLearned),
        }
    }
}
