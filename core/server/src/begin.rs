//! The beginning of a session, new or gone on with: what opening its log found, and what changed in the
//! pool since.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use sluice_events::Command;
use sluice_events::facts::SessionOpened;
use sluice_events::message::Level;
use sluice_log::Recovery;
use sluice_pool::Finding;
use sluice_session::state::ImageState;
use sluice_session::{CommandError, SessionHandle};

use crate::difference::Difference;
use crate::notices::NoticeBoard;
use crate::open::{OpenError, SessionOptions};

/// So long it is looked which answered files that were broken have been mended; the next start looks on.
const MENDED_WITHIN: Duration = Duration::from_secs(3);

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
        let is_nameless = |image: &&ImageState| image.path.is_empty() && image.given.is_some();
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
    if let Some(opened) = &opened
        && Path::new(&opened.pool) != options.pool
        && !is_same_pool(&known, finding)
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
    let mut difference = Difference::between(&known, finding);
    let begun = Instant::now();
    difference.try_again(&known, finding, |image| {
        begun.elapsed() < MENDED_WITHIN
            && sluice_pool::decode_file(&options.pool.join(&image.path), &options.decode).is_ok()
    });
    difference.record(session)?;
    Ok(seed)
}

/// Whether a folder that was moved or is reached by another path holds the same images: most of
/// those that the session knows, by name and size. Those that are gone are not looked for, as long as there are others.
fn is_same_pool(known: &[ImageState], finding: &Finding) -> bool {
    let there: HashMap<&str, u64> =
        finding.images.iter().map(|image| (image.path.as_str(), image.sight.bytes)).collect();
    let all_are_gone = known.iter().all(ImageState::is_gone);
    let sought = || known.iter().filter(move |image| all_are_gone || !image.is_gone());
    let same = |image: &&ImageState| there.get(image.path.as_str()) == Some(&image.bytes);
    known.is_empty() || sought().filter(same).count() * 2 > sought().count()
}

#[cfg(test)]
mod tests {
    use sluice_pool::{Found, Sight};
    use sluice_session::files::GONE;

    use super::*;

    fn image(path: &str, is_gone: bool) -> ImageState {
        let (path, set_aside) = (path.to_owned(), is_gone.then(|| GONE.to_owned()));
        ImageState { path, bytes: 7, content: None, given: None, set_aside }
    }

    #[test]
    fn images_that_are_gone_are_not_looked_for_unless_there_are_no_others() {
        let sight = Sight { bytes: 7, modified: None };
        let found = ["a", "b"].map(|path| Found { path: path.to_owned(), sight });
        let finding = Finding { images: found.into(), ..Finding::default() };
        let is_pool = |known: &[(&str, bool)]| {
            let known: Vec<_> = known.iter().map(|(path, gone)| image(path, *gone)).collect();
            is_same_pool(&known, &finding)
        };
        assert!(is_pool(&[]) && is_pool(&[("a", false), ("b", false), ("c", false)]));
        assert!(!is_pool(&[("a", false), ("c", false)]));
        assert!(is_pool(&[("a", false), ("c", true), ("d", true)]));
        assert!(!is_pool(&[("c", true)]) && is_pool(&[("a", true)]));
    }
}
