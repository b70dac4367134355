//! Which sealed segments were proven already: a segment whose bytes are what they were when it was
//! walked (by BLAKE3 of the whole file, ten times as fast as the walk) has the same end. A disposable
//! cache: a segment without a proof that fits is walked.

use std::io::{self, Read};

use uuid::Uuid;

use crate::Chain;
use crate::scan::{Position, SegmentCheck};
use crate::segment::{self, array_at, u64_at};
use crate::storage::{self, Storage};

const NAME: &str = "snapshots/proven-segments";
const MAGIC: [u8; 8] = *b"SLUICEPR";
const ENTRY_LEN: usize = 136;
const PIECE: usize = 1 << 20;

/// What a segment was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub log_id: Uuid,
    pub segment: SegmentCheck,
    pub previous: Chain,
    pub first_epoch: u64,
    pub end: Position,
    pub hash: [u8; 32],
}

/// BLAKE3 of a file, to compare it with what was walked.
pub(crate) fn hash<S: Storage>(storage: &S, file: &str) -> io::Result<[u8; 32]> {
    let mut source = storage.reader(file)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        if source.by_ref().take(PIECE as u64).read_to_end(&mut piece)? == 0 {
            return Ok(*hasher.finalize().as_bytes());
        }
        hasher.update(&piece);
    }
}

/// The proofs that are kept; none where they are not whole.
pub(crate) fn read<S: Storage>(storage: &S) -> Vec<Proof> {
    let bytes = storage.read(NAME).unwrap_or_default();
    let Some((content, sum)) = bytes.split_last_chunk::<4>() else { return Vec::new() };
    if crc32c::crc32c(content) != u32::from_le_bytes(*sum) || !content.starts_with(&MAGIC) {
        return Vec::new();
    }
    content[MAGIC.len()..].chunks_exact(ENTRY_LEN).map(Proof::from_bytes).collect()
}

/// Keeps proofs; not synced, its checksum tells whether it is whole.
pub(crate) fn write<S: Storage>(storage: &S, proofs: &[Proof]) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(proofs.iter().flat_map(Proof::to_bytes));
    let sum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    let temporary = format!("{NAME}.new");
    let written = storage.create(&temporary).and_then(|mut file| {
        storage::write_all(&mut file, 0, &bytes)?;
        storage.rename(&temporary, NAME)
    });
    if written.is_err() {
        let _ = storage.remove(&temporary);
    }
    written
}

impl Proof {
    fn to_bytes(&self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        bytes[0..16].copy_from_slice(self.log_id.as_bytes());
        let numbers = [
            self.segment.first_seq,
            self.segment.next_seq,
            self.segment.batches,
            self.segment.bytes,
            self.segment.created_ms,
            self.first_epoch,
            self.end.epoch,
        ];
        for (at, number) in (16..).step_by(8).zip(numbers) {
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        bytes[72..88].copy_from_slice(&self.previous.0);
        bytes[88..104].copy_from_slice(&self.end.chain.0);
        bytes[104..136].copy_from_slice(&self.hash);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let [first_seq, next_seq, batches, length, created_ms, first_epoch, epoch] =
            [16, 24, 32, 40, 48, 56, 64].map(|at| u64_at(bytes, at));
        let file = segment::file_name(first_seq);
        let chain = Chain(array_at(bytes, 88));
        Self {
            log_id: Uuid::from_bytes(array_at(bytes, 0)),
            segment: SegmentCheck { file, first_seq, next_seq, batches, bytes: length, created_ms },
            previous: Chain(array_at(bytes, 72)),
            first_epoch,
            end: Position { offset: length, next_seq, chain, epoch },
            hash: array_at(bytes, 104),
        }
    }
}
