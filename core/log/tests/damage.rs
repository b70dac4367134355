//! Torn ends are cut off and kept; damage is refused. Every byte and every bit of a small log.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use futures::StreamExt;
use futures::executor::block_on;
use sluice_log::storage::{MemoryStorage, Storage};
use sluice_log::{EventLog, Expect, Log, OpenError, Options, Record};

const NAME: &str = "log/00000000000000000000.log";

/// A log of three batches with one record each, and the file's length after each batch.
fn three_batches() -> (Vec<u8>, [usize; 3]) {
    let storage = MemoryStorage::default();
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    let ends = [b"first", b"other", b"third"].map(|payload| {
        let payload = payload.to_vec();
        let record = Record { seq: 0, time_us: 1, event_type: 5, schema_version: 1, payload };
        block_on(log.append(Expect::Any, vec![record])).unwrap();
        storage.read(NAME).unwrap().len()
    });
    (storage.read(NAME).unwrap(), ends)
}

fn with(bytes: Vec<u8>) -> MemoryStorage {
    let storage = MemoryStorage::default();
    storage.overwrite(NAME, bytes);
    storage
}

fn payloads(log: &Log<MemoryStorage>) -> Vec<Vec<u8>> {
    block_on(log.read(0, None).map(|record| record.unwrap().payload).collect())
}

#[test]
fn a_file_that_ends_anywhere_keeps_every_whole_batch() {
    let (bytes, ends) = three_batches();
    for length in 80..=bytes.len() {
        let storage = with(bytes[..length].to_vec());
        let log = Log::open(storage.clone(), Options::default()).expect("a torn tail is no damage");
        let whole = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(payloads(&log).len(), whole, "cut at {length}");
        let whole_end = ends[..whole].last().copied().unwrap_or(80);
        match &log.recovery().torn {
            None => assert_eq!(length, whole_end),
            Some(torn) => {
                assert_eq!(
                    (torn.offset as usize, torn.bytes as usize),
                    (whole_end, length - whole_end)
                );
                assert_eq!(storage.read(&torn.kept_in).unwrap(), bytes[whole_end..length]);
            }
        }
        // It goes on, and opens again without a word.
        let record =
            Record { seq: 0, time_us: 1, event_type: 5, schema_version: 1, payload: vec![9] };
        block_on(log.append(Expect::Any, vec![record])).unwrap();
        drop(log);
        let again = Log::open(storage, Options::default()).unwrap();
        assert_eq!(again.recovery().torn, None);
        assert_eq!(payloads(&again).len(), whole + 1);
    }
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let (bytes, ends) = three_batches();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match Log::open(with(flipped), Options::default()) {
            // The last batch alone can't be told from a torn write: it is cut off and reported.
            Ok(log) => {
                assert!(bit / 8 >= ends[1], "bit {bit} was overlooked");
                assert!(log.recovery().torn.is_some(), "bit {bit} was overlooked");
                assert_eq!(payloads(&log), [b"first".to_vec(), b"other".to_vec()]);
            }
            Err(OpenError::Damaged(damage)) => {
                assert!(bit / 8 < ends[1], "bit {bit}: {damage}");
                assert_eq!(damage.file, NAME);
            }
            Err(OpenError::Newer { .. }) => {
                panic!("bit {bit}: a checksum stands before the format")
            }
            Err(other) => panic!("bit {bit}: {other}"),
        }
    }
}

#[test]
fn damage_before_a_whole_batch_says_where_and_what_is_lost() {
    let (mut bytes, ends) = three_batches();
    bytes[ends[0] + 60] ^= 0xff;
    let storage = with(bytes.clone());
    let Err(OpenError::Damaged(damage)) = Log::open(storage.clone(), Options::default()) else {
        panic!("it is refused")
    };
    assert_eq!((damage.offset as usize, damage.lost_from), (ends[0], 1));
    assert_eq!(storage.read(NAME).unwrap(), bytes, "nothing was changed");
}

#[test]
fn foreign_and_missing_files_are_named() {
    let (bytes, _) = three_batches();
    let storage = with(bytes);
    storage.overwrite("log/notes.txt", b"hello".to_vec());
    let refused = Log::open(storage, Options::default());
    assert!(matches!(refused, Err(OpenError::Foreign { file, .. }) if file == "log/notes.txt"));

    let storage = MemoryStorage::default();
    let log =
        Log::open(storage.clone(), Options { segment_limit: 100, ..Options::default() }).unwrap();
    for _ in 0..3 {
        let record =
            Record { seq: 0, time_us: 1, event_type: 5, schema_version: 1, payload: vec![1; 50] };
        block_on(log.append(Expect::Any, vec![record])).unwrap();
    }
    drop(log);
    storage.remove("log/00000000000000000001.log").unwrap();
    let Err(OpenError::Damaged(damage)) = Log::open(storage, Options::default()) else {
        panic!("a missing segment is refused")
    };
    assert_eq!(damage.lost_from, 1);
    assert!(damage.why.contains("missing"), "{damage}");
}
