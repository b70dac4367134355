//! What if another selector or network had ordered: the answers that were given answer again, in the order in which
//! the other one asks for them.
//!
//! Only what was answered can be answered again, so both orders go through the same images. That favours the other one
//! a little: it chooses among images that the first one had found worth a look.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use sluice_events::{Label, Source};
use sluice_pool::Finding;
use sluice_server::Background;
use sluice_session::State;

use crate::arguments::{Replay, SessionArguments};
use crate::log::say;
use crate::oracle::Oracle;
use crate::reading;
use crate::session;
use crate::settings::Settings;
use crate::simulate::measures::{SHARES, needed};
use crate::simulate::report::{self, Curve};
use crate::simulate::run::{self, Run, Until};

/// What is printed as JSON.
#[derive(Serialize)]
struct Comparison {
    /// Images that were answered, by how it was and how it would have been.
    images: usize,
    positives: usize,
    /// Answered images whose files are not there any more: left out.
    gone: usize,
    selector: String,
    network: Option<String>,
    /// Looks until each share of these positives was found.
    looks: Vec<Looks>,
}

#[derive(Serialize)]
struct Looks {
    /// Percent.
    share: u32,
    as_it_was: usize,
    what_if: usize,
}

pub fn run(arguments: &Replay, settings: &Settings) -> Result<()> {
    let state = reading::session(&arguments.folder)?;
    let opened = state.opened.as_ref();
    let opened = opened.context("this session knows no pool yet: there is nothing to replay")?;
    let pool = arguments.pool.clone().unwrap_or_else(|| PathBuf::from(&opened.pool));
    let mut options = session::options(&pool, &wanted(arguments), settings)?;
    options.rescan = None;
    options.seed = opened.seed;
    // Features of a part of the pool are others than those of the whole.
    options.cache_name = format!("{} as answered", options.cache_name);
    let mut finding = sluice_pool::find(&options.pool).with_context(|| {
        format!("the images are not in {}; say where they are with --pool", options.pool.display())
    })?;
    let answers = answers(&state);
    let (oracle, as_it_was) = keep_answered(&mut finding, &answers)?;
    let (network, positives) = (options.network.clone(), oracle.positives());
    let mut run = Run {
        pool: options.pool.display().to_string(),
        positive: opened.question.clone(),
        selector: options.selector.clone(),
        seed: options.seed,
        pace: arguments.pace,
        background: options.background != Background::Off,
        images: finding.images.len(),
        positives,
        ..Run::default()
    };
    let until = Until { looks: None, percent: 100 };
    let made = run::run(&mut run, options, &finding, &oracle, &until)?;
    let what_if: Vec<bool> = made.iter().map(|look| look.positive).collect();
    let looks = |share: &u32| Looks {
        share: *share,
        as_it_was: looks_to(&as_it_was, needed(*share, positives)),
        what_if: looks_to(&what_if, needed(*share, positives)),
    };
    let comparison = Comparison {
        images: as_it_was.len(),
        positives,
        gone: answers.len() - as_it_was.len(),
        selector: run.selector,
        network,
        looks: SHARES.iter().map(looks).collect(),
    };
    if let Some(file) = &arguments.out {
        let curves =
            [curve("as it was".to_owned(), &as_it_was), curve(comparison.other(), &what_if)];
        report::plot(&curves, file)?;
    }
    if arguments.json {
        return Ok(say(&serde_json::to_string_pretty(&comparison)?)?);
    }
    comparison.tell(arguments)
}

/// Leaves only the images that were answered. Gives who answers them again, and the answers as they came.
fn keep_answered(finding: &mut Finding, answers: &[(String, bool)]) -> Result<(Oracle, Vec<bool>)> {
    let mut truth: HashMap<&str, bool> =
        answers.iter().map(|(path, yes)| (path.as_str(), *yes)).collect();
    finding.images.retain(|image| truth.contains_key(image.path.as_str()));
    finding.unusable.clear();
    let there: HashSet<&str> = finding.images.iter().map(|image| image.path.as_str()).collect();
    truth.retain(|path, _| there.contains(path));
    let as_they_came = answers.iter().filter(|(path, _)| there.contains(path.as_str()));
    let as_they_came: Vec<bool> = as_they_came.map(|(_, yes)| *yes).collect();
    let positives = as_they_came.iter().filter(|yes| **yes).count();
    if positives == 0 || positives == as_they_came.len() {
        bail!(
            "there is nothing to compare: of {} answered images that are there, {positives} are positive. It takes \
             both kinds",
            as_they_came.len()
        );
    }
    Ok((Oracle::of_answers(&truth), as_they_came))
}

/// What was said of each image in the end, in the order in which they were first looked at: by people, and in files.
fn answers(state: &State) -> Vec<(String, bool)> {
    let mut met = vec![false; state.images.len()];
    let looked = state.looks.iter().map(|look| look.image);
    let others = state.bulks.iter().flat_map(|bulk| bulk.labels.iter().map(|said| said.image));
    let mut answers = Vec::new();
    for image in looked.chain(others) {
        let Some(given) = state.image(image).and_then(|known| known.given) else { continue };
        let label = given.answer.label().filter(|_| given.source != Source::Model);
        if std::mem::replace(&mut met[image.index()], true) {
            continue;
        }
        let path = state.image(image).map(|known| known.path.clone()).unwrap_or_default();
        answers.extend(label.map(|label| (path, label == Label::Positive)));
    }
    answers
}

/// Nothing trains in the background unless a pace gives it the time.
fn wanted(arguments: &Replay) -> SessionArguments {
    SessionArguments {
        selector: arguments.selector.clone(),
        network: arguments.network.clone(),
        weights: arguments.weights.clone(),
        plugins: arguments.plugins.clone(),
        background: arguments.pace.is_none().then_some(Background::Off),
        ..SessionArguments::default()
    }
}

fn looks_to(looks: &[bool], positives: usize) -> usize {
    let at = looks.iter().enumerate().filter(|(_, yes)| **yes).nth(positives.max(1) - 1);
    at.map_or(looks.len(), |(at, _)| at + 1)
}

fn curve(name: String, looks: &[bool]) -> Curve {
    let mut so_far = 0;
    let found = looks.iter().map(|yes| {
        so_far += usize::from(*yes);
        so_far
    });
    let found: Vec<usize> = found.collect();
    Curve { name, positives: so_far, images: looks.len(), found }
}

impl Comparison {
    /// The other order's name.
    fn other(&self) -> String {
        let network = self.network.as_ref().map_or_else(String::new, |name| format!(" on {name}"));
        format!("{}{network}", self.selector)
    }

    fn tell(&self, arguments: &Replay) -> Result<()> {
        let Self { images, positives, gone, looks, .. } = self;
        say(&format!("{images} answered images, {positives} of them positive"))?;
        if *gone > 0 {
            say(&format!("{gone} more are not there any more, and left out"))?;
        }
        say(&format!("{:<14} {:>12} {:>24}", "looks to", "as it was", self.other()))?;
        for Looks { share, as_it_was, what_if } in looks {
            say(&format!("{:<14} {as_it_was:>12} {what_if:>24}", format!("{share} %")))?;
        }
        say(
            "Both go through the same images: those that were answered. The other order chooses among images that were \
             found worth a look, which favours it.",
        )?;
        if arguments.pace.is_none() {
            say(
                "Nothing trained in the background; --pace 2 gives it the time that a person gives it.",
            )?;
        }
        Ok(())
    }
}
