//! Batches and the records in them, as bytes and back. No I/O.

use crate::segment::{FORMAT, array_at, u32_at, u64_at};
use crate::{Chain, Seq};

/// Length of a batch's header.
pub const HEADER_LEN: usize = 56;
/// A body is at most this long.
pub const MAX_BODY: usize = 512 * 1024;
/// Length of what stands before each payload.
pub const RECORD_HEADER_LEN: usize = 16;

const MAGIC: u32 = u32::from_le_bytes(*b"SLBT");
/// What the chain covers of a header.
const CHAINED: usize = 52;

/// One opaque fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number; given by the log.
    pub seq: Seq,
    /// When it was decided, µs since 1970.
    pub time_us: u64,
    /// What kind of fact it is.
    pub event_type: u16,
    /// Version of the payload's shape.
    pub schema_version: u16,
    /// The fact.
    pub payload: Vec<u8>,
}

/// Appends a record to a body.
pub fn push_record(body: &mut Vec<u8>, record: &Record) {
    body.extend_from_slice(&(record.payload.len() as u32).to_le_bytes());
    body.extend_from_slice(&record.event_type.to_le_bytes());
    body.extend_from_slice(&record.schema_version.to_le_bytes());
    body.extend_from_slice(&record.time_us.to_le_bytes());
    body.extend_from_slice(&record.payload);
}

/// Length of a whole batch in the file, padding included.
pub fn padded_len(body: usize) -> usize {
    (HEADER_LEN + body).next_multiple_of(8)
}

/// Length in the file of the batch that begins here, as its header has it; `None` where that can't be.
pub(crate) fn padded_len_of(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..HEADER_LEN)?;
    Some(u32_at(header, 4) as usize).filter(|body| *body <= MAX_BODY).map(padded_len)
}

/// A batch as the file holds it, and the chain value after it.
pub fn encode(
    first_seq: Seq,
    count: u32,
    epoch: u64,
    previous: Chain,
    body: &[u8],
) -> (Vec<u8>, Chain) {
    let mut bytes = Vec::with_capacity(padded_len(body.len()));
    bytes.extend_from_slice(&MAGIC.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&first_seq.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&0_u32.to_le_bytes());
    bytes.extend_from_slice(&epoch.to_le_bytes());
    bytes.extend_from_slice(&previous.0);
    bytes.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
    let sum = crc32c::crc32c(&bytes);
    let chain = previous.after(&bytes, body);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes.resize(padded_len(body.len()), 0);
    (bytes, chain)
}

/// Why bytes are no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFrame {
    /// As a write that was cut off may leave them.
    Torn(&'static str),
    /// Their checksums hold, so they were written like this; yet they can't be right.
    Damaged(&'static str),
    /// Their checksums hold, and a newer program gave them this format.
    Newer(u16),
}

impl BadFrame {
    /// In a few words.
    pub fn why(self) -> &'static str {
        match self {
            Self::Torn(why) | Self::Damaged(why) => why,
            Self::Newer(_) => "a batch of a newer program",
        }
    }
}

/// A batch whose checksums hold.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Sequence number of the first record.
    pub first_seq: Seq,
    /// Number of records.
    pub count: u32,
    /// How often the log had been opened for writing.
    pub epoch: u64,
    /// Chain value before it.
    pub previous: Chain,
    /// As the file holds it.
    bytes: &'a [u8],
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The batch at the beginning of `bytes`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadFrame> {
        let Some(header) = bytes.get(..HEADER_LEN) else {
            return Err(BadFrame::Torn("a batch's header is cut off"));
        };
        if u32_at(header, 0) != MAGIC {
            return Err(BadFrame::Torn("no batch begins here"));
        }
        if crc32c::crc32c(&header[..CHAINED]) != u32_at(header, CHAINED) {
            return Err(BadFrame::Torn("the checksum of a batch's header does not hold"));
        }
        let length = u32_at(header, 4) as usize;
        // A later format may have flags and longer batches.
        if length > MAX_BODY || u32_at(header, 20) != 0 {
            return Err(BadFrame::Newer(FORMAT + 1));
        }
        let Some(body) = bytes.get(HEADER_LEN..HEADER_LEN + length) else {
            return Err(BadFrame::Torn("a batch is cut off"));
        };
        if crc32c::crc32c(body) != u32_at(header, 48) {
            return Err(BadFrame::Torn("the checksum of a batch does not hold"));
        }
        // The padding may be on a sector of its own.
        let Some(padding) = bytes.get(HEADER_LEN + length..padded_len(length)) else {
            return Err(BadFrame::Torn("the padding of a batch is cut off"));
        };
        if padding.iter().any(|&b| b != 0) {
            return Err(BadFrame::Torn("the padding of a batch is not zero"));
        }
        let frame = Self::trusted(bytes);
        let (count, bytes) = parts(body).fold((0_u32, 0), |(count, bytes), (header, payload)| {
            (count + 1, bytes + header.len() + payload.len())
        });
        if frame.first_seq.checked_add(Seq::from(count)).is_none() {
            return Err(BadFrame::Damaged("a batch has numbers that no record can have"));
        }
        if count == 0 || count != frame.count || bytes != body.len() {
            return Err(BadFrame::Damaged(
                "a batch does not hold the number of records that it promises",
            ));
        }
        Ok(frame)
    }

    /// A batch that [`parse`](Self::parse) took before, from the same bytes.
    pub(crate) fn trusted(bytes: &'a [u8]) -> Self {
        let length = u32_at(bytes, 4) as usize;
        Self {
            first_seq: u64_at(bytes, 8),
            count: u32_at(bytes, 16),
            epoch: u64_at(bytes, 24),
            previous: Chain(array_at(bytes, 32)),
            bytes: &bytes[..padded_len(length)],
            body: &bytes[HEADER_LEN..HEADER_LEN + length],
        }
    }

    /// Chain value after it.
    pub fn chain(&self) -> Chain {
        self.previous.after(&self.bytes[..CHAINED], self.body)
    }

    /// As the file holds it, padding included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Length in the file, padding included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: a frame holds a record at least.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Sequence number after the last record.
    pub fn next_seq(&self) -> Seq {
        self.first_seq + Seq::from(self.count)
    }

    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = Record> + use<'a> {
        let mut seq = self.first_seq;
        parts(self.body).map(move |(header, payload)| {
            seq += 1;
            Record {
                seq: seq - 1,
                time_us: u64_at(header, 8),
                event_type: u16::from_le_bytes(array_at(header, 4)),
                schema_version: u16::from_le_bytes(array_at(header, 6)),
                payload: payload.to_vec(),
            }
        })
    }
}

/// Header and payload of each record of a body; ends early where a length does not fit.
fn parts(body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let header = rest.get(..RECORD_HEADER_LEN)?;
        let end = RECORD_HEADER_LEN + u32_at(header, 0) as usize;
        let payload = rest.get(RECORD_HEADER_LEN..end)?;
        rest = &rest[end..];
        Some((header, payload))
    })
}

/// The first valid batch with a sequence number of at least `from` that begins at a multiple of 8 in
/// `bytes`, and where: the sign that what stands before it was damaged and not torn.
pub fn first_valid_in(bytes: &[u8], from: Seq) -> Option<(usize, Frame<'_>)> {
    (0..bytes.len().saturating_sub(HEADER_LEN - 1))
        .step_by(8)
        .filter(|&at| u32_at(bytes, at) == MAGIC)
        .filter_map(|at| Some((at, Frame::parse(&bytes[at..]).ok()?)))
        .find(|(_, frame)| frame.first_seq >= from)
}
