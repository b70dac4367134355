//! Which events a command causes. Pure: the state and the command say everything.

use sluice_events::command::MadeRanking;
use sluice_events::facts::{
    BulkBegun, BulkLabel, BulkLabelled, BulkRevoked, ImageRestored, ImageSetAside, ImagesFound,
    Labelled, NetworkChosen, ParametersSet, PluginFailed, RankingMade, Redone, SelectorChosen,
    Skipped, Undone,
};
use sluice_events::{BulkId, Command, Event, ImageId, ModelId, RankingId, Source};

use crate::bulk::Bulk;
use crate::files;
use crate::state::State;

/// The log keeps this many entries of a ranking; the rest can be made again.
pub const RANKING_KEPT: usize = 32;

/// Characters that are kept of what went wrong with a plugin.
const LONGEST_FAILURE: usize = 2000;

/// What follows from a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// These events.
    Events(Vec<Event>),
    /// Nothing: its id is known, and this event had followed from it then.
    Already(u64),
}

/// Why nothing follows from a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is a session in this log already.
    #[error("the session had been opened before")]
    AlreadyOpen,
    /// The log holds events of a newer program.
    #[error(
        "the log holds events (type {0}) that this version of sluice does not know; answering would \
         ignore them, so nothing is written. Use the newer sluice"
    )]
    NewerLog(u16),
    /// No image has this id.
    #[error("there is no image number {}; reload the page", .0.0)]
    UnknownImage(ImageId),
    /// Automatic mode's time ran out for an image that somebody has answered.
    #[error("image number {} has an answer by now, which the clock does not change", .0.0)]
    HasAnAnswer(ImageId),
    /// The image can't be shown.
    #[error("image number {} was set aside because it can't be shown; it takes no answer", .0.0)]
    ImageSetAside(ImageId),
    /// Where an image is to go on, there is another one, which somebody has answered.
    #[error("{path} is image number {}, which has an answer of its own; nothing was moved there", .image.0)]
    PathHasAnswers {
        /// The path.
        path: String,
        /// The image that has it.
        image: ImageId,
    },
    /// An image can't be moved nowhere.
    #[error("there is no path that image number {} could be moved to", .0.0)]
    NoPath(ImageId),
    /// There is no such step of many labels.
    #[error("there is no step number {}", .0.0)]
    NoSuchBulk(BulkId),
    /// Somebody took the step back.
    #[error("step number {} was taken back as a whole; none of its labels counts", .0.0)]
    BulkRevoked(BulkId),
    /// Labels of a step come by image, ascending.
    #[error("the labels of a step must come in the images' order, each image once; number {} does not", .0.0)]
    BulkOutOfOrder(ImageId),
    /// A step says at its beginning how many labels it will have.
    #[error("step number {} has all the labels that it was to have", .0.0)]
    TooManyLabels(BulkId),
    /// No look counts.
    #[error("there is nothing to undo")]
    NothingToUndo,
    /// No look was taken back, or another followed.
    #[error("there is nothing to redo")]
    NothingToRedo,
    /// The session is only shown as it was.
    #[error("this is a replay: nothing is written")]
    Replay,
}

impl Refusal {
    /// Whether the same command will be refused whenever it is sent: there is nothing to keep it for.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::NewerLog(_))
    }
}

/// Decides.
///
/// # Errors
/// Why the command does not apply in this state.
pub fn decide(state: &State, command: &Command) -> Result<Decision, Refusal> {
    if let Some(event_type) = state.unknown_event {
        return Err(Refusal::NewerLog(event_type));
    }
    if let Some(&seq) = command.id().and_then(|id| state.commands.get(&id)) {
        return Ok(Decision::Already(seq));
    }
    events(state, command).map(Decision::Events)
}

fn events(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
    Ok(match command {
        Command::OpenSession(opened) => match state.opened {
            Some(_) => return Err(Refusal::AlreadyOpen),
            None => vec![Event::SessionOpened(opened.clone())],
        },
        Command::AddImages(images) => {
            let first = Some(ImageId(state.images.len() as u32));
            vec![Event::ImagesFound(ImagesFound { first, images: images.clone() })]
        }
        Command::SetAside { image, reason } => {
            let known = state.image(*image).ok_or(Refusal::UnknownImage(*image))?;
            // The first reason is the one that counts.
            if known.set_aside.is_some() {
                return Ok(Vec::new());
            }
            vec![Event::ImageSetAside(ImageSetAside { image: *image, reason: reason.clone() })]
        }
        Command::Restore { image, bytes } => {
            let known = state.image(*image).ok_or(Refusal::UnknownImage(*image))?;
            if known.set_aside.is_none() {
                return Ok(Vec::new());
            }
            vec![Event::ImageRestored(ImageRestored { image: *image, bytes: Some(*bytes) })]
        }
        Command::IdentifyImages(read) => files::identified(state, read)?,
        Command::MoveImages(moves) => files::moved(state, moves)?,
        Command::Answer { .. } => vec![answer(state, command)?],
        Command::Undo { id } => {
            let look = state.looks.last().ok_or(Refusal::NothingToUndo)?.seq;
            vec![Event::Undone(Undone { command: *id, look })]
        }
        Command::Redo { id } => {
            let look = state.undone.last().ok_or(Refusal::NothingToRedo)?.seq;
            vec![Event::Redone(Redone { command: *id, look })]
        }
        Command::ChooseSelector { id, selector } => {
            vec![Event::SelectorChosen(SelectorChosen { command: *id, selector: selector.clone() })]
        }
        Command::ChooseNetwork { id, network } => {
            vec![Event::NetworkChosen(NetworkChosen { command: *id, network: network.clone() })]
        }
        Command::KeepNetwork { id, instead_of, network } => match &state.network {
            Some(chosen) if chosen.name == *instead_of => {
                vec![Event::NetworkChosen(NetworkChosen { command: *id, network: network.clone() })]
            }
            _ => Vec::new(),
        },
        Command::SetParameters { id, kind, plugin, changes } => {
            let (kind, plugin, changes) = (*kind, plugin.clone(), changes.clone());
            vec![Event::ParametersSet(ParametersSet { command: *id, kind, plugin, changes })]
        }
        Command::BeginBulk { id, origin, labels, annotator } => {
            vec![Event::BulkBegun(BulkBegun {
                command: *id,
                bulk: state.next_bulk(),
                origin: origin.clone(),
                labels: *labels,
                annotator: annotator.clone(),
            })]
        }
        Command::LabelInBulk { bulk, labels } => {
            let source = check_labels(state, *bulk, labels)?;
            let (bulk, labels) = (*bulk, labels.clone());
            vec![Event::BulkLabelled(BulkLabelled { bulk, source, labels })]
        }
        Command::RevokeBulk { id, bulk } => {
            standing(state, *bulk)?;
            vec![Event::BulkRevoked(BulkRevoked { command: *id, bulk: *bulk })]
        }
        Command::RecordRanking(made) => ranking(state, made),
        Command::RecordCheckpoint(made) => vec![Event::CheckpointMade(made.clone())],
        Command::RecordCycle(trained) => vec![Event::CycleTrained(trained.clone())],
        Command::RecordPluginFailure { plugin, what } => {
            // Much of it are a stranger's words.
            let what = what.chars().take(LONGEST_FAILURE).collect();
            vec![Event::PluginFailed(PluginFailed { plugin: plugin.clone(), what })]
        }
    })
}

/// The step, if it was not taken back.
fn standing(state: &State, bulk: BulkId) -> Result<&Bulk, Refusal> {
    let known = state.bulk(bulk).ok_or(Refusal::NoSuchBulk(bulk))?;
    if known.revoked { Err(Refusal::BulkRevoked(bulk)) } else { Ok(known) }
}

/// Gives the source of the labels.
fn check_labels(state: &State, bulk: BulkId, labels: &[BulkLabel]) -> Result<Source, Refusal> {
    let known = standing(state, bulk)?;
    let mut last = known.last;
    for &BulkLabel { image, .. } in labels {
        state.image(image).ok_or(Refusal::UnknownImage(image))?;
        if last.is_some_and(|last| last >= image) {
            return Err(Refusal::BulkOutOfOrder(image));
        }
        last = Some(image);
    }
    if labels.len() > known.missing() {
        return Err(Refusal::TooManyLabels(bulk));
    }
    Ok(known.origin.source())
}

fn answer(state: &State, command: &Command) -> Result<Event, Refusal> {
    let Command::Answer { id, image, answer, source, annotator, seen } = command else {
        unreachable!("the caller has matched an answer");
    };
    let known = state.image(*image).ok_or(Refusal::UnknownImage(*image))?;
    if known.set_aside.is_some() {
        return Err(Refusal::ImageSetAside(*image));
    }
    // A person's answer is corrected by a person only.
    if *source == Source::Timeout && known.given.is_some() {
        return Err(Refusal::HasAnAnswer(*image));
    }
    let annotator = annotator.clone();
    Ok(match answer.label() {
        Some(label) => Event::Labelled(Labelled {
            command: *id,
            image: *image,
            label,
            source: *source,
            annotator,
            seen: *seen,
        }),
        None => Event::Skipped(Skipped { command: *id, image: *image, annotator, seen: *seen }),
    })
}

fn ranking(state: &State, made: &MadeRanking) -> Vec<Event> {
    let trained = made
        .model
        .as_ref()
        .map(|model| model.trained(ModelId(state.models.saturating_add(1)), made.learned_from));
    let scored_by_last = state.model.as_ref().filter(|_| made.scored > 0).map(|model| model.model);
    let ranking = RankingMade {
        ranking: RankingId(state.rankings.saturating_add(1)),
        model: trained.as_ref().map(|model| model.model).or(scored_by_last),
        learned_from: made.learned_from,
        selector: made.selector.clone(),
        parameters: made.parameters.clone(),
        candidates: made.candidates,
        scored: made.scored,
        first: made.order.iter().take(RANKING_KEPT).copied().collect(),
        outlook: made.outlook.clone(),
    };
    trained.map(Event::ModelTrained).into_iter().chain([Event::RankingMade(ranking)]).collect()
}
