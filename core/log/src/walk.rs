//! One segment by itself: walked from its header to its end, or known from an earlier walk.

use uuid::Uuid;

use crate::error::{Damage, OpenError};
use crate::proof::{self, Proof};
use crate::scan::{Position, Scan, ScanError, SegmentCheck};
use crate::segment;
use crate::storage::Storage;
use crate::{Chain, Seq};

/// What is wanted of a walk.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Sequence numbers at which the chain value is wanted.
    pub wanted: &'a [Seq],
    /// The last segment, and how much of it `HEAD` knows to be durable.
    pub last: Seq,
    pub proven: u64,
    /// What earlier walks of sealed segments found.
    pub proofs: &'a [Proof],
}

/// What one segment is by itself.
#[derive(Clone, Debug)]
pub(crate) struct Walked {
    pub log_id: Uuid,
    pub previous: Chain,
    pub segment: SegmentCheck,
    pub first_epoch: Option<u64>,
    pub end: Position,
    /// At the sequence numbers that were asked for.
    pub chains: Vec<(Seq, Chain)>,
    /// Whole batches from there on.
    pub unproven: (u64, Vec<u8>),
    pub bad: Option<Bad>,
    /// BLAKE3 of the whole file, as it was walked; not of the last segment, which will grow.
    pub hash: Option<[u8; 32]>,
}

/// Why a segment ends before its file does.
#[derive(Clone, Debug)]
pub(crate) enum Bad {
    Damaged(Damage),
    /// As an interrupted write leaves it; the bytes.
    Torn(Damage, Vec<u8>),
}

impl Walked {
    /// What needs no second walk, as long as the file stays what it is.
    pub fn proof(&self) -> Option<Proof> {
        Some(Proof {
            log_id: self.log_id,
            segment: self.segment.clone(),
            previous: self.previous,
            first_epoch: self.first_epoch?,
            end: self.end,
            hash: self.hash?,
        })
    }
}

/// What a segment is.
pub(crate) fn walk<S: Storage>(
    storage: &S,
    first_seq: Seq,
    asked: Asked<'_>,
) -> Result<Walked, OpenError> {
    match known(storage, first_seq, asked) {
        Some(known) => Ok(known),
        None => walk_through(storage, first_seq, asked),
    }
}

/// A sealed segment that is what it was when it was proven, unless something inside is asked for.
fn known<S: Storage>(storage: &S, first_seq: Seq, asked: Asked<'_>) -> Option<Walked> {
    let proof = asked.proofs.iter().find(|proof| proof.segment.first_seq == first_seq)?;
    let Proof { log_id, segment, previous, first_epoch, end, hash } = proof.clone();
    let inside = |seq: &Seq| (first_seq..segment.next_seq).contains(seq);
    if first_seq == asked.last
        || asked.wanted.iter().any(inside)
        || proof::hash(storage, &segment.file).ok()? != hash
    {
        return None;
    }
    let chains = vec![(end.next_seq, end.chain)];
    let (first_epoch, unproven, bad) = (Some(first_epoch), (0, Vec::new()), None);
    Some(Walked {
        log_id,
        previous,
        segment,
        first_epoch,
        end,
        chains,
        unproven,
        bad,
        hash: Some(hash),
    })
}

fn walk_through<S: Storage>(
    storage: &S,
    first_seq: Seq,
    asked: Asked<'_>,
) -> Result<Walked, OpenError> {
    let file = segment::file_name(first_seq);
    let mut scan = Scan::open(storage, first_seq, true).map_err(|error| error.opening(&file))?;
    if first_seq != asked.last {
        scan.hash_along();
    }
    let (mut batches, mut first_epoch, mut bad) = (0, None, None);
    let (mut chains, mut unproven) = (Vec::new(), (0, Vec::new()));
    loop {
        let before = scan.position;
        if asked.wanted.contains(&before.next_seq) {
            chains.push((before.next_seq, before.chain));
        }
        match scan.next() {
            Some(Ok(frame)) => {
                first_epoch.get_or_insert(frame.epoch);
                batches += 1;
                if first_seq == asked.last && before.offset >= asked.proven {
                    if unproven.1.is_empty() {
                        unproven.0 = before.offset;
                    }
                    unproven.1.extend_from_slice(frame.bytes());
                }
            }
            Some(Err(ScanError::Damaged(damage))) => {
                bad = Some(Bad::Damaged(damage));
                break;
            }
            Some(Err(ScanError::Torn(damage))) => {
                let rest = scan.rest().map_err(|error| ScanError::Io(error).opening(&file))?;
                bad = Some(Bad::Torn(damage, rest.to_vec()));
                break;
            }
            Some(Err(error)) => return Err(error.opening(&file)),
            None => break,
        }
    }
    let (header, end) = (scan.header, scan.position);
    let segment = SegmentCheck {
        file,
        first_seq,
        next_seq: end.next_seq,
        batches,
        bytes: end.offset,
        created_ms: header.created_ms,
    };
    let (log_id, previous) = (header.log_id, header.previous);
    let hash = scan.hash();
    Ok(Walked { log_id, previous, segment, first_epoch, end, chains, unproven, bad, hash })
}
