//! Rescues what is whole of a damaged log, and changes nothing in it.
//!
//! Batches are found by their checksums wherever they are. Records keep their numbers: where some are
//! lost, a filler takes the place of each, because records speak of one another by number. A batch that
//! is whole but does not continue the chain is of another history; nothing is taken from there on.

use std::io;

use futures::executor::block_on;

use crate::boundary::{EventLog, Expect, Options};
use crate::check::list_segments;
use crate::error::{AppendError, OpenError};
use crate::frame::{self, Frame, MAX_BODY, RECORD_HEADER_LEN, Record};
use crate::head::{self, HeadFile};
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
    /// Bytes at the end that nobody was promised.
    pub torn_bytes: u64,
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
    /// The damaged log can't be read at all, or the new one can't be made.
    #[error(transparent)]
    Open(#[from] OpenError),
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
    let io = |what: &str| {
        let what = what.to_owned();
        move |source: io::Error| OpenError::io(what, source)
    };
    let head = head::read(storage).map_err(io("read HEAD"))?;
    if let HeadFile::Newer(found) = head {
        return Err(OpenError::Newer { file: head::NAME.into(), found, known: head::FORMAT }.into());
    }
    let mut way = Way {
        take,
        filler: filler.clone(),
        next_seq: 0,
        chain: Some(Chain::default()),
        why: None,
        rescue: Rescue::default(),
    };
    let mut log_id = head.known().map(|end| end.log_id);
    for first_seq in list_segments(storage)? {
        let name = segment::file_name(first_seq);
        let bytes = storage.read(&name).map_err(io(&format!("read {name}")))?;
        if way.chain.is_none() && way.why.as_deref() == Some(OTHER_HISTORY) {
            break;
        }
        let begin = match SegmentHeader::from_bytes(&bytes) {
            Err(NotAHeader::Newer(found)) => {
                return Err(OpenError::Newer { file: name, found, known: segment::FORMAT }.into());
            }
            Err(_) => {
                way.note(format!("the header of {name} is damaged"));
                0
            }
            Ok(header) if *log_id.get_or_insert(header.log_id) != header.log_id => {
                way.note(format!("{name} belongs to another log"));
                continue;
            }
            Ok(header) => {
                if first_seq > way.next_seq && way.why.is_none() {
                    way.note(format!("{} is missing", segment::file_name(way.next_seq)));
                }
                way.lose_until(first_seq.min(header.first_seq))?;
                segment::HEADER_LEN
            }
        };
        way.walk(&name, &bytes, begin)?;
    }
    if let Some(end) = head.known().filter(|end| end.next_seq > way.next_seq) {
        way.note("the end of the log is missing".to_owned());
        way.lose_until(end.next_seq)?;
        way.rescue.torn_bytes = 0;
    }
    Ok(way.rescue)
}

/// A gap that is larger is none, but a number that can't be believed.
const LARGEST_GAP: u64 = 1 << 26;
const OTHER_HISTORY: &str = "what follows is of another history of the log";

/// How far the rescue came.
struct Way<T> {
    take: T,
    filler: Record,
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

    fn walk(&mut self, name: &str, bytes: &[u8], begin: usize) -> Result<(), E> {
        let mut at = begin;
        while at < bytes.len() {
            let wrong = match Frame::parse(&bytes[at..]) {
                Err(why) => why,
                Ok(frame)
                    if frame.first_seq == self.next_seq
                        && self.chain.is_some_and(|chain| chain != frame.previous) =>
                {
                    self.note(OTHER_HISTORY.to_owned());
                    return Ok(());
                }
                Ok(frame) if self.is_plausible(&frame, bytes.len()) => {
                    self.lose_until(frame.first_seq)?;
                    self.keep(&frame)?;
                    at += frame.len();
                    continue;
                }
                Ok(_) => "a batch does not follow the one before it",
            };
            let offset = at;
            at = (at + 8).next_multiple_of(8);
            let behind = bytes.get(at..).unwrap_or_default();
            self.note(format!("{name} is damaged at byte {offset}: {wrong}"));
            let Some((further, _)) = frame::first_valid_in(behind, self.next_seq) else {
                self.rescue.torn_bytes = (bytes.len() - offset) as u64;
                return Ok(());
            };
            at += further;
        }
        Ok(())
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
        if to <= from || to - from > LARGEST_GAP {
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
    let listed = to.list("log").map_err(|source| OpenError::io("list the new folder", source))?;
    if !listed.is_empty() {
        return Err(SalvageError::NotEmpty);
    }
    let log = Log::open(to.clone(), Options::default())?;
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
