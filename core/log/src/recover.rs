//! Opening: check everything, cut off a torn tail, refuse damage.
//!
//! A batch is written only after the one before it is durable. So an invalid batch with a valid one
//! behind it was whole once: damage. An invalid batch at the very end of the last segment was never
//! acknowledged: a torn tail, which is copied to a `.torn` file before it is cut off.

use uuid::Uuid;

use crate::error::OpenError;
use crate::frame;
use crate::scan::{HeaderError, Position, Scan, header_of};
use crate::segment::{self, SegmentHeader};
use crate::storage::{Storage, StorageFile};
use crate::{Chain, Seq};

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// An unacknowledged write that was cut off.
    pub torn: Option<TornTail>,
}

/// The end of an interrupted write. It had never been acknowledged.
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

/// A log that is whole: where it ends, and in which segment.
pub(crate) struct Whole {
    pub log_id: Uuid,
    pub segments: Vec<Seq>,
    pub end: Position,
    pub recovery: Recovery,
}

fn io_error(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> OpenError {
    let what = what.into();
    move |source| OpenError::Io { what, source }
}

/// Checks the whole log; with the lock held.
///
/// `None`: there is no segment yet.
pub(crate) fn recover<S: Storage>(storage: &S) -> Result<Option<Whole>, OpenError> {
    let segments = list_segments(storage)?;
    let Some(&last) = segments.last() else { return Ok(None) };
    let mut before: Option<(Uuid, Position)> = None;
    for &first_seq in &segments {
        let name = segment::file_name(first_seq);
        let bytes = storage.read(&name).map_err(io_error(format!("read {name}")))?;
        let header = header_of(&name, first_seq, &bytes).map_err(|e| refused(&name, e))?;
        check_continuity(&name, &header, before)?;
        let epoch = before.map_or(0, |(_, end)| end.epoch);
        let mut scan = Scan::begin(&name, &bytes, &header, epoch);
        let mut recovery = Recovery::default();
        while let Some(next) = scan.next() {
            if let Err(damage) = next {
                let rest = scan.rest();
                let valid_behind = frame::any_valid_after(rest, scan.position.next_seq);
                if first_seq != last || valid_behind.is_some() {
                    return Err(damage.into());
                }
                recovery.torn = Some(cut_off(storage, &name, scan.position.offset, rest)?);
                break;
            }
        }
        if first_seq == last {
            // What a killed process wrote may not have reached the disk: make it durable before
            // anything is built on it.
            let sync = storage.open(&name).and_then(|mut file| file.sync());
            sync.map_err(io_error(format!("sync {name}")))?;
            let end = scan.position;
            return Ok(Some(Whole { log_id: header.log_id, segments, end, recovery }));
        }
        before = Some((header.log_id, scan.position));
    }
    Ok(None)
}

fn refused(name: &str, why: HeaderError) -> OpenError {
    match why {
        HeaderError::Damaged(damage) => damage.into(),
        HeaderError::Newer(found) => {
            OpenError::Newer { file: name.to_owned(), found, known: segment::FORMAT }
        }
    }
}

/// First sequence numbers of the segments, in order. Half-made segments of an interrupted rotation
/// (`.new`) hold no record and are ignored; the next rotation replaces them.
fn list_segments<S: Storage>(storage: &S) -> Result<Vec<Seq>, OpenError> {
    let mut segments = Vec::new();
    for name in storage.list().map_err(io_error("list the session's log folder"))? {
        match segment::parse_file_name(&name) {
            Some(first_seq) => segments.push(first_seq),
            None if [".new", ".torn"].iter().any(|end| name.strip_suffix(end).is_some()) => {}
            None => {
                let why = "its name is not that of a segment".to_owned();
                return Err(OpenError::Foreign { file: name, why });
            }
        }
    }
    segments.sort_unstable();
    Ok(segments)
}

fn check_continuity(
    name: &str,
    header: &SegmentHeader,
    before: Option<(Uuid, Position)>,
) -> Result<(), OpenError> {
    let (log_id, end) = before.unwrap_or((
        header.log_id,
        Position { offset: 0, next_seq: 0, chain: Chain::default(), epoch: 0 },
    ));
    if header.log_id != log_id {
        let why = "it carries the id of another log".to_owned();
        return Err(OpenError::Foreign { file: name.to_owned(), why });
    }
    let why = if header.first_seq != end.next_seq {
        format!("records {} to {} before it are missing", end.next_seq, header.first_seq)
    } else if header.previous != end.chain {
        "it does not continue the segment before it".to_owned()
    } else {
        return Ok(());
    };
    Err(crate::Damage { file: name.to_owned(), offset: 0, lost_from: end.next_seq, why }.into())
}

fn cut_off<S: Storage>(
    storage: &S,
    name: &str,
    offset: u64,
    tail: &[u8],
) -> Result<TornTail, OpenError> {
    let taken = storage.list().map_err(io_error("list the session's log folder"))?;
    // What an earlier run kept stays where it is.
    let names = (1..).map(|number| format!("{name}-{offset}-{number}.torn"));
    let kept_in = names.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
    let keep = || {
        let mut copy = storage.create(&kept_in)?;
        copy.write_at(0, tail)?;
        copy.sync()?;
        storage.sync_folder()
    };
    keep().map_err(io_error(format!("keep the torn end of {name}")))?;
    let cut = || {
        let mut file = storage.open(name)?;
        file.truncate(offset)?;
        file.sync()
    };
    cut().map_err(io_error(format!("cut the torn end off {name}")))?;
    Ok(TornTail { file: name.to_owned(), offset, bytes: tail.len() as u64, kept_in })
}
