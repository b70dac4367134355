//! How long it takes to open a session of 1,000,000 answers, with and without a snapshot, and how much
//! memory, and what it costs then to tell how it goes. Each case runs in a process of its own, so that the peaks of memory are its own. The files
//! are in the page cache.
//!
//! Two layouts: answers alone, each in a batch of its own; and as people make them, each followed by
//! the model and the ranking that it led to.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use sluice_events::facts::{
    FoundImage, ImagesFound, Label, Labelled, ModelTrained, PluginRef, Ranked, RankingMade, Seen,
    SessionOpened, Source,
};
use sluice_events::plugin::Values;
use sluice_events::{CommandId, Event, ImageId, ModelId, RankingId, codec};
use sluice_log::head::{DurableEnd, SLOT_DISTANCE};
use sluice_log::segment::{self, SegmentHeader};
use sluice_log::storage::FsStorage;
use sluice_log::{
    Chain, EventLog, Log, NoSnapshots, Options, Record, SnapshotCache, SnapshotFolder, frame,
};
use sluice_session::{Snapshots, State, restore, snapshot};
use uuid::Uuid;

const ANSWERS: u32 = 1_000_000;
const PATHS_IN_A_RECORD: u32 = 2000;
const SEGMENT_LIMIT: usize = 64 << 20;
const FOLDER: &str = "SLUICE_BENCH_FOLDER";
const CASE: &str = "SLUICE_BENCH_CASE";

fn main() {
    if let (Ok(folder), Ok(case)) = (env::var(FOLDER), env::var(CASE)) {
        return one(Path::new(&folder), &case);
    }
    println!("reopen: {ANSWERS} answers, files in the page cache");
    println!(
        "layout         case        log MB  check s  restore s  total s  records/s  peak MB  statistics us  charts us"
    );
    for layout in ["answers", "as made"] {
        let folder = tempfile::tempdir().unwrap();
        write_log(folder.path(), layout == "as made");
        for case in ["decode", "replay", "snapshot"] {
            // The best of three: the machine is shared.
            let runs = (0..3).map(|_| run(folder.path(), case));
            let best = runs.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
            println!("{layout:<14} {best}");
        }
    }
}

/// The line that a case in a process of its own prints, and its seconds.
fn run(folder: &Path, case: &str) -> (String, f64) {
    if case != "snapshot" {
        // Without anything that an earlier run has left.
        let _ = fs::remove_dir_all(folder.join("snapshots"));
    }
    let child = Command::new(env::current_exe().unwrap())
        .env(FOLDER, folder)
        .env(CASE, case)
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let line = String::from_utf8(child.stdout).unwrap().trim_end().to_owned();
    let seconds = line.split_whitespace().nth(4).unwrap().parse().unwrap();
    (line, seconds)
}

fn one(folder: &Path, case: &str) {
    let begun = Instant::now();
    let storage = FsStorage::new(folder).unwrap();
    let cache = SnapshotFolder::new(storage.clone());
    let mut snapshots = match case {
        "snapshot" => Snapshots::read_ahead(cache.clone()),
        _ => Snapshots::read_ahead(NoSnapshots),
    };
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    let checked = begun.elapsed().as_secs_f64();
    let records = log.head().next_seq;
    let state = if case == "decode" {
        let read = sluice_log::read_records(&storage, 0, records);
        let events = read.map(|record| {
            let record = record.unwrap();
            codec::decode(record.event_type, record.schema_version, &record.payload).unwrap()
        });
        assert_eq!(events.count() as u64, records);
        None
    } else {
        let restored = restore(&log, &mut snapshots).unwrap();
        assert_eq!(restored.replayed == 0, case == "snapshot");
        Some(restored.state)
    };
    let total = begun.elapsed().as_secs_f64();
    if let Some(state) = &state {
        assert_eq!(state.looks.len() as u32, ANSWERS);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    let bytes: u64 = fs::read_dir(folder.join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    println!(
        "{case:<10} {:>7} {checked:>8.2} {:>10.2} {total:>8.2} {:>10.0} {:>8.0} {:>14} {:>10}",
        bytes / 1_000_000,
        total - checked,
        records as f64 / (total - checked),
        peak / 1000.0,
        microseconds(state.as_ref(), |state| drop(black_box(state.statistics(u64::MAX)))),
        microseconds(state.as_ref(), |state| drop(black_box(state.charts()))),
    );
    if let ("replay", Some(state)) = (case, state) {
        let payload = snapshot::encode(&state).unwrap();
        cache.keep(snapshot::PROJECTION, log.place(), &payload).unwrap();
    }
}

/// The middle of some calls; nothing without a state.
fn microseconds(state: Option<&State>, call: impl Fn(&State)) -> String {
    let Some(state) = state else { return "-".to_owned() };
    let mut times: Vec<f64> = (0..101)
        .map(|_| {
            let begun = Instant::now();
            call(state);
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    format!("{:.0}", times[50])
}

/// Writes the files of a session without waiting for the disk.
fn write_log(folder: &Path, with_rankings: bool) {
    fs::create_dir_all(folder.join("log")).unwrap();
    let mut writer = Files {
        folder,
        log_id: Uuid::now_v7(),
        seq: 0,
        chain: Chain::default(),
        segment: 0,
        bytes: Vec::new(),
    };
    writer.begin_segment();
    let opened =
        SessionOpened { question: "?".into(), pool: "/pool".into(), seed: 1, program: "0".into() };
    writer.batch(&[Event::SessionOpened(opened)]);
    for first in (0..ANSWERS).step_by(PATHS_IN_A_RECORD as usize) {
        let images = (first..first + PATHS_IN_A_RECORD)
            .map(|i| FoundImage { path: format!("camera-07/{i:07}.jpg"), bytes: 123_456 })
            .collect();
        writer.batch(&[Event::ImagesFound(ImagesFound { first: Some(ImageId(first)), images })]);
    }
    for image in 0..ANSWERS {
        let seq = writer.seq;
        writer.batch(&[Event::Labelled(answer(image))]);
        if with_rankings {
            let number = u64::from(image) + 1;
            writer.batch(&[model(number, seq), ranking(number, seq)]);
        }
    }
    writer.end();
}

fn plugin() -> PluginRef {
    PluginRef { name: "max-prob".into(), version: "0.1.0".into(), hash: [7; 32] }
}

fn answer(image: u32) -> Labelled {
    let seen = Seen {
        ranking: Some(RankingId(u64::from(image))),
        position: Some(0),
        model: Some(ModelId(u64::from(image))),
        probability: Some(0.4),
        shown_ms: 480,
    };
    Labelled {
        command: CommandId(Uuid::new_v4()),
        image: ImageId(image),
        label: if image.is_multiple_of(10) { Label::Positive } else { Label::Negative },
        source: Source::Manual,
        annotator: "someone".into(),
        seen,
    }
}

fn model(number: u64, learned_from: u64) -> Event {
    Event::ModelTrained(ModelTrained {
        model: ModelId(number),
        learned_from,
        positives: 1,
        negatives: 9,
        loss: 0.3,
        features: "patches".into(),
    })
}

fn ranking(number: u64, learned_from: u64) -> Event {
    let first = (0..32).map(|i| Ranked {
        image: ImageId((number as u32 + i * 31_337) % ANSWERS),
        probability: Some(0.9),
    });
    Event::RankingMade(RankingMade {
        ranking: RankingId(number),
        model: Some(ModelId(number)),
        learned_from,
        selector: plugin(),
        parameters: Values::new(),
        candidates: ANSWERS,
        scored: ANSWERS,
        first: first.collect(),
        outlook: Vec::new(),
    })
}

struct Files<'a> {
    folder: &'a Path,
    log_id: Uuid,
    seq: u64,
    chain: Chain,
    segment: u64,
    bytes: Vec<u8>,
}

impl Files<'_> {
    fn begin_segment(&mut self) {
        self.segment = self.seq;
        let header = SegmentHeader {
            log_id: self.log_id,
            first_seq: self.seq,
            created_ms: 1,
            previous: self.chain,
        };
        self.bytes = header.to_bytes().to_vec();
    }

    fn write_segment(&self) {
        fs::write(self.folder.join(segment::file_name(self.segment)), &self.bytes).unwrap();
    }

    fn batch(&mut self, events: &[Event]) {
        if self.bytes.len() >= SEGMENT_LIMIT {
            self.write_segment();
            self.begin_segment();
        }
        let mut body = Vec::new();
        for event in events {
            let encoded = codec::encode(event).unwrap();
            let record = Record {
                seq: self.seq,
                time_us: self.seq * 500_000,
                event_type: encoded.event_type,
                schema_version: encoded.schema_version,
                payload: encoded.payload,
            };
            frame::push_record(&mut body, &record);
        }
        let count = events.len() as u32;
        let (bytes, chain) = frame::encode(self.seq, count, 1, self.chain, &body);
        self.bytes.extend(bytes);
        self.seq += u64::from(count);
        self.chain = chain;
    }

    fn end(&self) {
        self.write_segment();
        let end = DurableEnd {
            log_id: self.log_id,
            generation: 2,
            next_seq: self.seq,
            segment: self.segment,
            offset: self.bytes.len() as u64,
            epoch: 1,
            chain: self.chain,
        };
        let mut head = vec![0; 2 * SLOT_DISTANCE];
        head[..end.to_bytes().len()].copy_from_slice(&end.to_bytes());
        fs::write(self.folder.join("HEAD"), head).unwrap();
    }
}
