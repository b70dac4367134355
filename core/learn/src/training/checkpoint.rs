//! What training can go on from: the weights, and beside them the answers by which head and network were weighed, in
//! one file of libtorch's.

use std::io::Cursor;
use std::sync::Arc;

use tch::nn::VarStore;
use tch::{Kind, TchError, Tensor};

use super::Honest;

/// How the name of the tensor with the answers begins; the features' name follows.
const HONEST: &str = "joint.answers.";
/// The tensor with the spreads.
const SPREADS: &str = "joint.spreads";

/// Weights that training can go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose they are: `small`, or a network's name and its fingerprint.
    pub network: String,
    /// Labels that they were trained on.
    pub labels: u32,
    /// As libtorch writes them.
    pub weights: Arc<[u8]>,
}

impl Checkpoint {
    pub(super) fn of(
        network: String,
        labels: u32,
        variables: &VarStore,
        honest: &Honest,
    ) -> Result<Self, TchError> {
        let mut tensors: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
        tensors.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        // libtorch can't write a tensor without numbers.
        if !honest.rows.is_empty() {
            let rows = Tensor::from_slice(honest.rows.as_flattened()).view([-1, 3]);
            tensors.push((format!("{HONEST}{}", honest.features), rows));
            tensors.push((SPREADS.to_owned(), Tensor::from_slice(&honest.spreads)));
        }
        let mut weights = Vec::new();
        Tensor::save_multi_to_stream(&tensors, &mut weights)?;
        Ok(Self { network, labels, weights: weights.into() })
    }

    /// The answers beside the weights; none where there are none, as earlier versions kept none.
    pub(crate) fn honest(&self) -> Option<Honest> {
        let tensors = Tensor::load_multi_from_stream(Cursor::new(&*self.weights)).ok()?;
        let numbers =
            |tensor: &Tensor| Vec::<f32>::try_from(tensor.to_kind(Kind::Float).flatten(0, -1)).ok();
        let (_, spreads) = tensors.iter().find(|(name, _)| name == SPREADS)?;
        let spreads = numbers(spreads)?.try_into().ok()?;
        tensors.iter().find_map(|(name, rows)| {
            let features = name.strip_prefix(HONEST)?.to_owned();
            let numbers = numbers(rows)?;
            let (rows, _) = numbers.as_chunks::<3>();
            Some(Honest { features, rows: rows.to_vec(), spreads })
        })
    }
}
