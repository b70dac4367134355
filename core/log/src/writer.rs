//! The one thread that writes. It gathers the batches that wait into one frame, writes it, waits for
//! `fdatasync`, and only then answers (group commit).

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::error::AppendError;
use crate::frame::{self, MAX_BODY, Record};
use crate::log::{Committed, Expect, Head};
use crate::segment::{self, SegmentHeader};
use crate::storage::{Storage, StorageFile};

/// One append that waits.
pub(crate) struct Request {
    pub expect: Expect,
    pub records: Vec<Record>,
    pub reply: oneshot::Sender<Result<Committed, AppendError>>,
}

impl Request {
    fn body_len(&self) -> usize {
        self.records.iter().map(|r| frame::RECORD_HEADER_LEN + r.payload.len()).sum()
    }
}

/// Why no more can be written.
struct Closed(String);

/// State of the thread.
pub(crate) struct Writer<S: Storage> {
    pub storage: S,
    pub log_id: Uuid,
    /// The last segment; its length is `durable_len`.
    pub file: S::File,
    pub durable_len: u64,
    pub segment_limit: u64,
    pub head: Head,
    pub publish: watch::Sender<Head>,
    /// Freed when the thread ends.
    pub _lock: S::Lock,
}

impl<S: Storage> Writer<S> {
    /// Writes until every sender is gone.
    pub fn run(mut self, requests: &Receiver<Request>) {
        let mut held_over = None;
        let closed = loop {
            let Some(first) = held_over.take().or_else(|| requests.recv().ok()) else { return };
            let (gathered, left) = gather(first, requests);
            held_over = left;
            if let Err(Closed(why)) = self.commit(gathered) {
                break why;
            }
        };
        while let Some(request) = held_over.take().or_else(|| requests.recv().ok()) {
            let _ = request.reply.send(Err(AppendError::Closed { why: closed.clone() }));
        }
    }

    fn commit(&mut self, gathered: Vec<Request>) -> Result<(), Closed> {
        let mut body = Vec::new();
        let mut next_seq = self.head.next_seq;
        let mut accepted = Vec::new();
        for mut request in gathered {
            if let Err(refused) = check(&request, next_seq) {
                let _ = request.reply.send(Err(refused));
                continue;
            }
            let first_seq = next_seq;
            for record in &mut request.records {
                record.seq = next_seq;
                next_seq += 1;
                frame::push_record(&mut body, record);
            }
            let committed = Committed { first_seq, next_seq };
            accepted.push((request.reply, committed));
        }
        if accepted.is_empty() {
            return Ok(());
        }
        let count = (next_seq - self.head.next_seq) as u32;
        let outcome = self.write(&body, count);
        for (reply, committed) in accepted {
            let _ = reply.send(match &outcome {
                Ok(()) => Ok(committed),
                Err(error) => Err(error.clone()),
            });
        }
        match outcome {
            Err(AppendError::UnknownOutcome { why }) => Err(Closed(why)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Makes one frame durable.
    fn write(&mut self, body: &[u8], count: u32) -> Result<(), AppendError> {
        if self.durable_len >= self.segment_limit {
            self.rotate().or_else(|error| self.after_failure(&error))?;
        }
        let Head { next_seq, chain, epoch } = self.head;
        let (bytes, chain) = frame::encode(next_seq, count, epoch, chain, body);
        let written = self.file.write_at(self.durable_len, &bytes).and_then(|()| self.file.sync());
        written.or_else(|error| self.after_failure(&error))?;
        self.durable_len += bytes.len() as u64;
        self.head = Head { next_seq: next_seq + u64::from(count), chain, epoch };
        self.publish.send_replace(self.head);
        Ok(())
    }

    /// Disk full: back to the durable end, and on. Anything else: nobody knows what the disk holds.
    fn after_failure(&mut self, error: &io::Error) -> Result<(), AppendError> {
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            let back = self.file.truncate(self.durable_len).and_then(|()| self.file.sync());
            if back.is_ok() {
                return Err(AppendError::DiskFull);
            }
        }
        Err(AppendError::UnknownOutcome { why: error.to_string() })
    }

    /// Goes on in a new segment; the old one is whole and durable.
    fn rotate(&mut self) -> io::Result<()> {
        let header = SegmentHeader {
            log_id: self.log_id,
            first_seq: self.head.next_seq,
            created_ms: now_ms(),
            previous: self.head.chain,
        };
        self.file = create_segment(&self.storage, &header)?;
        self.durable_len = segment::HEADER_LEN as u64;
        Ok(())
    }
}

/// Takes as many waiting requests as fit into one frame.
fn gather(first: Request, requests: &Receiver<Request>) -> (Vec<Request>, Option<Request>) {
    let mut bytes = first.body_len();
    let mut gathered = vec![first];
    loop {
        match requests.try_recv() {
            Ok(request) if bytes + request.body_len() <= MAX_BODY => {
                bytes += request.body_len();
                gathered.push(request);
            }
            Ok(request) => return (gathered, Some(request)),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return (gathered, None),
        }
    }
}

fn check(request: &Request, next: u64) -> Result<(), AppendError> {
    match request.expect {
        Expect::Next(expected) if expected != next => Err(AppendError::Conflict { expected, next }),
        _ if request.body_len() > MAX_BODY => {
            Err(AppendError::TooLarge { bytes: request.body_len(), limit: MAX_BODY })
        }
        _ => Ok(()),
    }
}

/// Makes a segment that holds its header only; its name and content are durable afterwards.
pub(crate) fn create_segment<S: Storage>(
    storage: &S,
    header: &SegmentHeader,
) -> io::Result<S::File> {
    let name = segment::file_name(header.first_seq);
    let temporary = format!("{name}.new");
    let mut file = storage.create(&temporary)?;
    file.write_at(0, &header.to_bytes())?;
    file.sync()?;
    storage.rename(&temporary, &name)?;
    storage.sync_folder()?;
    Ok(file)
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
