//! `sluice log`: looks into a session's log and changes nothing, also while a server writes to it.

mod cat;
mod salvage;
mod stat;
mod verify;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use sluice_log::storage::FsStorage;
use sluice_log::storage::Storage;
use sluice_log::{Check, OpenError, Rescue, check, segment};

use crate::arguments::{LogCommand, SessionFolder};
use crate::session;

pub fn run(command: &LogCommand) -> Result<()> {
    let done = match command {
        LogCommand::Cat(cat) => cat::run(cat),
        LogCommand::Stat(stat) => stat::run(stat),
        LogCommand::Verify(folder) => verify::run(folder),
        LogCommand::Salvage(salvage) => salvage::run(salvage),
    };
    // Whoever reads may have read enough.
    let is_closed_pipe = |error: &anyhow::Error| {
        error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    match done {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        done => done,
    }
}

/// The session folder that is meant, opened for reading.
fn session(folder: &SessionFolder) -> Result<FsStorage> {
    let named = &folder.session;
    let of_pool = || session::default_folder(&named.canonicalize().ok()?).ok();
    let root: PathBuf = if is_session(named) {
        named.clone()
    } else if let Some(of_pool) = of_pool().filter(|folder| is_session(folder)) {
        of_pool
    } else {
        bail!(
            "there is no session in {}: name a session folder, or a folder of images that was served \
             before",
            named.display()
        );
    };
    FsStorage::existing(&root).with_context(|| format!("can't read the log in {}", root.display()))
}

/// Whether a folder holds a log: a `HEAD` or a segment, and not just any folder named so.
fn is_session(folder: &Path) -> bool {
    let has_segment = |storage: FsStorage| {
        let names = storage.list("log").unwrap_or_default();
        names.iter().any(|name| segment::parse_file_name(name).is_some())
    };
    folder.join("log").is_dir()
        && (folder.join("HEAD").is_file() || FsStorage::existing(folder).is_ok_and(has_segment))
}

/// Checks the log, or says what is wrong and what to do.
fn checked(storage: &FsStorage, walked: impl Fn(u64) + Sync) -> Result<Check> {
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
        say(&format!("Lost: records {} to {}: {}.", lost.from, lost.to - 1, lost.why))?;
    }
    for remark in &rescue.remarks {
        say(&format!("Note: {remark}."))?;
    }
    if rescue.torn_bytes > 0 {
        say(&format!(
            "Note: the last {} bytes are not whole: by every sign an interrupted write that was never \
             acknowledged.",
            rescue.torn_bytes
        ))?;
    }
    if rescue.is_complete() {
        say("Nothing that was acknowledged is lost.")?;
    }
    Ok(())
}

/// Writes for whoever reads.
fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
