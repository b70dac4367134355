//! What the page and the server say to each other over the WebSocket, as JSON. The page's
//! TypeScript types are generated from these; a test fails when they are stale.
//!
//! Newest state wins: `queue`, `statistics`, `charts`, `training`, `plugins`, `history` and `replay` each replace what
//! was sent before, and a slow page may never see some of them. `ack` and `refused` are never left out.

mod finish;
mod history;
mod replay;
mod statistics;

pub use finish::{CurvePoint, Expected, Finish, StepMade, Thresholds};
pub use history::{History, HistoryFilter, HistoryLook};
pub use replay::{Replay, ReplayMoment, ReplaySpan, ReplayWish, ReplayedLook};
pub use statistics::{
    Agreement, AnswerSeconds, Answered, CalibrationBin, Charts, CyclePoint, Forecast, Goal,
    Interval, ModelPoint, Statistics, TimeBin,
};

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::command::Answer;
use crate::facts::{Label, Source};
use crate::ids::{BulkId, CommandId, ImageId, ModelId, RankingId};
use crate::plugin::{Changes, PluginInfo, PluginKind, Values};

/// Version of this vocabulary; a page of another one is told to reload.
pub const PROTOCOL: u32 = 6;

/// From a page to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToServer {
    /// The greeting; the first message.
    Hello {
        /// The page's [`PROTOCOL`].
        protocol: u32,
        /// Whose answers follow.
        annotator: String,
    },
    /// An answer to one image.
    Answer {
        /// Made by the page; sending it twice does no harm.
        id: CommandId,
        /// Which image.
        image: ImageId,
        /// Yes, no or can't say.
        answer: Answer,
        /// A key press, or automatic mode's time running out.
        source: Source,
        /// Time on screen.
        shown_ms: u32,
        /// The ranking that brought the image.
        ranking: Option<RankingId>,
    },
    /// Take the last look back.
    Undo {
        /// Made by the page.
        id: CommandId,
    },
    /// Let the look that was last taken back count again.
    Redo {
        /// Made by the page.
        id: CommandId,
    },
    /// Let another selector order the pool.
    ChooseSelector {
        /// Made by the page.
        id: CommandId,
        /// By its name.
        name: String,
    },
    /// Let another network give the features.
    ChooseNetwork {
        /// Made by the page.
        id: CommandId,
        /// By its name.
        name: String,
    },
    /// Let a plugin have other values for its parameters, now and whenever it is in use again.
    SetParameters {
        /// Made by the page.
        id: CommandId,
        /// Which world the plugin is of.
        kind: PluginKind,
        /// The plugin's name.
        plugin: String,
        /// What changes of those that are set by hand; none: again as the settings or the plugin say.
        changes: Changes,
    },
    /// How long a queue the page would like.
    Want {
        /// Images.
        count: u32,
    },
    /// How much of the history the page would like, now and whenever it changes.
    WantHistory {
        /// Images; 0: no more of it.
        count: u32,
        /// Which of them.
        filter: HistoryFilter,
    },
    /// Whether the page would like the charts, now and whenever they change.
    WantCharts {
        /// It would.
        wanted: bool,
    },
    /// What would happen if the model labelled the rest.
    WantFinish {
        /// With these thresholds; none: with those that are suggested.
        thresholds: Option<Thresholds>,
    },
    /// Let the model label the rest, as one step. What it says at this moment counts.
    Finish {
        /// Made by the page; sending it twice does no harm.
        id: CommandId,
        /// What becomes what.
        thresholds: Thresholds,
    },
    /// Take a whole step of many labels back.
    Revoke {
        /// Made by the page.
        id: CommandId,
        /// Which.
        bulk: BulkId,
    },
    /// The browser could not show an image; the server looks for itself.
    Unreadable {
        /// Which.
        image: ImageId,
    },
    /// Play a replay otherwise, or from elsewhere.
    Replay {
        /// What is to be done.
        wish: ReplayWish,
    },
}

/// From the server to a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToPage {
    /// Answers `hello`.
    Welcome(Welcome),
    /// A command is durable.
    Ack(Ack),
    /// A command did not happen.
    Refused(Refused),
    /// What to show next.
    Queue(Queue),
    /// How it goes.
    Statistics(Statistics),
    /// How it went, to a page that wants it.
    Charts(Charts),
    /// What the learner is doing.
    Training(Training),
    /// What can be chosen, and what is.
    Plugins(Plugins),
    /// What was answered, to a page that wants it.
    History(History),
    /// What would happen if the model labelled the rest, to a page that asked.
    Finish(Finish),
    /// Images that can't be shown.
    SetAside(SetAside),
    /// Something that a person should know.
    Notice(Notice),
    /// Where the replay stands.
    Replay(Replay),
}

/// What a page needs to begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Welcome {
    /// The server's [`PROTOCOL`].
    pub protocol: u32,
    /// The session's log id. That of a replay is another one: what a page keeps for the session is not sent to it.
    pub session: String,
    /// The question that is answered with yes or no.
    pub question: String,
    /// The pool's folder.
    pub pool: String,
    /// Whether there is a model in this session.
    pub model: bool,
    /// The program's version.
    pub program: String,
    /// What is played again; none: answers are taken.
    pub replay: Option<ReplaySpan>,
}

/// A command is durable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Ack {
    /// The page's id.
    pub id: CommandId,
    /// Sequence number of the event in the log.
    #[ts(type = "number")]
    pub seq: u64,
    /// After an undo: the image that is to be answered again. After a redo: the image that has its
    /// answer again.
    pub look: Option<Look>,
}

/// A look that an undo or a redo was about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Look {
    /// Which image.
    pub image: ImageId,
    /// What had been answered.
    pub answer: Answer,
    /// Whether it counts now: no after an undo, yes after a redo.
    pub counts: bool,
    /// The answer that the image has now: after the undo of a correction, the one before it.
    pub now: Option<Answer>,
}

/// A command did not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Refused {
    /// The page's id, if the message could be read that far.
    pub id: Option<CommandId>,
    /// One sentence for a person.
    pub why: String,
    /// Whether sending the same again may work.
    pub retry: bool,
}

/// One image to show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct QueueItem {
    /// Which.
    pub image: ImageId,
    /// P(positive), 0 to 1; none where the model has not scored the image.
    pub probability: Option<f32>,
}

/// The head of the ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Queue {
    /// The ranking; none as long as there was none.
    pub ranking: Option<RankingId>,
    /// Best first. Empty: every image is answered.
    pub items: Vec<QueueItem>,
    /// Answers that the ranking does not know yet.
    pub behind: u32,
}

/// Weights on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Fetching {
    /// The network that they are for.
    pub network: String,
    /// What is there, bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The whole, bytes; none as long as the sender did not say.
    #[ts(type = "number | null")]
    pub of: Option<u64>,
}

/// What the learner is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Training {
    /// The newest model.
    pub model: Option<ModelId>,
    /// Its loss, in nats.
    pub loss: Option<f32>,
    /// Where the features come from.
    pub features: String,
    /// Where tensors live, for example `cpu`.
    pub device: String,
    /// Images with features.
    pub embedded: u32,
    /// Images that will have features.
    pub to_embed: u32,
    /// A chosen network's weights are being fetched; the features in use are used meanwhile.
    pub fetching: Option<Fetching>,
    /// What trains in the background: `small`, or a network's name; none: nothing.
    pub background: Option<String>,
    /// It trains right now.
    pub in_background: bool,
    /// How often it has spoken.
    pub opinions: u32,
    /// Pictures a second that one thread reads, decodes and resizes, over all so far.
    pub decoded_per_second: Option<f64>,
    /// Images a second in the last scoring of the pool.
    pub scored_per_second: Option<f64>,
    /// From the last answer that a ranking was waiting for to that ranking.
    pub answer_to_ranking_ms: Option<f64>,
}

/// What can be chosen, and what is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Plugins {
    /// To order the pool.
    pub selectors: Vec<PluginInfo>,
    /// Name of the one in use.
    pub selector: String,
    /// To give features.
    pub networks: Vec<PluginInfo>,
    /// Name of the one in use.
    pub network: String,
    /// What the selector's parameters are.
    pub selector_values: Values,
    /// Those of them that were set by hand.
    pub selector_by_hand: Values,
    /// What the network's parameters are.
    pub network_values: Values,
    /// Those of them that were set by hand.
    pub network_by_hand: Values,
}

/// A file that can't be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AsideFile {
    /// Relative to the pool's folder.
    pub path: String,
    /// One sentence.
    pub reason: String,
}

/// Images that can't be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SetAside {
    /// How many.
    pub total: u32,
    /// The first of them.
    pub files: Vec<AsideFile>,
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something does not work as it should; answers are safe.
    Warning,
    /// Answers are not accepted.
    Error,
}

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Notice {
    /// How loud.
    pub level: Level,
    /// One or two sentences.
    pub text: String,
}

impl From<Label> for Answer {
    fn from(label: Label) -> Self {
        match label {
            Label::Positive => Self::Positive,
            Label::Negative => Self::Negative,
        }
    }
}
