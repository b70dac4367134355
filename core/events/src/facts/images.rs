//! Which file an image is: what it holds, and where it is. So a file that was renamed, or moved to another folder, can
//! be found again.

use serde::{Deserialize, Serialize};
use serde_with::hex::Hex;
use serde_with::{IfIsHumanReadable, serde_as};

use crate::ids::ImageId;

/// What stands for the bytes of a file: the first half of their BLAKE3 hash.
pub type Content = [u8; 16];

/// What the file of an image holds.
#[serde_as]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifiedImage {
    /// Which image.
    pub image: ImageId,
    /// Size of the file, where the session knew another one.
    pub bytes: Option<u64>,
    /// What stands for its bytes.
    #[serde_as(as = "IfIsHumanReadable<Hex>")]
    pub content: Content,
}

/// Files of images were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesIdentified {
    /// Thousands at once.
    pub images: Vec<IdentifiedImage>,
}

/// Where the file of an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedImage {
    /// Which image.
    pub image: ImageId,
    /// Relative to the pool's folder, with `/` between the parts.
    pub path: String,
}

/// Images have other paths from now on, and keep everything else. Where another image had the path of one, it has a
/// path that was left: two images never have the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesMoved {
    /// One after the other; the last one counts where an image is there twice.
    pub moves: Vec<MovedImage>,
}
