//! `sluice log`: looks into a session's log and changes nothing, also while a server writes to it.

mod cat;
mod salvage;
mod stat;
mod verify;

use std::io;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use sluice_log::storage::{FsStorage, Storage};
use sluice_log::{Check, OpenError, Rescue, check, segment};

use crate::arguments::{LogCommand, SessionFolder};
use crate::session;

pub use crate::tell::print as say;
pub use cat::{decoded, time};

pub fn run(command: &LogCommand) -> Result<()> {
    let done = match command {
        LogCommand::Cat(cat) => cat::run(cat),
        LogCommand::Stat(stat) => stat::run(stat),
        LogCommand::Verify(folder) => verify::run(folder),
        LogCommand::Salvage(salvage) => salvage::run(salvage),
    };
    enough_was_read(done)
}

/// Whoever reads may have read enough: that is no failure.
pub fn enough_was_read(done: Result<()>) -> Result<()> {
    let is_closed_pipe = |error: &anyhow::Error| {
        error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    match done {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        done => done,
    }
}

/// The session folder that is meant, opened for reading.
pub fn session(folder: &SessionFolder) -> Result<FsStorage> {
    let named = &folder.session;
    let shown = named.display();
    let is_folder = match named.metadata() {
        Err(error) => bail!("can't look into {shown}: {error}"),
        Ok(found) => found.is_dir(),
    };
    if !is_folder {
        bail!("{shown} is a file: name the session folder that it is in");
    }
    let open = |root: &Path| {
        FsStorage::existing(root).with_context(|| format!("can't look into {}", root.display()))
    };
    let storage = open(named)?;
    if is_session(&storage)? {
        return Ok(storage);
    }
    let of_pool = named.canonicalize().ok().and_then(|pool| session::default_folder(&pool).ok());
    match of_pool.filter(|folder| folder.is_dir()) {
        Some(of_pool) => open(&of_pool),
        None => bail!(
            "there is no session in {shown}: name a session folder (what --session said), or a folder of \
             images that was served without --session"
        ),
    }
}

/// Whether a folder holds a log: a `HEAD` or a segment, and not just any folder named so.
pub fn is_session(storage: &FsStorage) -> Result<bool> {
    let names = storage
        .list("log")
        .with_context(|| format!("can't look into {}", storage.root().join("log").display()))?;
    let has_segment = names.iter().any(|name| segment::parse_file_name(name).is_some());
    Ok(has_segment || storage.root().join("HEAD").is_file())
}

/// Checks the log, or says what is wrong and what to do.
pub fn checked(storage: &FsStorage, walked: impl Fn(u64) + Sync) -> Result<Check> {
    match check(storage, walked) {
        Ok(Some(checked)) => Ok(checked),
        Ok(None) => bail!("the log in {} has no record yet", storage.root().display()),
        Err(error) => Err(with_next_step(&error, storage.root())),
    }
}

/// An error of the log with the command that helps.
pub fn with_next_step(error: &OpenError, session: &Path) -> anyhow::Error {
    let next = error.next_step(&session.display().to_string());
    anyhow!("{error}. Next: {next}")
}

/// What could not be rescued, and what can't be vouched for.
fn tell_losses(rescue: &Rescue) -> io::Result<()> {
    for lost in &rescue.lost {
        let last = lost.to - 1;
        let records = if lost.from == last {
            format!("record {last}")
        } else {
            format!("records {} to {last}", lost.from)
        };
        say(&format!("Lost: {records}: {}.", lost.why))?;
    }
    for remark in &rescue.remarks {
        say(&format!("Note: {remark}."))?;
    }
    if rescue.torn_bytes > 0 {
        say(&format!("Note: the last {} bytes are not whole; {}.", rescue.torn_bytes, {
            if rescue.end_is_known {
                "by every sign an interrupted write that was never acknowledged"
            } else {
                "without HEAD it can't be told whether they were acknowledged"
            }
        }))?;
    }
    if rescue.is_complete() {
        say("Nothing that the log knows of is lost.")?;
    }
    Ok(())
}
