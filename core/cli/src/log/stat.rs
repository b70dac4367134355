//! `sluice log stat`: what is in a log, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use indicatif::{HumanBytes, HumanCount, HumanDuration};
use serde::Serialize;
use sluice_events::codec;
use sluice_events::message::Statistics as HowItGoes;
use sluice_log::storage::{FsStorage, Storage};
use sluice_log::{Check, read_records};
use sluice_session::State;

use super::{cat, say};
use crate::arguments::Stat;

#[derive(Debug, Serialize)]
struct Statistics {
    session: String,
    log_id: String,
    in_use_by: Option<String>,
    question: Option<String>,
    pool: Option<String>,
    records: u64,
    batches: u64,
    segments: usize,
    bytes: u64,
    first_time: Option<String>,
    last_time: Option<String>,
    opened_for_writing: u64,
    durable_up_to: Option<u64>,
    torn_bytes: usize,
    images: usize,
    positives: u32,
    negatives: u32,
    skipped: u32,
    set_aside: u32,
    looks: usize,
    lost_records: u64,
    snapshots: usize,
    quarantined: usize,
    /// What the page, `/metrics` and `/api` would tell at the time of the last event.
    how_it_goes: HowItGoes,
    events: BTreeMap<&'static str, Amount>,
}

#[derive(Debug, Default, Serialize)]
struct Amount {
    records: u64,
    payload_bytes: u64,
}

pub fn run(arguments: &Stat) -> Result<()> {
    let storage = super::session(&arguments.folder)?;
    let checked = super::checked(&storage, |_| {})?;
    let statistics = gather(&storage, &checked)?;
    if arguments.json {
        return Ok(say(&serde_json::to_string_pretty(&statistics)?)?);
    }
    print(&statistics)
}

fn gather(storage: &FsStorage, checked: &Check) -> Result<Statistics> {
    let mut state = State::default();
    let mut events: BTreeMap<&'static str, Amount> = BTreeMap::new();
    let (mut first, mut last) = (None, None);
    for record in read_records(storage, 0, checked.next_seq()) {
        let record = record?;
        let event = cat::decoded(&record)?;
        let amount = events.entry(codec::name(&event)).or_default();
        amount.records += 1;
        amount.payload_bytes += record.payload.len() as u64;
        first.get_or_insert(record.time_us);
        last = Some(record.time_us);
        state.apply(record.seq, record.time_us, &event);
    }
    let kept = |folder: &str, ending: &str| {
        let names = storage.list(folder).unwrap_or_default();
        names.iter().filter(|name| name.ends_with(ending)).count()
    };
    Ok(Statistics {
        session: storage.root().display().to_string(),
        log_id: checked.log_id.to_string(),
        in_use_by: storage.holder(),
        question: state.opened.as_ref().map(|opened| opened.question.clone()),
        pool: state.opened.as_ref().map(|opened| opened.pool.clone()),
        records: checked.next_seq(),
        batches: checked.segments.iter().map(|segment| segment.batches).sum(),
        segments: checked.segments.len(),
        bytes: checked.segments.iter().map(|segment| segment.bytes).sum(),
        first_time: first.map(cat::time),
        last_time: last.map(cat::time),
        opened_for_writing: checked.epoch(),
        durable_up_to: checked.head.known().map(|head| head.next_seq),
        torn_bytes: checked.torn.as_ref().map_or(0, |torn| torn.bytes.len()),
        images: state.images.len(),
        positives: state.counts.positives,
        negatives: state.counts.negatives,
        skipped: state.counts.skipped,
        set_aside: state.counts.set_aside,
        looks: state.looks.len(),
        lost_records: state.lost_records,
        snapshots: kept("snapshots", ".snapshot"),
        quarantined: kept("quarantine", ""),
        how_it_goes: state.statistics(last.unwrap_or_default()),
        events,
    })
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn print(statistics: &Statistics) -> Result<()> {
    let s = statistics;
    let row = |name: &str, value: &str| say(&format!("{name:<12} {value}"));
    row("session", &s.session)?;
    row("log", &s.log_id)?;
    if let (Some(question), Some(pool)) = (&s.question, &s.pool) {
        row("question", question)?;
        row("pool", &format!("{pool} ({} images)", HumanCount(s.images as u64)))?;
    }
    row("in use", s.in_use_by.as_deref().map_or("no", |holder| holder))?;
    row(
        "records",
        &format!(
            "{} in {} batches, {} segment{}, {}",
            HumanCount(s.records),
            HumanCount(s.batches),
            s.segments,
            plural(s.segments as u64),
            HumanBytes(s.bytes)
        ),
    )?;
    if let (Some(first), Some(last)) = (&s.first_time, &s.last_time) {
        row("from, to", &format!("{first}, {last}"))?;
    }
    row("written in", &format!("{} run{}", s.opened_for_writing, plural(s.opened_for_writing)))?;
    row(
        "answers",
        &format!(
            "{} yes, {} no, {} skipped; {} looks count; {} images set aside",
            s.positives, s.negatives, s.skipped, s.looks, s.set_aside
        ),
    )?;
    let HowItGoes { active_seconds, per_active_minute, agreement_of_all, .. } = &s.how_it_goes;
    if let Some(pace) = per_active_minute {
        let time = HumanDuration(Duration::from_secs_f64(*active_seconds));
        row("time", &format!("{time} of answering, {pace:.0} a minute"))?;
    }
    if agreement_of_all.of > 0 {
        let share = f64::from(agreement_of_all.agreed) / f64::from(agreement_of_all.of) * 100.0;
        row("model", &format!("had foretold {share:.0} % of {} answers", agreement_of_all.of))?;
    }
    match s.durable_up_to {
        Some(up_to) => {
            row("HEAD", &format!("knows the first {} to be durable", HumanCount(up_to)))?;
        }
        None => row("HEAD", "missing or unreadable")?,
    }
    if s.torn_bytes > 0 {
        row("torn end", &format!("{} bytes of an interrupted write", s.torn_bytes))?;
    }
    if s.lost_records > 0 {
        row("lost", &format!("{} records before this log was rescued", s.lost_records))?;
    }
    row("snapshots", &s.snapshots.to_string())?;
    row(
        "quarantine",
        &format!("{} end{} of interrupted writes", s.quarantined, plural(s.quarantined as u64)),
    )?;
    say("")?;
    say(&format!("{:<16} {:>12} {:>12}", "event", "records", "payload"))?;
    for (name, amount) in &s.events {
        let (records, bytes) = (HumanCount(amount.records), HumanBytes(amount.payload_bytes));
        say(&format!("{name:<16} {:>12} {:>12}", records.to_string(), bytes.to_string()))?;
    }
    Ok(())
}
