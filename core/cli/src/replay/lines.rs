//! One line for what happened.

use indicatif::HumanCount;
use sluice_events::facts::{ParametersSet, PluginRef, RankingMade};
use sluice_events::{Answer, Event, ImageId, Source};
use sluice_session::State;
use sluice_session::state::{Counts, LookEntry};

use super::words::{self, origin, plain, probability, said, source};

/// How a line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// An answer.
    Said(Answer),
    /// Something else that a person did, or has to know.
    Deed,
    /// What goes on beside it.
    Quiet,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub tone: Tone,
    pub text: String,
}

/// What an event was; `state` is what it led to. None, if it was a look that changed nothing.
pub fn line(state: &State, seq: u64, event: &Event) -> Option<Line> {
    if matches!(event, Event::Labelled(_) | Event::Skipped(_)) {
        let look = state.looks.last().filter(|look| look.seq == seq)?;
        return Some(Line { tone: Tone::Said(look.answer), text: answered(state, look) });
    }
    let deed = deed(state, event).map(|text| Line { tone: Tone::Deed, text });
    deed.or_else(|| quiet(state, event).map(|text| Line { tone: Tone::Quiet, text }))
}

fn answered(state: &State, look: &LookEntry) -> String {
    let mut what = path(state, look.image);
    if look.source != Source::Manual {
        what = format!("{what} ({})", source(look.source));
    }
    if let Some(before) = look.before.filter(|before| before.answer != look.answer) {
        what = format!("{what} (was {})", said(before.answer));
    }
    columns(state, said(look.answer), look.probability, &what)
}

fn columns(state: &State, word: &str, seen: Option<f32>, what: &str) -> String {
    let seen = probability(seen);
    format!("{word:<4}  {seen:>5}  {}  {what}", totals(state))
}

/// Images by their answers so far.
fn totals(state: &State) -> String {
    let Counts { positives, negatives, skipped, .. } = state.counts;
    format!("{positives:>5} yes {negatives:>6} no {skipped:>4} skipped")
}

/// What a person did, besides answering, or has to know.
fn deed(state: &State, event: &Event) -> Option<String> {
    Some(match event {
        Event::SessionOpened(opened) => {
            format!("\"{}\" is asked of {}", plain(&opened.question), plain(&opened.pool))
        }
        Event::Undone(undone) => again(state, "undo", undone.look, state.undone.last()),
        Event::Redone(redone) => again(state, "redo", redone.look, state.looks.last()),
        Event::SelectorChosen(chosen) => format!("{} orders from now on", named(&chosen.selector)),
        Event::NetworkChosen(chosen) => {
            format!("{} gives the features from now on", named(&chosen.network))
        }
        Event::ParametersSet(set) => parameters(set),
        Event::PluginFailed(failed) => {
            format!("{} failed: {}", named(&failed.plugin), plain(&failed.what))
        }
        Event::BulkBegun(begun) => {
            let (step, labels) = (begun.bulk.0, HumanCount(begun.labels.into()));
            format!("step {step} begins: {labels} labels of {}", origin(&begun.origin))
        }
        Event::BulkRevoked(revoked) => {
            format!("step {} is taken back: {}", revoked.bulk.0, totals(state).trim_start())
        }
        Event::ImagesMoved(moved) => {
            let images = HumanCount(moved.moves.len() as u64);
            format!("{images} images go on under other names")
        }
        _ => return None,
    })
}

/// What goes on beside the answers; the rest of all events.
fn quiet(state: &State, event: &Event) -> Option<String> {
    Some(match event {
        Event::ImagesFound(found) => {
            format!("{} images join the pool", HumanCount(found.images.len() as u64))
        }
        Event::ImageSetAside(aside) => {
            format!("{} is set aside: {}", path(state, aside.image), plain(&aside.reason))
        }
        Event::ImageRestored(restored) => {
            format!("{} can be shown again", path(state, restored.image))
        }
        Event::ModelTrained(trained) => {
            let (model, positives, negatives) =
                (trained.model.0, trained.positives, trained.negatives);
            format!("model {model} of {positives} yes and {negatives} no, loss {:.4}", trained.loss)
        }
        Event::RankingMade(made) => ranking(state, made),
        Event::CycleTrained(trained) => format!(
            "network {} trained in the background: {} steps, {} labels, loss {:.4}",
            plain(&trained.network),
            trained.steps,
            trained.labels,
            trained.loss
        ),
        Event::CheckpointMade(made) => {
            let (network, labels) = (plain(&made.network), made.labels);
            format!("weights of network {network} were kept, trained on {labels} labels")
        }
        Event::BulkLabelled(labelled) => {
            let labels = HumanCount(labelled.labels.len() as u64);
            format!("step {}: {labels} labels; {}", labelled.bulk.0, totals(state).trim_start())
        }
        Event::ImagesIdentified(identified) => {
            let images = HumanCount(identified.images.len() as u64);
            format!("it is known what the files of {images} images hold")
        }
        Event::RecordLost(_) => "a record that a damaged log had lost".to_owned(),
        Event::Unknown(unknown) => {
            format!("an event of a newer sluice (type {})", unknown.event_type)
        }
        Event::SessionOpened(_)
        | Event::Labelled(_)
        | Event::Skipped(_)
        | Event::Undone(_)
        | Event::Redone(_)
        | Event::SelectorChosen(_)
        | Event::NetworkChosen(_)
        | Event::ParametersSet(_)
        | Event::PluginFailed(_)
        | Event::BulkBegun(_)
        | Event::BulkRevoked(_)
        | Event::ImagesMoved(_) => return None,
    })
}

/// A look that was taken back or counts again.
fn again(state: &State, word: &str, seq: u64, look: Option<&LookEntry>) -> String {
    let look = look.filter(|look| look.seq == seq);
    let what = look.map_or_else(
        || format!("record {seq}"),
        |look| format!("{} ({})", path(state, look.image), said(look.answer)),
    );
    columns(state, word, look.and_then(|look| look.probability), &what)
}

fn path(state: &State, image: ImageId) -> String {
    plain(&words::path(state, image))
}

fn named(plugin: &PluginRef) -> String {
    format!("{} {}", plain(&plugin.name), plain(&plugin.version))
}

fn parameters(set: &ParametersSet) -> String {
    let changes = set.changes.iter().map(|(name, value)| match value {
        Some(value) => format!("{}={value}", plain(name)),
        None => format!("{} as before it was set", plain(name)),
    });
    let changes: Vec<String> = changes.collect();
    format!("{} {}: {}", set.kind, plain(&set.plugin), changes.join(", "))
}

fn ranking(state: &State, made: &RankingMade) -> String {
    let (ranking, candidates) = (made.ranking.0, HumanCount(made.candidates.into()));
    let first = made.first.first().map(|first| {
        format!(", first {} {}", probability(first.probability), path(state, first.image))
    });
    let selector = plain(&made.selector.name);
    format!("ranking {ranking} of {candidates} images by {selector}{}", first.unwrap_or_default())
}
