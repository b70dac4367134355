//! The file `HEAD`: how far the log is known to be durable. It tells a torn write, which nobody was
//! promised, from a lost one.
//!
//! Two slots in blocks of their own are written in turn, so that one of them is whole whenever the
//! power goes. A slot is written after what it speaks of is durable, never before.

use std::io;

use uuid::Uuid;

use crate::segment::{array_at, u32_at, u64_at};
use crate::storage::{self, Storage};
use crate::{Chain, Seq};

/// Name in the session folder.
pub const NAME: &str = "HEAD";
/// Length of a slot.
pub const SLOT_LEN: usize = 96;
/// Distance of the slots: they never share a block of the disk.
pub const SLOT_DISTANCE: usize = 4096;
/// The format that this program writes, and the newest that it reads.
pub const FORMAT: u16 = 1;

const MAGIC: [u8; 8] = *b"SLUICEHD";
const CHECKED: usize = SLOT_LEN - 4;

/// An end of the log that was durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurableEnd {
    /// Which log.
    pub log_id: Uuid,
    /// Counts the writes of `HEAD`; decides which slot is newer.
    pub generation: u64,
    /// The number that the next record got.
    pub next_seq: Seq,
    /// First sequence number of the last segment.
    pub segment: Seq,
    /// Length of that segment.
    pub offset: u64,
    /// How often the log had been opened for writing.
    pub epoch: u64,
    /// Chain value after the last batch.
    pub chain: Chain,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFile {
    /// There is none.
    Missing,
    /// Neither slot is whole.
    Unreadable,
    /// A newer program wrote it.
    Newer(u16),
    /// One slot or both are whole.
    Known {
        /// What the newer one says.
        end: DurableEnd,
        /// The other one holds something that is not whole.
        slot_lost: bool,
    },
}

impl HeadFile {
    /// The end that it knows, if it knows one.
    pub fn known(&self) -> Option<&DurableEnd> {
        match self {
            Self::Known { end, .. } => Some(end),
            _ => None,
        }
    }

    /// From the content of the file.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut known: Option<DurableEnd> = None;
        let mut slot_lost = false;
        for at in [0, SLOT_DISTANCE] {
            let Some(slot) = bytes.get(at..at + SLOT_LEN) else { continue };
            match read_slot(slot) {
                // The second slot is zero until its first turn.
                None => slot_lost |= slot.iter().any(|byte| *byte != 0),
                Some(Err(format)) => return Self::Newer(format),
                Some(Ok(end)) if known.is_none_or(|best| best.generation < end.generation) => {
                    known = Some(end);
                }
                Some(Ok(_)) => {}
            }
        }
        known.map_or(Self::Unreadable, |end| Self::Known { end, slot_lost })
    }
}

/// Reads the file.
pub(crate) fn read<S: Storage>(storage: &S) -> io::Result<HeadFile> {
    match storage.read_at(NAME, 0, 2 * SLOT_DISTANCE) {
        Ok(bytes) => Ok(HeadFile::from_bytes(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HeadFile::Missing),
        Err(error) => Err(error),
    }
}

impl DurableEnd {
    /// As a slot holds it.
    pub fn to_bytes(self) -> [u8; SLOT_LEN] {
        let mut bytes = [0; SLOT_LEN];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..32].copy_from_slice(self.log_id.as_bytes());
        bytes[32..40].copy_from_slice(&self.generation.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.next_seq.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.segment.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.offset.to_le_bytes());
        bytes[64..72].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[72..88].copy_from_slice(&self.chain.0);
        let sum = crc32c::crc32c(&bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn slot(self) -> u64 {
        self.generation % 2 * SLOT_DISTANCE as u64
    }
}

/// `None`: not whole. `Err`: of a newer format.
fn read_slot(bytes: &[u8]) -> Option<Result<DurableEnd, u16>> {
    if bytes[0..8] != MAGIC || crc32c::crc32c(&bytes[..CHECKED]) != u32_at(bytes, CHECKED) {
        return None;
    }
    let format = u16::from_le_bytes(array_at(bytes, 8));
    if format > FORMAT {
        return Some(Err(format));
    }
    Some(Ok(DurableEnd {
        log_id: Uuid::from_bytes(array_at(bytes, 16)),
        generation: u64_at(bytes, 32),
        next_seq: u64_at(bytes, 40),
        segment: u64_at(bytes, 48),
        offset: u64_at(bytes, 56),
        epoch: u64_at(bytes, 64),
        chain: Chain(array_at(bytes, 72)),
    }))
}

/// A file with one slot filled in; it replaces what was there in one step.
pub(crate) fn create<S: Storage>(storage: &S, end: DurableEnd) -> io::Result<S::File> {
    let temporary = format!("{NAME}.new");
    let mut bytes = vec![0; 2 * SLOT_DISTANCE];
    let at = end.slot() as usize;
    bytes[at..at + SLOT_LEN].copy_from_slice(&end.to_bytes());
    let mut file = storage.create(&temporary)?;
    storage::write_all(&mut file, 0, &bytes)?;
    storage::sync(&mut file)?;
    storage.rename(&temporary, NAME)?;
    storage.sync_folder("")?;
    Ok(file)
}

/// Fills the slot whose turn it is; durable afterwards.
pub(crate) fn write<F: storage::StorageFile>(file: &mut F, end: DurableEnd) -> io::Result<()> {
    storage::write_all(file, end.slot(), &end.to_bytes())?;
    storage::sync(file)
}
