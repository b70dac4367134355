//! Shapes of facts as they were in schema version 2, where a newer one has taken their place. Frozen, as in
//! [`v1`](super::v1).

use serde::{Deserialize, Serialize};

use crate::facts::{PluginRef, Ranked};
use crate::ids::{ModelId, RankingId};
use crate::plugin::Values;

/// The unlabelled images were ordered; what the model expected of all of them is not told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankingMade {
    /// Its number.
    pub ranking: RankingId,
    /// The model whose probabilities it used.
    pub model: Option<ModelId>,
    /// Every event up to this sequence number was known to it.
    pub learned_from: u64,
    /// Who ordered.
    pub selector: PluginRef,
    /// Its parameters, as far as they were not what it says itself.
    pub parameters: Values,
    /// How many images were to be ordered.
    pub candidates: u32,
    /// How many of them the model had scored.
    pub scored: u32,
    /// The first entries, best first.
    pub first: Vec<Ranked>,
}

impl From<RankingMade> for super::RankingMade {
    fn from(old: RankingMade) -> Self {
        Self {
            ranking: old.ranking,
            model: old.model,
            learned_from: old.learned_from,
            selector: old.selector,
            parameters: old.parameters,
            candidates: old.candidates,
            scored: old.scored,
            first: old.first,
            outlook: Vec::new(),
        }
    }
}
