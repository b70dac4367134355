//! Checks a whole log, and changes nothing: names, headers, checksums, continuity, the chain, `HEAD`.
//!
//! A batch is written only after the one before it is durable. So an invalid batch with a valid one
//! behind it was whole once: damage; and so is everything that ends before what `HEAD` knows to have
//! been durable. What is left is an invalid end that is, by every sign, a write that was cut off.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use uuid::Uuid;

use crate::error::{Damage, OpenError};
use crate::head::{self, DurableEnd, HeadFile};
use crate::proof::Proof;
use crate::scan::{Position, SegmentCheck};
use crate::segment;
use crate::snapshot::Place;
use crate::storage::Storage;
use crate::walk::{Asked, Bad, Walked, walk};
use crate::{Chain, Seq, snapshot};

/// Segments that are checked at the same time.
const AT_ONCE: usize = 4;

/// A log without damage.
#[derive(Clone, Debug)]
pub struct Check {
    /// Which log.
    pub log_id: Uuid,
    /// Its segments, in order; one at least.
    pub segments: Vec<SegmentCheck>,
    /// What `HEAD` says.
    pub head: HeadFile,
    /// What is, by every sign, an interrupted write at the end.
    pub torn: Option<Torn>,
    /// Whole batches at the end of the last segment that `HEAD` does not know, and where they begin.
    pub(crate) unproven: (u64, Vec<u8>),
    /// What needs no second walk: all segments but the last.
    pub(crate) sealed: Vec<Proof>,
    /// Chain value at the sequence numbers that snapshots name.
    pub(crate) chains: Vec<(Seq, Chain)>,
    pub(crate) end: Position,
}

impl Check {
    /// The number that the next record gets.
    pub fn next_seq(&self) -> Seq {
        self.end.next_seq
    }

    /// Chain value after the last batch.
    pub fn chain(&self) -> Chain {
        self.end.chain
    }

    /// Whether the history of this log went through a place that a snapshot names.
    pub fn was_at(&self, place: &Place) -> bool {
        let at = (place.next_seq, place.chain);
        let known = at == (self.next_seq(), self.chain()) || self.chains.contains(&at);
        place.log_id == self.log_id && known
    }

    /// How often the log was opened for writing.
    pub fn epoch(&self) -> u64 {
        self.end.epoch.max(self.head.known().map_or(0, |head| head.epoch))
    }
}

/// Bytes behind the last whole batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Name in the session folder.
    pub file: String,
    /// Where they begin.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Checks everything. `None`: there is no segment, so no record was ever acknowledged. `walked` is
/// told the length of each segment as it is done.
///
/// # Errors
/// The first damage, in the order of the log.
pub fn check<S: Storage>(
    storage: &S,
    walked: impl Fn(u64) + Sync,
) -> Result<Option<Check>, OpenError> {
    check_with(storage, &[], walked)
}

/// [`check`], with what was proven of sealed segments before.
pub(crate) fn check_with<S: Storage>(
    storage: &S,
    proofs: &[Proof],
    walked: impl Fn(u64) + Sync,
) -> Result<Option<Check>, OpenError> {
    // First of all, so that a log that grows meanwhile is never behind it.
    let head = head::read(storage).map_err(|source| OpenError::unreadable(head::NAME, source))?;
    if let HeadFile::Newer(found) = head {
        return Err(OpenError::Newer { file: head::NAME.into(), found, known: head::FORMAT });
    }
    let (first_seqs, foreign) = list_segments(storage)?;
    if !foreign.is_empty() {
        let why = "its name is not that of a segment".to_owned();
        return Err(OpenError::Foreign { file: foreign.join(", "), why });
    }
    if first_seqs.is_empty() {
        // `HEAD` is made after the first segment.
        return match &head {
            HeadFile::Missing => Ok(None),
            HeadFile::Known { end, .. } => Err(missing_end(0, end)),
            _ => Err(OpenError::Missing { file: segment::file_name(0), from: 0, to: 0 }),
        };
    }
    let mut wanted = snapshot::seqs(storage);
    wanted.extend(head.known().map(|end| end.next_seq));
    let last = first_seqs.last().copied().unwrap_or_default();
    let proven = head.known().filter(|end| end.segment == last).map_or(0, |end| end.offset);
    let asked = Asked { wanted: &wanted, last, proven, proofs };
    let segments = walk_all(storage, &first_seqs, asked, walked);
    join(head, &first_seqs, segments).map(Some)
}

/// First sequence numbers of the segments, in order, and what else is there. Half-made segments of an
/// interrupted rotation (`.new`) hold no record and are ignored, the next rotation replaces them; so
/// are hidden files, which file managers leave.
pub(crate) fn list_segments<S: Storage>(storage: &S) -> Result<(Vec<Seq>, Vec<String>), OpenError> {
    let listed = storage.list("log");
    let (mut segments, mut foreign) = (Vec::new(), Vec::new());
    for name in listed.map_err(|source| OpenError::unreadable("log", source))? {
        match segment::parse_file_name(&name) {
            Some(first_seq) => segments.push(first_seq),
            None if name.starts_with("log/.") || name.strip_suffix(".new").is_some() => {}
            None => foreign.push(name),
        }
    }
    segments.sort_unstable();
    foreign.sort_unstable();
    Ok((segments, foreign))
}

/// Each segment by itself, several at the same time.
fn walk_all<S: Storage>(
    storage: &S,
    first_seqs: &[Seq],
    asked: Asked<'_>,
    walked: impl Fn(u64) + Sync,
) -> Vec<Result<Walked, OpenError>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(&first_seq) = first_seqs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = walk(storage, first_seq, asked);
            walked(one.as_ref().map_or(0, |one| one.segment.bytes));
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((first_seq, one));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let helpers = cores.min(AT_ONCE).min(first_seqs.len()) - 1;
    thread::scope(|scope| {
        for _ in 0..helpers {
            // Without a helper the rest is done here.
            let _ = thread::Builder::new().name("log-check".into()).spawn_scoped(scope, work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(first_seq, _)| *first_seq);
    done.into_iter().map(|(_, one)| one).collect()
}

/// The segments as one log.
fn join(
    head: HeadFile,
    first_seqs: &[Seq],
    walked: Vec<Result<Walked, OpenError>>,
) -> Result<Check, OpenError> {
    // `HEAD` says which log it is, unless it is the one that does not belong here.
    let is_known = |id: &Uuid| walked.iter().flatten().any(|one| one.log_id == *id);
    let mut log_id = head.known().map(|head| head.log_id).filter(is_known);
    let mut end = Position { offset: 0, next_seq: 0, chain: Chain::default(), epoch: 0 };
    let (mut segments, mut chains, mut torn) = (Vec::new(), Vec::new(), None);
    let mut sealed = Vec::new();
    let mut unproven = (0, Vec::new());
    for (one, first_seq) in walked.into_iter().zip(first_seqs) {
        let one = one?;
        check_continuity(&one, *log_id.get_or_insert(one.log_id), end)?;
        let epoch = one.end.epoch.max(end.epoch);
        end = Position { epoch, ..one.end };
        chains.extend(one.chains.iter().copied());
        let is_last = first_seqs.last() == Some(first_seq);
        if !is_last && one.bad.is_none() {
            sealed.extend(one.proof());
        }
        unproven = one.unproven;
        match one.bad {
            None => {}
            // Nobody was promised what an interrupted write leaves, unless `HEAD` knows of it.
            Some(Bad::Torn(damage, bytes))
                if is_last && head.known().is_none_or(|head| head.next_seq <= end.next_seq) =>
            {
                torn = Some(Torn { file: damage.file, offset: damage.offset, bytes });
            }
            Some(Bad::Torn(damage, _) | Bad::Damaged(damage)) => {
                return Err(until(damage, first_seqs, head.known()).into());
            }
        }
        segments.push(one.segment);
    }
    let log_id = log_id.unwrap_or_default();
    if let Some(head) = head.known() {
        check_head(head, log_id, end, first_seqs, &chains)?;
    }
    Ok(Check { log_id, segments, head, torn, unproven, sealed, chains, end })
}

/// Damage whose end is not seen in its own segment ends where the next segment, or `HEAD`, says.
fn until(damage: Damage, first_seqs: &[Seq], head: Option<&DurableEnd>) -> Damage {
    let next_segment = || first_seqs.iter().copied().find(|first| *first > damage.lost_from);
    let known = || head.map(|head| head.next_seq).filter(|next| *next > damage.lost_from);
    Damage { lost_to: damage.lost_to.or_else(next_segment).or_else(known), ..damage }
}

fn check_continuity(one: &Walked, log_id: Uuid, before: Position) -> Result<(), OpenError> {
    let file = one.segment.file.clone();
    if one.log_id != log_id {
        return Err(OpenError::Foreign {
            file,
            why: "it carries the id of another log".to_owned(),
        });
    }
    let (from, to) = (before.next_seq, one.segment.first_seq);
    if to > from {
        return Err(OpenError::Missing { file: segment::file_name(from), from, to });
    }
    let why = if to < from {
        "it begins with records that the segment before it has already"
    } else if one.previous != before.chain {
        "it does not continue the segment before it"
    } else if one.first_epoch.is_some_and(|epoch| epoch < before.epoch) {
        "it is older than the segment before it"
    } else {
        return Ok(());
    };
    let why = why.to_owned();
    Err(Damage { file, offset: 0, lost_from: to, lost_to: Some(to), why }.into())
}

/// What was durable must be there still, and be the same.
fn check_head(
    head: &DurableEnd,
    log_id: Uuid,
    end: Position,
    first_seqs: &[Seq],
    chains: &[(Seq, Chain)],
) -> Result<(), OpenError> {
    let file = head::NAME.to_owned();
    if head.log_id != log_id {
        return Err(OpenError::Foreign {
            file,
            why: "it carries the id of another log".to_owned(),
        });
    }
    if head.next_seq > end.next_seq {
        if !first_seqs.contains(&head.segment) {
            return Err(missing_end(end.next_seq, head));
        }
        return Err(Damage {
            file: segment::file_name(head.segment),
            offset: end.offset,
            lost_from: end.next_seq,
            lost_to: Some(head.next_seq),
            why: "it ends before what had been durable".to_owned(),
        }
        .into());
    }
    if chains.contains(&(head.next_seq, head.chain)) {
        return Ok(());
    }
    let why = format!("it knows another history of the log up to record {}", head.next_seq);
    Err(Damage { file, offset: 0, lost_from: 0, lost_to: Some(0), why }.into())
}

fn missing_end(from: Seq, head: &DurableEnd) -> OpenError {
    OpenError::Missing { file: segment::file_name(head.segment), from, to: head.next_seq }
}
