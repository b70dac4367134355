//! Snapshots save time and change nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use futures::executor::block_on;
use sluice_events::facts::*;
use sluice_events::outlook::outlook;
use sluice_events::plugin::{Changes, PluginKind, Value, Values};
use sluice_events::{Answer, BulkId, CommandId, Event, ImageId, ModelId, RankingId, codec};
use sluice_log::storage::{MemoryStorage, Storage};
use sluice_log::{
    EventLog, Expect, Log, NoSnapshots, Options, Record, SnapshotCache, SnapshotFolder,
};
use sluice_session::{Restored, Snapshots, State, restore, snapshot};
use uuid::Uuid;

fn command(number: u128) -> CommandId {
    CommandId(Uuid::from_u128(number))
}

/// Every kind of event, each doing something.
fn one_of_each() -> Vec<Event> {
    let plugin = PluginRef { name: "p".into(), version: "1".into(), hash: [7; 32] };
    let seen = Seen { probability: Some(0.5), shown_ms: 300, ..Seen::default() };
    let found = |path: &str| FoundImage { path: path.into(), bytes: 9 };
    let labelled = |number, image| {
        Event::Labelled(Labelled {
            command: command(number),
            image: ImageId(image),
            label: Label::Positive,
            source: Source::Manual,
            annotator: "m".into(),
            seen,
        })
    };
    vec![
        Event::SessionOpened(SessionOpened {
            question: "?".into(),
            pool: "/".into(),
            seed: 9,
            program: "1".into(),
        }),
        Event::ImagesFound(ImagesFound {
            first: Some(ImageId(0)),
            images: vec![found("a"), found("b"), found("c")],
        }),
        Event::ImageSetAside(ImageSetAside { image: ImageId(2), reason: "x".into() }),
        Event::ImageRestored(ImageRestored { image: ImageId(2), bytes: Some(10) }),
        labelled(1, 0),
        Event::Skipped(Skipped {
            command: command(2),
            image: ImageId(1),
            annotator: "m".into(),
            seen,
        }),
        labelled(3, 2),
        Event::Undone(Undone { command: command(4), look: 6 }),
        Event::Undone(Undone { command: command(5), look: 5 }),
        Event::Redone(Redone { command: command(6), look: 5 }),
        Event::SelectorChosen(SelectorChosen { command: command(7), selector: plugin.clone() }),
        Event::NetworkChosen(NetworkChosen { command: command(8), network: plugin.clone() }),
        Event::ParametersSet(ParametersSet {
            command: command(9),
            kind: PluginKind::Selector,
            plugin: "p".into(),
            changes: Changes::from([("a".into(), Some(Value::Integer(5))), ("b".into(), None)]),
        }),
        Event::ModelTrained(ModelTrained {
            model: ModelId(1),
            learned_from: 4,
            positives: 1,
            negatives: 0,
            loss: 0.5,
            features: "f".into(),
        }),
        Event::RankingMade(RankingMade {
            ranking: RankingId(1),
            model: Some(ModelId(1)),
            learned_from: 4,
            selector: plugin.clone(),
            parameters: Values::new(),
            candidates: 2,
            scored: 2,
            first: vec![Ranked { image: ImageId(1), probability: Some(0.25) }],
            outlook: outlook(&[0.25, 0.75]),
        }),
        Event::CheckpointMade(CheckpointMade {
            network: "small".into(),
            labels: 1,
            artefact: [4; 32],
            bytes: 7,
        }),
        Event::CycleTrained(CycleTrained {
            network: "small".into(),
            labels: 1,
            steps: 200,
            loss: 0.25,
            learning_rate: 0.5,
            scored: 2,
            seconds: 4.0,
        }),
        Event::PluginFailed(PluginFailed { plugin, what: "x".into() }),
        Event::ImagesIdentified(ImagesIdentified {
            images: vec![
                IdentifiedImage { image: ImageId(1), bytes: None, content: [5; 16] },
                IdentifiedImage { image: ImageId(2), bytes: Some(12), content: [6; 16] },
            ],
        }),
        Event::ImagesMoved(ImagesMoved {
            moves: vec![MovedImage { image: ImageId(1), path: "e".into() }],
        }),
        Event::RecordLost(RecordLost {}),
        Event::ImagesFound(ImagesFound { first: Some(ImageId(5)), images: vec![found("d")] }),
        step(10, 1, Origin::Model { model: None, above: Some(0.5), below: None }),
        said(1, Source::Model, Answer::Negative),
        step(11, 2, Origin::File { name: "f".into(), hash: [1; 32] }),
        said(2, Source::Imported, Answer::Positive),
        Event::BulkRevoked(BulkRevoked { command: command(12), bulk: BulkId(1) }),
    ]
}

fn step(id: u128, bulk: u32, origin: Origin) -> Event {
    let (command, bulk, annotator) = (command(id), BulkId(bulk), "m".into());
    Event::BulkBegun(BulkBegun { command, bulk, origin, labels: 1, annotator })
}

/// Of the last image.
fn said(bulk: u32, source: Source, answer: Answer) -> Event {
    let label = BulkLabel { image: ImageId(5), answer, probability: Some(0.25) };
    Event::BulkLabelled(BulkLabelled { bulk: BulkId(bulk), source, labels: vec![label] })
}

fn append(log: &Log<MemoryStorage>, events: &[Event]) {
    for event in events {
        let encoded = codec::encode(event).unwrap();
        let record = Record {
            seq: 0,
            time_us: 1_000_000 * (log.head().next_seq + 1),
            event_type: encoded.event_type,
            schema_version: encoded.schema_version,
            payload: encoded.payload,
        };
        block_on(log.append(Expect::Any, vec![record])).unwrap();
    }
}

fn open(storage: &MemoryStorage) -> Log<MemoryStorage> {
    Log::open(storage.clone(), Options::default()).unwrap()
}

/// If this fails, the state or what `apply` makes of events has changed: give `PROJECTION` a new
/// number, and this test the new hash. Else old snapshots would be read as something that they are not.
#[test]
fn golden_snapshot() {
    let mut state = State::default();
    for (seq, event) in (0..).zip(one_of_each()) {
        // A pause now and then.
        state.apply(seq, (seq + seq / 4 * 20) * 1_700_000, &event);
    }
    let bytes = snapshot::encode(&state).unwrap();
    assert_eq!(snapshot::decode(&bytes).as_ref(), Some(&state));
    let hash = blake3::hash(&bytes).to_hex();
    assert_eq!((snapshot::PROJECTION, &hash[..16]), (7, "fbfd776ee9fac7ab"));
}

#[test]
fn a_lost_record_keeps_the_ids_of_images_behind_it() {
    let mut state = State::default();
    for (seq, event) in (0..).zip(one_of_each()) {
        state.apply(seq, 0, &event);
    }
    let paths: Vec<&str> = state.images.iter().map(|image| image.path.as_str()).collect();
    assert_eq!(paths, ["a", "e", "c", "", "", "d"]);
    assert_eq!((state.counts.set_aside, state.lost_records), (2, 1));
    // Where nothing was lost, an id far away is not believed.
    let mut state = State::default();
    let far = ImagesFound { first: Some(ImageId(u32::MAX)), images: Vec::new() };
    state.apply(0, 0, &Event::ImagesFound(far));
    assert_eq!(state.images.len(), 0);
}

/// Whichever record is lost, every answer that is left counts, with its own image.
#[test]
fn each_record_is_lost_in_turn() {
    let events = one_of_each();
    let whole = fold(&events);
    for lost in 0..events.len() {
        let mut rescued = events.clone();
        rescued[lost] = Event::RecordLost(RecordLost {});
        let state = fold(&rescued);
        assert!(state.lost_records > 0);
        let is_answer = |event: &Event| matches!(event, Event::Labelled(_) | Event::Skipped(_));
        let answers = rescued.iter().filter(|event| is_answer(event)).count();
        assert_eq!(
            state.commands.values().filter(|seq| is_answer(&rescued[**seq as usize])).count(),
            answers
        );
        for look in &state.looks {
            assert_eq!(state.image(look.image).unwrap().answer(), Some(look.answer), "lost {lost}");
        }
        // What was said last, by whatever it is that still tells of it.
        let given =
            state.image(ImageId(5)).unwrap().given.map(|given| (given.answer, given.source));
        let model = Some((Answer::Negative, Source::Model));
        let file = Some((Answer::Positive, Source::Imported));
        let of_file = events.len() - 2;
        assert_eq!(given, file.filter(|_| lost != of_file), "lost {lost}");
        let revoked = &Event::BulkRevoked(BulkRevoked { command: command(13), bulk: BulkId(2) });
        let mut before = state.clone();
        before.apply(state.next_seq, 0, revoked);
        let given =
            before.image(ImageId(5)).unwrap().given.map(|given| (given.answer, given.source));
        // The model's was revoked, unless that was lost.
        assert_eq!(given, model.filter(|_| lost == of_file + 1), "lost {lost}");
        if lost < 4 {
            assert_eq!(state.looks, whole.looks, "lost {lost}");
        }
        // The second undo tells that the first one was there.
        if lost == 7 {
            assert_eq!(state.looks.len(), whole.looks.len());
        }
    }
}

fn fold(events: &[Event]) -> State {
    let mut state = State::default();
    for (seq, event) in (0..).zip(events) {
        state.apply(seq, seq * 1_000_000, event);
    }
    state
}

#[test]
fn a_snapshot_and_its_tail_are_the_whole_replay() {
    let events = one_of_each();
    for cut in 0..=events.len() {
        let storage = MemoryStorage::default();
        let log = open(&storage);
        append(&log, &events[..cut]);
        let half = replayed(&log);
        let payload = snapshot::encode(&half).unwrap();
        SnapshotFolder::new(storage.clone())
            .keep(snapshot::PROJECTION, log.place(), &payload)
            .unwrap();
        append(&log, &events[cut..]);
        drop(log);
        let restored = from_snapshot(&storage);
        assert_eq!(restored.replayed as usize, events.len() - cut);
        assert_eq!(restored.state, replayed(&open(&storage)));
    }
}

/// Bytes of a snapshot that are whole but not what they say are dropped.
#[test]
fn a_snapshot_of_nonsense_is_not_believed() {
    let storage = MemoryStorage::default();
    let log = open(&storage);
    append(&log, &one_of_each());
    let whole = replayed(&log);
    let mut behind = whole.clone();
    behind.next_seq -= 1;
    for payload in [Vec::new(), vec![0xff; 100], snapshot::encode(&behind).unwrap()] {
        SnapshotFolder::new(storage.clone())
            .keep(snapshot::PROJECTION, log.place(), &payload)
            .unwrap();
        assert_eq!(replayed(&open(&copy_of(&storage))), whole);
        let restored = from_snapshot(&copy_of(&storage));
        assert_eq!(restored.state, whole);
        assert_eq!(restored.replayed, whole.next_seq);
    }
}

fn replayed(log: &Log<MemoryStorage>) -> State {
    restore(log, &mut Snapshots::read_ahead(NoSnapshots)).unwrap().state
}

fn from_snapshot(storage: &MemoryStorage) -> Restored {
    let mut snapshots = Snapshots::read_ahead(SnapshotFolder::new(storage.clone()));
    restore(&open(storage), &mut snapshots).unwrap()
}

/// The same files, free to be opened.
fn copy_of(storage: &MemoryStorage) -> MemoryStorage {
    let copy = MemoryStorage::default();
    for folder in ["log", "snapshots"] {
        for name in storage.list(folder).unwrap() {
            copy.overwrite(&name, storage.read(&name).unwrap());
        }
    }
    copy.overwrite("HEAD", storage.read("HEAD").unwrap());
    copy
}
