//! What was answered, as a page sees it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::command::Answer;
use crate::facts::Source;
use crate::ids::ImageId;

/// Which answers a page would like to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HistoryFilter {
    /// All of them.
    All,
    /// Yes.
    Positive,
    /// No.
    Negative,
    /// Can't say.
    Skip,
    /// The model, at one half, had said otherwise before the answer. Nothing disagrees with a skip, or
    /// where the model had said nothing.
    Disagreement,
    /// What the model labelled and nobody has answered since, the least sure first.
    Model,
}

/// The answer that an image has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct HistoryLook {
    /// Sequence number of its event in the log.
    #[ts(type = "number")]
    pub seq: u64,
    /// Which image.
    pub image: ImageId,
    /// What was said.
    pub answer: Answer,
    /// Who said it.
    pub source: Source,
    /// P(positive), 0 to 1, as it was shown before the image's first answer that had one; none where nothing
    /// was shown.
    pub probability: Option<f32>,
    /// It took the place of another answer.
    pub corrected: bool,
    /// The image can't be shown any more.
    pub set_aside: bool,
}

/// What was answered. An image is there once, with the answer that it has; what was taken back is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct History {
    /// Which answers these are.
    pub filter: HistoryFilter,
    /// The newest first (of the model's: the least sure), as many as the page wants.
    pub looks: Vec<HistoryLook>,
    /// How many there are in all.
    pub total: u32,
}
