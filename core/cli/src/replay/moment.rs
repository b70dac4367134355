//! A session as it was at a point, as a page would have told it then.

use std::io;

use anyhow::Result;
use indicatif::HumanCount;
use serde::Serialize;
use sluice_events::facts::{ModelTrained, PluginRef};
use sluice_events::message::{Forecast, Goal, Interval, Statistics};
use sluice_events::{Answer, ImageId, ModelId, RankingId, Source};
use sluice_session::State;

use super::history::{History, Reach};
use super::words;
use crate::arguments::Point;
use crate::log::{self, say};

/// So many images of a ranking are told.
const FIRST: usize = 10;
/// So many of the newest looks are told.
const LOOKS: usize = 5;

#[derive(Debug, Serialize)]
pub struct Moment {
    session: String,
    /// The time that was named, or that of the last record.
    time: String,
    /// From the first record to there.
    since_beginning_seconds: f64,
    /// The last record up to there.
    seq: u64,
    seq_time: String,
    /// Records that are whole, those after this moment included.
    records: u64,
    question: Option<String>,
    pool: Option<String>,
    /// What the page, `/metrics` and `/api` told.
    how_it_goes: Statistics,
    selector: Option<PluginRef>,
    network: Option<PluginRef>,
    model: Option<ModelTrained>,
    ranking: Option<NewestRanking>,
    /// The newest first.
    last_looks: Vec<LastLook>,
}

/// What the newest ranking was.
#[derive(Debug, Serialize)]
pub struct NewestRanking {
    pub ranking: RankingId,
    pub model: Option<ModelId>,
    pub selector: PluginRef,
    pub candidates: u32,
    pub scored: u32,
    /// Looks that it does not know.
    pub behind: u32,
    /// Best first.
    pub first: Vec<RankedImage>,
}

#[derive(Debug, Serialize)]
pub struct RankedImage {
    image: ImageId,
    path: String,
    probability: Option<f32>,
}

#[derive(Debug, Serialize)]
struct LastLook {
    seq: u64,
    time: String,
    image: ImageId,
    path: String,
    answer: Answer,
    source: Source,
    /// As it was seen.
    probability: Option<f32>,
}

impl NewestRanking {
    pub fn of(state: &State) -> Option<Self> {
        let made = state.ranking.as_ref()?;
        let first = made.first.iter().take(FIRST).map(|ranked| RankedImage {
            image: ranked.image,
            path: words::path(state, ranked.image),
            probability: ranked.probability,
        });
        Some(Self {
            ranking: made.ranking,
            model: made.model,
            selector: made.selector.clone(),
            candidates: made.candidates,
            scored: made.scored,
            behind: state.behind(),
            first: first.collect(),
        })
    }

    pub fn told(&self) -> String {
        let (ranking, selector) = (self.ranking.0, words::plain(&self.selector.name));
        let (candidates, scored) =
            (HumanCount(self.candidates.into()), HumanCount(self.scored.into()));
        format!(
            "number {ranking} by {selector}: {candidates} images, {scored} of them scored; looks since: {}",
            self.behind
        )
    }
}

impl Moment {
    /// The session at a point; without one, at its end.
    pub fn at(history: &History, until: Option<Point>) -> Result<Self> {
        let Reach { end, now_us } = history.reach(until)?;
        let (mut state, mut begun_us, mut last_us) = (State::default(), None, 0);
        history.each(0, end, |record, event| {
            begun_us.get_or_insert(record.time_us);
            last_us = record.time_us;
            state.apply(record.seq, record.time_us, event);
            Ok(())
        })?;
        let since_us = now_us.saturating_sub(begun_us.unwrap_or(now_us));
        let opened = state.opened.clone();
        Ok(Self {
            session: history.storage.root().display().to_string(),
            time: log::time(now_us),
            since_beginning_seconds: since_us as f64 / 1e6,
            seq: end.saturating_sub(1),
            seq_time: log::time(last_us),
            records: history.whole_to(),
            question: opened.as_ref().map(|opened| opened.question.clone()),
            pool: opened.map(|opened| opened.pool),
            how_it_goes: state.statistics(now_us),
            selector: state.selector.clone(),
            network: state.network.clone(),
            model: state.model.clone(),
            ranking: NewestRanking::of(&state),
            last_looks: last_looks(&state),
        })
    }

    pub fn print(&self) -> io::Result<()> {
        let since = words::elapsed((self.since_beginning_seconds * 1e6) as u64);
        row("session", &self.session)?;
        row("when", &format!("{}, {since} after the beginning", self.time))?;
        let (seq, records) = (self.seq, HumanCount(self.records));
        row("record", &format!("{seq}, of {}; {records} are in the log", self.seq_time))?;
        if let (Some(question), Some(pool)) = (&self.question, &self.pool) {
            row("question", &words::plain(question))?;
            let images = HumanCount(self.how_it_goes.images.into());
            row("pool", &format!("{} ({images} images)", words::plain(pool)))?;
        }
        print_how(&self.how_it_goes)?;
        for (name, chosen) in [("selector", &self.selector), ("network", &self.network)] {
            if let Some(chosen) = chosen {
                row(name, &format!("{}, chosen by hand", words::plain(&chosen.name)))?;
            }
        }
        if let Some(model) = &self.model {
            row("model", &model_told(model))?;
        }
        self.print_ranking()?;
        for (look, place) in self.last_looks.iter().zip(0..) {
            let name = if place == 0 { "last looks" } else { "" };
            let probability = words::probability(look.probability);
            let (answer, path) = (words::said(look.answer), words::plain(&look.path));
            row(name, &format!("{answer:<4}  {probability:>5}  {}  {path}", look.time))?;
        }
        Ok(())
    }

    fn print_ranking(&self) -> io::Result<()> {
        let Some(ranking) = &self.ranking else { return Ok(()) };
        row("ranking", &ranking.told())?;
        for RankedImage { path, probability, .. } in &ranking.first {
            let (probability, path) = (words::probability(*probability), words::plain(path));
            row("", &format!("{probability:>5}  {path}"))?;
        }
        Ok(())
    }
}

fn last_looks(state: &State) -> Vec<LastLook> {
    let newest = state.looks.iter().rev().take(LOOKS);
    let told = newest.map(|look| LastLook {
        seq: look.seq,
        time: log::time(look.time_us),
        image: look.image,
        path: words::path(state, look.image),
        answer: look.answer,
        source: look.source,
        probability: look.probability,
    });
    told.collect()
}

pub fn row(name: &str, value: &str) -> io::Result<()> {
    say(&format!("{name:<12} {value}"))
}

pub fn model_told(model: &ModelTrained) -> String {
    let ModelTrained { model, positives, negatives, loss, features, .. } = model;
    let features = words::plain(features);
    format!(
        "number {}, learned from {positives} yes and {negatives} no, loss {loss:.4} ({features})",
        model.0
    )
}

/// Counts, pace, agreement, and what is left.
fn print_how(how: &Statistics) -> io::Result<()> {
    row(
        "answers",
        &format!(
            "{} yes, {} no, {} skipped; {} set aside, {} unlabelled",
            how.positives, how.negatives, how.skipped, how.set_aside, how.unlabelled
        ),
    )?;
    let redo =
        if how.redo_depth > 0 { format!("; {} undone", how.redo_depth) } else { String::new() };
    row("looks", &format!("{} count{redo}", how.looks))?;
    if let Some(pace) = how.per_active_minute {
        let active = words::elapsed((how.active_seconds * 1e6) as u64);
        let newest = how.per_minute;
        row(
            "pace",
            &format!(
                "{pace:.0} a minute over {active} of answering; {newest:.0} in the last minute"
            ),
        )?;
    }
    let (recent, all) = (how.agreement, how.agreement_of_all);
    if all.of > 0 {
        row(
            "agreement",
            &format!(
                "the model had foretold {} of the last {} answers, {} of all {}",
                recent.agreed, recent.of, all.agreed, all.of
            ),
        )?;
    }
    how.forecast.as_ref().map_or(Ok(()), |forecast| row("forecast", &forecast_told(forecast)))
}

fn forecast_told(forecast: &Forecast) -> String {
    let range = |of: &Interval| format!("{:.0} ({:.0} to {:.0})", of.likely, of.low, of.high);
    let goals = forecast.goals.iter().map(|Goal { share, looks, .. }| {
        let percent = share * 100.0;
        if looks.high > 0.0 {
            format!("; {percent:.0} % of all after about {} more looks", range(looks))
        } else {
            format!("; {percent:.0} % of all are found")
        }
    });
    let goals: Vec<String> = goals.collect();
    format!("about {} positives are left{}", range(&forecast.positives_left), goals.concat())
}
