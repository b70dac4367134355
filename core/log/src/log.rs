//! The boundary: what the rest of the house knows of a log.

use std::future::Future;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use futures::Stream;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::error::{AppendError, OpenError, ReadError};
use crate::frame::Record;
use crate::recover::{Recovery, recover};
use crate::scan::{HeaderError, Position, Scan, header_of};
use crate::segment::{self, SegmentHeader};
use crate::storage::{FsStorage, Storage};
use crate::writer::{Request, Writer, create_segment, now_ms};
use crate::{Chain, Seq, lock};

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
}

/// Settings of a log.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A new segment is begun when the last one has this many bytes.
    pub segment_limit: u64,
    /// Appends that may wait before a sender has to.
    pub waiting_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_limit: 64 << 20, waiting_limit: 1024 }
    }
}

/// The log of a session folder.
pub struct Log<S: Storage> {
    storage: S,
    id: Uuid,
    recovery: Recovery,
    requests: Option<SyncSender<Request>>,
    head: watch::Receiver<Head>,
    thread: Option<thread::JoinHandle<()>>,
}

/// A log on a disk.
pub type FileLog = Log<FsStorage>;

impl<S: Storage> Log<S> {
    /// Takes the folder, checks everything in it, and makes a first segment where there is none.
    ///
    /// # Errors
    /// When it is in use, newer, damaged, or the operating system refuses. Nothing was changed then.
    pub fn open(storage: S, options: Options) -> Result<Self, OpenError> {
        let lock = lock::take(&storage)?;
        let whole = recover(&storage)?;
        let io = |what: &'static str| move |source| OpenError::Io { what: what.into(), source };
        let (log_id, end, file, recovery) = if let Some(whole) = whole {
            let last = whole.segments.last().copied().unwrap_or_default();
            let file = storage.open(&segment::file_name(last)).map_err(io("open the log"))?;
            (whole.log_id, whole.end, file, whole.recovery)
        } else {
            let log_id = Uuid::now_v7();
            let previous = Chain::default();
            let header = SegmentHeader { log_id, first_seq: 0, created_ms: now_ms(), previous };
            let file =
                create_segment(&storage, &header).map_err(io("make the log's first file"))?;
            let offset = segment::HEADER_LEN as u64;
            (
                log_id,
                Position { offset, next_seq: 0, chain: previous, epoch: 0 },
                file,
                Recovery::default(),
            )
        };
        let head = Head { next_seq: end.next_seq, chain: end.chain, epoch: end.epoch + 1 };
        let (publish, watched) = watch::channel(head);
        let writer = Writer {
            storage: storage.clone(),
            log_id,
            file,
            durable_len: end.offset,
            segment_limit: options.segment_limit,
            head,
            publish,
            _lock: lock,
        };
        let (requests, waiting) = sync_channel(options.waiting_limit);
        let thread = thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || writer.run(&waiting))
            .map_err(io("start the log's thread"))?;
        Ok(Self {
            storage,
            id: log_id,
            recovery,
            requests: Some(requests),
            head: watched,
            thread: Some(thread),
        })
    }

    /// The log's id, given when it was made.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// What opening found and did.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }
}

impl<S: Storage> Drop for Log<S> {
    /// Waits for the writer, so that the folder is free afterwards.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl<S: Storage> EventLog for Log<S> {
    async fn append(&self, expect: Expect, records: Vec<Record>) -> Result<Committed, AppendError> {
        let next = self.head.borrow().next_seq;
        if records.is_empty() {
            return Ok(Committed { first_seq: next, next_seq: next });
        }
        let closed = || AppendError::Closed { why: "its thread has ended".into() };
        let (reply, answer) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(closed)?;
        requests.send(Request { expect, records, reply }).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    fn read(
        &self,
        from: Seq,
        to: Option<Seq>,
    ) -> impl Stream<Item = Result<Record, ReadError>> + Send {
        let durable = self.head.borrow().next_seq;
        let to = to.map_or(durable, |to| to.min(durable));
        futures::stream::iter(read_segments(self.storage.clone(), from, to))
    }

    fn head(&self) -> Head {
        *self.head.borrow()
    }

    fn watch(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }
}

/// One segment in memory at a time.
fn read_segments<S: Storage>(
    storage: S,
    from: Seq,
    to: Seq,
) -> impl Iterator<Item = Result<Record, ReadError>> + Send {
    let listed = match storage.list() {
        Ok(names) => Ok(segments_with(&names, from, to)),
        Err(source) => Err(ReadError::Io { file: "log".into(), source }),
    };
    let (segments, failed) = match listed {
        Ok(segments) => (segments, None),
        Err(error) => (Vec::new(), Some(Err(error))),
    };
    let records = segments.into_iter().flat_map(move |first_seq| {
        match read_segment(&storage, first_seq, from, to) {
            Ok(records) => records.into_iter().map(Ok).collect::<Vec<_>>(),
            Err((whole, error)) => {
                whole.into_iter().map(Ok).chain(std::iter::once(Err(error))).collect()
            }
        }
    });
    failed.into_iter().chain(records)
}

/// First sequence numbers of the segments that hold any of `from..to`.
fn segments_with(names: &[String], from: Seq, to: Seq) -> Vec<Seq> {
    let mut all: Vec<Seq> = names.iter().filter_map(|n| segment::parse_file_name(n)).collect();
    all.sort_unstable();
    let begin = all.partition_point(|&first| first <= from).saturating_sub(1);
    let end = all.partition_point(|&first| first < to);
    all.get(begin..end).map(<[Seq]>::to_vec).unwrap_or_default()
}

/// The records of one segment; with an error, those before it.
fn read_segment<S: Storage>(
    storage: &S,
    first_seq: Seq,
    from: Seq,
    to: Seq,
) -> Result<Vec<Record>, (Vec<Record>, ReadError)> {
    let name = segment::file_name(first_seq);
    let none = Vec::new;
    let bytes = storage
        .read(&name)
        .map_err(|source| (none(), ReadError::Io { file: name.clone(), source }))?;
    let header = header_of(&name, first_seq, &bytes).map_err(|error| match error {
        HeaderError::Damaged(damage) => (none(), damage.into()),
        HeaderError::Newer(format) => {
            let source = std::io::Error::other(format!("log format {format} is newer"));
            (none(), ReadError::Io { file: name.clone(), source })
        }
    })?;
    let mut records = Vec::new();
    let mut scan = Scan::begin(&name, &bytes, &header, 0);
    while scan.position.next_seq < to {
        match scan.next() {
            Some(Ok(frame)) => {
                records.extend(frame.records().filter(|r| (from..to).contains(&r.seq)));
            }
            Some(Err(damage)) => return Err((records, damage.into())),
            None => break,
        }
    }
    Ok(records)
}
