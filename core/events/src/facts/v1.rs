//! Shapes of facts as they were in schema version 1, where a newer one has taken their place. Frozen:
//! logs hold them for ever. Each becomes the next version by `From`, purely.

use serde::{Deserialize, Serialize};

use super::FoundImage;
use crate::ids::ImageId;

/// Images joined the pool; their ids followed from all events before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesFound {
    /// In the pool's own order.
    pub images: Vec<FoundImage>,
}

impl From<ImagesFound> for super::ImagesFound {
    fn from(old: ImagesFound) -> Self {
        Self { first: None, images: old.images }
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
