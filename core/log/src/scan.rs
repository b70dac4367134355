//! Walks the batches of one segment in memory, checking everything that can be checked.

use crate::error::Damage;
use crate::frame::Frame;
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

/// A segment's bytes, and how far they were walked.
pub(crate) struct Scan<'a> {
    name: &'a str,
    bytes: &'a [u8],
    pub position: Position,
}

impl<'a> Scan<'a> {
    /// Begins behind a segment's header.
    pub fn begin(name: &'a str, bytes: &'a [u8], header: &SegmentHeader, epoch: u64) -> Self {
        let position = Position {
            offset: segment::HEADER_LEN as u64,
            next_seq: header.first_seq,
            chain: header.previous,
            epoch,
        };
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

    /// Damage where the walk stands.
    pub fn damage(&self, why: &str) -> Damage {
        Damage {
            file: self.name.to_owned(),
            offset: self.position.offset,
            lost_from: self.position.next_seq,
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
