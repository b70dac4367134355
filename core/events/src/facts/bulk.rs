//! Many labels at once, as one step that can be taken back: a file of labels, or the model's word on what is left.
//! A step begins, labels come in as many records as they need, and it is revoked as a whole, if at all.

use serde::{Deserialize, Serialize};
use serde_with::hex::Hex;
use serde_with::{IfIsHumanReadable, serde_as};

use super::Source;
use crate::command::Answer;
use crate::ids::{BulkId, CommandId, ImageId, ModelId};

/// Where the labels of one step come from.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Origin {
    /// A file, or a folder of classes.
    File {
        /// Its name, without the folders that it is in.
        name: String,
        /// BLAKE3 of what the file says of the images of the pool: the same when it is read again.
        #[serde_as(as = "IfIsHumanReadable<Hex>")]
        hash: [u8; 32],
    },
    /// The model labelled what it was sure of.
    Model {
        /// Which.
        model: Option<ModelId>,
        /// P(positive) from which on an image became positive, 0 to 1; none: none did.
        above: Option<f32>,
        /// P(positive) up to which an image became negative, 0 to 1; none: none did.
        below: Option<f32>,
    },
}

impl Origin {
    /// Who gave the labels.
    pub fn source(&self) -> Source {
        match self {
            Self::File { .. } => Source::Imported,
            Self::Model { .. } => Source::Model,
        }
    }
}

/// A step began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BulkBegun {
    /// The command that asked for it.
    pub command: CommandId,
    /// Its number.
    pub bulk: BulkId,
    /// Where its labels come from.
    pub origin: Origin,
    /// How many labels it is to have. With fewer, it was interrupted.
    pub labels: u32,
    /// The person's name for themselves.
    pub annotator: String,
}

/// What one image is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BulkLabel {
    /// Which.
    pub image: ImageId,
    /// Yes, no or can't say.
    pub answer: Answer,
    /// P(positive), 0 to 1, where a model said it.
    pub probability: Option<f32>,
}

/// Labels of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BulkLabelled {
    /// Which step.
    pub bulk: BulkId,
    /// Who gave them. Told here, too, so that they stay what they are when the step's beginning was lost.
    pub source: Source,
    /// By image, ascending, also from one record of a step to the next: each image once. What the model says of an
    /// image that has an answer by then changes nothing.
    pub labels: Vec<BulkLabel>,
}

/// A step no longer counts; its images have the answers that they would have without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRevoked {
    /// The command that asked for it.
    pub command: CommandId,
    /// Which step.
    pub bulk: BulkId,
}
