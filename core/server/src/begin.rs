//! The beginning of a session, new or gone on with: what opening its log found, and what changed in the
//! pool since.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use futures::executor::block_on;
use sluice_events::facts::{FoundImage, SessionOpened};
use sluice_events::message::Level;
use sluice_events::{Command, ImageId};
use sluice_log::Recovery;
use sluice_pool::Finding;
use sluice_session::state::ImageState;
use sluice_session::{CommandError, SessionHandle};

use crate::notices::NoticeBoard;
use crate::open::{OpenError, SessionOptions};

/// Why an image that was there is set aside.
const GONE: &str = "is no longer in the folder";
/// Paths of one event, bytes; well below what fits into a batch of the log.
const PATHS_BYTES: usize = 64 * 1024;

/// What opening the log found, for everybody to read.
pub(crate) fn tell_recovery(recovery: &Recovery, notices: &NoticeBoard) {
    if let Some(torn) = &recovery.torn {
        notices.pin(
            Level::Warning,
            format!(
                "The last run was interrupted while it wrote. The {} bytes at the end of {} are, by every \
                 sign, something that was never acknowledged; they were cut off and are kept in {}.",
                torn.bytes, torn.file, torn.kept_in
            ),
        );
    }
    if recovery.head_was_lost {
        notices.pin(
            Level::Warning,
            "The session's file HEAD was gone or unreadable and was made anew. Every answer in the log \
             is whole; whether the newest ones are missing can't be told: look at the last ones."
                .to_owned(),
        );
    }
    if recovery.head_slot_was_lost {
        let text = "One of the two copies in the session's file HEAD was not whole. The other one \
                    served, and every answer is here; if there was no loss of power, look after the disk.";
        notices.pin(Level::Info, text);
    }
    if recovery.copied_in_use {
        notices.pin(
            Level::Warning,
            "This session folder is a copy that was made while the original was in use. It is whole; \
             what was answered in the original afterwards is not here."
                .to_owned(),
        );
    }
}

/// What a rescue of the log could not bring back.
pub(crate) fn tell_lost(
    session: &SessionHandle,
    notices: &NoticeBoard,
) -> Result<(), CommandError> {
    let (lost, nameless) = session.read_blocking(|view| {
        let is_nameless = |image: &&ImageState| image.path.is_empty() && image.answer.is_some();
        (view.state.lost_records, view.state.images.iter().filter(is_nameless).count())
    })?;
    if lost > 0 {
        let text = format!(
            "This session was rescued from a damaged log. Lost records: {lost}, so some answers may be \
             missing, and some that were undone may count again: look at the last ones before the \
             damage. Answers for images whose names are lost: {nameless}; such images are asked for again."
        );
        notices.pin(Level::Warning, text);
    }
    Ok(())
}

/// Opens the session if it is new, and tells it what changed in the pool. Gives its seed.
pub(crate) fn begin(
    session: &SessionHandle,
    options: &SessionOptions,
    finding: &Finding,
) -> Result<u64, OpenError> {
    let opened = session.read_blocking(|view| view.state.opened.clone())?;
    let seed = opened.as_ref().map_or(options.seed, |opened| opened.seed);
    let known = session.read_blocking(|view| view.state.images.clone())?;
    let there: HashMap<&str, u64> =
        finding.images.iter().map(|image| (image.path.as_str(), image.bytes)).collect();
    if let Some(opened) = &opened
        && Path::new(&opened.pool) != options.pool
        && !is_same_pool(&known, &there)
    {
        let belongs = opened.pool.clone();
        return Err(OpenError::OtherPool { belongs, pool: options.pool.clone() });
    }
    if opened.is_none() {
        session.command_blocking(Command::OpenSession(SessionOpened {
            question: options.question.clone(),
            pool: options.pool.display().to_string(),
            seed,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }))?;
    }
    let mut submitted = Vec::new();
    for (known, image) in known.iter().zip((0..).map(ImageId)) {
        let command = match (known.set_aside.as_deref(), there.get(known.path.as_str())) {
            (None, None) => Command::SetAside { image, reason: GONE.to_owned() },
            // It is back, or was changed since: it is looked at again.
            (Some(reason), Some(bytes)) if reason == GONE || *bytes != known.bytes => {
                Command::Restore { image, bytes: *bytes }
            }
            _ => continue,
        };
        submitted.push(block_on(session.submit(command))?);
    }
    for submitted in submitted {
        block_on(submitted.outcome())?;
    }
    add_new(session, finding, &known)?;
    Ok(seed)
}

/// Whether a folder that was moved or is reached by another path holds the same images: most of
/// those that the session knows, by name and size.
fn is_same_pool(known: &[ImageState], there: &HashMap<&str, u64>) -> bool {
    let same = |image: &&ImageState| there.get(image.path.as_str()) == Some(&image.bytes);
    known.is_empty() || known.iter().filter(same).count() * 2 > known.len()
}

fn add_new(
    session: &SessionHandle,
    finding: &Finding,
    known: &[ImageState],
) -> Result<(), CommandError> {
    let known: HashSet<&str> = known.iter().map(|image| image.path.as_str()).collect();
    let images = finding.images.iter().filter(|image| !known.contains(image.path.as_str()));
    let mut chunk = Vec::new();
    let mut bytes = 0;
    for image in images {
        bytes += image.path.len() + 16;
        chunk.push(FoundImage { path: image.path.clone(), bytes: image.bytes });
        if bytes >= PATHS_BYTES {
            session.command_blocking(Command::AddImages(std::mem::take(&mut chunk)))?;
            bytes = 0;
        }
    }
    if !chunk.is_empty() {
        session.command_blocking(Command::AddImages(chunk))?;
    }
    // What can't even be listed joins the pool set aside, so that it is counted and named.
    for unusable in finding.unusable.iter().filter(|u| !known.contains(u.path.as_str())) {
        let found = FoundImage { path: unusable.path.clone(), bytes: 0 };
        session.command_blocking(Command::AddImages(vec![found]))?;
        let last = session.read_blocking(|view| view.state.images.len() as u32 - 1)?;
        let reason = unusable.reason.clone();
        session.command_blocking(Command::SetAside { image: ImageId(last), reason })?;
    }
    Ok(())
}
