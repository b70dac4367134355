//! `sluice sessions show`: what `sluice log stat` does not say.

use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use sluice_events::facts::{ModelTrained, Origin, PluginRef};
use sluice_events::message::Answered;
use sluice_events::plugin::{PluginKind, Values};
use sluice_events::{BulkId, Event};
use sluice_log::quoted;
use sluice_session::State;
use sluice_session::bulk::Bulk;
use sluice_session::state::ImageState;

use super::artefacts::{self, Artefact};
use super::pool::Presence;
use crate::arguments::SessionsShow;
use crate::log::{self, say};
use crate::replay::history::{History, Reach};
use crate::replay::moment::{NewestRanking, model_told, row};
use crate::replay::words::{self, plain};

#[derive(Debug, Serialize)]
struct Shown {
    session: String,
    in_use_by: Option<String>,
    question: Option<String>,
    pool: Option<String>,
    images: Presence,
    /// Images that can be read, as far as is known, or were answered and are gone.
    readable: usize,
    /// How many of these it is known of what they hold.
    contents: usize,
    answered: Vec<Answered>,
    first_answer: Option<String>,
    last_answer: Option<String>,
    steps: Vec<Step>,
    /// Selectors and networks, in the order in which they were chosen.
    chosen: Vec<Chosen>,
    set_by_hand: Vec<SetByHand>,
    models: u64,
    model: Option<ModelTrained>,
    rankings: u64,
    ranking: Option<NewestRanking>,
    artefacts: Vec<Artefact>,
    /// The one that training in the background goes on from.
    goes_on_from: Option<String>,
}

/// Many labels at once.
#[derive(Debug, Serialize)]
struct Step {
    number: BulkId,
    time: String,
    origin: Origin,
    annotator: String,
    labels: u32,
    /// Labels that never came, because it was interrupted.
    missing: usize,
    revoked: bool,
}

#[derive(Debug, Serialize)]
struct Chosen {
    seq: u64,
    time: String,
    kind: PluginKind,
    #[serde(flatten)]
    plugin: PluginRef,
}

#[derive(Debug, Serialize)]
struct SetByHand {
    kind: PluginKind,
    plugin: String,
    values: Values,
}

pub fn run(arguments: &SessionsShow) -> Result<()> {
    let shown = gather(&History::open(&arguments.folder)?)?;
    if arguments.json {
        return Ok(say(&serde_json::to_string_pretty(&shown)?)?);
    }
    Ok(print(&shown)?)
}

fn gather(history: &History) -> Result<Shown> {
    let (mut state, mut chosen) = (State::default(), Vec::new());
    let Reach { end, now_us } = history.reach(None)?;
    history.each(0, end, |record, event| {
        state.apply(record.seq, record.time_us, event);
        let (seq, time_us) = (record.seq, record.time_us);
        let mut choose = |kind, plugin: &PluginRef| {
            chosen.push(Chosen { seq, time: log::time(time_us), kind, plugin: plugin.clone() });
        };
        match event {
            Event::SelectorChosen(event) => choose(PluginKind::Selector, &event.selector),
            Event::NetworkChosen(event) => choose(PluginKind::Network, &event.network),
            _ => {}
        }
        Ok(())
    })?;
    let root = history.storage.root();
    let pool = state.opened.as_ref().map(|opened| opened.pool.clone());
    let images = pool.as_ref().map(|pool| Presence::of(Path::new(pool), &state.images));
    let by_hand = state.parameters.iter().filter(|(_, values)| !values.is_empty());
    let by_hand = by_hand.map(|((kind, plugin), values)| SetByHand {
        kind: *kind,
        plugin: plugin.clone(),
        values: values.clone(),
    });
    Ok(Shown {
        session: root.display().to_string(),
        in_use_by: history.storage.holder(),
        question: state.opened.as_ref().map(|opened| opened.question.clone()),
        pool,
        images: images.unwrap_or_default(),
        readable: readable(&state).count(),
        contents: readable(&state).filter(|image| image.content.is_some()).count(),
        answered: state.statistics(now_us).answered,
        first_answer: state.looks.first().map(|look| log::time(look.time_us)),
        last_answer: state.looks.last().map(|look| log::time(look.time_us)),
        steps: state.bulks.iter().map(step).collect(),
        chosen,
        set_by_hand: by_hand.collect(),
        models: state.models,
        model: state.model.clone(),
        rankings: state.rankings,
        ranking: NewestRanking::of(&state),
        artefacts: artefacts::of(root).context("can't look into the session's artefacts")?,
        goes_on_from: state.checkpoint.as_ref().map(|made| artefacts::name(&made.artefact)),
    })
}

/// Images that it can be known of what they hold, or that are missed.
fn readable(state: &State) -> impl Iterator<Item = &ImageState> {
    let may_be = |image: &&ImageState| image.set_aside.is_none() || image.is_gone();
    state.images.iter().filter(may_be).filter(|image| !image.is_forgettable())
}

fn step(bulk: &Bulk) -> Step {
    Step {
        number: bulk.bulk,
        time: log::time(bulk.time_us),
        origin: bulk.origin.clone(),
        annotator: bulk.annotator.clone(),
        labels: bulk.gave,
        missing: bulk.missing(),
        revoked: bulk.revoked,
    }
}

fn print(shown: &Shown) -> io::Result<()> {
    row("session", &shown.session)?;
    row("in use", shown.in_use_by.as_deref().unwrap_or("no"))?;
    print_pool(shown)?;
    print_answers(shown)?;
    for step in &shown.steps {
        row(&format!("step {}", step.number.0), &step_told(step))?;
    }
    print_plugins(shown)?;
    row("models", &HumanCount(shown.models).to_string())?;
    if let Some(model) = &shown.model {
        row("", &model_told(model))?;
    }
    row("rankings", &HumanCount(shown.rankings).to_string())?;
    if let Some(ranking) = &shown.ranking {
        row("", &ranking.told())?;
    }
    let mut name = "artefacts";
    for Artefact { file, bytes } in &shown.artefacts {
        let goes_on = shown.goes_on_from.as_ref() == Some(file);
        let in_use = if goes_on { ", training goes on from it" } else { "" };
        let told = format!("{} ({}{in_use})", plain(file), HumanBytes(*bytes));
        row(std::mem::take(&mut name), &told)?;
    }
    Ok(())
}

fn print_pool(shown: &Shown) -> io::Result<()> {
    let (Some(question), Some(pool)) = (&shown.question, &shown.pool) else { return Ok(()) };
    row("question", &plain(question))?;
    row("pool", &format!("{}: {}", plain(pool), shown.images.told()))?;
    let session = quoted(&shown.session);
    if !shown.images.is_the_pool() {
        let command = format!("`sluice serve NEWFOLDER --session '{session}'`");
        row("", &format!("Next: if the images are elsewhere now, go on with {command}"))?;
    }
    let [known, all] = [shown.contents, shown.readable].map(|count| HumanCount(count as u64));
    row("contents", &format!("{known} known, of {all} images: by these, renamed files are found"))?;
    if shown.images.missing > 0 && shown.contents > 0 {
        let command = format!("`sluice sessions relink '{session}'`");
        row("", &format!("Next: if the images have other names now, {command} finds them"))?;
    }
    Ok(())
}

fn print_answers(shown: &Shown) -> io::Result<()> {
    let mut name = "answers";
    for Answered { answer, source, images } in &shown.answered {
        let images = HumanCount((*images).into()).to_string();
        let told = format!("{:<4} {images:>9} {}", words::said(*answer), words::source(*source));
        row(std::mem::take(&mut name), &told)?;
    }
    match (&shown.first_answer, &shown.last_answer) {
        (Some(first), Some(last)) => row("first, last", &format!("{first}, {last}")),
        _ => row("looks", "nobody has looked at an image yet"),
    }
}

fn step_told(step: &Step) -> String {
    let (labels, origin) = (HumanCount(step.labels.into()), words::origin(&step.origin));
    let end = match step {
        Step { revoked: true, .. } => "; taken back".to_owned(),
        Step { missing: 0, .. } => String::new(),
        Step { missing, .. } => {
            format!("; interrupted, {} more were to come", HumanCount(*missing as u64))
        }
    };
    format!("{labels} labels of {origin}, {}{end}", step.time)
}

fn print_plugins(shown: &Shown) -> io::Result<()> {
    for Chosen { time, kind, plugin, .. } in &shown.chosen {
        let (name, version) = (plain(&plugin.name), plain(&plugin.version));
        row(&kind.to_string(), &format!("{name} {version}, chosen {time}"))?;
    }
    for SetByHand { kind, plugin, values } in &shown.set_by_hand {
        let values = values.iter().map(|(name, value)| format!("{}={value}", plain(name)));
        let values: Vec<String> = values.collect();
        row("set by hand", &format!("{kind} {}: {}", plain(plugin), values.join(", ")))?;
    }
    Ok(())
}
