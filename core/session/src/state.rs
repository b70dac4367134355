//! Everything that is derived from the events so far.

use std::collections::{BTreeMap, HashMap, VecDeque};

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use sluice_events::facts::{
    CheckpointMade, Content, ModelTrained, PluginRef, RankingMade, SessionOpened,
};
use sluice_events::plugin::{PluginKind, Values};
use sluice_events::{Answer, BulkId, CommandId, ImageId, RankingId, Source};

use crate::bulk::Bulk;
use crate::tally::Tally;

/// The answer that an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// What was said.
    pub answer: Answer,
    /// Who said it.
    pub source: Source,
    /// Where that is written.
    pub by: By,
}

/// What gave an image its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// A look: its place among those that count.
    Look(u32),
    /// A step of many labels.
    Bulk(BulkId),
}

/// One image of the pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageState {
    /// Relative to the pool's folder.
    pub path: String,
    /// Size of the file.
    pub bytes: u64,
    /// What it holds, once it was read.
    pub content: Option<Content>,
    /// Its answer, if it has one, and who gave it.
    pub given: Option<Given>,
    /// Why it can't be shown, if it can't.
    pub set_aside: Option<String>,
}

impl ImageState {
    /// Unlabelled, not skipped, and readable.
    pub fn is_candidate(&self) -> bool {
        self.given.is_none() && self.set_aside.is_none()
    }

    /// What was said of it, if anything.
    pub fn answer(&self) -> Option<Answer> {
        self.given.map(|given| given.answer)
    }
}

/// One image shown to a person and answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookEntry {
    /// Sequence number of its event.
    pub seq: u64,
    /// Which image.
    pub image: ImageId,
    /// What was said.
    pub answer: Answer,
    /// Who said it; skips come from people only.
    pub source: Source,
    /// The answer that the image had before.
    pub before: Option<Given>,
    /// P(positive) that was shown.
    pub probability: Option<f32>,
    /// Looks that the ranking which brought the image did not know; none where it came from no ranking.
    pub ranking_age: Option<u32>,
    /// When, µs since 1970.
    pub time_us: u64,
    /// What it added to the time spent answering, µs.
    pub active_us: u64,
}

/// Images by what is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Labelled yes.
    pub positives: u32,
    /// Labelled no.
    pub negatives: u32,
    /// Can't say.
    pub skipped: u32,
    /// Can't be shown; such an image may have an answer, too.
    pub set_aside: u32,
    /// Still to be answered.
    pub candidates: u32,
    /// Those that a step answered, and no look.
    pub of_steps: OfSteps,
}

/// Images whose answer came in a step of many labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfSteps {
    /// Labelled yes.
    pub positives: u32,
    /// Labelled no.
    pub negatives: u32,
    /// Can't say.
    pub skipped: u32,
}

/// Sequence numbers by command.
pub type Commands = HashMap<CommandId, u64, RandomState>;

/// The fold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The number that the next event gets.
    pub next_seq: u64,
    /// The newest event that changes what there is to order or to learn from.
    pub last_relevant: u64,
    /// How the session began.
    pub opened: Option<SessionOpened>,
    /// By [`ImageId`].
    pub images: Vec<ImageState>,
    /// Totals over `images`.
    pub counts: Counts,
    /// The looks that count, oldest first; undo takes from the end.
    pub looks: Vec<LookEntry>,
    /// How it goes, over `looks`.
    pub tally: Tally,
    /// Looks that were taken back and can be redone, the next one last.
    pub undone: Vec<LookEntry>,
    /// Steps of many labels, oldest first; revoked ones, too.
    pub bulks: Vec<Bulk>,
    /// Sequence number of the newest record that a step wrote, or was revoked by.
    pub last_bulk: Option<u64>,
    /// Images whose look was taken back: shown again first, the last one first of all, unless an
    /// earlier look still counts or they can't be shown.
    pub revisit: Vec<ImageId>,
    /// Sequence number of the first event of each command that had an id.
    #[serde(skip)] // `snapshot` has a part of its own for it
    pub commands: Commands,
    /// The selector that was chosen.
    pub selector: Option<PluginRef>,
    /// The network that was chosen.
    pub network: Option<PluginRef>,
    /// What was set by hand, by plugin.
    pub parameters: BTreeMap<(PluginKind, String), Values>,
    /// The newest model.
    pub model: Option<ModelTrained>,
    /// How many models there were.
    pub models: u64,
    /// The newest ranking.
    pub ranking: Option<RankingMade>,
    /// The newest rankings: the number of each, and what it knew.
    pub recent_rankings: VecDeque<(RankingId, u64)>,
    /// The newest weights that were kept of the network in the background.
    pub checkpoint: Option<CheckpointMade>,
    /// How many rankings there were.
    pub rankings: u64,
    /// Records that a damaged log had lost before it was rescued.
    pub lost_records: u64,
    /// The type of an event that this program does not know.
    pub unknown_event: Option<u16>,
}

impl State {
    /// The image, if there is one of this id.
    pub fn image(&self, image: ImageId) -> Option<&ImageState> {
        self.images.get(image.index())
    }

    /// Looks that the newest ranking does not know.
    pub fn behind(&self) -> u32 {
        let known =
            self.ranking.as_ref().map_or(0, |ranking| ranking.learned_from.saturating_add(1));
        // Looks are in the order of the log.
        (self.looks.len() - self.looks.partition_point(|look| look.seq < known)) as u32
    }
}
