//! `sluice export`: what a session gave, as files that other programs read: its labels, and its predictor. Labels are
//! only read, also while a server writes to the session; for its predictor the session is opened, and learns again.
//!
//! ```text
//!   log -> rows, history -> table | lines | folders | label_studio | fiftyone -> whole -> the new file or folder
//!   session, ready -> model -> whole -> the predictor, its description, its card
//! ```
//!
//! What always holds: the same answers give the same bytes, and what is at the place that was named is whole.

mod fiftyone;
mod folders;
mod history;
mod label_studio;
mod lines;
mod model;
mod rows;
mod table;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::arguments::{ExportCommand, ExportLabels, LabelFormat};
use crate::settings::Settings;
use crate::tell::say;
use crate::whole::{Kind, Target};
use folders::Plan;
use rows::{Counted, Session, Wanted};

pub fn run(command: &ExportCommand, settings: &Settings) -> Result<()> {
    match command {
        ExportCommand::Labels(arguments) => labels(arguments),
        ExportCommand::Model(arguments) => model::run(arguments, settings),
    }
}

fn labels(arguments: &ExportLabels) -> Result<()> {
    refuse_misfits(arguments)?;
    let format = arguments.format;
    let kind = match format {
        LabelFormat::Folders => Kind::Folder(&folders::CLASSES),
        _ => Kind::File,
    };
    // What is in the way is told before a long log is read.
    let target = Target::new(&arguments.to, kind, arguments.replace)?;
    let session = Session::read(&arguments.folder, format == LabelFormat::Jsonl)?;
    stay_outside(&target, &session, arguments)?;
    let wanted = Wanted::of(arguments);
    let mut counted = Counted::of(session.rows(&wanted).map(|row| row.answer()));
    let mut further = Vec::new();
    match format {
        LabelFormat::Csv => target.file(|out| table::write(out, session.rows(&wanted)))?,
        LabelFormat::Jsonl => target.file(|out| lines::write(out, &session, &wanted))?,
        LabelFormat::Folders => {
            let plan = Plan::new(session.rows(&wanted), &pool(&session, arguments)?)?;
            target.folder(|folder| plan.build(folder, arguments.copy))?;
            counted = plan.counted();
            further.extend(plan.told());
        }
        LabelFormat::LabelStudio => {
            let pool = pool(&session, arguments)?;
            target.file(|out| label_studio::write(out, &session, &wanted, &pool))?;
            further = label_studio::next_steps(&pool);
        }
        LabelFormat::Fiftyone => {
            let pool = pool(&session, arguments)?;
            target.file(|out| fiftyone::write(out, session.rows(&wanted), &pool))?;
            further = fiftyone::next_steps(&target.place()?);
        }
    }
    further.extend(losses(&session));
    say(&summary(&counted, session.left_out(&wanted), arguments));
    for line in &further {
        say(line);
    }
    Ok(())
}

/// Options that mean nothing for the format.
fn refuse_misfits(arguments: &ExportLabels) -> Result<()> {
    let ExportLabels { format, all, copy, .. } = arguments;
    if *all && !matches!(format, LabelFormat::Csv | LabelFormat::Jsonl) {
        bail!(
            "--all is for csv and jsonl: the other formats have no place for an image without an answer; nothing \
             was written. Leave it out, or choose another --format"
        );
    }
    if *copy && *format != LabelFormat::Folders {
        bail!(
            "--copy is for --format folders: no other format holds images; nothing was written. Leave it out, or \
             choose that format"
        );
    }
    Ok(())
}

/// Where the images are.
fn pool(session: &Session, arguments: &ExportLabels) -> Result<PathBuf> {
    let pool = arguments.pool.clone().or_else(|| session.pool()).context(
        "where the images are was lost with a damaged part of the log; nothing was written. Name their folder with \
         --pool",
    )?;
    Ok(pool.canonicalize().unwrap_or(pool))
}

/// Images in the pool's folder join the pool.
fn stay_outside(target: &Target<'_>, session: &Session, arguments: &ExportLabels) -> Result<()> {
    target.stay_outside_session(&session.folder)?;
    if arguments.format != LabelFormat::Folders {
        return Ok(());
    }
    for pool in [session.pool(), arguments.pool.clone()].iter().flatten() {
        if target.overlaps(pool)? {
            bail!(
                "{} is in the folder of the images, or that folder in it: what is written there would be taken for \
                 more images of the pool; nothing was written. Name a place elsewhere",
                arguments.to.display()
            );
        }
    }
    Ok(())
}

/// What was written, in one line.
fn summary(counted: &Counted, left_out: u64, arguments: &ExportLabels) -> String {
    let Counted { positives, negatives, skipped, unlabelled } = *counted;
    let mut text = format!(
        "Wrote {} positive, {} negative, {} skipped",
        HumanCount(positives),
        HumanCount(negatives),
        HumanCount(skipped)
    );
    // Writing to a string can't fail.
    if arguments.all {
        let _ = write!(text, ", {} unlabelled", HumanCount(unlabelled));
    }
    let _ = write!(text, " to {}", arguments.to.display());
    if !arguments.only.is_empty() {
        let _ = write!(text, "; {} answered otherwise were left out", HumanCount(left_out));
    }
    text
}

/// Why there may be answers that are not in the export.
fn losses(session: &Session) -> Vec<String> {
    let mut told = Vec::new();
    let nameless = session.nameless();
    if nameless > 0 {
        told.push(format!(
            "Note: {} answers are left out, because the names of their images were lost with a damaged part of the \
             log.",
            HumanCount(nameless)
        ));
    }
    if session.state.lost_records > 0 {
        told.push(format!(
            "Note: {} records of this log were lost before it was rescued; what they said is not in the export.",
            HumanCount(session.state.lost_records)
        ));
    }
    if session.state.unknown_event.is_some() {
        told.push(
            "Note: a newer sluice wrote to this log; what only that one understands is not in the export. Export \
             with that one to have all."
                .to_owned(),
        );
    }
    told
}

/// A bar for what a person may have to wait for, from this length on; only a terminal shows it.
fn progress(length: u64, long: u64, message: &'static str) -> ProgressBar {
    if length < long {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length).with_message(message);
    match ProgressStyle::with_template("{msg} {bar:40} {percent} % {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
