//! The append-only event log: opaque records, kept in order.
//!
//! The promise: **a record whose append was acknowledged is never lost, never duplicated and never
//! re-ordered; damage is always noticed; nothing is repaired in silence.**
//!
//! ```text
//!   append(batch) -> writer thread -> frame -> segment file -> fdatasync -> Ok(Committed)
//!                     gathers what waits                                 -> watch(Head)
//!   read(from..to) <- scan <- segments, up to the durable end
//! ```
//!
//! What always holds:
//! - One batch is outstanding at most: the next is written after the previous one's `fdatasync`
//!   returned. So a valid batch behind an invalid one proves damage, and only an invalid end with
//!   nothing behind it can be a torn write.
//! - Nobody but the writer thread changes a file, and only while it holds the lock.
//! - A failed write or sync other than 'disk full' ends the writer for good.
//!
//! # Bytes
//! All numbers are little-endian. A segment `log/<first seq, 20 digits>.log` is a header
//! ([`segment`]) and batches ([`frame`]), each batch on a multiple of 8 bytes.
//!
//! | segment header | 80 bytes |
//! |---|---|
//! | 0 | magic `SLUICELG` |
//! | 8 | u16 format (1), u16 codec (1: bincode 2, standard configuration, through serde) |
//! | 12 | u32 length of this header |
//! | 16 | log id, 16 bytes |
//! | 32 | u64 sequence number of the first record |
//! | 40 | u64 time of creation, ms since 1970 |
//! | 48 | chain value before the first batch, 16 bytes |
//! | 64 | 12 bytes, zero |
//! | 76 | u32 CRC-32C of bytes 0..76 |
//!
//! | batch header | 56 bytes |
//! |---|---|
//! | 0 | u32 magic `SLBT` |
//! | 4 | u32 length of the body, at most 512 KiB |
//! | 8 | u64 sequence number of the first record |
//! | 16 | u32 number of records, u32 flags (0) |
//! | 24 | u64 epoch: how often the log had been opened for writing |
//! | 32 | chain value before this batch, 16 bytes |
//! | 48 | u32 CRC-32C of the body, u32 CRC-32C of bytes 0..52 |
//!
//! The body follows, padded with zeros to a multiple of 8. It holds records: u32 length of the
//! payload, u16 event type, u16 schema version, u64 time (µs since 1970), payload.
//!
//! chain = the first 16 bytes of BLAKE3(chain before ‖ batch header bytes 0..52 ‖ body).

mod chain;
mod check;
mod error;
pub mod frame;
pub mod head;
mod lock;
mod log;
mod reader;
mod recover;
mod scan;
pub mod segment;
mod snapshot;
pub mod storage;
mod writer;

pub use chain::Chain;
pub use check::{Check, SegmentCheck, Torn, check};
pub use error::{AppendError, Damage, OpenError, ReadError};
pub use frame::Record;
pub use log::{Committed, EventLog, Expect, FileLog, Head, Log, Options};
pub use reader::read_records;
pub use recover::{Recovery, TornTail};
pub use snapshot::{NoSnapshots, Place, Snapshot, SnapshotCache, SnapshotFolder};

/// Number of a record in its log, counted from 0.
pub type Seq = u64;
