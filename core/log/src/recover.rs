//! Opening for writing: what [`check`](crate::check) finds is made good where that takes nothing from
//! anybody, and is told. A torn end is copied to the quarantine, then cut off; a `HEAD` that is gone
//! is made anew. Damage is refused.

use crate::Seq;
use crate::check::{Check, Torn, check_with};
use crate::error::OpenError;
use crate::head::HeadFile;
use crate::proof::{self, Proof};
use crate::segment;
use crate::storage::{self, Previous, Storage, StorageFile};

const QUARANTINE: &str = "quarantine";
/// How the names of torn ends that were cut off end: before and after somebody was told.
const UNTOLD: &str = ".untold";
const TOLD: &str = ".torn";

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// An interrupted write that was cut off.
    pub torn: Option<TornTail>,
    /// `HEAD` was gone or unreadable although there were records: whether the newest ones are missing
    /// could not be told.
    pub head_was_lost: bool,
    /// One of the two slots of `HEAD` was not whole; the other one served.
    pub head_slot_was_lost: bool,
    /// The folder is a copy that was made while the original was in use; what was answered there
    /// afterwards is not here.
    pub copied_in_use: bool,
}

/// The end of what is, by every sign, an interrupted write that was never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The segment.
    pub file: String,
    /// Where it was cut.
    pub offset: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
    /// Where the bytes are kept.
    pub kept_in: String,
}

/// Checks the whole log and cuts off a torn end; with the lock held.
///
/// `None`: there is no segment yet.
pub(crate) fn recover<S: Storage>(
    storage: &S,
    previous: Previous,
) -> Result<Option<(Check, Recovery)>, OpenError> {
    let copied_in_use = previous == Previous::Copied;
    let proofs = proof::read(storage);
    let checked = match check_with(storage, &proofs, |_| {}) {
        Ok(None) => return Ok(None),
        Ok(Some(checked)) => checked,
        Err(error) if copied_in_use => return Err(half_copied(error)),
        Err(error) => return Err(error),
    };
    match &checked.torn {
        None => {}
        // The original may have acknowledged what only a part of was copied.
        Some(torn) if copied_in_use => {
            let why = format!("{} ends in the middle of a batch", torn.file);
            return Err(OpenError::CopiedInUse { why, whole_to: checked.next_seq() });
        }
        Some(torn) => cut_off(storage, torn)?,
    }
    let torn = untold(storage)?;
    make_durable(storage, &checked)?;
    keep_proofs(storage, &checked, &proofs);
    let lost = matches!(checked.head, HeadFile::Missing | HeadFile::Unreadable);
    let head_was_lost = lost && checked.next_seq() > 0;
    let head_slot_was_lost = matches!(checked.head, HeadFile::Known { slot_lost: true, .. });
    Ok(Some((checked, Recovery { torn, head_was_lost, head_slot_was_lost, copied_in_use })))
}

/// What a killed process wrote may not have reached the disk: it is made durable before anything is
/// built on it. It is *written* again, because a sync promises nothing about bytes for which an earlier
/// one failed.
fn make_durable<S: Storage>(storage: &S, checked: &Check) -> Result<(), OpenError> {
    let last = segment::file_name(last_segment(checked));
    let again = || {
        let (offset, bytes) = &checked.unproven;
        let mut file = storage.open(&last)?;
        storage::write_all(&mut file, *offset, bytes)?;
        storage::sync(&mut file)?;
        storage.sync_folder("log")
    };
    again().map_err(|source| OpenError::io(format!("make {last} durable"), source))
}

/// Keeps proofs of the sealed segments. They save time only, so a failure is forgotten.
fn keep_proofs<S: Storage>(storage: &S, checked: &Check, known: &[Proof]) {
    if checked.sealed != known {
        let _ = proof::write(storage, &checked.sealed);
    }
}

/// First sequence number of the segment that is written to.
pub(crate) fn last_segment(checked: &Check) -> Seq {
    checked.segments.last().map_or(0, |segment| segment.first_seq)
}

/// What looks like damage is what a copy of a moving thing looks like.
fn half_copied(error: OpenError) -> OpenError {
    let (why, whole_to) = match &error {
        OpenError::Damaged(damage) => {
            (format!("{} {} at byte {}", damage.file, damage.why, damage.offset), damage.lost_from)
        }
        OpenError::Missing { file, from, .. } => (format!("{file} is missing"), *from),
        _ => return error,
    };
    OpenError::CopiedInUse { why, whole_to }
}

/// Copies a torn end to the quarantine, then cuts it off.
fn cut_off<S: Storage>(storage: &S, torn: &Torn) -> Result<(), OpenError> {
    let Torn { file: name, offset, bytes } = torn;
    let keep = || {
        let taken = storage.list(QUARANTINE)?;
        let base = name.strip_prefix("log/").unwrap_or(name);
        // What an earlier run kept stays where it is.
        let stems = (1_u32..).map(|number| format!("{QUARANTINE}/{base}-{offset}-{number}"));
        let is_free = |stem: &String| !taken.iter().any(|name| name.starts_with(stem.as_str()));
        let stem = stems.into_iter().find(is_free).unwrap_or_default();
        let mut copy = storage.create(&format!("{stem}{UNTOLD}"))?;
        storage::write_all(&mut copy, 0, bytes)?;
        storage::sync(&mut copy)?;
        storage.sync_folder(QUARANTINE)
    };
    keep().map_err(|source| OpenError::io(format!("keep the torn end of {name}"), source))?;
    let cut = || {
        let mut file = storage.open(name)?;
        file.truncate(*offset)?;
        storage::sync(&mut file)
    };
    cut().map_err(|source| OpenError::io(format!("cut the torn end off {name}"), source))
}

/// A torn end that was cut off, by this opening or by one before it that was stopped before it could
/// tell.
fn untold<S: Storage>(storage: &S) -> Result<Option<TornTail>, OpenError> {
    let listed = storage.list(QUARANTINE);
    let mut names = listed.map_err(|source| OpenError::io("list the quarantine", source))?;
    names.sort_unstable();
    Ok(names.iter().rev().find_map(|name| {
        let kept_in = format!("{}{TOLD}", name.strip_suffix(UNTOLD)?);
        let mut parts = name.strip_prefix("quarantine/")?.split('-');
        let (file, offset) = (format!("log/{}", parts.next()?), parts.next()?.parse().ok()?);
        let bytes = storage.read(name).ok()?.len() as u64;
        Some(TornTail { file, offset, bytes, kept_in })
    }))
}

/// Notes that what was cut off has been told; until this succeeds it is told again.
pub(crate) fn note_told<S: Storage>(storage: &S) {
    for name in storage.list(QUARANTINE).unwrap_or_default() {
        if let Some(stem) = name.strip_suffix(UNTOLD) {
            let _ = storage.rename(&name, &format!("{stem}{TOLD}"));
        }
    }
}
