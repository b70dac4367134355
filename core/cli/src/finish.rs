//! `sluice finish`: the model labels the rest, without a page.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use indicatif::{HumanCount, ProgressBar};
use serde::Serialize;
use sluice_events::CommandId;
use sluice_events::message::{Expected, Interval, Thresholds};
use sluice_server::Service;
use sluice_server::finish::{check, percent};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::arguments::Finish;
use crate::log;
use crate::ready::Ready;
use crate::settings::Settings;
use crate::tell::say;

/// What no answer says anything of. The page says the same.
const UNLIKE: &str = "Kinds of positives that nobody has met yet may be missed all the same: answer some images in the \
                      order random before you finish.";

pub fn run(arguments: &Finish, settings: &Settings) -> Result<()> {
    let Finish { above, below, .. } = *arguments;
    let named = above.or(below).map(|_| Thresholds { above, below });
    if let Some(named) = named {
        check(named)?;
    }
    let storage = log::session(&arguments.folder)?;
    let folder = storage.root().to_owned();
    let runtime = Runtime::new().context("can't start threads")?;
    let ready = Ready {
        pool: arguments.pool.as_deref(),
        arguments: &arguments.session_arguments,
        settings,
        nothing: "Nothing was labelled",
    };
    let service = ready.open(storage)?;
    ready.wait_for_chosen_model(&service)?;
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
    let percent = |p: Option<f32>| p.map_or("never".to_owned(), percent);
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
    if told.negatives > 0 {
        let Interval { low, likely, high } = missed;
        say(&format!("About {likely:.0} ({low:.0} to {high:.0}) positives become no by mistake."));
        say(UNLIKE);
    }
}

fn capital(text: &str) -> String {
    text.replacen("about", "About", 1)
}
