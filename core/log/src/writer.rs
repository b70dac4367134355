//! The one thread that writes. It gathers the batches that wait into one frame, writes it, waits for
//! `fdatasync`, and only then answers (group commit).

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{oneshot, watch};

use crate::boundary::{Committed, Expect, Head, Options};
use crate::error::AppendError;
use crate::frame::{self, MAX_BODY, Record};
use crate::head::{self, DurableEnd};
use crate::segment::{self, SegmentHeader};
use crate::storage::{self, FolderLock, Storage, StorageFile};

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
    pub lock: S::Lock,
    /// The last segment; its length is `end.offset`.
    pub file: S::File,
    pub head_file: S::File,
    /// What is durable. Its generation is that of the newest slot of `HEAD`.
    pub end: DurableEnd,
    pub publish: watch::Sender<Head>,
    pub options: Options,
    /// Since when `HEAD` knows less than is durable.
    pub behind_since: Option<Instant>,
    /// Whether a loss of power would keep the last segment's name.
    pub named: bool,
}

impl<S: Storage> Writer<S> {
    /// Writes until every sender is gone.
    pub fn run(mut self, requests: &Receiver<Request>) {
        let mut held_over = None;
        let closed = loop {
            let mut done = self.write_head_when_due();
            if done.is_ok() {
                let first = match held_over.take() {
                    Some(request) => Ok(request),
                    None => self.wait(requests),
                };
                match first {
                    Ok(first) => {
                        let (gathered, left) = gather(first, requests);
                        held_over = left;
                        done = self.commit(gathered);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return self.close(),
                }
            }
            if let Err(Closed(why)) = done {
                break why;
            }
        };
        while let Some(request) = held_over.take().or_else(|| requests.recv().ok()) {
            let _ = request.reply.send(Err(AppendError::Closed { why: closed.clone() }));
        }
    }

    /// The next request, or the time for `HEAD`.
    fn wait(&self, requests: &Receiver<Request>) -> Result<Request, RecvTimeoutError> {
        match self.behind_since {
            None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(since) => {
                requests.recv_timeout(self.options.head_after.saturating_sub(since.elapsed()))
            }
        }
    }

    fn commit(&mut self, gathered: Vec<Request>) -> Result<(), Closed> {
        let mut body = Vec::new();
        let mut next_seq = self.end.next_seq;
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
        let count = (next_seq - self.end.next_seq) as u32;
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
        if self.end.offset >= self.options.segment_limit {
            self.rotate()?;
        }
        if !self.named {
            self.make_name_durable()?;
        }
        let DurableEnd { next_seq, chain, epoch, offset, .. } = self.end;
        let (bytes, chain) = frame::encode(next_seq, count, epoch, chain, body);
        let written = storage::write_all(&mut self.file, offset, &bytes)
            .and_then(|()| storage::sync(&mut self.file));
        if let Err(error) = written {
            return Err(self.after_failure(&error));
        }
        self.end.offset += bytes.len() as u64;
        self.end.next_seq += u64::from(count);
        self.end.chain = chain;
        self.behind_since.get_or_insert_with(Instant::now);
        let DurableEnd { next_seq, chain, epoch, .. } = self.end;
        self.publish.send_replace(Head { next_seq, chain, epoch });
        Ok(())
    }

    /// Disk full: back to the durable end, and on. Anything else: nobody knows what the disk holds.
    fn after_failure(&mut self, error: &io::Error) -> AppendError {
        if is_full(error) {
            let back = self.file.truncate(self.end.offset);
            if back.and_then(|()| storage::sync(&mut self.file)).is_ok() {
                return AppendError::DiskFull;
            }
        }
        AppendError::UnknownOutcome { why: error.to_string() }
    }

    /// Goes on in a new segment; the old one is whole and durable.
    fn rotate(&mut self) -> Result<(), AppendError> {
        let header = SegmentHeader {
            log_id: self.end.log_id,
            first_seq: self.end.next_seq,
            created_ms: now_ms(),
            previous: self.end.chain,
        };
        // The name is there, perhaps not durably: there is no way back to the old segment.
        self.file = name_segment(&self.storage, &header).map_err(|error| without_trace(&error))?;
        self.end.segment = header.first_seq;
        self.end.offset = segment::HEADER_LEN as u64;
        self.named = false;
        Ok(())
    }

    fn make_name_durable(&mut self) -> Result<(), AppendError> {
        self.storage.sync_folder("log").map_err(|error| without_trace(&error))?;
        self.named = true;
        self.write_head().map_err(|Closed(why)| AppendError::UnknownOutcome { why })
    }

    fn write_head_when_due(&mut self) -> Result<(), Closed> {
        match self.behind_since {
            Some(since) if since.elapsed() >= self.options.head_after => self.write_head(),
            _ => Ok(()),
        }
    }

    /// `HEAD` says what is durable. Where there is no room for it, it goes on knowing less.
    fn write_head(&mut self) -> Result<(), Closed> {
        let end = DurableEnd { generation: self.end.generation.saturating_add(1), ..self.end };
        match head::write(&mut self.head_file, end) {
            Ok(()) => {
                self.end = end;
                self.behind_since = None;
                Ok(())
            }
            Err(error) if is_full(&error) => {
                self.behind_since = Some(Instant::now());
                Ok(())
            }
            Err(error) => Err(Closed(error.to_string())),
        }
    }

    fn close(mut self) {
        if self.behind_since.is_some() && self.write_head().is_err() {
            return;
        }
        // Without this note the next one takes it for an interruption, which does no harm.
        let _ = self.lock.close();
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A failure before anything of the batch was written: a full disk may have room again.
fn without_trace(error: &io::Error) -> AppendError {
    if is_full(error) {
        return AppendError::DiskFull;
    }
    AppendError::UnknownOutcome { why: error.to_string() }
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
    let file = name_segment(storage, header)?;
    storage.sync_folder("log")?;
    Ok(file)
}

/// Makes a segment whose content is durable and whose name is not yet. If this fails, there is none.
fn name_segment<S: Storage>(storage: &S, header: &SegmentHeader) -> io::Result<S::File> {
    let name = segment::file_name(header.first_seq);
    let temporary = format!("{name}.new");
    let mut file = storage.create(&temporary)?;
    storage::write_all(&mut file, 0, &header.to_bytes())?;
    storage::sync(&mut file)?;
    storage.rename(&temporary, &name)?;
    Ok(file)
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
