//! `sluice finish`: the model labels the rest, without a page.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;
use sluice_events::CommandId;
use sluice_events::message::{Expected, Interval, Thresholds, Training};
use sluice_log::storage::FsStorage;
use sluice_server::finish::check;
use sluice_server::{OpenError, Service};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::arguments::Finish;
use crate::log::{self, with_next_step};
use crate::reading;
use crate::session;
use crate::settings::Settings;
use crate::tell::say;

/// How often it is looked whether the model is ready.
const LOOK: Duration = Duration::from_millis(200);
/// A network in the background that was to go on and says nothing is not waited for any longer.
const PATIENCE: Duration = Duration::from_mins(10);

pub fn run(arguments: &Finish, settings: &Settings) -> Result<()> {
    let Finish { above, below, .. } = *arguments;
    let named = above.or(below).map(|_| Thresholds { above, below });
    if let Some(named) = named {
        check(named)?;
    }
    let storage = log::session(&arguments.folder)?;
    let folder = storage.root().to_owned();
    let runtime = Runtime::new().context("can't start threads")?;
    let service = open(arguments, settings, storage, &folder)?;
    wait_for_model(&service)?;
    let told = runtime.block_on(service.foresee(named))?;
    let thresholds = told.thresholds;
    let labelled = if arguments.yes { Some(label(&runtime, &service, thresholds)?) } else { None };
    service.close();
    if arguments.json {
        let labelled = labelled.map(|(step, labels)| Labelled { step, labels });
        let outcome = Outcome { would: told, labelled };
        say(&serde_json::to_string_pretty(&outcome)?);
        return Ok(());
    }
    tell(&told);
    match labelled {
        Some((step, labels)) => say(&format!(
            "Labelled {labels} images as step {step}; `sluice revoke {} --step {step}` takes them back.",
            folder.display()
        )),
        None => say("Nothing was labelled: say --yes to do it."),
    }
    Ok(())
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    would: sluice_events::message::Finish,
    labelled: Option<Labelled>,
}

#[derive(Serialize)]
struct Labelled {
    step: u32,
    labels: u32,
}

/// The session as a server would have it, without a page.
fn open(
    arguments: &Finish,
    settings: &Settings,
    storage: FsStorage,
    folder: &Path,
) -> Result<Service> {
    let pool = match &arguments.pool {
        Some(pool) => pool.clone(),
        None => reading::pool_of(&storage)?,
    };
    let mut options = session::options(&pool, &arguments.session_arguments, settings)?;
    options.folder = Some(PathBuf::from(folder));
    options.rescan = None;
    let finding = sluice_pool::find(&options.pool).with_context(|| {
        format!(
            "the images are not in {} any more, or can't be read; say where they are with --pool. Nothing was \
             labelled",
            options.pool.display()
        )
    })?;
    Service::open(options, &finding, storage).map_err(|error| match error {
        OpenError::Log(error) => with_next_step(&error, folder),
        other => other.into(),
    })
}

/// Until every image has features, the model has learned of all answers, and the network in the background, if there
/// was one, has said what it thinks.
fn wait_for_model(service: &Service) -> Result<()> {
    let (labels, kept) = service.session.read_blocking(|view| {
        (view.state.training_set().labels, view.state.checkpoint.is_some())
    })?;
    let positives = labels.iter().filter(|(_, positive)| *positive).count();
    let negatives = labels.len() - positives;
    if positives == 0 || negatives == 0 {
        bail!(
            "the model needs a yes and a no to learn from, of people or files, of images that can be shown; there are \
             {positives} and {negatives}. Nothing was labelled"
        );
    }
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len}, {eta}");
    bar.set_style(style?);
    let mut complete_since = None;
    loop {
        let training = service.training.borrow().clone();
        let Training { embedded, to_embed, opinions, background, .. } = &training;
        bar.set_message("looking at the pool");
        bar.set_length(u64::from(*to_embed));
        bar.set_position(u64::from(*embedded));
        if *to_embed > 0 && embedded == to_embed {
            let waited = complete_since.get_or_insert_with(Instant::now).elapsed();
            let spoken = !kept || *opinions > 0 || background.is_none() || waited > PATIENCE;
            if !spoken {
                bar.set_message("asking the network in the background");
            }
            if spoken && knows_all(service, *embedded)? {
                bar.finish_and_clear();
                return Ok(());
            }
            if waited > 2 * PATIENCE {
                bail!("the model says nothing (the lines above may say why). Nothing was labelled");
            }
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether what the model thinks knows the newest answer, and all images that have features.
fn knows_all(service: &Service, embedded: u32) -> Result<bool> {
    let (relevant, known) = service.session.read_blocking(|view| {
        let scored = view.state.ranking.as_ref().map_or(0, |made| made.scored);
        let counts = view.state.counts;
        let answered = counts.positives + counts.negatives + counts.skipped;
        (view.state.last_relevant, scored + answered)
    })?;
    Ok(service.learned_from().is_some_and(|newest| newest >= relevant) && known >= embedded)
}

fn label(runtime: &Runtime, service: &Service, thresholds: Thresholds) -> Result<(u32, u32)> {
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let told = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let annotator = std::env::var("USER").unwrap_or_default();
    let done = service.finish(CommandId(Uuid::now_v7()), annotator, thresholds, told);
    let (step, labels) = runtime.block_on(done).context("the model could not label")?;
    bar.finish_and_clear();
    Ok((step.0, labels))
}

fn tell(told: &sluice_events::message::Finish) {
    let percent = |p: Option<f32>| p.map_or("never".to_owned(), |p| format!("{:.1} %", p * 100.0));
    let Thresholds { above, below } = told.thresholds;
    let count = |images: u32| HumanCount(u64::from(images)).to_string();
    say(&format!("yes       from {:>8}: {:>10} images", percent(above), count(told.positives)));
    say(&format!("no        up to {:>7}: {:>10} images", percent(below), count(told.negatives)));
    say(&format!("between, for people:   {:>10} images", count(told.between)));
    if told.unscored > 0 {
        say(&format!("not scored, they stay: {:>10} images", count(told.unscored)));
    }
    let Some(Expected { precision, recall, missed }) = &told.expected else {
        return say(
            "The answers so far do not say how right the model is, so nothing can be promised.",
        );
    };
    let share = |of: &Interval| {
        let [low, likely, high] = [of.low, of.likely, of.high].map(|share| share * 100.0);
        format!("about {likely:.0} % ({low:.0} to {high:.0} %)")
    };
    if let Some(precision) = precision {
        say(&format!("Of the yes, {} are right.", share(precision)));
    }
    say(&format!("{} of all positives are found then.", capital(&share(recall))));
    let Interval { low, likely, high } = missed;
    say(&format!("About {likely:.0} ({low:.0} to {high:.0}) positives become no by mistake."));
}

fn capital(text: &str) -> String {
    text.replacen("about", "About", 1)
}
