//! `sluice simulate`: the very engine that people use, with the names of folders as the person.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::executor::block_on;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sluice_events::facts::{Seen, Source};
use sluice_events::message::{Level, QueueItem};
use sluice_events::{Answer, Command, CommandId, ModelId};
use sluice_log::storage::MemoryStorage;
use sluice_server::Service;
use uuid::Uuid;

use crate::arguments::Simulate;
use crate::oracle::Oracle;
use crate::session;
use crate::settings::Settings;

/// Shares of the positives that are reported.
const SHARES: [u32; 5] = [50, 80, 90, 95, 99];

/// What a run measured.
#[derive(Debug, Serialize)]
struct Summary {
    pool: String,
    positive: String,
    selector: String,
    features: String,
    seed: u64,
    images: usize,
    positives: usize,
    looks: usize,
    found: usize,
    share_found: f64,
    looks_to_first: Option<usize>,
    /// Looks until this share (percent) of the positives was found.
    looks_to: Vec<(u32, Option<usize>)>,
    features_seconds: f64,
    answering_seconds: f64,
    answer_to_durable_ms: Percentiles,
    answer_to_ranking_ms: Percentiles,
}

/// Of times, milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
    max: f64,
}

/// One answer of the run.
struct LookMade {
    image: u32,
    path: String,
    positive: bool,
    probability: Option<f32>,
    durable: Duration,
    ranked: Duration,
}

pub fn run(arguments: &Simulate, settings: &Settings) -> Result<()> {
    let mut options = session::options(&arguments.pool, &arguments.session_arguments, settings)?;
    options.question = format!("Is this a {}?", arguments.positive);
    let (selector, seed) = (options.selector.clone(), options.seed);
    let begun = Instant::now();
    let finding = sluice_pool::find(&options.pool)?;
    let service = Service::open(options, &finding, MemoryStorage::default())?;
    let paths: Vec<String> = service
        .session
        .read_blocking(|view| view.state.images.iter().map(|image| image.path.clone()).collect())?;
    let oracle = Oracle::new(&paths, &arguments.positive)?;
    wait_for_features(&service)?;
    let features_seconds = begun.elapsed().as_secs_f64();
    let wanted = arguments.looks.map_or(paths.len(), |looks| looks as usize).min(paths.len());
    let begun = Instant::now();
    let made = answer(&service, &oracle, &paths, wanted)?;
    let answering_seconds = begun.elapsed().as_secs_f64();
    let found = made.iter().filter(|look| look.positive).count();
    let summary = Summary {
        pool: arguments.pool.display().to_string(),
        positive: arguments.positive.clone(),
        selector,
        features: service.training.borrow().features.clone(),
        seed,
        images: paths.len(),
        positives: oracle.positives(),
        looks: made.len(),
        found,
        share_found: found as f64 / oracle.positives() as f64,
        looks_to_first: looks_to(&made, 1),
        looks_to: SHARES
            .map(|share| (share, looks_to(&made, needed(share, oracle.positives()))))
            .to_vec(),
        features_seconds,
        answering_seconds,
        answer_to_durable_ms: percentiles(made.iter().map(|look| look.durable)),
        answer_to_ranking_ms: percentiles(made.iter().map(|look| look.ranked)),
    };
    service.close();
    if let Some(folder) = &arguments.out {
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        fs::write(folder.join("curve.csv"), curve(&made)).context("can't write curve.csv")?;
        let text = serde_json::to_string_pretty(&summary)?;
        fs::write(folder.join("summary.json"), text).context("can't write summary.json")?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        print(&summary);
    }
    Ok(())
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

/// Answers the head of the queue until there are enough looks, each time waiting for the ranking
/// that knows the answer before.
fn answer(
    service: &Service,
    oracle: &Oracle,
    paths: &[String],
    wanted: usize,
) -> Result<Vec<LookMade>> {
    let bar = progress(wanted as u64, "answering");
    let mut made = Vec::with_capacity(wanted);
    wait_until_ranked(service, 0)?;
    while made.len() < wanted {
        let (item, ranking, model) = service.session.read_blocking(|view| {
            let queue = view.state.queue(view.order, 1);
            let model: Option<ModelId> = view.state.model.as_ref().map(|model| model.model);
            (queue.items.first().copied(), queue.ranking, model)
        })?;
        let Some(QueueItem { image, probability }) = item else { break };
        let positive = oracle.is_positive(image.index());
        let sent = Instant::now();
        let done = service.session.command_blocking(Command::Answer {
            id: CommandId(Uuid::now_v7()),
            image,
            answer: if positive { Answer::Positive } else { Answer::Negative },
            source: Source::Imported,
            annotator: "simulation".to_owned(),
            seen: Seen { ranking, model, probability, position: Some(0), shown_ms: 0 },
        })?;
        let durable = sent.elapsed();
        wait_until_ranked(service, done.seq)?;
        let ranked = sent.elapsed();
        let path = paths[image.index()].clone();
        made.push(LookMade { image: image.0, path, positive, probability, durable, ranked });
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

/// How many positives a share (percent) is, rounded up.
fn needed(share: u32, positives: usize) -> usize {
    (positives * share as usize).div_ceil(100)
}

fn looks_to(made: &[LookMade], positives: usize) -> Option<usize> {
    let mut found = 0;
    made.iter()
        .position(|look| {
            found += usize::from(look.positive);
            found >= positives
        })
        .map(|at| at + 1)
}

fn percentiles(times: impl Iterator<Item = Duration>) -> Percentiles {
    let mut ms: Vec<f64> = times.map(|time| time.as_secs_f64() * 1e3).collect();
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| {
        ms.get(((ms.len() as f64 * share) as usize).min(ms.len().saturating_sub(1))).copied()
    };
    Percentiles {
        p50: at(0.5).unwrap_or_default(),
        p99: at(0.99).unwrap_or_default(),
        max: ms.last().copied().unwrap_or_default(),
    }
}

fn curve(made: &[LookMade]) -> String {
    let mut text = String::from(
        "look,positives,image,path,positive,probability,answer_to_durable_ms,answer_to_ranking_ms\n",
    );
    let mut positives = 0;
    for (look, number) in made.iter().zip(1..) {
        positives += u32::from(look.positive);
        let probability = look.probability.map(|p| format!("{p:.6}")).unwrap_or_default();
        let (durable, ranked) = (look.durable.as_secs_f64() * 1e3, look.ranked.as_secs_f64() * 1e3);
        let path = look.path.replace('"', "\"\"");
        let (image, positive) = (look.image, u8::from(look.positive));
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{number},{positives},{image},\"{path}\",{positive},{probability},{durable:.3},{ranked:.3}"
        );
    }
    text
}

fn print(summary: &Summary) {
    let Summary { pool, positive, images, positives, looks, found, .. } = summary;
    println!("{pool}: {images} images, {positives} of them {positive}");
    println!("  {} with {} features, seed {}", summary.selector, summary.features, summary.seed);
    println!("  found      {found} ({:.1} %) in {looks} looks", summary.share_found * 100.0);
    for (share, looks) in &summary.looks_to {
        let looks =
            looks.map_or_else(|| "not reached".to_owned(), |looks| format!("{looks} looks"));
        println!("  to {share:>2} %    {looks}");
    }
    let line = |name: &str, p: Percentiles| {
        println!("  {name} p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", p.p50, p.p99, p.max);
    };
    line("answer to durable (in memory)", summary.answer_to_durable_ms);
    line("answer to ranking            ", summary.answer_to_ranking_ms);
    println!(
        "  features in {:.1} s, answers in {:.1} s",
        summary.features_seconds, summary.answering_seconds
    );
}

fn progress(length: u64, message: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}");
    let bar = ProgressBar::new(length).with_message(message);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
