//! The header of a segment file, as bytes and back. No I/O.

use uuid::Uuid;

use crate::{Chain, Seq};

/// Length of the header.
pub const HEADER_LEN: usize = 80;
/// The format that this program writes, and the newest that it reads.
pub const FORMAT: u16 = 1;
/// bincode 2, standard configuration, through serde.
pub const CODEC: u16 = 1;

const MAGIC: [u8; 8] = *b"SLUICELG";

/// What stands at the head of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The same in all segments of a log.
    pub log_id: Uuid,
    /// Sequence number of the first record.
    pub first_seq: Seq,
    /// When the segment was begun, ms since 1970.
    pub created_ms: u64,
    /// Chain value before the first batch.
    pub previous: Chain,
}

/// Why bytes are no segment header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAHeader {
    /// They begin otherwise.
    Foreign,
    /// A newer program wrote them.
    Newer(u16),
    /// They begin as a header does, but the checksum does not hold.
    Damaged,
}

impl SegmentHeader {
    /// As the file begins.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[10..12].copy_from_slice(&CODEC.to_le_bytes());
        bytes[12..16].copy_from_slice(&(HEADER_LEN as u32).to_le_bytes());
        bytes[16..32].copy_from_slice(self.log_id.as_bytes());
        bytes[32..40].copy_from_slice(&self.first_seq.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.created_ms.to_le_bytes());
        bytes[48..64].copy_from_slice(&self.previous.0);
        let sum = crc32c::crc32c(&bytes[..76]);
        bytes[76..80].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// From the first bytes of a file.
    ///
    /// # Errors
    /// When they are something else, newer, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAHeader> {
        if bytes.len() < 8 || bytes[0..8] != MAGIC {
            return Err(NotAHeader::Foreign);
        }
        let Some(bytes) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(NotAHeader::Damaged);
        };
        if crc32c::crc32c(&bytes[..76]) != u32_at(bytes, 76) {
            return Err(NotAHeader::Damaged);
        }
        let format = u16::from_le_bytes([bytes[8], bytes[9]]);
        let codec = u16::from_le_bytes([bytes[10], bytes[11]]);
        if format > FORMAT || codec > CODEC {
            return Err(NotAHeader::Newer(format.max(codec)));
        }
        if u32_at(bytes, 12) as usize != HEADER_LEN {
            return Err(NotAHeader::Damaged);
        }
        Ok(Self {
            log_id: Uuid::from_bytes(array_at(bytes, 16)),
            first_seq: u64::from_le_bytes(array_at(bytes, 32)),
            created_ms: u64::from_le_bytes(array_at(bytes, 40)),
            previous: Chain(array_at(bytes, 48)),
        })
    }
}

/// Name of a segment in the session folder.
pub fn file_name(first_seq: Seq) -> String {
    format!("log/{first_seq:020}.log")
}

/// The sequence number in a segment's name.
pub fn parse_file_name(name: &str) -> Option<Seq> {
    let digits = name.strip_prefix("log/")?.strip_suffix(".log")?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

/// `N` bytes from `at`; the callers have checked that they are there.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}
