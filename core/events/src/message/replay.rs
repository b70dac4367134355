//! A session that is played again: what a page wants of it, and where it stands.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ToServer;
use crate::command::Answer;
use crate::ids::{CommandId, ImageId};

/// How a replay is to be played, or where it is to go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReplayWish {
    /// Go on by itself, or stand still.
    Play(bool),
    /// To the moment after the event of this sequence number.
    Seek(#[ts(type = "number")] u64),
    /// So many looks on, or back, and stand still: to the moment before the look that comes next there.
    Step(i32),
    /// So many times as fast as it happened.
    Speed(f64),
}

/// A moment of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReplayMoment {
    /// Sequence number of the newest event that has happened.
    #[ts(type = "number")]
    pub seq: u64,
    /// When it happened, µs since 1970.
    #[ts(type = "number")]
    pub time_us: u64,
    /// Looks by then, those that were taken back among them.
    pub looks: u32,
}

/// What is played again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReplaySpan {
    /// A few hundred moments at even distances, the first and the last one among them.
    pub moments: Vec<ReplayMoment>,
    /// Where steps of many labels began: sequence numbers.
    #[ts(type = "Array<number>")]
    pub steps: Vec<u64>,
}

/// A look, as the log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ReplayedLook {
    /// Sequence number of its event.
    #[ts(type = "number")]
    pub seq: u64,
    /// Which image.
    pub image: ImageId,
    /// What was said.
    pub answer: Answer,
    /// P(positive), 0 to 1, as it was shown; none where nothing was shown.
    pub probability: Option<f32>,
}

/// Where a replay stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Replay {
    /// The moment.
    pub moment: ReplayMoment,
    /// The newest look.
    pub given: Option<ReplayedLook>,
    /// The look to come: its image is on the screen. None where there is none, or where a look is taken back or counts
    /// again before it.
    pub next: Option<ReplayedLook>,
    /// How long nothing happened from here on, seconds; none unless it is played shorter.
    pub pause: Option<f64>,
    /// Whether it goes on by itself.
    pub playing: bool,
    /// So many times as fast as it happened.
    pub speed: f64,
}

impl ToServer {
    /// The id of a message that wants something to be written.
    pub fn command(&self) -> Option<CommandId> {
        match self {
            Self::Answer { id, .. }
            | Self::Undo { id }
            | Self::Redo { id }
            | Self::ChooseSelector { id, .. }
            | Self::ChooseNetwork { id, .. }
            | Self::SetParameters { id, .. }
            | Self::Finish { id, .. }
            | Self::Revoke { id, .. } => Some(*id),
            Self::Hello { .. }
            | Self::Want { .. }
            | Self::WantHistory { .. }
            | Self::WantCharts { .. }
            | Self::WantFinish { .. }
            | Self::Unreadable { .. }
            | Self::Replay { .. } => None,
        }
    }
}
