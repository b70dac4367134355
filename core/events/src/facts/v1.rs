//! Shapes of facts as they were in schema version 1, where a newer one has taken their place. Frozen:
//! logs hold them for ever. Each becomes the next version by `From`, purely.

use serde::{Deserialize, Serialize};

use crate::facts::{PluginRef, Ranked};
use crate::ids::{ImageId, ModelId, RankingId};
use crate::plugin::Values;

/// An image as the scan of the folder found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundImage {
    /// Relative to the pool's folder.
    pub path: String,
    /// Size of the file.
    pub bytes: u64,
}

impl From<FoundImage> for super::FoundImage {
    fn from(old: FoundImage) -> Self {
        Self { path: old.path, bytes: old.bytes }
    }
}

/// Images joined the pool; their ids followed from all events before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesFound {
    /// In the pool's own order.
    pub images: Vec<FoundImage>,
}

impl From<ImagesFound> for super::ImagesFound {
    fn from(old: ImagesFound) -> Self {
        Self { first: None, images: old.images.into_iter().map(Into::into).collect() }
    }
}

/// An image that was set aside can be shown again; what the file was like then is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRestored {
    /// Which.
    pub image: ImageId,
}

impl From<ImageRestored> for super::ImageRestored {
    fn from(old: ImageRestored) -> Self {
        Self { image: old.image, bytes: None }
    }
}

/// The unlabelled images were ordered; no selector had parameters.
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
    /// How many images were to be ordered.
    pub candidates: u32,
    /// How many of them the model had scored.
    pub scored: u32,
    /// The first entries, best first.
    pub first: Vec<Ranked>,
}

impl From<RankingMade> for super::RankingMade {
    fn from(old: RankingMade) -> Self {
        super::v2::RankingMade {
            ranking: old.ranking,
            model: old.model,
            learned_from: old.learned_from,
            selector: old.selector,
            parameters: Values::new(),
            candidates: old.candidates,
            scored: old.scored,
            first: old.first,
        }
        .into()
    }
}
