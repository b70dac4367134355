//! Walks the batches of one segment in memory, checking everything that can be checked.

use crate::error::Damage;
use crate::frame::{self, Frame};
use crate::segment::{self, NotAHeader, SegmentHeader};
use crate::{Chain, Seq};

/// Where a walk stands: everything before it was whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub offset: u64,
    pub next_seq: Seq,
    pub chain: Chain,
    pub epoch: u64,
}

impl Position {
    /// Behind a segment's header. The epoch is not known before the first batch.
    pub fn behind(header: &SegmentHeader) -> Self {
        Self {
            offset: segment::HEADER_LEN as u64,
            next_seq: header.first_seq,
            chain: header.previous,
            epoch: 0,
        }
    }
}

/// A segment's bytes, and how far they were walked.
pub(crate) struct Scan<'a> {
    name: &'a str,
    bytes: &'a [u8],
    pub position: Position,
}

impl<'a> Scan<'a> {
    /// Walks on from where an earlier walk stood.
    pub fn from(name: &'a str, bytes: &'a [u8], position: Position) -> Self {
        Self { name, bytes, position }
    }

    /// The bytes that were not walked yet.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.position.offset as usize..]
    }

    /// The next batch; `None` at the end of the segment.
    pub fn next(&mut self) -> Option<Result<Frame<'a>, Damage>> {
        if self.rest().is_empty() {
            return None;
        }
        let at = self.position;
        Some(match Frame::parse(self.rest()) {
            Err(why) => Err(self.damage(why)),
            Ok(frame) if frame.first_seq != at.next_seq => {
                Err(self.damage("a batch does not follow the one before it"))
            }
            Ok(frame) if frame.previous != at.chain => {
                Err(self.damage("the chain of batches is broken"))
            }
            Ok(frame) if frame.epoch < at.epoch => {
                Err(self.damage("a batch is older than the one before it"))
            }
            Ok(frame) => {
                self.position = Position {
                    offset: at.offset + frame.len() as u64,
                    next_seq: frame.next_seq(),
                    chain: frame.chain,
                    epoch: frame.epoch,
                };
                Ok(frame)
            }
        })
    }

    /// Damage where the walk stands. What is lost ends where a whole batch follows.
    fn damage(&self, why: &str) -> Damage {
        let from = self.position.next_seq;
        Damage {
            file: self.name.to_owned(),
            offset: self.position.offset,
            lost_from: from,
            lost_to: frame::first_valid_in(self.rest(), from).map(|(_, frame)| frame.first_seq),
            why: why.to_owned(),
        }
    }
}

/// The header of a segment, which must carry the number of its name.
pub(crate) fn header_of(
    name: &str,
    first_seq: Seq,
    bytes: &[u8],
) -> Result<SegmentHeader, HeaderError> {
    let damage = |why: &str| {
        HeaderError::Damaged(Damage {
            file: name.to_owned(),
            offset: 0,
            lost_from: first_seq,
            lost_to: None,
            why: why.to_owned(),
        })
    };
    match SegmentHeader::from_bytes(bytes) {
        Ok(header) if header.first_seq == first_seq => Ok(header),
        Ok(_) => Err(damage("its header has another number than its name")),
        Err(NotAHeader::Newer(format)) => Err(HeaderError::Newer(format)),
        Err(NotAHeader::Foreign) => Err(damage("it does not begin as a segment does")),
        Err(NotAHeader::Damaged) => Err(damage("the checksum of its header does not hold")),
    }
}

/// Why a segment's header can't be used.
pub(crate) enum HeaderError {
    Newer(u16),
    Damaged(Damage),
}
