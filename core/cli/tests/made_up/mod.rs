//! Sessions that were never served, with a model and at known times; and what tests of commands do again and
//! again.
#![allow(dead_code, unused_imports, reason = "not every test binary uses all of it")]

mod count;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::executor::block_on;
use serde_json::Value;
use sluice_events::facts::{
    BulkBegun, BulkLabel, BulkLabelled, CheckpointMade, FoundImage, ImagesFound, Labelled,
    ModelTrained, Origin, PluginRef, Ranked, RankingMade, Seen, SessionOpened, Skipped, Undone,
};
use sluice_events::{
    Answer, BulkId, CommandId, Event, ImageId, Label, ModelId, RankingId, Source, codec, outlook,
};
use sluice_log::storage::FsStorage;
use sluice_log::{EventLog, Expect, Log, Options, Record};
use uuid::Uuid;

use crate::program::{Page, run};

pub use count::Count;

/// 2023-11-14T22:13:20Z.
pub const BEGUN_US: u64 = 1_700_000_000_000_000;
/// The only one of a small log.
pub const SEGMENT: &str = "log/00000000000000000000.log";

pub fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub fn told(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(arguments)).unwrap()
}

pub fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    text
}

pub fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "\"{part}\" is missing in: {text}");
    }
}

/// Every file of a folder.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

pub fn command_id() -> CommandId {
    CommandId(Uuid::new_v4())
}

pub fn labelled(image: u32, label: Label, probability: Option<f32>) -> Event {
    let seen = Seen { probability, shown_ms: 800, ..Seen::default() };
    Event::Labelled(Labelled {
        command: command_id(),
        image: ImageId(image),
        label,
        source: Source::Manual,
        annotator: "tester".into(),
        seen,
    })
}

/// A session with a model, at made-up times (seconds from its beginning): a pause of ten minutes before its end.
pub fn session() -> Vec<(u64, Event)> {
    let (question, pool) = ("Is it?".to_owned(), "/nowhere/pool".to_owned());
    let opened = SessionOpened { question, pool, seed: 1, program: "0".into() };
    let images = (0..12).map(|n| FoundImage { path: format!("{n:02}.png"), bytes: 9 }).collect();
    let probabilities = [0.95, 0.9, 0.6, 0.4, 0.3, 0.2, 0.1, 0.08, 0.06, 0.04, 0.02, 0.01];
    let ranked = |(image, p): (u32, &f32)| Ranked { image: ImageId(image), probability: Some(*p) };
    let ranking = RankingMade {
        ranking: RankingId(1),
        model: Some(ModelId(1)),
        learned_from: 1,
        selector: PluginRef { name: "max-prob".into(), version: "0.1.0".into(), hash: [7; 32] },
        parameters: BTreeMap::new(),
        candidates: 12,
        scored: 12,
        first: (0..).zip(&probabilities).map(ranked).collect(),
        outlook: outlook::outlook(&probabilities),
    };
    let model = ModelTrained {
        model: ModelId(1),
        learned_from: 1,
        positives: 3,
        negatives: 4,
        loss: 0.25,
        features: "patches".into(),
    };
    let (seen, annotator) = (Seen::default(), "tester".to_owned());
    let skipped = Skipped { command: command_id(), image: ImageId(2), annotator, seen };
    let origin = Origin::File { name: "labels.csv".into(), hash: [1; 32] };
    let (command, annotator) = (command_id(), "tester".to_owned());
    let begun = BulkBegun { command, bulk: BulkId(1), origin, labels: 2, annotator };
    let label = |image, answer| BulkLabel { image: ImageId(image), answer, probability: None };
    let labels = vec![label(5, Answer::Negative), label(6, Answer::Positive)];
    vec![
        (0, Event::SessionOpened(opened)),
        (0, Event::ImagesFound(ImagesFound { first: Some(ImageId(0)), images })),
        (1, Event::ModelTrained(model)),
        (1, Event::RankingMade(ranking)),
        (2, labelled(0, Label::Positive, Some(0.95))),
        (3, labelled(1, Label::Negative, Some(0.9))),
        (4, Event::Skipped(skipped)),
        (5, Event::Undone(Undone { command: command_id(), look: 6 })),
        (6, labelled(2, Label::Positive, None)),
        (606, labelled(1, Label::Positive, None)),
        (607, Event::BulkBegun(begun)),
        (
            607,
            Event::BulkLabelled(BulkLabelled { bulk: BulkId(1), source: Source::Imported, labels }),
        ),
    ]
}

/// Writes it as a server would.
pub fn write(folder: &Path, events: &[(u64, Event)]) {
    let log = Log::open(FsStorage::new(folder).unwrap(), Options::default()).unwrap();
    for (seconds, event) in events {
        let encoded = codec::encode(event).unwrap();
        let record = Record {
            seq: 0,
            time_us: BEGUN_US + seconds * 1_000_000,
            event_type: encoded.event_type,
            schema_version: encoded.schema_version,
            payload: encoded.payload,
        };
        block_on(log.append(Expect::Any, vec![record])).unwrap();
    }
}

/// A session that kept two files, the older of which is gone, and three images.
pub fn with_artefacts(pool: &Path, session: &Path) -> [String; 2] {
    let image = |path: &str, bytes| FoundImage { path: path.into(), bytes };
    let images = vec![image("a.png", 3), image("b.png", 3), image("c.png", 3)];
    let (question, pool) = ("Is it?".to_owned(), pool.to_str().unwrap().to_owned());
    let opened = SessionOpened { question, pool, seed: 1, program: "0".into() };
    let made = |number| {
        let (artefact, network) = ([number; 32], "small".to_owned());
        Event::CheckpointMade(CheckpointMade { network, labels: 1, artefact, bytes: 7 })
    };
    let events = [
        (0, Event::SessionOpened(opened)),
        (0, Event::ImagesFound(ImagesFound { first: Some(ImageId(0)), images })),
        (1, labelled(0, Label::Positive, None)),
        (2, made(0xaa)),
        (3, made(0xbb)),
    ];
    write(session, &events);
    let names = ["aa".repeat(32), "bb".repeat(32)];
    fs::create_dir(session.join("artefacts")).unwrap();
    fs::write(session.join("artefacts").join(&names[1]), "weights").unwrap();
    names
}

/// Some images are answered, not all at once: a page has so many answers under way at most.
pub fn answer(page: &mut Page, images: Range<u32>) {
    for first in images.clone().step_by(100) {
        let some = first..images.end.min(first + 100);
        for image in some.clone() {
            page.send_answer(image, if image % 5 == 0 { "positive" } else { "negative" }).unwrap();
        }
        for _ in some {
            page.next("ack");
        }
    }
}

pub fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

/// Flips a bit in the middle of its log.
pub fn damage(session: &Path) {
    let path = session.join(SEGMENT);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes).unwrap();
}
