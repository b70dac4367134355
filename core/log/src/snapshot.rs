//! Disposable caches of what was derived from a log. Each names the place in the log's history that it
//! stands for; one that does not fit, in any way, is as good as none, and the log is replayed instead.

use std::io;

use uuid::Uuid;

use crate::segment::{array_at, u64_at};
use crate::storage::{self, Storage};
use crate::{Chain, Seq};

const FOLDER: &str = "snapshots";
/// A snapshot that is being written.
const UNFINISHED: &str = "snapshots/unfinished";
const MAGIC: [u8; 8] = *b"SLUICESN";
const HEADER_LEN: usize = 72;
/// The newest ones that are kept; the one before the last is there if the last is not whole.
const KEPT: usize = 2;

/// A point of a log's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which log.
    pub log_id: Uuid,
    /// The number of the next record.
    pub next_seq: Seq,
    /// Chain value after all records before.
    pub chain: Chain,
}

/// Where snapshots are kept. Opaque bytes: what they mean is the projection's business.
pub trait SnapshotCache: Send + Sync + 'static {
    /// The newest one that is whole and was made by this version of the projection. Whether it belongs
    /// to a log, the log must say ([`EventLog::was_at`](crate::EventLog::was_at)).
    fn newest(&self, projection: u32) -> Option<Snapshot>;

    /// Keeps one of the state at a place that is durable.
    ///
    /// # Errors
    /// When it can't be written; nothing depends on it.
    fn keep(&self, projection: u32, place: Place, payload: &[u8]) -> io::Result<()>;
}

/// No cache.
#[derive(Clone, Copy, Debug)]
pub struct NoSnapshots;

impl SnapshotCache for NoSnapshots {
    fn newest(&self, _: u32) -> Option<Snapshot> {
        None
    }

    fn keep(&self, _: u32, _: Place, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// A state at a place.
#[derive(Debug)]
pub struct Snapshot {
    /// The place.
    pub place: Place,
    file: Vec<u8>,
}

impl Snapshot {
    /// What was kept.
    pub fn payload(&self) -> &[u8] {
        &self.file[HEADER_LEN..]
    }
}

/// The snapshots of a session folder.
#[derive(Clone, Debug)]
pub struct SnapshotFolder<S> {
    storage: S,
}

impl<S: Storage> SnapshotFolder<S> {
    /// The snapshots that are kept beside a log.
    pub fn new(storage: S) -> Self {
        Self { storage }
    }

    fn read(&self, projection: u32, name: &str) -> Option<Snapshot> {
        let file = self.storage.read(name).ok()?;
        let written = file.get(..HEADER_LEN)?;
        let place = Place {
            log_id: Uuid::from_bytes(array_at(written, 16)),
            next_seq: u64_at(written, 32),
            chain: Chain(array_at(written, 40)),
        };
        let is_whole = written == header(projection, place, &file[HEADER_LEN..]);
        is_whole.then_some(Snapshot { place, file })
    }
}

impl<S: Storage> SnapshotCache for SnapshotFolder<S> {
    fn newest(&self, projection: u32) -> Option<Snapshot> {
        named(&self.storage).iter().rev().find_map(|(_, name)| self.read(projection, name))
    }

    fn keep(&self, projection: u32, place: Place, payload: &[u8]) -> io::Result<()> {
        let name = format!("{FOLDER}/{:020}.snapshot", place.next_seq);
        // Not synced: its checksum tells whether it is whole.
        let written = self.storage.create(UNFINISHED).and_then(|mut file| {
            storage::write_all(&mut file, 0, &header(projection, place, payload))?;
            storage::write_all(&mut file, HEADER_LEN as u64, payload)?;
            self.storage.rename(UNFINISHED, &name)
        });
        if let Err(error) = written {
            // A cache must not be what fills the disk.
            let _ = self.storage.remove(UNFINISHED);
            return Err(error);
        }
        let all = named(&self.storage);
        // What stands for records that this log does not have is of another history.
        let (kept, beyond): (Vec<_>, Vec<_>) =
            all.iter().partition(|(seq, _)| *seq <= place.next_seq);
        for (_, name) in kept.iter().rev().skip(KEPT).chain(&beyond) {
            self.storage.remove(name)?;
        }
        Ok(())
    }
}

fn header(projection: u32, place: Place, payload: &[u8]) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[0..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&projection.to_le_bytes());
    bytes[16..32].copy_from_slice(place.log_id.as_bytes());
    bytes[32..40].copy_from_slice(&place.next_seq.to_le_bytes());
    bytes[40..56].copy_from_slice(&place.chain.0);
    bytes[56..64].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes[64..68].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    let sum = crc32c::crc32c(&bytes[..68]);
    bytes[68..72].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Snapshots by the number in their names, oldest first.
fn named<S: Storage>(storage: &S) -> Vec<(Seq, String)> {
    let number = |name: &str| {
        name.strip_prefix("snapshots/")?.strip_suffix(".snapshot")?.parse::<Seq>().ok()
    };
    let names = storage.list(FOLDER).unwrap_or_default();
    let mut all: Vec<_> =
        names.into_iter().filter_map(|name| Some((number(&name)?, name))).collect();
    all.sort_unstable();
    all
}

/// Where the log must tell what it was like, for the snapshots of a folder to be believed.
pub(crate) fn seqs<S: Storage>(storage: &S) -> Vec<Seq> {
    named(storage).into_iter().map(|(seq, _)| seq).collect()
}
