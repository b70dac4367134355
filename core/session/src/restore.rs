//! The state as of the durable end: the newest snapshot that fits, then the records behind it.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use futures::StreamExt;
use futures::executor::block_on;
use sluice_events::Event;
use sluice_events::codec::{self, CodecError};
use sluice_log::{EventLog, Place, ReadError, Record, SnapshotCache};

use crate::snapshot::{self, PROJECTION};
use crate::state::State;

/// Why a session could not be derived from its log.
#[derive(Debug, thiserror::Error)]
pub enum OpenSessionError {
    /// A record can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record can't be understood.
    #[error(
        "record {seq} is whole but can't be understood ({source}): its answers are safe, but this program \
         can't go on with them. Start the sluice that wrote it"
    )]
    Decode {
        /// Its number.
        seq: u64,
        /// What is wrong.
        source: CodecError,
    },
    /// No thread could be started.
    #[error("can't start the session's thread: {0}")]
    Thread(std::io::Error),
}

/// A state, and how it came about.
pub struct Restored {
    /// After all durable records.
    pub state: State,
    /// Records that were not in a snapshot.
    pub replayed: u64,
}

/// A session's snapshots. The newest is read and decoded on a thread of its own, from the beginning
/// on, so that it is ready when the log has been checked.
pub struct Snapshots {
    cache: Arc<dyn SnapshotCache>,
    early: Option<JoinHandle<Option<(Place, State)>>>,
}

impl Snapshots {
    /// Begins to read.
    pub fn read_ahead(cache: impl SnapshotCache) -> Self {
        let cache: Arc<dyn SnapshotCache> = Arc::new(cache);
        let reader = Arc::clone(&cache);
        let thread = thread::Builder::new().name("snapshot".into());
        let early = thread.spawn(move || newest(&*reader)).ok();
        Self { cache, early }
    }

    /// The newest state that the log's history went through.
    fn state<L: EventLog>(&mut self, log: &L) -> Option<State> {
        let newest = match self.early.take() {
            Some(early) => early.join().ok().flatten(),
            None => newest(&*self.cache),
        };
        newest.filter(|(place, _)| log.was_at(place)).map(|(_, state)| state)
    }

    /// Keeps one of the durable state. It saves time only, so a failure is told and forgotten.
    pub(crate) fn keep<L: EventLog>(&self, log: &L, state: &State) {
        let begun = Instant::now();
        let place = log.place();
        // What this program does not understand, a newer one does: it must not find a state without it.
        if state.unknown_event.is_some() || place.next_seq != state.next_seq {
            return;
        }
        let Some(payload) = snapshot::encode(state) else { return };
        match self.cache.keep(PROJECTION, place, &payload) {
            Ok(()) => {
                let (seconds, bytes) = (begun.elapsed().as_secs_f32(), payload.len());
                tracing::debug!(seconds, bytes, next_seq = place.next_seq, "kept a snapshot");
            }
            Err(error) => {
                tracing::warn!(%error, "no snapshot could be kept; nothing is lost by that");
            }
        }
    }
}

fn newest(cache: &dyn SnapshotCache) -> Option<(Place, State)> {
    let found = cache.newest(PROJECTION)?;
    let state = snapshot::decode(found.payload())?;
    (state.next_seq == found.place.next_seq).then_some((found.place, state))
}

/// Derives the state.
///
/// # Errors
/// When a record can't be read or understood.
pub fn restore<L: EventLog>(
    log: &L,
    snapshots: &mut Snapshots,
) -> Result<Restored, OpenSessionError> {
    let mut state = snapshots.state(log).unwrap_or_default();
    let begin = state.next_seq;
    let mut records = std::pin::pin!(log.read(begin, None));
    while let Some(record) = block_on(records.next()) {
        let record = record?;
        state.apply(record.seq, record.time_us, &decoded(&record)?);
    }
    Ok(Restored { replayed: state.next_seq - begin, state })
}

/// The event that a record is.
pub(crate) fn decoded(record: &Record) -> Result<Event, OpenSessionError> {
    let event = codec::decode(record.event_type, record.schema_version, &record.payload);
    event.map_err(|source| OpenSessionError::Decode { seq: record.seq, source })
}
