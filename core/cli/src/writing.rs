//! A session that a command changes while no server has it open.

use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use sluice_events::Event;
use sluice_log::{AppendError, Log, OpenError, Options, SnapshotFolder};
use sluice_session::{Observer, SessionHandle, Snapshots};

use crate::arguments::SessionFolder;
use crate::log::{self, with_next_step};

/// A session, open for writing.
pub struct Writing {
    /// The way in.
    pub session: SessionHandle,
    thread: JoinHandle<()>,
}

impl Writing {
    /// Opens the session that is meant, or says who has it open.
    pub fn open(folder: &SessionFolder) -> Result<Self> {
        let storage = log::session(folder)?;
        let log = Log::open(storage.clone(), Options::default()).map_err(|error| match error {
            OpenError::Locked { .. } => anyhow::Error::new(error).context(
                "a server has this session open; stop it (Ctrl+C there) and give this command again",
            ),
            other => with_next_step(&other, storage.root()),
        })?;
        let snapshots = Snapshots::read_ahead(SnapshotFolder::new(storage.clone()));
        let (session, thread) = SessionHandle::open(log, snapshots, Nobody)
            .with_context(|| format!("can't read the session in {}", storage.root().display()))?;
        Ok(Self { session, thread })
    }

    /// Frees the log.
    pub fn close(self) {
        drop(self.session);
        let _ = self.thread.join();
    }
}

/// Nothing is measured.
struct Nobody;

impl Observer for Nobody {
    fn committed(&mut self, _: &Event, _: Duration) {}
    fn ranked(&mut self, _: Duration) {}
    fn closed(&mut self, _: &AppendError) {}
}
