//! How it goes, and how it went: what the page, `/api` and a replay tell alike.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::command::Answer;
use crate::facts::Source;

/// How often the model was right, by what it had said before the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Agreement {
    /// Answers that its probability, at one half, had foretold.
    pub agreed: u32,
    /// Answers that had a probability.
    pub of: u32,
}

/// Images whose answer is this one, from this source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Answered {
    /// What was said.
    pub answer: Answer,
    /// Who said it.
    pub source: Source,
    /// How many; an image counts once, with the answer that it has.
    pub images: u32,
}

/// What is likely, and what it lies between with a probability of nine in ten, as far as the model can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Interval {
    /// In one case of twenty it is less.
    pub low: f32,
    /// Expected.
    pub likely: f32,
    /// In one case of twenty it is more.
    pub high: f32,
}

/// What it takes to have found a share of the positives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Goal {
    /// Of all positives of the pool, 0 to 1.
    pub share: f32,
    /// Looks from now on, the likeliest images first; 0 where it is reached.
    pub looks: Interval,
    /// Time from now on at the pace of the last answers, in seconds; none as long as there is no pace.
    pub seconds: Option<Interval>,
}

/// What is left, as far as the model can tell. It knows nothing of positives that are like none that was found:
/// only an audit is proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Forecast {
    /// Positives among the images that nobody has answered.
    pub positives_left: Interval,
    /// For 80 % and for 95 %.
    pub goals: Vec<Goal>,
}

/// How it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Statistics {
    /// Every event before this sequence number is counted.
    #[ts(type = "number")]
    pub next_seq: u64,
    /// Images of the pool, those set aside included.
    pub images: u32,
    /// Labelled yes.
    pub positives: u32,
    /// Labelled no.
    pub negatives: u32,
    /// Can't say.
    pub skipped: u32,
    /// Can't be shown.
    pub set_aside: u32,
    /// Still to be answered.
    pub unlabelled: u32,
    /// Images by their answer and its source, as far as there are any.
    pub answered: Vec<Answered>,
    /// Looks that count: an image that was answered again counts once more.
    pub looks: u32,
    /// Over the last 50 answers of people and of automatic mode, as they were first given.
    pub agreement: Agreement,
    /// The same over all of them.
    pub agreement_of_all: Agreement,
    /// Looks of people and of automatic mode in the last minute.
    pub per_minute: f32,
    /// The same over the whole session, by the minute spent answering; none before the first.
    pub per_active_minute: Option<f32>,
    /// Time spent answering in the whole session: how long each picture was on the screen, at most
    /// a minute. Pauses don't count.
    pub active_seconds: f64,
    /// How long people had the picture on the screen before they answered, over their last 200 answers; none
    /// before the first.
    pub answer_seconds: Option<AnswerSeconds>,
    /// Looks that the newest ranking does not know yet.
    pub ranking_age: u32,
    /// What is left to find; none as long as there is no model that has scored nearly every image, and whose
    /// probabilities are calibrated.
    pub forecast: Option<Forecast>,
    /// How many looks can be undone.
    pub undo_depth: u32,
    /// How many undone looks can be redone.
    pub redo_depth: u32,
}

/// Times on the screen, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct AnswerSeconds {
    /// Half of the answers took less.
    pub median: f32,
    /// Nine answers of ten took less.
    pub p90: f32,
}

/// How it went, from the first look to the last: a few hundred looks at even distances, the last one among them.
/// The first five lists are as long as each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Charts {
    /// Looks so far.
    pub looks: Vec<u32>,
    /// Images labelled yes by then.
    pub positives: Vec<u32>,
    /// How often the model was right in the 50 looks up to then, 0 to 1; none where it had said nothing.
    pub agreement: Vec<Option<f32>>,
    /// Mean time on the screen over the 50 looks up to then; none where no time was told.
    pub seconds_per_look: Vec<Option<f32>>,
    /// Mean over the 50 looks up to then: how many looks the ranking that a person saw did not know yet; none where
    /// there was no ranking.
    pub ranking_age: Vec<Option<f32>>,
    /// The models, thinned out to a few hundred.
    pub models: Vec<ModelPoint>,
    /// The cycles of training in the background, thinned out to a few hundred.
    pub cycles: Vec<CyclePoint>,
    /// Ten bins of the same width: whether what the model says is as likely as it says.
    pub calibration: Vec<CalibrationBin>,
    /// How long people had pictures on the screen before they answered.
    pub times: Vec<TimeBin>,
}

/// A model's loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct ModelPoint {
    /// Looks by then.
    pub looks: u32,
    /// Mean class-balanced log loss over its labels, in nats.
    pub loss: f32,
}

/// A cycle of training in the background.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct CyclePoint {
    /// Looks by its end.
    pub looks: u32,
    /// At its end, in nats.
    pub loss: f32,
    /// Its highest.
    pub learning_rate: f32,
    /// Steps of the optimiser.
    pub steps: u32,
    /// How long it took.
    pub seconds: f32,
}

/// Answers to images that the model had held about equally likely, of people and of automatic mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct CalibrationBin {
    /// How many: yes or no.
    pub answers: u32,
    /// Yes.
    pub positives: u32,
    /// The mean of what the model had said, 0 to 1; none without an answer.
    pub said: Option<f32>,
}

/// Answers that took about equally long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct TimeBin {
    /// Not longer than this, seconds, and longer than the bin before; none: any longer.
    pub up_to: Option<f32>,
    /// How many.
    pub answers: u32,
}
