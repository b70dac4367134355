//! What every log promises, run on a disk and in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use futures::StreamExt;
use futures::executor::block_on;
use sluice_log::storage::{FsStorage, MemoryStorage, Storage};
use sluice_log::{AppendError, EventLog, Expect, Log, OpenError, Options, Record};

fn record(text: &str) -> Record {
    let payload = text.as_bytes().to_vec();
    Record { seq: 0, time_us: 7, event_type: 5, schema_version: 1, payload }
}

fn append<S: Storage>(log: &Log<S>, texts: &[&str]) -> u64 {
    let records = texts.iter().map(|text| record(text)).collect();
    block_on(log.append(Expect::Any, records)).expect("it is durable").first_seq
}

fn texts<S: Storage>(log: &Log<S>, from: u64, to: Option<u64>) -> Vec<String> {
    block_on(log.read(from, to).map(|r| String::from_utf8(r.unwrap().payload).unwrap()).collect())
}

fn open<S: Storage>(storage: &S) -> Log<S> {
    Log::open(storage.clone(), Options::default()).expect("it opens")
}

/// Runs one promise on each kind of storage.
fn on_each(promise: impl Fn(&dyn Fn() -> AnyLog)) {
    let folder = tempfile::tempdir().unwrap();
    let disk = FsStorage::new(folder.path()).unwrap();
    promise(&|| AnyLog::Disk(disk.clone()));
    let memory = MemoryStorage::default();
    promise(&|| AnyLog::Memory(memory.clone()));
}

#[derive(Clone)]
enum AnyLog {
    Disk(FsStorage),
    Memory(MemoryStorage),
}

/// Calls a generic function with whichever storage it is.
macro_rules! with {
    ($any:expr, |$storage:ident| $body:expr) => {
        match $any {
            AnyLog::Disk($storage) => $body,
            AnyLog::Memory($storage) => $body,
        }
    };
}

#[test]
fn records_come_back_in_order_also_after_reopening() {
    on_each(|storage| {
        with!(storage(), |s| {
            let log = open(&s);
            assert_eq!(append(&log, &["a", "b"]), 0);
            assert_eq!(append(&log, &["c"]), 2);
            assert_eq!(log.head().next_seq, 3);
        });
        with!(storage(), |s| {
            let log = open(&s);
            assert_eq!(log.head().epoch, 2);
            assert_eq!(append(&log, &["d"]), 3);
            assert_eq!(texts(&log, 0, None), ["a", "b", "c", "d"]);
            assert_eq!(texts(&log, 1, Some(3)), ["b", "c"]);
            assert_eq!(texts(&log, 9, None), [""; 0]);
        });
    });
}

#[test]
fn an_expectation_that_does_not_hold_writes_nothing() {
    on_each(|storage| {
        with!(storage(), |s| {
            let log = open(&s);
            append(&log, &["a"]);
            let refused = block_on(log.append(Expect::Next(0), vec![record("x")]));
            assert_eq!(refused, Err(AppendError::Conflict { expected: 0, next: 1 }));
            let taken = block_on(log.append(Expect::Next(1), vec![record("b")]));
            assert_eq!(taken.unwrap().first_seq, 1);
            assert_eq!(texts(&log, 0, None), ["a", "b"]);
        });
    });
}

#[test]
fn a_batch_that_is_too_large_is_refused_and_the_log_goes_on() {
    on_each(|storage| {
        with!(storage(), |s| {
            let log = open(&s);
            let large = Record { payload: vec![0; 600 * 1024], ..record("") };
            let refused = block_on(log.append(Expect::Any, vec![large]));
            assert!(matches!(refused, Err(AppendError::TooLarge { .. })));
            append(&log, &["after"]);
            assert_eq!(texts(&log, 0, None), ["after"]);
        });
    });
}

#[test]
fn only_one_writer_at_a_time() {
    on_each(|storage| {
        with!(storage(), |s| {
            let log = open(&s);
            let second = Log::open(s.clone(), Options::default());
            let Err(OpenError::Locked { holder }) = second else { panic!("it is locked") };
            assert!(holder.contains("process"), "{holder}");
            drop(log);
            open(&s);
        });
    });
}

#[test]
fn many_segments_read_as_one() {
    on_each(|storage| {
        with!(storage(), |s| {
            let options = Options { segment_limit: 200, ..Options::default() };
            let log = Log::open(s.clone(), options).unwrap();
            let all: Vec<String> = (0..50).map(|i| format!("record {i}")).collect();
            for text in &all {
                append(&log, &[text]);
            }
            assert!(s.list("log").unwrap().len() > 5, "it was rotated");
            assert_eq!(texts(&log, 0, None), all);
            assert_eq!(texts(&log, 23, Some(31)), all[23..31]);
            drop(log);
            assert_eq!(texts(&open(&s), 0, None), all);
        });
    });
}

#[test]
fn producers_on_many_threads_lose_nothing_and_keep_their_own_order() {
    on_each(|storage| {
        with!(storage(), |s| {
            let log = open(&s);
            std::thread::scope(|scope| {
                for producer in 0..8 {
                    let log = &log;
                    scope.spawn(move || {
                        for i in 0..40 {
                            append(log, &[&format!("{producer} {i:03}")]);
                        }
                    });
                }
            });
            let all = texts(&log, 0, None);
            assert_eq!(all.len(), 320);
            for producer in 0..8 {
                let own: Vec<_> =
                    all.iter().filter(|t| t.starts_with(&producer.to_string())).collect();
                assert_eq!(own.len(), 40);
                assert!(own.is_sorted());
            }
        });
    });
}

#[test]
fn the_head_is_seen_when_it_is_durable() {
    on_each(|storage| {
        with!(storage(), |s| {
            let log = open(&s);
            let mut head = log.watch();
            append(&log, &["a", "b"]);
            assert!(head.has_changed().unwrap());
            assert_eq!(head.borrow_and_update().next_seq, 2);
        });
    });
}
