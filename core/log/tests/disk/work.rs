//! Work on a log, what of it was acknowledged, and what a log must hold afterwards.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::executor::block_on;
use sluice_log::head::HeadFile;
use sluice_log::storage::{MemoryStorage, Storage};
use sluice_log::{AppendError, EventLog, Expect, Log, OpenError, Options, Record};

use super::power_loss::Files;
use super::{Disk, Op};

const DEADLINE: Duration = Duration::from_mins(1);

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// Appends one batch of records with payloads of these lengths.
    Append(Vec<usize>),
    /// Closes the log and opens it again.
    Reopen,
}

/// A sequence of work.
#[derive(Clone, Debug)]
pub struct Script {
    pub segment_limit: u64,
    /// Whether `HEAD` is written after every batch, or only when it must be.
    pub eager_head: bool,
    pub steps: Vec<Step>,
}

impl Script {
    pub fn options(&self) -> Options {
        let head_after = if self.eager_head { Duration::ZERO } else { DEADLINE * 60 };
        Options { segment_limit: self.segment_limit, head_after, ..Options::default() }
    }
}

/// A payload that no other record has: its number, then filler.
pub fn record(number: u64, length: usize) -> Record {
    let mut payload = number.to_le_bytes().to_vec();
    payload.resize(length.max(8), number as u8 | 1);
    Record { seq: 0, time_us: number, event_type: 5, schema_version: 1, payload }
}

/// What was promised by when: after so many calls, the first so many records.
#[derive(Debug, Default)]
pub struct Promises {
    /// Records that a caller had handed in before this call.
    pub submitted: Vec<(usize, usize)>,
    /// Records whose append had been acknowledged after this call.
    pub acknowledged: Vec<(usize, usize)>,
    pub payloads: Vec<Vec<u8>>,
}

impl Promises {
    /// What a log may and must hold when the power goes after so many calls.
    pub fn at(&self, calls: usize) -> std::ops::RangeInclusive<usize> {
        let until = |list: &[(usize, usize)]| {
            list.iter().take_while(|(at, _)| *at <= calls).last().map_or(0, |(_, count)| *count)
        };
        until(&self.acknowledged)..=until(&self.submitted)
    }
}

/// Does the work on a disk that does not fail.
pub fn run(script: &Script, disk: &Disk, before: &[Vec<u8>]) -> Promises {
    let kept = (0, before.len());
    let mut promises =
        Promises { submitted: vec![kept], acknowledged: vec![kept], payloads: before.to_vec() };
    let mut log = Some(Log::open(disk.clone(), script.options()).expect("it opens"));
    for step in &script.steps {
        match step {
            Step::Reopen => {
                drop(log.take());
                log = Some(Log::open(disk.clone(), script.options()).expect("it opens again"));
            }
            Step::Append(lengths) => {
                let begin = disk.journal_len();
                let number = promises.payloads.len() as u64;
                let records: Vec<Record> =
                    lengths.iter().zip(number..).map(|(length, n)| record(n, *length)).collect();
                promises.payloads.extend(records.iter().map(|record| record.payload.clone()));
                let count = promises.payloads.len();
                promises.submitted.push((begin, count));
                let log = log.as_ref().expect("it is open");
                block_on(log.append(Expect::Any, records)).expect("it is durable");
                if script.eager_head {
                    wait_for_head(disk, count as u64);
                }
                promises.acknowledged.push((acknowledged_by(disk, begin), count));
            }
        }
    }
    promises
}

/// The earliest moment at which the batch that was appended after `begin` can have been
/// acknowledged: behind the last sync of a segment.
fn acknowledged_by(disk: &Disk, begin: usize) -> usize {
    let is_sync =
        |op: &Op| matches!(op, Op::Sync { file } if disk.made_as(*file).starts_with("log/"));
    let journal = disk.journal();
    let last = journal.iter().enumerate().skip(begin).rfind(|(_, op)| is_sync(op));
    last.expect("a batch was synced").0 + 1
}

fn wait_for_head(disk: &Disk, next_seq: u64) {
    let since = Instant::now();
    loop {
        let files = disk.files();
        let head = files.get("HEAD").map(|bytes| HeadFile::from_bytes(bytes));
        if head.is_some_and(|head| head.known().is_some_and(|end| end.next_seq == next_seq)) {
            return;
        }
        assert!(since.elapsed() < DEADLINE, "HEAD was never written");
        std::thread::yield_now();
    }
}

/// These files in memory.
pub fn in_memory(files: &Files) -> MemoryStorage {
    let storage = MemoryStorage::default();
    for (name, content) in files {
        storage.overwrite(name, content.clone());
    }
    storage
}

/// The payloads of a log's records.
pub fn payloads<S: Storage>(log: &Log<S>) -> Vec<Vec<u8>> {
    block_on(log.read(0, None).map(|record| record.expect("it can be read").payload).collect())
}

/// Opens what is left, and checks the promise: everything acknowledged is there, nothing that nobody
/// submitted, in order. Gives the records that are there.
///
/// # Errors
/// How the promise was broken.
pub fn keeps_its_promise(
    files: &Files,
    options: Options,
    promises: &Promises,
    calls: usize,
) -> Result<usize, String> {
    let storage = in_memory(files);
    let before = bytes_in(&storage);
    let log = Log::open(storage.clone(), options).map_err(|error| format!("refused: {error}"))?;
    if before != bytes_in(&storage) {
        return Err("bytes were cut off and not kept".to_owned());
    }
    let there = payloads(&log);
    let allowed = promises.at(calls);
    if !allowed.contains(&there.len()) {
        return Err(format!("{} records, and {allowed:?} are allowed", there.len()));
    }
    if there != promises.payloads[..there.len()] {
        return Err("records changed or were re-ordered".to_owned());
    }
    if log.recovery().head_was_lost {
        return Err("HEAD was lost".to_owned());
    }
    let added = record(u64::MAX, 20);
    block_on(log.append(Expect::Next(there.len() as u64), vec![added.clone()]))
        .map_err(|error| format!("it does not go on: {error}"))?;
    drop(log);
    let again = Log::open(storage, options).map_err(|error| format!("refused later: {error}"))?;
    if again.recovery().torn.is_some() || payloads(&again)[there.len()..] != [added.payload] {
        return Err("it is not whole after it went on".to_owned());
    }
    Ok(there.len())
}

/// Bytes of records, wherever they are kept.
fn bytes_in(storage: &MemoryStorage) -> usize {
    let listed = ["log", "quarantine"].map(|folder| storage.list(folder).unwrap());
    let kept = |name: &&String| name.strip_suffix(".new").is_none();
    let names: Vec<_> = listed.iter().flatten().filter(kept).collect();
    let headers = names.iter().filter(|name| name.starts_with("log/")).count() * 80;
    names.iter().map(|name| storage.read(name).unwrap().len()).sum::<usize>() - headers
}

/// What appending said, in the order of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Durable,
    /// It was refused, and is not there.
    NotSaved,
    Unknown,
}

impl Said {
    pub fn of<T>(outcome: &Result<T, AppendError>) -> Self {
        match outcome {
            Ok(_) => Self::Durable,
            Err(AppendError::UnknownOutcome { .. }) => Self::Unknown,
            Err(_) => Self::NotSaved,
        }
    }
}

/// Opens a log, or says in words why not.
pub fn open(disk: &Disk, options: Options) -> Result<Log<Disk>, OpenError> {
    Log::open(disk.clone(), options)
}
