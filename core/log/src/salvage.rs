//! Rescues what is whole of a damaged log, and changes nothing in it.
//!
//! Batches are found by their checksums wherever they are. Records keep their numbers: where some are
//! lost, a filler takes the place of each, because records speak of one another by number. A batch that
//! is whole but does not continue the chain is of another history; nothing is taken from there on.

use futures::executor::block_on;
use uuid::Uuid;

use crate::boundary::{EventLog, Expect, Options};
use crate::check::list_segments;
use crate::error::{AppendError, OpenError};
use crate::frame::{self, Frame, MAX_BODY, RECORD_HEADER_LEN, Record};
use crate::head::{self, DurableEnd, HeadFile};
use crate::log::Log;
use crate::segment::{self, NotAHeader, SegmentHeader};
use crate::storage::Storage;
use crate::{Chain, Seq};

/// What a damaged log still holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rescue {
    /// Records that are whole.
    pub whole: u64,
    /// Those between and behind them that are not, in order.
    pub lost: Vec<Lost>,
    /// Bytes behind the last record that are not whole and that `HEAD` does not know: by every sign an
    /// interrupted write, if there is a `HEAD`.
    pub torn_bytes: u64,
    /// Whether `HEAD` tells where the log had ended.
    pub end_is_known: bool,
    /// What was not taken or can't be vouched for, in words for a person.
    pub remarks: Vec<String>,
}

impl Rescue {
    /// Everything that the log knows of is there.
    pub fn is_complete(&self) -> bool {
        self.lost.is_empty() && self.remarks.is_empty()
    }
}

/// A run of records that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The first.
    pub from: Seq,
    /// The first behind them that is whole, or would be the next one.
    pub to: Seq,
    /// How it came about.
    pub why: String,
}

/// Why nothing was rescued.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// The damaged log can't be read at all.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The new log can't be made.
    #[error("the new log can't be made: {0}")]
    Target(OpenError),
    /// There is something in the new folder already.
    #[error(
        "the new folder holds a log already; nothing was changed. Name one that does not exist"
    )]
    NotEmpty,
    /// The new log can't be written; the old one is as it was.
    #[error("the new log can't be written: {0}")]
    Append(#[from] AppendError),
}

/// Goes through everything that is whole, fillers included.
///
/// # Errors
/// When nothing can be read, or the log is of a newer format; or what `take` says.
pub fn rescue<S: Storage, E: From<OpenError>>(
    storage: &S,
    filler: &Record,
    take: impl FnMut(Record) -> Result<(), E>,
) -> Result<Rescue, E> {
    let head = match head::read(storage) {
        Ok(HeadFile::Newer(found)) => {
            let (file, known) = (head::NAME.into(), head::FORMAT);
            return Err(OpenError::Newer { file, found, known }.into());
        }
        Ok(head) => head,
        Err(_) => HeadFile::Unreadable,
    };
    let mut way = Way {
        take,
        filler: filler.clone(),
        head: head.known().copied(),
        next_seq: 0,
        chain: Some(Chain::default()),
        why: None,
        rescue: Rescue::default(),
    };
    if way.head.is_none() {
        way.remark("HEAD is missing or can't be read: whether records are missing at the end can't be told");
    }
    let (segments, foreign) = list_segments(storage)?;
    for name in foreign {
        way.remark(&format!("{name} is no part of a log and was left out"));
    }
    let mut log_id = way.head.map(|end| end.log_id);
    let mut ids = segments.iter().filter_map(|segment| id_of(storage, *segment)).peekable();
    if ids.peek().is_some() && ids.all(|id| Some(id) != log_id) && log_id.is_some() {
        way.remark("HEAD is of another log: whether records are missing at the end can't be told");
        (way.head, log_id) = (None, None);
    }
    for first_seq in segments {
        let name = segment::file_name(first_seq);
        let bytes = way.read(storage, &name)?;
        match SegmentHeader::from_bytes(&bytes) {
            Err(NotAHeader::Newer(found)) => {
                let (file, known) = (name, segment::FORMAT);
                return Err(OpenError::Newer { file, found, known }.into());
            }
            Err(_) => way.note(format!("the header of {name} is damaged")),
            Ok(header) if *log_id.get_or_insert(header.log_id) != header.log_id => {
                way.note(format!("{name} belongs to another log"));
                continue;
            }
            Ok(_) if first_seq > way.next_seq => {
                way.note(format!("{} is missing", segment::file_name(way.next_seq)));
            }
            Ok(_) => {}
        }
        way.lose_until(first_seq)?;
        if way.walk(&name, &bytes)? == Onward::OtherHistory {
            way.remark("what follows is of another history of the log, and was not taken");
            break;
        }
    }
    if let Some(end) = way.head.filter(|end| end.next_seq > way.next_seq) {
        way.note("the end of the log is missing".to_owned());
        way.lose_until(end.next_seq)?;
    }
    way.rescue.end_is_known = way.head.is_some();
    Ok(way.rescue)
}

fn id_of<S: Storage>(storage: &S, segment: Seq) -> Option<Uuid> {
    let bytes = storage.read_at(&segment::file_name(segment), 0, segment::HEADER_LEN).ok()?;
    SegmentHeader::from_bytes(&bytes).ok().map(|header| header.log_id)
}

/// A gap that is larger is none, but a number that can't be believed.
const LARGEST_GAP: u64 = 1 << 26;
/// So much is left out around a place that can't be read.
const BLOCK: usize = 4096;

/// Whether a rescue goes on behind a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Onward {
    NextSegment,
    OtherHistory,
}

/// How far the rescue came.
struct Way<T> {
    take: T,
    filler: Record,
    head: Option<DurableEnd>,
    next_seq: Seq,
    /// Chain value of what was taken last; none behind something lost.
    chain: Option<Chain>,
    /// Why the records from `next_seq` on are lost, if they are.
    why: Option<String>,
    rescue: Rescue,
}

impl<T, E> Way<T>
where
    T: FnMut(Record) -> Result<(), E>,
    E: From<OpenError>,
{
    /// The first reason is the one that counts.
    fn note(&mut self, why: String) {
        self.chain = None;
        self.why.get_or_insert(why);
    }

    fn remark(&mut self, what: &str) {
        self.rescue.remarks.push(what.to_owned());
    }

    /// A segment's bytes, with zeros where they can't be read.
    fn read<S: Storage>(&mut self, storage: &S, name: &str) -> Result<Vec<u8>, OpenError> {
        match storage.read(name).map_err(|source| OpenError::unreadable(name, source)) {
            Err(OpenError::Unreadable { .. }) => {}
            read => return read,
        }
        let length = storage.length(name).unwrap_or_default() as usize;
        let mut bytes = Vec::new();
        let mut unreadable = 0;
        while bytes.len() < length {
            let wanted = BLOCK.min(length - bytes.len());
            match storage.read_at(name, bytes.len() as u64, wanted) {
                Ok(read) if !read.is_empty() => bytes.extend(read),
                _ => {
                    bytes.resize(bytes.len() + wanted, 0);
                    unreadable += wanted;
                }
            }
        }
        self.remark(&format!("{unreadable} bytes of {name} can't be read"));
        Ok(bytes)
    }

    fn walk(&mut self, name: &str, bytes: &[u8]) -> Result<Onward, E> {
        let mut at = segment::HEADER_LEN;
        while at < bytes.len() {
            let wrong = match Frame::parse(&bytes[at..]) {
                Err(bad) => bad.why(),
                Ok(frame) if self.is_of_another_history(&frame) => return Ok(Onward::OtherHistory),
                Ok(frame) if self.is_plausible(&frame, bytes.len()) => {
                    self.lose_until(frame.first_seq)?;
                    self.keep(&frame)?;
                    at += frame.len();
                    continue;
                }
                Ok(_) => "a batch does not follow the one before it",
            };
            let offset = at;
            at += 8;
            let behind = bytes.get(at..).unwrap_or_default();
            self.note(format!("{name} is damaged at byte {offset}: {wrong}"));
            let Some((further, _)) = frame::first_valid_in(behind, self.next_seq) else {
                self.rescue.torn_bytes = (bytes.len() - offset) as u64;
                return Ok(Onward::NextSegment);
            };
            at += further;
        }
        Ok(Onward::NextSegment)
    }

    /// Whether a batch stands in the right place and does not continue what is before it, or what is
    /// before it is not what `HEAD` knows.
    fn is_of_another_history(&self, frame: &Frame<'_>) -> bool {
        let known = self.head.filter(|head| head.next_seq == self.next_seq).map(|head| head.chain);
        frame.first_seq == self.next_seq
            && self.chain.is_some_and(|chain| {
                chain != frame.previous || known.is_some_and(|known| known != chain)
            })
    }

    /// Whether a batch can stand here: what is lost before it had room in the file.
    fn is_plausible(&self, frame: &Frame<'_>, file_len: usize) -> bool {
        let gap = frame.first_seq.checked_sub(self.next_seq);
        gap.is_some_and(|gap| gap <= (file_len / RECORD_HEADER_LEN) as u64)
    }

    fn keep(&mut self, frame: &Frame<'_>) -> Result<(), E> {
        for record in frame.records() {
            self.filler.time_us = record.time_us;
            (self.take)(record)?;
        }
        self.rescue.whole += u64::from(frame.count);
        self.next_seq = frame.next_seq();
        self.chain = Some(frame.chain());
        self.why = None;
        Ok(())
    }

    fn lose_until(&mut self, to: Seq) -> Result<(), E> {
        let from = self.next_seq;
        if to <= from {
            return Ok(());
        }
        if to - from > LARGEST_GAP {
            self.remark(&format!("a gap from record {from} to {to} is too large to be believed"));
            return Ok(());
        }
        for seq in from..to {
            (self.take)(Record { seq, ..self.filler.clone() })?;
        }
        let why = self.why.take().unwrap_or_else(|| "the end of a segment is missing".to_owned());
        self.rescue.torn_bytes = 0;
        self.rescue.lost.push(Lost { from, to, why });
        self.next_seq = to;
        self.chain = None;
        Ok(())
    }
}

/// Rescues what is whole into a new log. `filler` takes the place of each record that is lost.
///
/// # Errors
/// When nothing can be read, or the new log can't be written.
pub fn salvage<A: Storage, B: Storage>(
    from: &A,
    to: &B,
    filler: &Record,
) -> Result<Rescue, SalvageError> {
    let listed = to.list("log");
    let listed = listed
        .map_err(|source| SalvageError::Target(OpenError::io("list the new folder", source)))?;
    if !listed.is_empty() {
        return Err(SalvageError::NotEmpty);
    }
    let log = Log::open(to.clone(), Options::default()).map_err(SalvageError::Target)?;
    let mut batch = Vec::new();
    let mut bytes = 0;
    let write = |batch: &mut Vec<Record>| -> Result<(), SalvageError> {
        let Some(first) = batch.first().map(|record| record.seq) else { return Ok(()) };
        block_on(log.append(Expect::Next(first), std::mem::take(batch)))?;
        Ok(())
    };
    let rescue = rescue(from, filler, |record| {
        let length = RECORD_HEADER_LEN + record.payload.len();
        if bytes + length > MAX_BODY {
            write(&mut batch)?;
            bytes = 0;
        }
        bytes += length;
        batch.push(record);
        Ok::<(), SalvageError>(())
    })?;
    write(&mut batch)?;
    Ok(rescue)
}
