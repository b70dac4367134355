//! One run: a session in memory, answered by the folders' names.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::executor::block_on;
use serde::Serialize;
use sluice_events::facts::{Seen, Source};
use sluice_events::message::{Interval, Level, QueueItem};
use sluice_events::{Answer, Command, CommandId, ModelId};
use sluice_log::storage::MemoryStorage;
use sluice_pool::Finding;
use sluice_server::{Service, SessionOptions};
use uuid::Uuid;

use super::clock::Clock;
use super::measures::needed;
use super::report::progress;
use crate::oracle::Oracle;

/// What the model expects to be left is noted so often, in looks.
const FORECAST_EVERY: usize = 50;

/// What a run was.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Run {
    pub pool: String,
    pub positive: String,
    pub selector: String,
    pub features: String,
    pub seed: u64,
    /// Answers a second; none: as fast as they are ranked.
    pub pace: Option<f64>,
    /// The share of answers that were wrong.
    pub flipped: f64,
    pub background: bool,
    pub images: usize,
    pub positives: usize,
    pub features_seconds: f64,
    pub answering_seconds: f64,
    /// How often a network in the background joined.
    pub opinions: u32,
}

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// After so many looks.
    pub looks: Option<u32>,
    /// As soon as this share of the positives was shown, percent.
    pub percent: u32,
}

/// One answer of the run.
#[derive(Clone, Debug, Default)]
pub struct LookMade {
    pub image: u32,
    pub path: String,
    /// What it is, whatever was answered.
    pub positive: bool,
    /// What was answered.
    pub answered: bool,
    pub probability: Option<f32>,
    pub durable: Duration,
    pub ranked: Duration,
    /// Positives that the model expected to be left afterwards, now and then.
    pub left: Option<Interval>,
}

/// Runs a session until it was answered as long as `until` says, or no image is left.
pub fn run(
    run: &mut Run,
    options: SessionOptions,
    finding: &Finding,
    oracle: &Oracle,
    until: &Until,
) -> Result<Vec<LookMade>> {
    let begun = Instant::now();
    let service = Service::open(options, finding, MemoryStorage::default())?;
    let paths: Vec<String> = service
        .session
        .read_blocking(|view| view.state.images.iter().map(|image| image.path.clone()).collect())?;
    wait_for_features(&service)?;
    run.features_seconds = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let made = answer(&service, oracle, &paths, until, run)?;
    run.answering_seconds = begun.elapsed().as_secs_f64();
    run.features.clone_from(&service.training.borrow().features);
    run.opinions = service.training.borrow().opinions;
    service.close();
    Ok(made)
}

/// The person comes when the features are there; their time is reported apart.
fn wait_for_features(service: &Service) -> Result<()> {
    let mut training = service.training.clone();
    let bar = progress(0, "computing features");
    loop {
        let now = training.borrow_and_update().clone();
        bar.set_length(u64::from(now.to_embed));
        bar.set_position(u64::from(now.embedded));
        let complete = now.to_embed > 0 && now.embedded == now.to_embed;
        if complete || !service.model {
            bar.finish_and_clear();
            return Ok(());
        }
        fail_on_warning(service)?;
        block_on(training.changed()).context("the engine ended")?;
    }
}

/// Answers the head of the queue until it is enough, each time waiting for the ranking
/// that knows the answer before.
fn answer(
    service: &Service,
    oracle: &Oracle,
    paths: &[String],
    until: &Until,
    run: &Run,
) -> Result<Vec<LookMade>> {
    let looks = until.looks.map_or(paths.len(), |looks| looks as usize).min(paths.len());
    let enough =
        if until.percent < 100 { needed(until.percent, run.positives) } else { usize::MAX };
    let bar = progress(looks as u64, "answering");
    let mut clock = Clock::start(run.pace);
    let (mut made, mut found) = (Vec::with_capacity(looks), 0);
    wait_until_ranked(service, 0)?;
    while made.len() < looks && found < enough {
        clock.wait_for_look(made.len(), service);
        let (item, ranking, model) = service.session.read_blocking(|view| {
            let queue = view.state.queue(view.order, 1);
            let model: Option<ModelId> = view.state.model.as_ref().map(|model| model.model);
            (queue.items.first().copied(), queue.ranking, model)
        })?;
        let Some(QueueItem { image, probability }) = item else { break };
        let path = paths[image.index()].clone();
        let (positive, answered) = (oracle.is_positive(&path), oracle.answer(&path));
        let sent = Instant::now();
        let done = service.session.command_blocking(Command::Answer {
            id: CommandId(Uuid::now_v7()),
            image,
            answer: if answered { Answer::Positive } else { Answer::Negative },
            source: Source::Manual,
            annotator: "simulation".to_owned(),
            seen: Seen { ranking, model, probability, position: Some(0), shown_ms: 0 },
        })?;
        let durable = sent.elapsed();
        wait_until_ranked(service, done.seq)?;
        let ranked = sent.elapsed();
        let left = if (made.len() + 1).is_multiple_of(FORECAST_EVERY) {
            service.session.read_blocking(|view| view.state.forecast())?.map(|f| f.positives_left)
        } else {
            None
        };
        let image = image.0;
        made.push(LookMade { image, path, positive, answered, probability, durable, ranked, left });
        found += usize::from(positive);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(made)
}

fn wait_until_ranked(service: &Service, answer: u64) -> Result<()> {
    let mut durable = service.session.durable();
    loop {
        durable.borrow_and_update();
        let known = service.session.read_blocking(|view| {
            view.state.ranking.as_ref().map(|ranking| ranking.learned_from)
        })?;
        if known.is_some_and(|known| known >= answer) {
            return Ok(());
        }
        fail_on_warning(service)?;
        block_on(durable.changed()).context("the session ended")?;
    }
}

/// Nobody is there to read a warning and go on.
fn fail_on_warning(service: &Service) -> Result<()> {
    let (notices, _) = service.notices.watch().borrow().since(0);
    match notices.into_iter().find(|notice| notice.level != Level::Info) {
        Some(warning) => bail!("{}", warning.text),
        None => Ok(()),
    }
}
