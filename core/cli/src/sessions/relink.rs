//! `sluice sessions relink`: images whose files were renamed, or moved to other folders, are found again by what they
//! hold, and go on under their new names when a person says so.
//!
//! ```text
//!   session, files of the folder -> places -> contents (of files that may be one) -> matching -> report
//!                                                                                       +-> move_all: the session
//! ```
//!
//! What always holds: only what a file holds makes it an image, never its name or its size; what is in doubt is told
//! and left as it is; nothing is written before all of it is told, and nothing is ever moved on the disk.

mod contents;
mod matching;
mod places;
mod report;

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use futures::executor::block_on;
use indicatif::{ProgressBar, ProgressStyle};
use sluice_events::facts::MovedImage;
use sluice_log::quoted;
use sluice_log::storage::FsStorage;
use sluice_session::{SessionHandle, State, move_all};

use crate::arguments::SessionsRelink;
use crate::log;
use crate::reading;
use crate::writing::Writing;
use matching::Matching;
use places::Places;
use report::Report;

pub fn run(arguments: &SessionsRelink) -> Result<()> {
    let storage = log::session(&arguments.folder)?;
    refuse_in_use(&storage, arguments)?;
    let state = reading::state(&storage, &log::checked(&storage, |_| {})?)?;
    let pool = pool(&state, arguments)?;
    let finding = sluice_pool::find(&pool).with_context(|| {
        format!(
            "the images are not in {} any more, or can't be read; nothing was recorded. Say where they are: `sluice \
             sessions relink '{}' DIR`",
            pool.display(),
            session(arguments)
        )
    })?;
    let mut places = Places::new(&state.images, &finding.images);
    let unreadable = contents::read(&mut places, &pool, arguments.all);
    let matching = Matching::new(&places);
    let moves = matching.moves(&places);
    let mut report = Report::new(arguments, &pool, &places, &matching, unreadable);
    if !arguments.json {
        report.print();
    }
    let may = report.stopped().is_none() && !moves.is_empty() && !arguments.dry_run;
    if may && is_wanted(arguments, moves.len())? {
        write(arguments, &moves, state.next_seq)?;
        report.done();
    }
    if arguments.json {
        report.print_json()?;
    } else {
        report.tell_end();
    }
    report.stopped().map_or(Ok(()), |why| Err(anyhow!("{why}")))
}

/// The session as it stands between the quotes of a command.
fn session(arguments: &SessionsRelink) -> String {
    quoted(&arguments.folder.session.display().to_string())
}

/// That a server has it open is told before files are read, not an hour later.
fn refuse_in_use(storage: &FsStorage, arguments: &SessionsRelink) -> Result<()> {
    let writes = !arguments.dry_run && (arguments.yes || can_ask(arguments));
    match storage.holder().filter(|_| writes) {
        Some(holder) => bail!(
            "nothing was recorded: a server has this session open ({holder}); stop it (Ctrl+C there) and give this \
             command again"
        ),
        None => Ok(()),
    }
}

/// Where the images are now.
fn pool(state: &State, arguments: &SessionsRelink) -> Result<PathBuf> {
    let given = state.opened.as_ref().map(|opened| PathBuf::from(&opened.pool));
    let pool = arguments.pool.clone().or(given);
    pool.context("nothing was recorded: this session has no pool yet. Serve one first")
}

fn can_ask(arguments: &SessionsRelink) -> bool {
    !arguments.json && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether the moves are to be recorded: as was said, or as the person says now.
fn is_wanted(arguments: &SessionsRelink, moves: usize) -> Result<bool> {
    if arguments.yes || !can_ask(arguments) {
        return Ok(arguments.yes);
    }
    let these = if moves == 1 { "this move".to_owned() } else { format!("these {moves} moves") };
    eprint!("Record {these}? [y/N] ");
    io::stderr().flush().context("can't ask")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("can't hear the answer; nothing was recorded")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Makes the moves, in a session that has so many records by now.
fn write(arguments: &SessionsRelink, moves: &[MovedImage], records: u64) -> Result<()> {
    let writing = Writing::open(&arguments.folder).context("nothing was recorded")?;
    let done = make(&writing.session, moves, records);
    writing.close();
    done
}

fn make(session: &SessionHandle, moves: &[MovedImage], records: u64) -> Result<()> {
    if session.read_blocking(|view| view.state.next_seq)? != records {
        bail!(
            "nothing was recorded: the session was used while the files were read. Give the same command again"
        );
    }
    let bar = progress(moves.len());
    let durable = Cell::new(0);
    let told = |done: usize| {
        durable.set(done);
        bar.set_position(done as u64);
    };
    let made = block_on(move_all(session, moves, told));
    bar.finish_and_clear();
    made.with_context(|| match durable.get() {
        0 => "nothing was recorded".to_owned(),
        count => {
            format!("it was interrupted. {count} moves are recorded; the same command goes on")
        }
    })
}

fn progress(moves: usize) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("moving {bar:40} {human_pos} of {human_len}, {eta}");
    ProgressBar::new(moves as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
