//! A session for those who only read, also while a server writes to it.

use std::path::PathBuf;

use anyhow::{Result, bail};
use sluice_events::Event;
use sluice_log::storage::FsStorage;
use sluice_log::{Check, SnapshotCache, SnapshotFolder, read_records};
use sluice_session::State;
use sluice_session::snapshot::{self, PROJECTION};

use crate::arguments::SessionFolder;
use crate::log;

/// The session that is meant, as its log tells it.
pub fn session(folder: &SessionFolder) -> Result<State> {
    let storage = log::session(folder)?;
    let checked = log::checked(&storage, |_| {})?;
    state(&storage, &checked)
}

/// As of the end of a log that was checked: the newest snapshot, if this log's history went through its place, and
/// the records behind it.
pub fn state(storage: &FsStorage, checked: &Check) -> Result<State> {
    let newest = SnapshotFolder::new(storage.clone()).newest(PROJECTION);
    let fitting = newest.filter(|newest| checked.was_at(&newest.place));
    let kept = fitting.and_then(|fitting| {
        let state = snapshot::decode(fitting.payload())?;
        (state.next_seq == fitting.place.next_seq).then_some(state)
    });
    let mut state = kept.unwrap_or_default();
    for record in read_records(storage, state.next_seq, checked.next_seq()) {
        let record = record?;
        state.apply(record.seq, record.time_us, &log::decoded(&record)?);
    }
    Ok(state)
}

/// Where a session's images were when it began.
pub fn pool_of(storage: &FsStorage) -> Result<PathBuf> {
    for record in read_records(storage, 0, u64::MAX) {
        if let Event::SessionOpened(opened) = log::decoded(&record?)? {
            return Ok(PathBuf::from(opened.pool));
        }
    }
    bail!("the session in {} has not begun: it knows no pool yet", storage.root().display())
}
