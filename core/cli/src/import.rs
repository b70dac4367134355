//! `sluice import`: labels that exist become one step of the session.
//!
//! ```text
//!   files -> read -> rows -> matching -> images -> plan -> report
//!                                                    +---> label_all: one step
//! ```
//!
//! What always holds: everything is read, matched and compared before the first label is written, nothing is
//! guessed that is not told, and what is in doubt stops it.

mod classes;
mod ground;
mod lines;
mod matching;
mod pickles;
mod plan;
mod problems;
mod read;
mod report;
mod table;
mod text;
mod words;

use std::cell::Cell;
use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use futures::executor::block_on;
use indicatif::{ProgressBar, ProgressStyle};
use sluice_events::facts::{BulkLabel, Origin};
use sluice_events::{BulkId, CommandId};
use sluice_session::{SessionHandle, label_all};
use uuid::Uuid;

use crate::arguments::Import;
use crate::reading;
use crate::writing::Writing;
use ground::Ground;
use matching::Matching;
use plan::Plan;
use report::Report;
use words::Words;

pub use problems::shown;

pub fn run(arguments: &Import) -> Result<()> {
    let words = Words::new(&arguments.positive, &arguments.negative)?;
    let state = reading::session(&arguments.folder)?;
    let pool = state.opened.as_ref().map(|opened| opened.pool.as_str());
    let pool =
        pool.context("nothing was imported: this session has no pool yet. Serve one first")?;
    let ground = Ground::of(pool, arguments.base.as_deref());
    let mut rows = read::all(&arguments.files, &words, &ground)?;
    let fates = Matching::new(&state.images, &ground).all(&mut rows)?;
    let plan = Plan::new(&state, &mut rows, &fates, arguments.conflicts);
    let mut report = Report::new(arguments, &rows, &plan);
    let writes = report.stopped().is_none() && !arguments.dry_run && !plan.labels.is_empty();
    if !arguments.json {
        report.print();
    }
    if writes {
        let origin = Origin::File { name: name(arguments), hash: plan.hash };
        let (step, whole) = write(arguments, origin, plan.labels.clone(), state.next_seq)?;
        report.done(step, whole);
    }
    if arguments.json {
        report.print_json()?;
    } else {
        report.tell_done();
    }
    report.stopped().map_or(Ok(()), |why| Err(anyhow!("{why}")))
}

/// The files' names, without the folders that they are in.
fn name(arguments: &Import) -> String {
    let name = |file: &Path| {
        // `.` has a name, too.
        let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let named = file.file_name().or(real.file_name());
        named.unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
    };
    let names: Vec<String> = arguments.files.iter().map(|file| name(file)).collect();
    names.join(", ")
}

/// Makes the labels a step of the session, which has so many records by now. Gives the step, and how many labels it
/// has in all: it may have been begun before.
fn write(
    arguments: &Import,
    origin: Origin,
    labels: Vec<BulkLabel>,
    records: u64,
) -> Result<(BulkId, u32)> {
    let writing = Writing::open(&arguments.folder).context("nothing was imported")?;
    let step = label(&writing.session, origin, labels, records);
    writing.close();
    step
}

fn label(
    session: &SessionHandle,
    origin: Origin,
    labels: Vec<BulkLabel>,
    records: u64,
) -> Result<(BulkId, u32)> {
    if session.read_blocking(|view| view.state.next_seq)? != records {
        bail!(
            "nothing was imported: the session was used while the files were read. Give the same command again"
        );
    }
    let bar = progress(labels.len());
    let durable = Cell::new(0);
    let told = |done: usize| {
        durable.set(done);
        bar.set_position(done as u64);
    };
    let id = CommandId(Uuid::now_v7());
    let annotator = std::env::var("USER").unwrap_or_default();
    let step = block_on(label_all(session, id, origin, annotator, labels, told));
    bar.finish_and_clear();
    let step = step.with_context(|| match durable.get() {
        0 => "nothing was imported".to_owned(),
        count => format!(
            "the import was interrupted. {count} labels are saved and count; the same command goes on, and \
             `sluice revoke` takes them back"
        ),
    })?;
    let whole =
        session.read_blocking(move |view| view.state.bulk(step).map_or(0, |step| step.gave))?;
    Ok((step, whole))
}

fn progress(labels: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("labelling {bar:40} {human_pos} of {human_len}, {eta}");
    ProgressBar::new(labels as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
