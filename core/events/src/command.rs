//! What somebody wants to happen. The session decides whether it does.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::facts::{
    BulkLabel, CheckpointMade, CycleTrained, FoundImage, IdentifiedImage, Label, ModelTrained,
    MovedImage, Origin, PluginRef, Ranked, Seen, SessionOpened, Source,
};
use crate::ids::{BulkId, CommandId, ImageId};
use crate::outlook::OutlookBin;
use crate::plugin::{Changes, PluginKind, Values};

/// What a person says about an image.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Positive,
    /// No.
    Negative,
    /// Can't say.
    Skip,
}

impl Answer {
    /// The label that it gives, if any.
    pub fn label(self) -> Option<Label> {
        match self {
            Self::Positive => Some(Label::Positive),
            Self::Negative => Some(Label::Negative),
            Self::Skip => None,
        }
    }
}

/// A wish. Those that a person sends carry an id, so that sending twice does no harm.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Begin.
    OpenSession(SessionOpened),
    /// The scan found images that the session doesn't know.
    AddImages(Vec<FoundImage>),
    /// An image can't be read.
    SetAside {
        /// Which.
        image: ImageId,
        /// One sentence for a person.
        reason: String,
    },
    /// An image that was set aside can be read again.
    Restore {
        /// Which.
        image: ImageId,
        /// Size of the file now.
        bytes: u64,
    },
    /// Files of images were read; as many as fit into a record. Their sizes are told wherever they are known.
    IdentifyImages(Vec<IdentifiedImage>),
    /// Files of images are elsewhere now, one after the other; as many as fit into a record. An image without an answer
    /// gives way to one that comes to its path.
    MoveImages(Vec<MovedImage>),
    /// An answer to one image.
    Answer {
        /// The sender's id.
        id: CommandId,
        /// Which.
        image: ImageId,
        /// Yes, no or can't say.
        answer: Answer,
        /// Who says so.
        source: Source,
        /// The person's name for themselves.
        annotator: String,
        /// What they saw.
        seen: Seen,
    },
    /// Take the last look back.
    Undo {
        /// The sender's id.
        id: CommandId,
    },
    /// Let the look that was last taken back count again.
    Redo {
        /// The sender's id.
        id: CommandId,
    },
    /// Let another selector order the pool.
    ChooseSelector {
        /// The sender's id.
        id: CommandId,
        /// Which.
        selector: PluginRef,
    },
    /// Let another network give the features.
    ChooseNetwork {
        /// The sender's id.
        id: CommandId,
        /// Which.
        network: PluginRef,
    },
    /// A network that was chosen can't be used: let the one that is in use be the choice again, unless
    /// somebody chose yet another.
    KeepNetwork {
        /// The sender's id.
        id: CommandId,
        /// What can't be used, by name.
        instead_of: String,
        /// What is in use.
        network: PluginRef,
    },
    /// Let a plugin have other values whenever it is in use.
    SetParameters {
        /// The sender's id.
        id: CommandId,
        /// Which world the plugin is of.
        kind: PluginKind,
        /// Its name.
        plugin: String,
        /// What changes.
        changes: Changes,
    },
    /// Begin a step of many labels.
    BeginBulk {
        /// The sender's id.
        id: CommandId,
        /// Where the labels come from.
        origin: Origin,
        /// How many labels there will be.
        labels: u32,
        /// The person's name for themselves.
        annotator: String,
    },
    /// Add labels to the newest step.
    LabelInBulk {
        /// Which it is.
        bulk: BulkId,
        /// By image, ascending, behind those that it has; as many as fit into a record.
        labels: Vec<BulkLabel>,
    },
    /// Take a whole step back.
    RevokeBulk {
        /// The sender's id.
        id: CommandId,
        /// Which.
        bulk: BulkId,
    },
    /// The learner fitted a model and a selector ordered the pool; both become facts together.
    RecordRanking(MadeRanking),
    /// Weights of the network in the background were kept.
    RecordCheckpoint(CheckpointMade),
    /// A network in the background finished a cycle.
    RecordCycle(CycleTrained),
    /// A plugin failed.
    RecordPluginFailure {
        /// Which.
        plugin: PluginRef,
        /// One sentence for a person.
        what: String,
    },
}

impl Command {
    /// The id that makes it safe to send twice.
    pub fn id(&self) -> Option<CommandId> {
        match self {
            Self::Answer { id, .. }
            | Self::Undo { id }
            | Self::Redo { id }
            | Self::ChooseSelector { id, .. }
            | Self::ChooseNetwork { id, .. }
            | Self::KeepNetwork { id, .. }
            | Self::SetParameters { id, .. }
            | Self::BeginBulk { id, .. }
            | Self::RevokeBulk { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// What learner and selector made of the answers so far.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeRanking {
    /// Every event up to this sequence number was known.
    pub learned_from: u64,
    /// The model, when a new one was fitted; its number is given by the session.
    pub model: Option<FittedModel>,
    /// Who ordered.
    pub selector: PluginRef,
    /// Its parameters, as far as they were not what it says itself.
    pub parameters: Values,
    /// How many images were to be ordered.
    pub candidates: u32,
    /// How many of them have a probability.
    pub scored: u32,
    /// The order, best first; longer than what the log keeps.
    pub order: Vec<Ranked>,
    /// What the model expected of all that it had scored.
    pub outlook: Vec<OutlookBin>,
}

/// A fitted model before the session numbered it: the fields of [`ModelTrained`] but its number.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedModel {
    /// Positive labels it learned from.
    pub positives: u32,
    /// Negative labels it learned from.
    pub negatives: u32,
    /// Mean class-balanced log loss over the labels, in nats.
    pub loss: f32,
    /// What the features are.
    pub features: String,
}

impl FittedModel {
    /// The fact, once the number is known.
    pub fn trained(&self, model: crate::ModelId, learned_from: u64) -> ModelTrained {
        ModelTrained {
            model,
            learned_from,
            positives: self.positives,
            negatives: self.negatives,
            loss: self.loss,
            features: self.features.clone(),
        }
    }
}
