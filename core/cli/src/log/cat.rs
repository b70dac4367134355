//! `sluice log cat`: events as JSON lines.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::Serialize;
use sluice_events::{Event, codec};
use sluice_log::{Record, read_records};

use crate::arguments::Cat;

/// One line. The event's own fields follow, its name first, as `type`.
#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    /// RFC 3339, in UTC.
    time: String,
    /// Of the bytes in the log; the fields are those of the newest version.
    version: u16,
    #[serde(flatten)]
    event: &'a Event,
}

pub fn run(arguments: &Cat) -> Result<()> {
    for name in &arguments.types {
        if !codec::NAMES.contains(&name.as_str()) {
            bail!("there is no event type {name}; there are {}", codec::NAMES.join(", "));
        }
    }
    let storage = super::session(&arguments.folder)?;
    // What is whole before damage is printed, then the damage is told.
    let (whole_to, damage) = match super::checked(&storage, |_| {}) {
        Ok(checked) => (checked.next_seq(), None),
        Err(damage) => (u64::MAX, Some(damage)),
    };
    let to = arguments.to.map_or(whole_to, |to| to.min(whole_to));
    let mut out = BufWriter::new(io::stdout().lock());
    for record in read_records(&storage, arguments.from, to) {
        let record = match (record, &damage) {
            (Err(_), Some(_)) => break,
            (record, _) => record?,
        };
        let event = decoded(&record)?;
        let name = codec::name(&event);
        if arguments.types.is_empty() || arguments.types.iter().any(|wanted| wanted == name) {
            serde_json::to_writer(&mut out, &line(&record, &event)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    damage.map_or(Ok(()), Err)
}

/// The event that a record is.
pub fn decoded(record: &Record) -> Result<Event> {
    codec::decode(record.event_type, record.schema_version, &record.payload)
        .with_context(|| format!("record {} is whole but can't be understood", record.seq))
}

fn line<'a>(record: &Record, event: &'a Event) -> Line<'a> {
    let time = time(record.time_us);
    Line { seq: record.seq, time, version: record.schema_version, event }
}

/// µs since 1970 for a person.
pub fn time(time_us: u64) -> String {
    let time = i64::try_from(time_us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.map_or_else(|| format!("{time_us} µs since 1970"), |time| time.to_string())
}
