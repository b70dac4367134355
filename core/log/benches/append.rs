//! How fast the log takes records in and gives them back. 'Durable' is the time of this disk's
//! `fdatasync` for the most part; an idle virtual machine makes it look much slower than a busy one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

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
    group.bench_function("durable, one producer", |b| {
        b.iter(|| block_on(disk.append(Expect::Any, records(1))).unwrap());
    });
    group.throughput(Throughput::Elements(64 * 16));
    group.sample_size(10);
    group.bench_function("durable, 64 producers", |b| {
        b.iter(|| {
            std::thread::scope(|scope| {
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
