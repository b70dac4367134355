//! The log of a session folder: opened, appended to through the writer's thread, read.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use futures::Stream;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::boundary::{Committed, EventLog, Expect, Head, Options};
use crate::check::Check;
use crate::error::{AppendError, OpenError, ReadError};
use crate::frame::Record;
use crate::head::{self, DurableEnd, HeadFile};
use crate::reader::read_records;
use crate::recover::{Recovery, last_segment, note_told, recover};
use crate::segment::{self, SegmentHeader};
use crate::snapshot::Place;
use crate::storage::{FolderLock, Locked, Storage};
use crate::writer::{Request, Writer, create_segment, now_ms};
use crate::{Chain, Seq, lock};

/// The log of a session folder: with [`FsStorage`](crate::storage::FsStorage) on a disk, with
/// [`MemoryStorage`](crate::storage::MemoryStorage) for as long as the process lives.
pub struct Log<S: Storage> {
    storage: S,
    id: Uuid,
    recovery: Recovery,
    places: Vec<(Seq, Chain)>,
    requests: Option<SyncSender<Request>>,
    head: watch::Receiver<Head>,
    thread: Option<thread::JoinHandle<()>>,
}

impl<S: Storage> Log<S> {
    /// Takes the folder, checks everything in it, and makes a first segment where there is none.
    ///
    /// # Errors
    /// When it is in use, newer, damaged, or the operating system refuses. Nothing that anybody was
    /// promised was changed then.
    pub fn open(storage: S, options: Options) -> Result<Self, OpenError> {
        let Locked { mut lock, previous } = lock::take(&storage)?;
        let found = recover(&storage, previous)?;
        let noted = lock.begin();
        noted.map_err(|source| OpenError::io("write the session's LOCK file", source))?;
        let (end, file, head_found, recovery, places) = if let Some((checked, recovery)) = found {
            let end = next_opening(&checked);
            let name = segment::file_name(end.segment);
            let file = storage.open(&name);
            let file = file.map_err(|source| OpenError::io(format!("open {name}"), source))?;
            let mut places = checked.chains;
            places.push((end.next_seq, end.chain));
            (end, file, checked.head, recovery, places)
        } else {
            let (end, file) = begin(&storage)?;
            (end, file, HeadFile::Missing, Recovery::default(), Vec::new())
        };
        let head_file = open_head(&storage, head_found, end)?;
        let id = end.log_id;
        let (publish, head) =
            watch::channel(Head { next_seq: end.next_seq, chain: end.chain, epoch: end.epoch });
        let writer = Writer {
            storage: storage.clone(),
            lock,
            file,
            head_file,
            end,
            publish,
            options,
            behind_since: None,
            named: true,
        };
        let (requests, waiting) = sync_channel(options.waiting_limit);
        let thread = thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || writer.run(&waiting))
            .map_err(|source| OpenError::io("start the log's thread", source))?;
        note_told(&storage);
        let (requests, thread) = (Some(requests), Some(thread));
        Ok(Self { storage, id, recovery, places, requests, head, thread })
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

/// A log's first segment, durable, without any record.
fn begin<S: Storage>(storage: &S) -> Result<(DurableEnd, S::File), OpenError> {
    let log_id = Uuid::now_v7();
    let previous = Chain::default();
    let header = SegmentHeader { log_id, first_seq: 0, created_ms: now_ms(), previous };
    let file = create_segment(storage, &header)
        .map_err(|source| OpenError::io("make the log's first file", source))?;
    let offset = segment::HEADER_LEN as u64;
    let (generation, next_seq, segment, epoch) = (1, 0, 0, 1);
    Ok((DurableEnd { log_id, generation, next_seq, segment, offset, epoch, chain: previous }, file))
}

/// Where a log stands that is opened once more.
fn next_opening(checked: &Check) -> DurableEnd {
    DurableEnd {
        log_id: checked.log_id,
        generation: checked.head.known().map_or(0, |head| head.generation).saturating_add(1),
        next_seq: checked.next_seq(),
        segment: last_segment(checked),
        offset: checked.end.offset,
        epoch: checked.epoch().saturating_add(1),
        chain: checked.chain(),
    }
}

/// `HEAD`, saying what is durable now.
fn open_head<S: Storage>(
    storage: &S,
    found: HeadFile,
    end: DurableEnd,
) -> Result<S::File, OpenError> {
    let written = match found {
        HeadFile::Known { .. } => storage.open(head::NAME).and_then(|mut file| {
            head::write(&mut file, end)?;
            // Whoever made the file may have been stopped before its name was durable.
            storage.sync_folder("")?;
            Ok(file)
        }),
        _ => head::create(storage, end),
    };
    written.map_err(|source| OpenError::io("write HEAD", source))
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
        // Whoever was to answer is gone, perhaps after the batch was durable.
        let gone = || AppendError::UnknownOutcome { why: "the log's thread has ended".into() };
        answer.await.map_err(|_| gone())?
    }

    fn read(
        &self,
        from: Seq,
        to: Option<Seq>,
    ) -> impl Stream<Item = Result<Record, ReadError>> + Send {
        let durable = self.head.borrow().next_seq;
        let to = to.map_or(durable, |to| to.min(durable));
        futures::stream::iter(read_records(&self.storage, from, to))
    }

    fn head(&self) -> Head {
        *self.head.borrow()
    }

    fn watch(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    fn place(&self) -> Place {
        let Head { next_seq, chain, .. } = self.head();
        Place { log_id: self.id, next_seq, chain }
    }

    fn was_at(&self, place: &Place) -> bool {
        *place == self.place()
            || (place.log_id == self.id && self.places.contains(&(place.next_seq, place.chain)))
    }
}
