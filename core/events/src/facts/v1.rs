//! Shapes of facts as they were in schema version 1, where a newer one has taken their place. Frozen:
//! logs hold them for ever. Each becomes the next version by `From`, purely.

use serde::{Deserialize, Serialize};

use crate::ids::ImageId;

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
