//! Damage is refused and named; only what nobody was promised is cut off, and kept. Every bit and every
//! length of a log of three segments.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod disk;

use std::io::ErrorKind;
use std::time::Duration;

use disk::power_loss::Files;
use disk::work::{in_memory, payloads, record};
use disk::{Disk, Fault};
use futures::StreamExt;
use futures::executor::block_on;
use sluice_log::head::SLOT_LEN;
use sluice_log::storage::{FolderLock, MemoryStorage, Storage};
use sluice_log::{
    EventLog, Expect, Log, OpenError, Options, ReadError, SnapshotCache, SnapshotFolder,
};

const RECORDS: u64 = 7;
const LAST: &str = "log/00000000000000000006.log";

/// `HEAD` only where it must be.
fn options() -> Options {
    Options { segment_limit: 300, head_after: Duration::from_hours(1), ..Options::default() }
}

/// A log of seven records in three segments. Closed, or as a killed process leaves it: `HEAD` knows
/// nothing of the last record then.
fn three_segments(closed: bool) -> Files {
    let disk = Disk::default();
    let log = Log::open(disk.clone(), options()).unwrap();
    for number in 0..RECORDS {
        block_on(log.append(Expect::Any, vec![record(number, 20)])).unwrap();
    }
    let killed = disk.files();
    drop(log);
    let files = if closed { disk.files() } else { killed };
    assert_eq!(files.keys().filter(|name| name.starts_with("log/")).count(), 3);
    files
}

fn log_files(files: &Files) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    files.iter().filter(|(name, _)| name.starts_with("log/"))
}

fn refused(files: &Files) -> OpenError {
    let storage = in_memory(files);
    let Err(error) = Log::open(storage.clone(), options()) else { panic!("it is opened") };
    for (name, content) in files {
        assert_eq!(&storage.read(name).unwrap(), content, "a refusal changes nothing");
    }
    assert!(storage.list("quarantine").unwrap().is_empty());
    error
}

/// The same, opened once more: its sealed segments are known to have been whole.
fn proven() -> Files {
    let disk = Disk::holding(&three_segments(true));
    drop(Log::open(disk.clone(), options()).unwrap());
    let files = disk.files();
    assert!(files.contains_key("snapshots/proven-segments"));
    files
}

#[test]
fn every_flipped_bit_of_a_closed_log_is_refused() {
    refuses_every_flipped_bit(&three_segments(true));
}

#[test]
fn every_flipped_bit_of_a_log_that_was_proven_before_is_refused() {
    refuses_every_flipped_bit(&proven());
}

/// A proof that is not whole, or of another log, proves nothing and does no harm.
#[test]
fn no_flipped_bit_of_a_proof_hides_damage_or_stops_the_log() {
    let whole = proven();
    let name = "snapshots/proven-segments";
    let mut other = three_segments(true);
    other.insert(name.to_owned(), whole[name].clone());
    assert_eq!(payloads(&Log::open(in_memory(&other), options()).unwrap()).len() as u64, RECORDS);
    for bit in 0..whole[name].len() * 8 {
        let mut files = whole.clone();
        files.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8);
        let log = Log::open(in_memory(&files), options()).expect("the log is whole");
        assert_eq!(payloads(&log).len() as u64, RECORDS);
        files.get_mut("log/00000000000000000003.log").unwrap()[100] ^= 1;
        refused(&files);
    }
}

fn refuses_every_flipped_bit(whole: &Files) {
    let mut bits = 0;
    for (name, content) in log_files(whole) {
        for bit in 0..content.len() * 8 {
            let mut files = whole.clone();
            files.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8);
            match refused(&files) {
                OpenError::Damaged(damage) => {
                    assert!(damage.offset as usize <= bit / 8 || damage.file != *name);
                }
                other => panic!("{name}, bit {bit}: {other}"),
            }
            bits += 1;
        }
    }
    println!("{bits} bits, all refused");
}

#[test]
fn every_flipped_bit_of_a_log_whose_last_write_is_unproven() {
    let whole = three_segments(false);
    let last_batch = 80;
    for (name, content) in log_files(&whole) {
        for bit in 0..content.len() * 8 {
            let mut files = whole.clone();
            files.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8);
            if name != LAST || bit / 8 < last_batch {
                refused(&files);
                continue;
            }
            let storage = in_memory(&files);
            let log = Log::open(storage.clone(), options()).unwrap();
            assert_eq!(payloads(&log).len() as u64, RECORDS - 1);
            let torn = log.recovery().torn.clone().expect("it is told");
            assert_eq!((torn.file.as_str(), torn.offset as usize), (LAST, last_batch));
            assert_eq!(storage.read(&torn.kept_in).unwrap(), files[LAST][last_batch..]);
        }
    }
}

#[test]
fn every_length_of_every_segment() {
    for closed in [true, false] {
        let whole = three_segments(closed);
        let mut lengths = 0;
        for (name, content) in log_files(&whole) {
            for length in 0..content.len() {
                let mut files = whole.clone();
                files.get_mut(name).unwrap().truncate(length);
                let torn_only = !closed && name == LAST && length >= 80;
                if torn_only {
                    let log = Log::open(in_memory(&files), options()).unwrap();
                    assert_eq!(payloads(&log).len() as u64, RECORDS - 1);
                    assert_eq!(log.recovery().torn.is_some(), length > 80);
                } else {
                    refused(&files);
                }
                lengths += 1;
            }
        }
        println!("{lengths} lengths");
    }
}

/// A slot that is not whole is what a loss of power leaves: the other one serves.
#[test]
fn no_flipped_bit_of_head_loses_a_record_or_stops_the_log() {
    for closed in [true, false] {
        let whole = three_segments(closed);
        for bit in 0..whole["HEAD"].len() * 8 {
            let in_slot = bit / 8 % 4096 < SLOT_LEN;
            if !in_slot && bit % 997 != 0 {
                continue;
            }
            let mut files = whole.clone();
            files.get_mut("HEAD").unwrap()[bit / 8] ^= 1 << (bit % 8);
            let log = Log::open(in_memory(&files), options()).expect("the log is whole");
            assert_eq!(payloads(&log).len() as u64, RECORDS);
            assert_eq!(log.recovery().torn, None);
            assert_eq!(log.recovery().head_slot_was_lost, in_slot, "bit {bit} is noticed");
        }
    }
}

#[test]
fn a_head_that_is_gone_or_rubbish_is_told_and_made_anew() {
    for content in [None, Some(Vec::new()), Some(vec![0x5a; 9000])] {
        let mut files = three_segments(true);
        files.remove("HEAD");
        files.extend(content.map(|content| ("HEAD".to_owned(), content)));
        let storage = in_memory(&files);
        let log = Log::open(storage.clone(), options()).unwrap();
        assert!(log.recovery().head_was_lost);
        assert_eq!(payloads(&log).len() as u64, RECORDS);
        drop(log);
        assert!(!Log::open(storage, options()).unwrap().recovery().head_was_lost);
    }
}

#[test]
fn damage_says_where_and_what_is_lost() {
    let mut files = three_segments(true);
    files.get_mut("log/00000000000000000000.log").unwrap()[80 + 60] ^= 0xff;
    let OpenError::Damaged(damage) = refused(&files) else { panic!("it is damage") };
    assert_eq!((damage.offset, damage.lost_from, damage.lost_to), (80, 0, Some(1)));
    let text = damage.to_string();
    assert!(text.contains("log/00000000000000000000.log is damaged at byte 80"), "{text}");
    assert!(text.contains("record 0 is lost"), "{text}");
}

#[test]
fn every_segment_is_missed() {
    for (gone, from, to) in [(0, 0, 3), (3, 3, 6), (6, 6, 7)] {
        let mut files = three_segments(true);
        let name = format!("log/{gone:020}.log");
        files.remove(&name).unwrap();
        let error = refused(&files);
        assert!(
            matches!(&error, OpenError::Missing { file, from: f, to: t } if *file == name && (*f, *t) == (from, to)),
            "{error:?}"
        );
        assert!(error.next_step("S").contains("sluice log salvage 'S' --to NEW"));
    }
    let mut files = three_segments(true);
    files.retain(|name, _| !name.starts_with("log/"));
    assert!(matches!(refused(&files), OpenError::Missing { from: 0, to: 7, .. }));
}

/// `HEAD` is made after the first segment: without one, something is missing.
#[test]
fn a_head_without_segments_is_no_new_log() {
    let disk = Disk::default();
    let log = Log::open(disk.clone(), options()).unwrap();
    block_on(log.append(Expect::Any, vec![record(0, 20)])).unwrap();
    let head = disk.files()["HEAD"].clone();
    for content in [head, vec![0x5a; 9000]] {
        let files = Files::from([("HEAD".to_owned(), content)]);
        let error = refused(&files);
        assert!(matches!(error, OpenError::Missing { from: 0, to: 0, .. }), "{error}");
    }
}

/// What a newer program's batches look like is not taken for a torn write.
#[test]
fn a_batch_with_unknown_flags_is_of_a_newer_program() {
    let mut files = three_segments(false);
    let content = files.get_mut(LAST).unwrap();
    content[80 + 20] = 1;
    let sum = crc32c::crc32c(&content[80..80 + 52]);
    content[80 + 52..80 + 56].copy_from_slice(&sum.to_le_bytes());
    let error = refused(&files);
    assert!(matches!(&error, OpenError::Newer { file, .. } if file == LAST), "{error}");
}

/// A torn end is told by the first opening that comes to its end, not only by the one that cut it off.
#[test]
fn a_cut_is_told_even_if_the_opening_that_made_it_failed() {
    let mut files = three_segments(false);
    let whole = files[LAST].clone();
    files.insert(LAST.to_owned(), whole[..whole.len() - 3].to_vec());
    let calm = Disk::holding(&files);
    drop(Log::open(calm.clone(), options()).unwrap());
    let mut told_late = 0;
    for call in 0..calm.calls() {
        let disk = Disk::holding(&files);
        disk.fail(call, Fault::Once(ErrorKind::Other));
        if Log::open(disk.clone(), options()).is_ok() {
            continue;
        }
        let cut = disk.files()[LAST].len() == 80;
        let log = Log::open(disk.clone(), options()).unwrap();
        let torn = log.recovery().torn.clone().expect("it is told");
        assert_eq!(disk.files()[&torn.kept_in], whole[80..whole.len() - 3]);
        drop(log);
        assert_eq!(Log::open(disk, options()).unwrap().recovery().torn, None, "once");
        told_late += u32::from(cut);
    }
    assert!(told_late > 0);
}

/// Files that vanish or shrink while the log is open are noticed by whoever reads.
#[test]
fn reading_notices_what_is_not_there_any_more() {
    for name in ["log/00000000000000000000.log", "log/00000000000000000003.log", LAST] {
        let storage = in_memory(&three_segments(true));
        let log = Log::open(storage.clone(), options()).unwrap();
        let shorter = storage.read(name).unwrap()[..80].to_vec();
        storage.overwrite(name, shorter);
        assert_reads_badly(&log);
        storage.remove(name).unwrap();
        assert_reads_badly(&log);
    }
}

fn assert_reads_badly(log: &Log<MemoryStorage>) {
    let read: Vec<_> = block_on(log.read(0, None).collect());
    assert!(matches!(read.last(), Some(Err(ReadError::Missing { .. }))), "{read:?}");
    assert_eq!(read.iter().filter(|record| record.is_err()).count(), 1);
}

#[test]
fn what_does_not_belong_to_the_log_is_named() {
    let mut files = three_segments(true);
    files.insert("log/notes.txt".to_owned(), b"hello".to_vec());
    let error = refused(&files);
    assert!(
        matches!(&error, OpenError::Foreign { file, .. } if file == "log/notes.txt"),
        "{error}"
    );

    // A segment of another log that would fit in, and another log's HEAD.
    for name in [LAST, "HEAD"] {
        let mut files = three_segments(true);
        files.insert(name.to_owned(), three_segments(true)[name].clone());
        let error = refused(&files);
        assert!(matches!(&error, OpenError::Foreign { file, .. } if file == name), "{error}");
    }
    let mut files = three_segments(true);
    files.insert("log/.DS_Store".to_owned(), b"a file manager was here".to_vec());
    Log::open(in_memory(&files), options()).expect("hidden files do no harm");
}

/// Somebody put an older state of the log folder back, and went on in it: the chain tells.
#[test]
fn another_history_of_the_same_log_is_refused() {
    let mut files = three_segments(true);
    let storage = in_memory(&files);
    let mut older = files.clone();
    older.remove(LAST);
    older.remove("HEAD");
    let other = in_memory(&older);
    let log = Log::open(other.clone(), options()).unwrap();
    block_on(log.append(Expect::Any, vec![record(99, 20)])).unwrap();
    drop(log);
    assert!(storage.read(LAST).is_ok());
    files.insert(LAST.to_owned(), other.read(LAST).unwrap());
    let error = refused(&files);
    assert!(error.to_string().contains("another history"), "{error}");
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    for (name, at, checked) in [("log/00000000000000000000.log", 0, 76), ("HEAD", 4096, 92)] {
        let mut files = three_segments(true);
        let content = &mut files.get_mut(name).unwrap()[at..];
        content[8..10].copy_from_slice(&9_u16.to_le_bytes());
        let sum = crc32c::crc32c(&content[..checked]);
        content[checked..checked + 4].copy_from_slice(&sum.to_le_bytes());
        let error = refused(&files);
        assert!(matches!(&error, OpenError::Newer { found: 9, known: 1, .. }), "{name}: {error}");
        assert!(error.next_step("S").contains("newer sluice"));
    }
}

#[test]
fn what_is_kept_of_torn_ends_is_never_replaced() {
    let mut files = three_segments(false);
    let whole = files[LAST].clone();
    let mut kept = Vec::new();
    for _ in 0..3 {
        files.insert(LAST.to_owned(), whole[..whole.len() - 3].to_vec());
        let storage = in_memory(&files);
        let log = Log::open(storage.clone(), options()).unwrap();
        kept.push(log.recovery().torn.clone().unwrap().kept_in);
        for name in storage.list("quarantine").unwrap() {
            files.insert(name.clone(), storage.read(&name).unwrap());
        }
    }
    kept.dedup();
    assert_eq!(kept.len(), 3, "{kept:?}");
}

/// A cache that does not fit is as good as none, whatever is wrong with it.
#[test]
fn a_snapshot_serves_only_the_log_that_it_was_made_of() {
    const VERSION: u32 = 3;
    let storage = in_memory(&three_segments(true));
    let log = Log::open(storage.clone(), options()).unwrap();
    SnapshotFolder::new(storage.clone()).keep(VERSION, log.place(), b"the state").unwrap();
    assert!(log.was_at(&log.place()));
    drop(log);
    let name = storage.list("snapshots").unwrap().remove(0);
    let newest = |storage: &MemoryStorage, version| {
        let found = SnapshotFolder::new(storage.clone()).newest(version)?;
        let log = Log::open(storage.clone(), options()).unwrap();
        let fits = log.was_at(&found.place);
        fits.then(|| (found.place.next_seq, found.payload().to_vec()))
    };
    assert_eq!(newest(&storage, VERSION), Some((RECORDS, b"the state".to_vec())));
    assert_eq!(newest(&storage, VERSION + 1), None, "another version of the projection");
    let whole = storage.read(&name).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        storage.overwrite(&name, flipped);
        assert_eq!(newest(&storage, VERSION), None, "bit {bit}");
    }
    for length in 0..whole.len() {
        storage.overwrite(&name, whole[..length].to_vec());
        assert_eq!(newest(&storage, VERSION), None, "length {length}");
    }
    // It serves later on, too, and not another log of the same length.
    storage.overwrite(&name, whole.clone());
    let log = Log::open(storage.clone(), options()).unwrap();
    block_on(log.append(Expect::Any, vec![record(50, 20)])).unwrap();
    drop(log);
    assert_eq!(newest(&storage, VERSION).map(|found| found.0), Some(RECORDS));
    let other = in_memory(&three_segments(true));
    other.overwrite(&name, whole);
    assert_eq!(newest(&other, VERSION), None, "another log");
}

#[test]
fn a_memory_lock_can_be_closed() {
    let storage = MemoryStorage::default();
    let taken = storage.lock().unwrap();
    assert!(storage.lock().is_err());
    taken.lock.close().unwrap();
    storage.lock().unwrap();
}
