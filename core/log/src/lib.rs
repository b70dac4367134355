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
//! - Files of the log are changed by whoever holds the lock: by [`Log::open`], then by the writer thread
//!   alone. Caches are written beside them.
//! - A failed write or sync other than 'disk full' ends the writer for good.
//! - A batch that is whole stays as it is for ever. What opening cuts off is, by every sign, a write
//!   that was never acknowledged; it is kept in `quarantine/`, and told.
//! - `HEAD` follows the log within a second. Should the batches of that second be *damaged* before the
//!   next opening, with nothing whole behind them, they can't be told from an interrupted write: they
//!   are kept and told like one.
//!
//! Where to find what:
//! - `boundary`: what the rest of the house knows; `log`: how it is done.
//! - [`segment`], [`frame`], [`head`]: bytes, no I/O; `scan` steps from batch to batch, `walk` judges a
//!   segment, [`check()`] a log.
//! - `writer`: the thread that appends; `recover`: opening for writing; [`salvage()`]: rescue.
//! - `snapshot` and `proof`: caches, so that opening a long log is quick; as good as none if they don't
//!   fit.
//! - [`storage`]: where the bytes are. `tests/disk` is a disk that fails and forgets on demand;
//!   `tests/crash.rs` draws work at random, `tests/faults.rs` has a list of faults and a script.
#![doc = include_str!("../FORMAT.md")]

mod boundary;
mod chain;
mod check;
mod error;
pub mod frame;
pub mod head;
mod lock;
mod log;
mod proof;
mod reader;
mod recover;
mod salvage;
mod scan;
pub mod segment;
mod snapshot;
pub mod storage;
mod walk;
mod writer;

pub use boundary::{Committed, EventLog, Expect, Head, Options};
pub use chain::Chain;
pub use check::{Check, Torn, check};
pub use error::{AppendError, Damage, OpenError, ReadError, quoted};
pub use frame::Record;
pub use log::Log;
pub use reader::read_records;
pub use recover::{Recovery, TornTail};
pub use salvage::{Lost, Rescue, SalvageError, rescue, salvage};
pub use scan::SegmentCheck;
pub use snapshot::{NoSnapshots, Place, Snapshot, SnapshotCache, SnapshotFolder};

/// Number of a record in its log, counted from 0.
pub type Seq = u64;
