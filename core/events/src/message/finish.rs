//! What it would mean to let the model label the rest, and the steps of many labels so far.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Interval;
use super::QueueItem;
use crate::facts::Source;
use crate::ids::BulkId;

/// Thresholds: an image that is at least this likely becomes positive, one that is at most this likely negative; what
/// lies between stays for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// P(positive), 0 to 1; none: nothing becomes positive.
    pub above: Option<f32>,
    /// P(positive), 0 to 1; none: nothing becomes negative.
    pub below: Option<f32>,
}

/// What would happen with these thresholds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Finish {
    /// The thresholds that this is about: the page's, or what is suggested where it named none.
    pub thresholds: Thresholds,
    /// Images that would become positive.
    pub positives: u32,
    /// Images that would become negative.
    pub negatives: u32,
    /// Images in between.
    pub between: u32,
    /// Unanswered images that the model has not scored; they stay.
    pub unscored: u32,
    /// What to expect of it; none where too few answers say how right the model is.
    pub expected: Option<Expected>,
    /// From the surest threshold to the least sure one; empty where nothing is expected.
    pub curve: Vec<CurvePoint>,
    /// The least sure of those that would become positive, the least sure first.
    pub least_positive: Vec<QueueItem>,
    /// The least sure of those that would become negative, the least sure first.
    pub least_negative: Vec<QueueItem>,
    /// All steps of many labels, the newest first.
    pub steps: Vec<StepMade>,
}

/// What the model's labels would be worth, as far as answers that it did not know yet tell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Expected {
    /// Of those that would become positive, the share that is, 0 to 1; none where there would be none.
    pub precision: Option<Interval>,
    /// Of all positives of the pool, the share that would be found, 0 to 1: by people and by the model.
    pub recall: Interval,
    /// Positives among those that would become negative.
    pub missed: Interval,
}

/// If the images that are at least this likely became positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CurvePoint {
    /// P(positive), 0 to 1.
    pub threshold: f32,
    /// How many would.
    pub images: u32,
    /// The share of them that is positive.
    pub precision: Interval,
    /// The share of all positives of the pool that would be found with them.
    pub recall: Interval,
}

/// A step of many labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct StepMade {
    /// Its number.
    pub bulk: BulkId,
    /// Who gave the labels: a file, or the model.
    pub source: Source,
    /// For a person: the file's name, or the thresholds.
    pub what: String,
    /// When it began, µs since 1970.
    #[ts(type = "number")]
    pub time_us: u64,
    /// Labels that it gave.
    pub labels: u32,
    /// Labels that never came, because it was interrupted.
    pub missing: u32,
    /// Positive ones among them.
    pub positives: u32,
    /// Whether it was taken back.
    pub revoked: bool,
}
