//! What happened. A fact is never changed after it was published: a new shape is a new schema
//! version, the old one moves to the module of its version ([`v1`], [`v2`]), and `codec` brings old facts up
//! to date, one pure step at a time.

mod bulk;
mod images;
pub mod v1;
pub mod v2;

use serde::{Deserialize, Serialize};
use serde_with::hex::Hex;
use serde_with::{IfIsHumanReadable, serde_as};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::ids::{CommandId, ImageId, ModelId, RankingId};
use crate::outlook::OutlookBin;
use crate::plugin::{Changes, PluginKind, Values};

pub use bulk::{BulkBegun, BulkLabel, BulkLabelled, BulkRevoked, Origin};
pub use images::{Content, IdentifiedImage, ImagesIdentified, ImagesMoved, MovedImage};

/// The answer that an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Yes.
    Positive,
    /// No.
    Negative,
}

/// Who gave a label.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A person, by key, button or swipe.
    Manual,
    /// Automatic mode: the time ran out.
    Timeout,
    /// A file of labels.
    Imported,
    /// The model.
    Model,
    /// A person, on an image drawn blindly for an audit.
    Audit,
}

/// What the person saw when they answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The ranking that brought the image, if one did.
    pub ranking: Option<RankingId>,
    /// Where in that ranking the image stood, counted from 0.
    pub position: Option<u32>,
    /// The model whose probability was shown.
    pub model: Option<ModelId>,
    /// P(positive) as shown, 0 to 1.
    pub probability: Option<f32>,
    /// Time on screen.
    pub shown_ms: u32,
}

/// Which build of a plugin.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PluginRef {
    /// The name that a person chooses it by.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// BLAKE3 of the component's bytes.
    #[serde_as(as = "IfIsHumanReadable<Hex>")]
    pub hash: [u8; 32],
}

/// An image as the scan of the folder found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundImage {
    /// Relative to the pool's folder, with `/` between the parts.
    pub path: String,
    /// Size of the file.
    pub bytes: u64,
}

/// A session began on a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOpened {
    /// The question that is answered with yes or no.
    pub question: String,
    /// The pool's folder as it was given.
    pub pool: String,
    /// Seed of everything random in this session.
    pub seed: u64,
    /// The version of the program that opened it.
    pub program: String,
}

/// Images joined the pool. They get ids in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesFound {
    /// The id of the first; the next that is free where it isn't told. Told, so that answers stay with
    /// their images when records between were lost.
    pub first: Option<ImageId>,
    /// In the pool's own order.
    pub images: Vec<FoundImage>,
}

/// An image can't be shown and blocks nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSetAside {
    /// Which.
    pub image: ImageId,
    /// One sentence for a person.
    pub reason: String,
}

/// An image that was set aside can be shown again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRestored {
    /// Which.
    pub image: ImageId,
    /// Size of the file by then.
    pub bytes: Option<u64>,
}

/// An image was answered yes or no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Labelled {
    /// The command that asked for it.
    pub command: CommandId,
    /// Which.
    pub image: ImageId,
    /// Yes or no.
    pub label: Label,
    /// Who says so.
    pub source: Source,
    /// The person's name for themselves.
    pub annotator: String,
    /// What they saw.
    pub seen: Seen,
}

/// Somebody can't say; the image leaves the queue without a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// The command that asked for it.
    pub command: CommandId,
    /// Which.
    pub image: ImageId,
    /// The person's name for themselves.
    pub annotator: String,
    /// What they saw.
    pub seen: Seen,
}

/// The last look was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The command that asked for it.
    pub command: CommandId,
    /// Sequence number of the `Labelled` or `Skipped` that no longer counts.
    pub look: u64,
}

/// A look that was taken back counts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redone {
    /// The command that asked for it.
    pub command: CommandId,
    /// Sequence number of the `Labelled` or `Skipped`.
    pub look: u64,
}

/// Another selector orders the pool from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectorChosen {
    /// The command that asked for it.
    pub command: CommandId,
    /// Which.
    pub selector: PluginRef,
}

/// Another network gives the features from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkChosen {
    /// The command that asked for it.
    pub command: CommandId,
    /// Which.
    pub network: PluginRef,
}

/// A plugin has other values from now on, whenever it is in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParametersSet {
    /// The command that asked for it.
    pub command: CommandId,
    /// Which world the plugin is of.
    pub kind: PluginKind,
    /// The plugin's name: a new build keeps the values.
    pub plugin: String,
    /// What changes of those that are set by hand; none: again what the settings or the plugin say.
    pub changes: Changes,
}

/// The head was fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelTrained {
    /// Its number.
    pub model: ModelId,
    /// Every event up to this sequence number was known to it.
    pub learned_from: u64,
    /// Positive labels it learned from.
    pub positives: u32,
    /// Negative labels it learned from.
    pub negatives: u32,
    /// Mean class-balanced log loss over the labels, in nats.
    pub loss: f32,
    /// What the features are, for example `patches` or a network's name; [`WITH_NETWORK`] follows where a network in
    /// the background has a say.
    pub features: String,
}

/// What the features' name ends with when a network in the background has joined.
pub const WITH_NETWORK: &str = " + network";

/// One entry of a ranking.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Which.
    pub image: ImageId,
    /// P(positive), 0 to 1; none where the model has not scored the image.
    pub probability: Option<f32>,
}

/// The unlabelled images were ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankingMade {
    /// Its number.
    pub ranking: RankingId,
    /// The model whose probabilities it used.
    pub model: Option<ModelId>,
    /// Every event up to this sequence number was known to it.
    pub learned_from: u64,
    /// Who ordered.
    pub selector: PluginRef,
    /// Its parameters, as far as they were not what it says itself.
    pub parameters: Values,
    /// How many images were to be ordered.
    pub candidates: u32,
    /// How many of them the model had scored.
    pub scored: u32,
    /// The first entries, best first.
    pub first: Vec<Ranked>,
    /// What the model expected of all that it had scored, by bin of [`outlook`](crate::outlook); empty where
    /// nothing was scored.
    pub outlook: Vec<OutlookBin>,
}

/// A plugin did something it must not; the last ranking stayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginFailed {
    /// Which.
    pub plugin: PluginRef,
    /// One sentence for a person.
    pub what: String,
}

/// The weights of a network that trains in the background were kept; training goes on from the newest.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointMade {
    /// Whose they are: `small`, or a network's name.
    pub network: String,
    /// Labels that they were trained on.
    pub labels: u32,
    /// BLAKE3 of the file of weights, which is called so in the session's `artefacts`. Only the newest are kept.
    #[serde_as(as = "IfIsHumanReadable<Hex>")]
    pub artefact: [u8; 32],
    /// Size of the file.
    pub bytes: u64,
}

/// A network that trains in the background finished a cycle, and what it thinks joined the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CycleTrained {
    /// Whose cycle: `small`, or a network's name.
    pub network: String,
    /// Labels that it was trained on.
    pub labels: u32,
    /// Steps of the optimiser.
    pub steps: u32,
    /// Mean loss of about the last twenty steps, in nats.
    pub loss: f32,
    /// The highest learning rate of the cycle.
    pub learning_rate: f32,
    /// Images that were scored with it afterwards.
    pub scored: u32,
    /// How long all of it took.
    pub seconds: f32,
}

/// What stood here was damaged, and could not be rescued into this log. It keeps the place, so that
/// what others say of a record by its number stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordLost {}

/// Any fact. As JSON it carries its name as `type`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
#[allow(missing_docs, reason = "each variant's struct says what it is")]
pub enum Event {
    SessionOpened(SessionOpened),
    ImagesFound(ImagesFound),
    ImageSetAside(ImageSetAside),
    ImageRestored(ImageRestored),
    ImagesIdentified(ImagesIdentified),
    ImagesMoved(ImagesMoved),
    Labelled(Labelled),
    Skipped(Skipped),
    Undone(Undone),
    Redone(Redone),
    SelectorChosen(SelectorChosen),
    NetworkChosen(NetworkChosen),
    ParametersSet(ParametersSet),
    CheckpointMade(CheckpointMade),
    CycleTrained(CycleTrained),
    ModelTrained(ModelTrained),
    RankingMade(RankingMade),
    PluginFailed(PluginFailed),
    BulkBegun(BulkBegun),
    BulkLabelled(BulkLabelled),
    BulkRevoked(BulkRevoked),
    RecordLost(RecordLost),
    /// Written by a newer program: kept as it is, and a reason not to append.
    Unknown(Unknown),
}

/// A fact that this program doesn't know.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Event type of the record.
    pub event_type: u16,
    /// Schema version of the record.
    pub schema_version: u16,
    /// The bytes.
    #[serde_as(as = "Hex")]
    pub payload: Vec<u8>,
}
