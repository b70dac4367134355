//! Bytes of every version of every event that was ever shipped. They never change: a new shape is a
//! new schema version, with bytes of its own here.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use sluice_events::codec::{CodecError, decode, encode, name};
use sluice_events::facts::*;
use sluice_events::outlook::OutlookBin;
use sluice_events::plugin::{Changes, PluginKind, Value, Values};
use sluice_events::{Answer, BulkId, CommandId, Event, ImageId, ModelId, RankingId};
use uuid::Uuid;

fn command() -> CommandId {
    CommandId(Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10))
}

fn plugin() -> PluginRef {
    PluginRef { name: "p".into(), version: "1".into(), hash: [7; 32] }
}

fn seen() -> Seen {
    Seen {
        ranking: Some(RankingId(3)),
        position: Some(1),
        model: Some(ModelId(2)),
        probability: Some(0.5),
        shown_ms: 300,
    }
}

/// Type, version, bytes in hexadecimal digits, and what they mean.
#[allow(clippy::too_many_lines, reason = "a table")]
fn golden() -> Vec<(u16, u16, &'static str, Event)> {
    vec![
        (
            1,
            1,
            "013f012f0901 31",
            Event::SessionOpened(SessionOpened {
                question: "?".into(),
                pool: "/".into(),
                seed: 9,
                program: "1".into(),
            }),
        ),
        (
            2,
            1,
            "02 0161 fbe803 0162 00",
            Event::ImagesFound(ImagesFound {
                first: None,
                images: vec![
                    FoundImage { path: "a".into(), bytes: 1000 },
                    FoundImage { path: "b".into(), bytes: 0 },
                ],
            }),
        ),
        (
            2,
            2,
            "0107 01 0161 fbe803",
            Event::ImagesFound(ImagesFound {
                first: Some(ImageId(7)),
                images: vec![FoundImage { path: "a".into(), bytes: 1000 }],
            }),
        ),
        (
            3,
            1,
            "04 0178",
            Event::ImageSetAside(ImageSetAside { image: ImageId(4), reason: "x".into() }),
        ),
        (4, 1, "04", Event::ImageRestored(ImageRestored { image: ImageId(4), bytes: None })),
        (
            4,
            2,
            "04 01fbe803",
            Event::ImageRestored(ImageRestored { image: ImageId(4), bytes: Some(1000) }),
        ),
        (
            5,
            1,
            "100102030405060708090a0b0c0d0e0f10 04 00 01 016d 0103 0101 0102 010000003f fb2c01",
            Event::Labelled(Labelled {
                command: command(),
                image: ImageId(4),
                label: Label::Positive,
                source: Source::Timeout,
                annotator: "m".into(),
                seen: seen(),
            }),
        ),
        (
            6,
            1,
            "100102030405060708090a0b0c0d0e0f10 04 016d 00 00 00 00 00",
            Event::Skipped(Skipped {
                command: command(),
                image: ImageId(4),
                annotator: "m".into(),
                seen: Seen::default(),
            }),
        ),
        (
            7,
            1,
            "100102030405060708090a0b0c0d0e0f10 05",
            Event::Undone(Undone { command: command(), look: 5 }),
        ),
        (
            8,
            1,
            "100102030405060708090a0b0c0d0e0f10 05",
            Event::Redone(Redone { command: command(), look: 5 }),
        ),
        (
            9,
            1,
            "100102030405060708090a0b0c0d0e0f10 0170 0131 0707070707070707070707070707070707070707070707070707070707070707",
            Event::SelectorChosen(SelectorChosen { command: command(), selector: plugin() }),
        ),
        (
            10,
            1,
            "100102030405060708090a0b0c0d0e0f10 0170 0131 0707070707070707070707070707070707070707070707070707070707070707",
            Event::NetworkChosen(NetworkChosen { command: command(), network: plugin() }),
        ),
        (
            11,
            1,
            "02 06 03 04 0000003f 0166",
            Event::ModelTrained(ModelTrained {
                model: ModelId(2),
                learned_from: 6,
                positives: 3,
                negatives: 4,
                loss: 0.5,
                features: "f".into(),
            }),
        ),
        (
            12,
            1,
            "03 0102 06 0170 0131 0707070707070707070707070707070707070707070707070707070707070707 0a 09 02 04 010000003f 05 00",
            Event::RankingMade(RankingMade {
                ranking: RankingId(3),
                model: Some(ModelId(2)),
                learned_from: 6,
                selector: plugin(),
                parameters: Values::new(),
                candidates: 10,
                scored: 9,
                first: vec![
                    Ranked { image: ImageId(4), probability: Some(0.5) },
                    Ranked { image: ImageId(5), probability: None },
                ],
                outlook: Vec::new(),
            }),
        ),
        (
            12,
            2,
            "03 0102 06 0170 0131 0707070707070707070707070707070707070707070707070707070707070707 02 0161 0001 0162 0103 0a 09 01 05 00",
            Event::RankingMade(RankingMade {
                ranking: RankingId(3),
                model: Some(ModelId(2)),
                learned_from: 6,
                selector: plugin(),
                parameters: Values::from([
                    ("a".into(), Value::Boolean(true)),
                    ("b".into(), Value::Integer(-2)),
                ]),
                candidates: 10,
                scored: 9,
                first: vec![Ranked { image: ImageId(5), probability: None }],
                outlook: Vec::new(),
            }),
        ),
        (
            12,
            3,
            "03 0102 06 0170 0131 0707070707070707070707070707070707070707070707070707070707070707 00 0a 09 01 05 00 02 08 0000003f 01 0000803f",
            Event::RankingMade(RankingMade {
                ranking: RankingId(3),
                model: Some(ModelId(2)),
                learned_from: 6,
                selector: plugin(),
                parameters: Values::new(),
                candidates: 10,
                scored: 9,
                first: vec![Ranked { image: ImageId(5), probability: None }],
                outlook: vec![
                    OutlookBin { images: 8, expected: 0.5 },
                    OutlookBin { images: 1, expected: 1.0 },
                ],
            }),
        ),
        (
            13,
            1,
            "0170 0131 0707070707070707070707070707070707070707070707070707070707070707 0178",
            Event::PluginFailed(PluginFailed { plugin: plugin(), what: "x".into() }),
        ),
        (14, 1, "", Event::RecordLost(RecordLost {})),
        (
            15,
            1,
            "100102030405060708090a0b0c0d0e0f10 01 0170 03 0161 0102000000000000e03f 0162 01030178 0163 00",
            Event::ParametersSet(ParametersSet {
                command: command(),
                kind: PluginKind::Network,
                plugin: "p".into(),
                changes: Changes::from([
                    ("a".into(), Some(Value::Number(0.5))),
                    ("b".into(), Some(Value::Text("x".into()))),
                    ("c".into(), None),
                ]),
            }),
        ),
        (
            16,
            1,
            "016e 09 0707070707070707070707070707070707070707070707070707070707070707 fbe803",
            Event::CheckpointMade(CheckpointMade {
                network: "n".into(),
                labels: 9,
                artefact: [7; 32],
                bytes: 1000,
            }),
        ),
        (
            17,
            1,
            "016e 09 c8 0000003f 0000803e 05 0000803f",
            Event::CycleTrained(CycleTrained {
                network: "n".into(),
                labels: 9,
                steps: 200,
                loss: 0.5,
                learning_rate: 0.25,
                scored: 5,
                seconds: 1.0,
            }),
        ),
        (
            18,
            1,
            "100102030405060708090a0b0c0d0e0f10 03 00 0166 0707070707070707070707070707070707070707070707070707070707070707 fbe803 0161",
            Event::BulkBegun(BulkBegun {
                command: command(),
                bulk: BulkId(3),
                origin: Origin::File { name: "f".into(), hash: [7; 32] },
                labels: 1000,
                annotator: "a".into(),
            }),
        ),
        (
            18,
            1,
            "100102030405060708090a0b0c0d0e0f10 03 01 0102 010000003f 00 01 00",
            Event::BulkBegun(BulkBegun {
                command: command(),
                bulk: BulkId(3),
                origin: Origin::Model { model: Some(ModelId(2)), above: Some(0.5), below: None },
                labels: 1,
                annotator: String::new(),
            }),
        ),
        (
            19,
            1,
            "03 03 02 07 00 010000003f 09 02 00",
            Event::BulkLabelled(BulkLabelled {
                bulk: BulkId(3),
                source: Source::Model,
                labels: vec![
                    BulkLabel {
                        image: ImageId(7),
                        answer: Answer::Positive,
                        probability: Some(0.5),
                    },
                    BulkLabel { image: ImageId(9), answer: Answer::Skip, probability: None },
                ],
            }),
        ),
        (
            20,
            1,
            "100102030405060708090a0b0c0d0e0f10 03",
            Event::BulkRevoked(BulkRevoked { command: command(), bulk: BulkId(3) }),
        ),
        (
            21,
            1,
            "02 04 00 07070707070707070707070707070707 09 01fbe803 08080808080808080808080808080808",
            Event::ImagesIdentified(ImagesIdentified {
                images: vec![
                    IdentifiedImage { image: ImageId(4), bytes: None, content: [7; 16] },
                    IdentifiedImage { image: ImageId(9), bytes: Some(1000), content: [8; 16] },
                ],
            }),
        ),
        (
            22,
            1,
            "02 04 03622f78 05 0161",
            Event::ImagesMoved(ImagesMoved {
                moves: vec![
                    MovedImage { image: ImageId(4), path: "b/x".into() },
                    MovedImage { image: ImageId(5), path: "a".into() },
                ],
            }),
        ),
    ]
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

#[test]
fn every_version_ever_shipped_is_read() {
    for (event_type, version, hex, event) in golden() {
        let read = decode(event_type, version, &bytes(hex)).expect("old bytes are read for ever");
        assert_eq!(read, event, "type {event_type} version {version}");
    }
}

#[test]
fn the_newest_version_is_written_as_it_was() {
    let mut newest = std::collections::BTreeSet::new();
    for (event_type, version, hex, event) in golden() {
        let written = encode(&event).unwrap();
        assert_eq!(written.event_type, event_type);
        if written.schema_version == version {
            assert_eq!(written.payload, bytes(hex), "type {event_type}");
            newest.insert(event_type);
        }
    }
    assert_eq!(newest.len(), 22, "each type is written in one version, which stands above");
}

/// An old fact that is written anew means the same.
#[test]
fn an_old_fact_survives_being_written_in_the_newest_version() {
    for (event_type, _, _, event) in golden() {
        let written = encode(&event).unwrap();
        let read = decode(event_type, written.schema_version, &written.payload).unwrap();
        assert_eq!(read, event);
    }
}

/// The largest lists that fit into a record are read back.
#[test]
fn what_can_be_written_can_be_read() {
    for length in [1, 3, 20] {
        let image = FoundImage { path: "x".repeat(length), bytes: 1 };
        let images = vec![image; sluice_events::codec::MAX_PAYLOAD / (length + 2) - 10];
        let event = Event::ImagesFound(ImagesFound { first: None, images });
        let written = encode(&event).expect("it fits");
        assert!(written.payload.len() > 200_000);
        assert_eq!(decode(2, written.schema_version, &written.payload).unwrap(), event);
    }
}

#[test]
fn as_json_a_fact_carries_its_name_and_hashes_are_digits() {
    let json = serde_json::to_value(Event::SelectorChosen(SelectorChosen {
        command: command(),
        selector: plugin(),
    }));
    let json = json.unwrap();
    assert_eq!(json["type"], "SelectorChosen");
    assert_eq!(json["command"], "01020304-0506-0708-090a-0b0c0d0e0f10");
    assert_eq!(json["selector"]["hash"], "07".repeat(32));
    let read = IdentifiedImage { image: ImageId(4), bytes: None, content: [7; 16] };
    let read = Event::ImagesIdentified(ImagesIdentified { images: vec![read] });
    let json = serde_json::to_value(read).unwrap();
    assert_eq!(json["images"][0]["content"], "07".repeat(16));
    let unknown = serde_json::to_value(decode(999, 3, &[1, 0xff]).unwrap()).unwrap();
    assert_eq!((&unknown["type"], &unknown["payload"]), (&"Unknown".into(), &"01ff".into()));
    for (_, _, _, event) in golden() {
        assert_eq!(serde_json::to_value(&event).unwrap()["type"], name(&event));
    }
}

#[test]
fn a_payload_that_is_cut_or_too_long_is_refused() {
    for (event_type, version, hex, _) in golden() {
        let whole = bytes(hex);
        for length in 0..whole.len() {
            assert!(
                decode(event_type, version, &whole[..length]).is_err(),
                "type {event_type}, {length} bytes"
            );
        }
        let longer = [whole, vec![0]].concat();
        let refused = decode(event_type, version, &longer);
        assert!(matches!(refused, Err(CodecError::Trailing { extra: 1, .. })), "type {event_type}");
    }
}

#[test]
fn what_a_newer_program_wrote_is_kept_and_never_written() {
    let unknown = decode(999, 1, &[1, 2, 3]).unwrap();
    assert!(matches!(&unknown, Event::Unknown(kept) if kept.payload == [1, 2, 3]));
    assert!(matches!(encode(&unknown), Err(CodecError::UnknownType(999))));
    assert!(matches!(decode(5, 2, &[]).unwrap(), Event::Unknown(_)));
}
