//! Walks the batches of one segment, checking everything that can be checked. A piece of the file is
//! in memory at a time, large enough for any batch.

use std::io::{self, Read};

use crate::error::{Damage, OpenError, ReadError};
use crate::frame::{self, BadFrame, Frame};
use crate::segment::{self, NotAHeader, SegmentHeader};
use crate::storage::Storage;
use crate::{Chain, Seq};

/// So much is read at once; more than the largest batch.
const PIECE: usize = 1 << 20;

/// Where a walk stands: everything before it was whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub offset: u64,
    pub next_seq: Seq,
    pub chain: Chain,
    /// Of the last batch; 0 before the first one of a segment.
    pub epoch: u64,
}

/// A segment without damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentCheck {
    /// Name in the session folder.
    pub file: String,
    /// Sequence number of the first record.
    pub first_seq: Seq,
    /// Behind the last record.
    pub next_seq: Seq,
    /// Whole batches.
    pub batches: u64,
    /// Length up to the end of the last whole batch.
    pub bytes: u64,
    /// When it was begun, ms since 1970.
    pub created_ms: u64,
}

/// Why a walk ends early.
pub(crate) enum ScanError {
    Newer(u16),
    Damaged(Damage),
    /// As an interrupted write leaves it.
    Torn(Damage),
    Io(io::Error),
}

impl ScanError {
    pub fn opening(self, file: &str) -> OpenError {
        match self {
            Self::Damaged(damage) | Self::Torn(damage) => damage.into(),
            Self::Io(source) => OpenError::unreadable(file, source),
            Self::Newer(found) => {
                OpenError::Newer { file: file.to_owned(), found, known: segment::FORMAT }
            }
        }
    }

    pub fn reading(self, file: &str) -> ReadError {
        let file = file.to_owned();
        match self {
            Self::Damaged(damage) | Self::Torn(damage) => damage.into(),
            Self::Io(source) => ReadError::Io { file, source },
            Self::Newer(found) => ReadError::Newer { file, found },
        }
    }
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A segment, and how far it was walked.
pub(crate) struct Scan<R> {
    pub name: String,
    pub header: SegmentHeader,
    pub position: Position,
    source: R,
    /// Whether the chain is followed; else it stands still in `position`.
    chained: bool,
    buffer: Vec<u8>,
    /// What of the buffer was walked.
    walked: usize,
    /// Of everything that was read, if that is wanted.
    hasher: Option<blake3::Hasher>,
}

impl<R: Read> Scan<R> {
    /// Reads the header, which must carry the number of the file's name. `chained`: the chain of
    /// batches is followed. What was checked when the log was opened is read again without.
    pub fn open<S>(storage: &S, first_seq: Seq, chained: bool) -> Result<Self, ScanError>
    where
        S: Storage<Reader = R>,
    {
        let name = segment::file_name(first_seq);
        let mut source = storage.reader(&name)?;
        let mut buffer = Vec::with_capacity(PIECE);
        fill(&mut source, &mut buffer, segment::HEADER_LEN)?;
        let damaged = |why: &str| {
            let (file, why) = (name.clone(), why.to_owned());
            ScanError::Damaged(Damage {
                file,
                offset: 0,
                lost_from: first_seq,
                lost_to: Some(first_seq),
                why,
            })
        };
        let header = match SegmentHeader::from_bytes(&buffer) {
            Ok(header) if header.first_seq == first_seq => header,
            Ok(_) => return Err(damaged("its header has another number than its name")),
            Err(NotAHeader::Newer(format)) => return Err(ScanError::Newer(format)),
            Err(NotAHeader::Foreign) => return Err(damaged("it does not begin as a segment does")),
            Err(NotAHeader::Damaged) => {
                return Err(damaged("the checksum of its header does not hold"));
            }
        };
        let position = Position {
            offset: segment::HEADER_LEN as u64,
            next_seq: first_seq,
            chain: header.previous,
            epoch: 0,
        };
        let walked = segment::HEADER_LEN;
        Ok(Self { name, header, position, source, chained, buffer, walked, hasher: None })
    }

    /// Hashes what is read, from the first byte on; before anything was walked.
    pub fn hash_along(&mut self) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.buffer);
        self.hasher = Some(hasher);
    }

    /// The next batch; `None` at the end of the segment.
    pub fn next(&mut self) -> Option<Result<Frame<'_>, ScanError>> {
        match self.step() {
            Ok(Some(length)) => {
                let begin = self.walked;
                self.walked += length;
                // Parsed once already, so it parses again; without its checksums this time.
                Some(Ok(Frame::trusted(&self.buffer[begin..self.walked])))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Checks the next batch and moves the position behind it; its length.
    fn step(&mut self) -> Result<Option<usize>, ScanError> {
        self.need(frame::HEADER_LEN)?;
        if self.left().is_empty() {
            return Ok(None);
        }
        if let Some(length) = frame::padded_len_of(self.left()) {
            self.need(length)?;
        }
        let at = self.position;
        if Frame::parse(self.left()).is_err() {
            // A writer may have been in the middle of it: look at what is there by now.
            self.rest()?;
        }
        let frame = match Frame::parse(self.left()) {
            Ok(frame) => frame,
            Err(BadFrame::Newer(format)) => return Err(ScanError::Newer(format)),
            Err(BadFrame::Torn(why)) => return self.bad(why, true),
            Err(BadFrame::Damaged(why)) => return self.bad(why, false),
        };
        let wrong = if frame.first_seq != at.next_seq {
            "a batch does not follow the one before it"
        } else if self.chained && frame.previous != at.chain {
            "the chain of batches is broken"
        } else if frame.epoch < at.epoch {
            "a batch is older than the one before it"
        } else {
            let length = frame.len();
            self.position = Position {
                offset: at.offset + length as u64,
                next_seq: frame.next_seq(),
                chain: if self.chained { frame.chain() } else { at.chain },
                epoch: frame.epoch,
            };
            return Ok(Some(length));
        };
        self.bad(wrong, false)
    }

    fn left(&self) -> &[u8] {
        &self.buffer[self.walked..]
    }

    /// Reads on until so many bytes are there, if there are so many.
    fn need(&mut self, bytes: usize) -> io::Result<()> {
        if self.left().len() >= bytes {
            return Ok(());
        }
        self.buffer.drain(..self.walked);
        self.walked = 0;
        let before = self.buffer.len();
        fill(&mut self.source, &mut self.buffer, bytes.max(PIECE))?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.buffer[before..]);
        }
        Ok(())
    }

    /// BLAKE3 of the file, once it was walked to its end.
    pub fn hash(&self) -> Option<[u8; 32]> {
        self.hasher.as_ref().map(|hasher| *hasher.finalize().as_bytes())
    }

    /// Something bad where the walk stands. What is lost ends where a whole batch follows; a torn write
    /// has none behind it.
    fn bad<T>(&mut self, why: &str, may_be_torn: bool) -> Result<T, ScanError> {
        let from = self.position.next_seq;
        let lost_to = frame::first_valid_in(self.rest()?, from).map(|(_, frame)| frame.first_seq);
        let (file, offset) = (self.name.clone(), self.position.offset);
        let why = why.to_owned();
        let damage = Damage { file, offset, lost_from: from, lost_to, why };
        let is_torn = may_be_torn && lost_to.is_none();
        Err(if is_torn { ScanError::Torn(damage) } else { ScanError::Damaged(damage) })
    }

    /// All bytes that were not walked, to the end of the segment.
    pub fn rest(&mut self) -> io::Result<&[u8]> {
        self.source.read_to_end(&mut self.buffer)?;
        Ok(&self.buffer[self.walked..])
    }
}

/// Reads until the buffer holds so many bytes, or the source ends.
fn fill(source: &mut impl Read, buffer: &mut Vec<u8>, bytes: usize) -> io::Result<()> {
    let missing = bytes.saturating_sub(buffer.len()) as u64;
    source.take(missing).read_to_end(buffer).map(drop)
}
