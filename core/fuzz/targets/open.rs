//! A folder of rubbish is opened, read, rescued: nothing panics, and all of them agree on what is
//! whole. Checksums, numbers and the chain of the rubbish can be put right, so that it gets past them.
#![no_main]

use futures::StreamExt;
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use sluice_log::head::{DurableEnd, HeadFile, SLOT_DISTANCE};
use sluice_log::segment::{self, SegmentHeader};
use sluice_log::storage::{MemoryStorage, Storage};
use sluice_log::{Chain, EventLog, Expect, Log, OpenError, Options, Record, frame, rescue};

/// What the first byte of the input decides.
const REPAIR_SUMS: u8 = 1;
const REPAIR_ORDER: u8 = 2;
const WITH_HEAD: u8 = 4;
const TWO_SEGMENTS: u8 = 8;

fuzz_target!(|data: &[u8]| {
    let Some((&how, rest)) = data.split_first() else { return };
    let storage = MemoryStorage::default();
    let (first, second) = match how & TWO_SEGMENTS {
        0 => (rest, None),
        _ => {
            let (first, second) = rest.split_at(rest.len() / 2);
            (first, Some(second))
        }
    };
    let mut at = Place { seq: 0, chain: Chain::default() };
    write(&storage, how, first, &mut at);
    if let Some(second) = second {
        write(&storage, how, second, &mut at);
    }
    if how & WITH_HEAD != 0 {
        write_head(&storage, rest, &at);
    }
    look(&storage);
});

struct Place {
    seq: u64,
    chain: Chain,
}

/// A segment with a whole header and the rubbish behind it.
fn write(storage: &MemoryStorage, how: u8, rubbish: &[u8], at: &mut Place) {
    let log_id = Default::default();
    let header = SegmentHeader { log_id, first_seq: at.seq, created_ms: 1, previous: at.chain };
    let name = segment::file_name(at.seq);
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend_from_slice(rubbish);
    let mut begin = segment::HEADER_LEN;
    while how & REPAIR_SUMS != 0 && bytes.len() >= begin + frame::HEADER_LEN {
        begin = repair(&mut bytes, begin, how & REPAIR_ORDER != 0, at);
    }
    storage.overwrite(&name, bytes);
}

/// Puts a batch right that might begin here; where the next one might.
fn repair(bytes: &mut [u8], begin: usize, in_order: bool, at: &mut Place) -> usize {
    let room = bytes.len() - begin - frame::HEADER_LEN;
    let length = bytes[begin + 4] as usize % (room + 1);
    let end = begin + frame::HEADER_LEN + length;
    bytes[begin..begin + 4].copy_from_slice(b"SLBT");
    bytes[begin + 4..begin + 8].copy_from_slice(&(length as u32).to_le_bytes());
    bytes[begin + 20..begin + 24].fill(0);
    if in_order {
        bytes[begin + 8..begin + 16].copy_from_slice(&at.seq.to_le_bytes());
        bytes[begin + 24..begin + 32].copy_from_slice(&1_u64.to_le_bytes());
        bytes[begin + 32..begin + 48].copy_from_slice(&at.chain.0);
        let count = count_records(&bytes[begin + frame::HEADER_LEN..end]);
        bytes[begin + 16..begin + 20].copy_from_slice(&count.to_le_bytes());
    }
    let body = crc32c::crc32c(&bytes[begin + frame::HEADER_LEN..end]);
    bytes[begin + 48..begin + 52].copy_from_slice(&body.to_le_bytes());
    let header = crc32c::crc32c(&bytes[begin..begin + 52]);
    bytes[begin + 52..begin + 56].copy_from_slice(&header.to_le_bytes());
    let next = end.next_multiple_of(8).min(bytes.len());
    bytes[end..next].fill(0);
    if let Ok(whole) = frame::Frame::parse(&bytes[begin..]) {
        at.seq = at.seq.wrapping_add(u64::from(whole.count));
        at.chain = whole.chain();
    }
    next
}

fn count_records(mut body: &[u8]) -> u32 {
    let mut count = 0;
    while let Some(length) = body.first_chunk::<4>() {
        let end = frame::RECORD_HEADER_LEN + u32::from_le_bytes(*length) as usize;
        let Some(rest) = body.get(end..) else { break };
        (body, count) = (rest, count + 1);
    }
    count
}

fn write_head(storage: &MemoryStorage, rubbish: &[u8], at: &Place) {
    let mut bytes = rubbish.to_vec();
    bytes.resize(2 * SLOT_DISTANCE, 0);
    let far = rubbish.last().is_some_and(|last| last % 16 == 0);
    let end = DurableEnd {
        log_id: Default::default(),
        generation: u64::from(rubbish.len() as u32),
        next_seq: at.seq.wrapping_sub(u64::from(far)),
        segment: 0,
        offset: 80,
        epoch: 1,
        chain: at.chain,
    };
    let slot = end.to_bytes();
    bytes[..slot.len()].copy_from_slice(&slot);
    let _ = HeadFile::from_bytes(&bytes);
    storage.overwrite("HEAD", bytes);
}

fn look(storage: &MemoryStorage) {
    let filler =
        Record { seq: 0, time_us: 0, event_type: 14, schema_version: 1, payload: Vec::new() };
    let mut next = 0;
    let rescued = rescue(storage, &filler, |record| {
        assert_eq!(record.seq, next, "a rescue is without gaps");
        next += 1;
        Ok::<(), OpenError>(())
    });
    let Ok(log) = Log::open(storage.clone(), Options::default()) else { return };
    let count = log.head().next_seq;
    let rescued = rescued.expect("what opens can be rescued");
    assert_eq!((rescued.whole, rescued.lost.len()), (count, 0));
    let read = block_on(log.read(0, None).map(Result::unwrap).collect::<Vec<_>>());
    assert!(read.iter().map(|record| record.seq).eq(0..count));
    let added = Record { seq: 0, time_us: 1, event_type: 5, schema_version: 1, payload: vec![7] };
    block_on(log.append(Expect::Next(count), vec![added])).expect("it goes on");
    drop(log);
    let again = Log::open(storage.clone(), Options::default()).expect("it opens again");
    assert_eq!(again.head().next_seq, count + 1);
    assert_eq!(again.recovery().torn, None);
    assert!(storage.read("HEAD").is_ok());
}
