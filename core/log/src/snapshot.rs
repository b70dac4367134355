//! Disposable caches of what was derived from a log, named by the place in the log that they stand
//! for. One that does not fit, in any way, is as good as none: the log is replayed instead.

use std::io;

use uuid::Uuid;

use crate::log::Head;
use crate::storage::{self, Storage};
use crate::{Chain, Seq};

const FOLDER: &str = "snapshots";
const MAGIC: [u8; 8] = *b"SLUICESN";
const HEADER_LEN: usize = 72;
/// The newest ones that are kept; the one before the last is there if the last is not whole.
const KEPT: usize = 2;

/// Where snapshots are kept. Opaque bytes: what they mean is the projection's business.
pub trait SnapshotCache: Send + 'static {
    /// The newest one that fits the log and was made by this version of the projection.
    fn newest(&self, projection: u32) -> Option<Snapshot>;

    /// Keeps one of the state after all records up to `at`, which are durable.
    ///
    /// # Errors
    /// When it can't be written; nothing depends on it.
    fn keep(&self, projection: u32, at: Head, payload: &[u8]) -> io::Result<()>;
}

/// No cache.
#[derive(Clone, Copy, Debug)]
pub struct NoSnapshots;

impl SnapshotCache for NoSnapshots {
    fn newest(&self, _: u32) -> Option<Snapshot> {
        None
    }

    fn keep(&self, _: u32, _: Head, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// A state after a number of records.
#[derive(Debug)]
pub struct Snapshot {
    /// The first record that it does not know.
    pub next_seq: Seq,
    file: Vec<u8>,
}

impl Snapshot {
    /// What was kept.
    pub fn payload(&self) -> &[u8] {
        &self.file[HEADER_LEN..]
    }
}

/// The snapshots of a session folder.
pub struct SnapshotFolder<S> {
    storage: S,
    log_id: Uuid,
    /// Places that the log went through.
    places: Vec<(Seq, Chain)>,
}

/// A file's name and the place that it stands for.
type Named = (String, Seq, Chain);

impl<S: Storage> SnapshotFolder<S> {
    pub(crate) fn new(storage: S, log_id: Uuid, places: Vec<(Seq, Chain)>) -> Self {
        Self { storage, log_id, places }
    }

    fn read(&self, projection: u32, (name, seq, chain): &Named) -> Option<Snapshot> {
        if !self.places.contains(&(*seq, *chain)) {
            return None;
        }
        let file = self.storage.read(name).ok()?;
        let header = header(projection, self.log_id, *seq, *chain, file.get(HEADER_LEN..)?);
        (file[..HEADER_LEN] == header).then_some(Snapshot { next_seq: *seq, file })
    }
}

impl<S: Storage> SnapshotCache for SnapshotFolder<S> {
    fn newest(&self, projection: u32) -> Option<Snapshot> {
        named(&self.storage).iter().rev().find_map(|named| self.read(projection, named))
    }

    fn keep(&self, projection: u32, at: Head, payload: &[u8]) -> io::Result<()> {
        let name = format!("{FOLDER}/{:020}-{:?}.snapshot", at.next_seq, at.chain);
        let temporary = format!("{name}.new");
        let header = header(projection, self.log_id, at.next_seq, at.chain, payload);
        // Not synced: its checksum tells whether it is whole.
        let mut file = self.storage.create(&temporary)?;
        storage::write_all(&mut file, 0, &header)?;
        storage::write_all(&mut file, HEADER_LEN as u64, payload)?;
        self.storage.rename(&temporary, &name)?;
        for (older, ..) in named(&self.storage).iter().rev().skip(KEPT) {
            self.storage.remove(older)?;
        }
        Ok(())
    }
}

fn header(
    projection: u32,
    log_id: Uuid,
    seq: Seq,
    chain: Chain,
    payload: &[u8],
) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[0..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&projection.to_le_bytes());
    bytes[16..32].copy_from_slice(log_id.as_bytes());
    bytes[32..40].copy_from_slice(&seq.to_le_bytes());
    bytes[40..56].copy_from_slice(&chain.0);
    bytes[56..64].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes[64..68].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    let sum = crc32c::crc32c(&bytes[..68]);
    bytes[68..72].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Snapshots by their names, oldest first.
fn named<S: Storage>(storage: &S) -> Vec<Named> {
    let mut all: Vec<Named> =
        storage.list(FOLDER).unwrap_or_default().into_iter().filter_map(parse).collect();
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    all
}

fn parse(name: String) -> Option<Named> {
    let stem = name.strip_prefix("snapshots/")?.strip_suffix(".snapshot")?;
    let (seq, chain) = stem.split_once('-')?;
    let chain = (chain.len() == 32).then(|| u128::from_str_radix(chain, 16).ok())??;
    let seq = seq.parse().ok()?;
    Some((name, seq, Chain(chain.to_be_bytes())))
}

/// Places that the snapshots of a folder stand for.
pub(crate) fn seqs<S: Storage>(storage: &S) -> Vec<Seq> {
    named(storage).into_iter().map(|(_, seq, _)| seq).collect()
}
