//! How fast payloads of the log become facts, and facts payloads.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sluice_events::facts::{Label, Labelled, Seen, Source};
use sluice_events::{CommandId, Event, ImageId, ModelId, RankingId, codec};
use uuid::Uuid;

const COUNT: u32 = 100_000;

fn answers() -> Vec<Event> {
    let answer = |image: u32| Labelled {
        command: CommandId(Uuid::from_u128(u128::from(image) << 70 | 7)),
        image: ImageId(image),
        label: Label::Negative,
        source: Source::Manual,
        annotator: "someone".into(),
        seen: Seen {
            ranking: Some(RankingId(u64::from(image))),
            position: Some(0),
            model: Some(ModelId(u64::from(image))),
            probability: Some(0.4),
            shown_ms: 480,
        },
    };
    (0..COUNT).map(|image| Event::Labelled(answer(image))).collect()
}

fn codec(c: &mut Criterion) {
    let mut group = c.benchmark_group("codec");
    group.throughput(Throughput::Elements(u64::from(COUNT)));
    let events = answers();
    group.bench_function("encode answers", |b| {
        b.iter(|| events.iter().map(|e| codec::encode(e).unwrap().payload.len()).sum::<usize>());
    });
    let encoded: Vec<_> = events.iter().map(|event| codec::encode(event).unwrap()).collect();
    group.bench_function("decode answers", |b| {
        b.iter(|| {
            let decode = |e: &codec::Encoded| {
                codec::decode(e.event_type, e.schema_version, &e.payload).unwrap()
            };
            encoded.iter().map(decode).filter(|e| matches!(e, Event::Labelled(_))).count()
        });
    });
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
