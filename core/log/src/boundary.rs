//! The boundary: what the rest of the house knows of a log.

use std::future::Future;
use std::time::Duration;

use futures::Stream;
use tokio::sync::watch;

use crate::error::{AppendError, ReadError};
use crate::frame::Record;
use crate::snapshot::Place;
use crate::{Chain, Seq};

/// What an append takes for granted about where the log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Any,
    /// The first record gets this number.
    Next(Seq),
}

/// The numbers that records got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Of the first record.
    pub first_seq: Seq,
    /// Behind the last record.
    pub next_seq: Seq,
}

/// How far the log is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number that the next record gets.
    pub next_seq: Seq,
    /// Chain value after the last batch.
    pub chain: Chain,
    /// How often the log was opened for writing.
    pub epoch: u64,
}

/// A log of records. The file log is the embedded one; the same frames may live elsewhere later.
pub trait EventLog: Send + Sync + 'static {
    /// Appends records, all or none; their `seq` is given here. `Ok` means durable.
    fn append(
        &self,
        expect: Expect,
        records: Vec<Record>,
    ) -> impl Future<Output = Result<Committed, AppendError>> + Send;

    /// Durable records from `from` up to, but not including, `to`. Reads files as it goes, so poll
    /// it where blocking is allowed.
    fn read(
        &self,
        from: Seq,
        to: Option<Seq>,
    ) -> impl Stream<Item = Result<Record, ReadError>> + Send;

    /// How far the log is durable.
    fn head(&self) -> Head;

    /// Follows the durable end.
    fn watch(&self) -> watch::Receiver<Head>;

    /// The durable end, as a place that [`was_at`](Self::was_at) will know.
    fn place(&self) -> Place;

    /// Whether the history of this log went through a place, as far as it can be told without reading
    /// it all again; 'no' is always safe to say.
    fn was_at(&self, place: &Place) -> bool;
}

/// Settings of a log.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A new segment is begun when the last one has this many bytes.
    pub segment_limit: u64,
    /// Appends that may wait before a sender has to.
    pub waiting_limit: usize,
    /// `HEAD` is at most so far behind what is durable.
    pub head_after: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let head_after = Duration::from_secs(1);
        Self { segment_limit: 64 << 20, waiting_limit: 1024, head_after }
    }
}
