//! What is whole of a damaged log is rescued, with its numbers, and the damaged one stays as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod disk;

use std::time::Duration;

use disk::Disk;
use disk::power_loss::Files;
use disk::work::{in_memory, payloads, record};
use futures::executor::block_on;
use sluice_log::storage::{MemoryStorage, Storage};
use sluice_log::{
    EventLog, Expect, Log, Lost, OpenError, Options, Record, Rescue, SalvageError, salvage,
};

const RECORDS: u64 = 12;

fn options() -> Options {
    Options { segment_limit: 300, head_after: Duration::from_hours(1), ..Options::default() }
}

/// Twelve records, one a batch, in four segments.
fn whole() -> Files {
    let disk = Disk::default();
    let log = Log::open(disk.clone(), options()).unwrap();
    for number in 0..RECORDS {
        block_on(log.append(Expect::Any, vec![record(number, 20)])).unwrap();
    }
    drop(log);
    disk.files()
}

fn filler() -> Record {
    Record { seq: 0, time_us: 0, event_type: 14, schema_version: 1, payload: Vec::new() }
}

/// What was rescued, and the payload at each number; none where it was lost.
fn rescued(files: &Files) -> (Rescue, Vec<Option<Vec<u8>>>) {
    let (from, to) = (in_memory(files), MemoryStorage::default());
    let rescue = salvage(&from, &to, &filler()).unwrap();
    for (name, content) in files {
        assert_eq!(&from.read(name).unwrap(), content, "the original is as it was");
    }
    let log = Log::open(to, options()).expect("the new log is whole");
    let payloads = payloads(&log);
    (rescue, payloads.into_iter().map(|p| Some(p).filter(|p| !p.is_empty())).collect())
}

/// Each record is where it was, or is said to be lost.
fn check(rescue: &Rescue, there: &[Option<Vec<u8>>]) {
    let lost = |seq: u64| rescue.lost.iter().any(|lost| (lost.from..lost.to).contains(&seq));
    for (seq, payload) in (0..).zip(there) {
        match payload {
            Some(payload) => assert_eq!(*payload, record(seq, 20).payload, "record {seq}"),
            None => assert!(lost(seq), "record {seq} is silently gone"),
        }
    }
    assert_eq!(rescue.whole as usize, there.iter().flatten().count());
}

fn segments(files: &Files) -> Vec<String> {
    files.keys().filter(|name| name.starts_with("log/")).cloned().collect()
}

#[test]
fn a_whole_log_is_rescued_whole() {
    let (rescue, there) = rescued(&whole());
    assert_eq!(rescue, Rescue { whole: RECORDS, end_is_known: true, ..Rescue::default() });
    check(&rescue, &there);
}

#[test]
fn a_damaged_byte_costs_its_own_batch_only() {
    let files = whole();
    for name in segments(&files) {
        for at in 0..files[&name].len() {
            let mut damaged = files.clone();
            damaged.get_mut(&name).unwrap()[at] ^= 0x40;
            let (rescue, there) = rescued(&damaged);
            check(&rescue, &there);
            assert_eq!(there.len() as u64, RECORDS, "{name}, byte {at}");
            let lost = u64::from(at >= 80);
            assert_eq!(rescue.whole, RECORDS - lost, "{name}, byte {at}: {rescue:?}");
        }
    }
}

#[test]
fn a_missing_segment_costs_its_own_records_only() {
    let files = whole();
    for name in segments(&files) {
        let mut damaged = files.clone();
        damaged.remove(&name);
        let (rescue, there) = rescued(&damaged);
        check(&rescue, &there);
        assert_eq!((there.len() as u64, rescue.whole), (RECORDS, RECORDS - 3));
        assert_eq!(rescue.lost.len(), 1);
        assert!(rescue.lost[0].why.contains("missing"), "{rescue:?}");
    }
}

#[test]
fn every_length_of_every_segment_is_rescued_as_far_as_it_goes() {
    let files = whole();
    for name in segments(&files) {
        for length in 0..files[&name].len() {
            let mut damaged = files.clone();
            damaged.get_mut(&name).unwrap().truncate(length);
            let (rescue, there) = rescued(&damaged);
            check(&rescue, &there);
            assert_eq!(there.len() as u64, RECORDS, "{name}, {length}");
            assert!(rescue.whole >= RECORDS - 3);
        }
    }
}

#[test]
fn a_torn_end_is_not_called_lost() {
    let mut files = whole();
    let last = segments(&files).pop().unwrap();
    let content = files.get_mut(&last).unwrap();
    content.extend_from_slice(&[0x5a; 40]);
    let (rescue, there) = rescued(&files);
    assert_eq!((rescue.lost.clone(), rescue.torn_bytes), (Vec::new(), 40));
    check(&rescue, &there);
}

#[test]
fn nothing_is_taken_from_another_history() {
    let files = whole();
    let last = segments(&files).pop().unwrap();
    let mut older = files.clone();
    older.remove(&last);
    older.remove("HEAD");
    let other = in_memory(&older);
    let log = Log::open(other.clone(), options()).unwrap();
    for _ in 0..2 {
        block_on(log.append(Expect::Any, vec![record(77, 20)])).unwrap();
    }
    drop(log);
    // The third segment is of the other history now, or rather the fourth: what chains is taken.
    let mut mixed = files.clone();
    mixed.insert(last.clone(), other.read(&last).unwrap());
    mixed.insert("HEAD".to_owned(), other.read("HEAD").unwrap());
    let (rescue, _) = rescued(&mixed);
    assert_eq!(rescue.whole, RECORDS - 3 + 2, "it is whole, only another one");
    // HEAD knows the first history: what it vouches for is taken, no more.
    mixed.insert("HEAD".to_owned(), files["HEAD"].clone());
    mixed.remove(&last);
    let (rescue, _) = rescued(&mixed);
    assert_eq!((rescue.whole, rescue.lost[0].to), (RECORDS - 3, RECORDS));

    let mut bytes = files[&last].clone();
    // A batch of the same numbers with a valid checksum that does not continue the chain.
    let forged = sluice_log::frame::encode(9, 1, 1, sluice_log::Chain::default(), &[0; 16]).0;
    bytes.truncate(80);
    bytes.extend(forged);
    mixed.insert(last, bytes);
    mixed.insert("HEAD".to_owned(), files["HEAD"].clone());
    let (rescue, there) = rescued(&mixed);
    check(&rescue, &there);
    assert_eq!(rescue.whole, RECORDS - 3);
    let why = "the end of the log is missing".to_owned();
    assert_eq!(rescue.lost, [Lost { from: 9, to: RECORDS, why }]);
    assert!(rescue.remarks[0].contains("another history"), "{rescue:?}");
    assert!(!rescue.is_complete());
}

/// Where nothing is left, that is said: the numbers that HEAD knows are lost.
#[test]
fn a_log_without_any_whole_segment_is_lost_as_a_whole() {
    let files = whole();
    let mut none = files.clone();
    none.retain(|name, _| name == "HEAD");
    let mut empty = files.clone();
    for name in segments(&files) {
        empty.insert(name, Vec::new());
    }
    for damaged in [none, empty] {
        let (rescue, there) = rescued(&damaged);
        check(&rescue, &there);
        assert_eq!(
            (rescue.whole, rescue.lost[0].from, rescue.lost.last().unwrap().to),
            (0, 0, RECORDS)
        );
    }
}

#[test]
fn a_stray_file_is_left_out() {
    let mut files = whole();
    files.insert("log/notes.txt".to_owned(), b"hello".to_vec());
    files.insert("log/more.txt".to_owned(), b"hello".to_vec());
    let (rescue, _) = rescued(&files);
    assert_eq!((rescue.whole, rescue.remarks.len()), (RECORDS, 2));
    let Err(error) = Log::open(in_memory(&files), options()) else { panic!("it is opened") };
    assert!(error.to_string().contains("log/more.txt, log/notes.txt"), "{error}");
    assert!(error.next_step("it's").contains(r"'it'\''s'"));
}

#[test]
fn a_segment_of_another_log_is_not_taken() {
    let (mut files, other) = (whole(), whole());
    let second = segments(&files).remove(1);
    files.insert(second.clone(), other[&second].clone());
    let (rescue, there) = rescued(&files);
    check(&rescue, &there);
    assert_eq!(rescue.whole, RECORDS - 3);
    assert!(rescue.lost[0].why.contains("another log"), "{rescue:?}");
}

/// A bad sector costs what is on it, and opening says that the disk is failing.
#[test]
fn what_can_be_read_around_a_bad_sector_is_rescued() {
    let disk = Disk::default();
    let options = Options { segment_limit: 1 << 20, ..options() };
    let log = Log::open(disk.clone(), options).unwrap();
    for number in 0..200 {
        block_on(log.append(Expect::Any, vec![record(number, 200)])).unwrap();
    }
    drop(log);
    let disk = Disk::holding(&disk.files());
    let name = "log/00000000000000000000.log";
    disk.make_unreadable(name, 20_992..21_504);
    let Err(error) = Log::open(disk.clone(), options) else { panic!("it is opened") };
    assert!(matches!(&error, OpenError::Unreadable { file, .. } if file == name), "{error}");
    assert!(error.next_step("S").contains("sluice log salvage"));
    let rescue = salvage(&disk, &MemoryStorage::default(), &filler()).unwrap();
    let lost: u64 = rescue.lost.iter().map(|lost| lost.to - lost.from).sum();
    assert_eq!(rescue.whole + lost, 200);
    assert!((14..=18).contains(&lost), "a block of 4096 bytes is lost: {rescue:?}");
    assert!(rescue.remarks[0].contains("4096 bytes of"), "{rescue:?}");

    disk.make_unreadable("HEAD", 0..512);
    let Err(error) = Log::open(disk.clone(), options) else { panic!("it is opened") };
    assert!(matches!(&error, OpenError::Unreadable { file, .. } if file == "HEAD"), "{error}");
    let rescue = salvage(&disk, &MemoryStorage::default(), &filler()).unwrap();
    assert_eq!((rescue.whole, rescue.is_complete()), (200, false));
}

/// Two faults at once: a segment is gone and the header of the next one is damaged.
#[test]
fn a_damaged_header_behind_a_missing_segment() {
    let mut files = whole();
    let names = segments(&files);
    files.remove(&names[1]);
    files.get_mut(&names[2]).unwrap()[20] ^= 1;
    let (rescue, there) = rescued(&files);
    check(&rescue, &there);
    assert_eq!(rescue.whole, RECORDS - 3);
}

#[test]
fn what_can_not_be_rescued_says_why() {
    let files = whole();
    let (from, to) = (in_memory(&files), in_memory(&files));
    let refused = salvage(&from, &to, &filler());
    assert!(matches!(refused, Err(SalvageError::NotEmpty)));
    let mut newer = files;
    let content = newer.get_mut("log/00000000000000000000.log").unwrap();
    content[8..10].copy_from_slice(&9_u16.to_le_bytes());
    let sum = crc32c::crc32c(&content[..76]);
    content[76..80].copy_from_slice(&sum.to_le_bytes());
    let refused = salvage(&in_memory(&newer), &MemoryStorage::default(), &filler());
    assert!(matches!(refused, Err(SalvageError::Open(OpenError::Newer { found: 9, .. }))));
}
