//! `sluice predict`: what a model says of every image of a folder.
//!
//! ```text
//!   who (session | file) -> predictor ----------------+
//!   DIR -> find -> lanes: files to square pictures ---+-> course: probabilities -> journal: FILE.unfinished
//!                                                               |
//!                                                               +-> rows -> written: table | lines | columns -> FILE
//! ```
//!
//! What always holds: FILE is there whole or not at all; what was done is kept beside it until nothing is left that
//! another time could be told, so that the same command goes on; and however often it was interrupted, the same
//! pictures give the same bytes.

mod columns;
mod course;
mod head;
mod journal;
mod lanes;
mod rows;
mod who;
mod written;

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use indicatif::HumanCount;
use sluice_learn::{Inference, Predictor};
use sluice_pool::{Finding, Found};

use crate::arguments::Predict;
use crate::import::shown;
use crate::session;
use crate::settings::Settings;
use crate::tell::say;
use crate::whole::{Kind, Target};
use course::{Course, Outcome};
use head::Head;
use journal::{Begun, Journal};
use rows::Row;

/// So many files that have no probability are named.
const NAMED: usize = 5;

pub fn run(arguments: &Predict, settings: &Settings) -> Result<()> {
    let target = Target::new(&arguments.to, Kind::File, arguments.replace)?;
    who::stays(arguments, &target)?;
    let format = written::format(arguments)?;
    let folder = arguments.images.canonicalize().unwrap_or_else(|_| arguments.images.clone());
    let finding = find(arguments, &folder, &target)?;
    let predictor = who::predictor(arguments, settings, &target)?;
    let inference = load(arguments, settings, &predictor)?;
    let head = Head::of(&predictor, &inference, &folder, &finding.images)?;
    let (mut journal, begun) = Journal::open(&target.place()?, &head, arguments.replace)?;
    let limits = session::decode_limits(settings);
    let course = Course { inference: &inference, folder: &folder, images: &finding.images, limits };
    if let Some(line) = told(&begun, &journal, &finding.images) {
        say(&line);
    }
    let Outcome { said, passing } = course.run(&mut journal).with_context(|| {
        format!(
            "{} is not written; what is done is kept in {}, and the same command goes on",
            arguments.to.display(),
            journal.path().display()
        )
    })?;
    let rows = rows::all(finding, said);
    if rows.iter().all(|row| row.said.is_err()) {
        journal.remove()?;
        return Err(nothing_readable(&folder, &rows));
    }
    target.file(|out| written::write(format, out, &rows)).with_context(|| {
        format!(
            "what is done is kept in {}, and the same command goes on",
            journal.path().display()
        )
    })?;
    tell(arguments, &rows);
    if passing == 0 {
        return journal.remove();
    }
    say(&of_passing(passing, &journal));
    Ok(())
}

/// The images, as a session finds those of its pool. What is to be written is none of them.
fn find(arguments: &Predict, folder: &Path, target: &Target<'_>) -> Result<Finding> {
    let finding = sluice_pool::find(&arguments.images);
    let finding = finding.map_err(|error| anyhow!("{error}; nothing was written"))?;
    let place = target.place()?;
    if finding.images.iter().any(|image| folder.join(&image.path) == place) {
        bail!(
            "{} is one of the images; nothing was written. Name another file",
            arguments.to.display()
        );
    }
    Ok(finding)
}

fn load(arguments: &Predict, settings: &Settings, predictor: &Predictor) -> Result<Inference> {
    let device = session::device(&arguments.session_arguments, settings)?;
    let loaded = Inference::load(predictor, device);
    let who = arguments.who.display();
    let (inference, note) =
        loaded.map_err(|error| anyhow!("{who} can't be asked: {error}; nothing was written"))?;
    if let Some(note) = note {
        say(&format!("Note: {note}."));
    }
    Ok(inference)
}

/// What became of an earlier run.
fn told(begun: &Begun, journal: &Journal, images: &[Found]) -> Option<String> {
    let counts = [journal.known_of(images), images.len()];
    let [done, all] = counts.map(|count| HumanCount(count as u64));
    match begun {
        Begun::First => None,
        Begun::GoesOn => Some(format!("Going on: {done} of {all} were done.")),
        Begun::Anew(held) => {
            Some(format!("Beginning anew: {} held {held}.", journal.path().display()))
        }
    }
}

/// What is there now stands in the way of the same command.
fn of_passing(passing: usize, journal: &Journal) -> String {
    format!(
        "Another time, {} of these may be readable: what is done is kept in {}, and the same command with --replace \
         goes on from there.",
        HumanCount(passing as u64),
        journal.path().display()
    )
}

fn nothing_readable(folder: &Path, rows: &[Row]) -> anyhow::Error {
    let first = rows.first().map(of_file).unwrap_or_default();
    anyhow!(
        "none of the {} images in {} can be read; the first: {first}. Nothing was written",
        HumanCount(rows.len() as u64),
        folder.display()
    )
}

/// The file, and what is wrong with it.
fn of_file(row: &Row) -> String {
    let problem = row.said.as_ref().err().map_or("", String::as_str);
    format!("{} {}", shown(&row.path), shown(problem))
}

fn tell(arguments: &Predict, rows: &[Row]) {
    let without: Vec<&Row> = rows.iter().filter(|row| row.said.is_err()).collect();
    let with = HumanCount((rows.len() - without.len()) as u64);
    say(&format!("Wrote the probabilities of {with} images to {}.", arguments.to.display()));
    if without.is_empty() {
        return;
    }
    say(&format!(
        "{} files have none, and the reason in its place:",
        HumanCount(without.len() as u64)
    ));
    for row in without.iter().take(NAMED) {
        say(&format!("  {}", of_file(row)));
    }
    let more = without.len().saturating_sub(NAMED);
    if more > 0 {
        say(&format!("  and {} more", HumanCount(more as u64)));
    }
}
