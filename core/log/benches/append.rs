//! How fast the log takes records in and gives them back. 'Durable' is the time of this disk's
//! `fdatasync` for the most part; an idle virtual machine makes it look much slower than a busy one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::StreamExt;
use futures::executor::block_on;
use sluice_log::storage::{FsStorage, MemoryStorage, Storage};
use sluice_log::{EventLog, Expect, Log, Options, Record};

const PAYLOAD: usize = 232;
const SCANNED: u64 = 100_000;

fn records(count: u64) -> Vec<Record> {
    let record =
        Record { seq: 0, time_us: 1, event_type: 5, schema_version: 1, payload: vec![7; PAYLOAD] };
    vec![record; count as usize]
}

fn filled<S: Storage>(storage: &S) {
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    for _ in 0..SCANNED / 1000 {
        block_on(log.append(Expect::Any, records(1000))).unwrap();
    }
}

/// A pause after which processor and disk have gone to rest.
const IDLE: Duration = Duration::from_millis(100);

/// How long something takes after a pause.
fn timed<T>(what: impl Fn() -> T, pause: Duration) -> Duration {
    thread::sleep(pause);
    let begun = Instant::now();
    let _ = what();
    begun.elapsed()
}

/// Keeps the disk busy: writes and syncs a mebibyte at a time.
struct OtherWriter {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl OtherWriter {
    fn start(folder: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (path, stopped) = (folder.join("other"), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut file = File::create(path).unwrap();
            while !stopped.load(Ordering::Relaxed) {
                file.rewind().unwrap();
                file.write_all(&vec![7; 1 << 20]).unwrap();
                file.sync_data().unwrap();
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for OtherWriter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    let memory = Log::open(MemoryStorage::default(), Options::default()).unwrap();
    group.throughput(Throughput::Elements(1000));
    group.bench_function("1000 records a batch, in memory", |b| {
        b.iter_batched(
            || records(1000),
            |batch| block_on(memory.append(Expect::Any, batch)).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let folder = tempfile::tempdir().unwrap();
    let disk = Log::open(FsStorage::new(folder.path()).unwrap(), Options::default()).unwrap();
    group.throughput(Throughput::Elements(1));
    let one = || block_on(disk.append(Expect::Any, records(1))).unwrap();
    group.bench_function("durable, one producer, one after the other", |b| b.iter(&one));
    group.sample_size(20);
    group.bench_function("durable, one producer, ten a second (idle machine)", |b| {
        b.iter_custom(|count| (0..count).map(|_| timed(one, IDLE)).sum());
    });
    group.bench_function("write and fdatasync alone, one after the other", |b| {
        let mut file = File::create(folder.path().join("alone")).unwrap();
        b.iter(|| {
            file.write_all(&[7; 304]).unwrap();
            file.sync_data().unwrap();
        });
    });
    let others = OtherWriter::start(folder.path());
    group.bench_function("durable, one producer, beside another writer (busy disk)", |b| {
        b.iter(one);
    });
    drop(others);
    group.throughput(Throughput::Elements(64 * 16));
    group.sample_size(10);
    group.bench_function("durable, 64 producers", |b| {
        b.iter(|| {
            thread::scope(|scope| {
                for _ in 0..64 {
                    scope.spawn(|| {
                        for _ in 0..16 {
                            block_on(disk.append(Expect::Any, records(1))).unwrap();
                        }
                    });
                }
            });
        });
    });
    group.finish();
}

fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("read");
    let storage = MemoryStorage::default();
    filled(&storage);
    group.throughput(Throughput::Elements(SCANNED)).sample_size(10);
    group.bench_function("open, checking everything", |b| {
        b.iter(|| drop(Log::open(storage.clone(), Options::default()).unwrap()));
    });
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    group.bench_function("scan", |b| {
        b.iter(|| block_on(log.read(0, None).map(|r| r.unwrap().payload.len()).count()));
    });
    group.finish();
}

criterion_group!(benches, append, read);
criterion_main!(benches);
