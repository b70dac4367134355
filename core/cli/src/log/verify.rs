//! `sluice log verify`: whether everything is whole; if not, what is.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use sluice_events::Event;
use sluice_log::head::HeadFile;
use sluice_log::storage::{FsStorage, Storage};
use sluice_log::{Check, OpenError, Record, check, read_records, rescue};

use super::{cat, say, with_next_step};
use crate::arguments::SessionFolder;

pub fn run(folder: &SessionFolder) -> Result<()> {
    let storage = super::session(folder)?;
    let bar = progress(&storage);
    let found = check(&storage, |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let checked = match found {
        Ok(Some(checked)) => checked,
        Ok(None) => return Ok(say("The log has no record yet.")?),
        Err(error) => return Err(damaged(&storage, &error)?),
    };
    for segment in &checked.segments {
        let records = match segment.next_seq.checked_sub(segment.first_seq + 1) {
            Some(more) => format!("records {} to {}", segment.first_seq, segment.first_seq + more),
            None => "no record yet".to_owned(),
        };
        say(&format!(
            "{}  {records} in {} batches, {}",
            segment.file,
            HumanCount(segment.batches),
            HumanBytes(segment.bytes)
        ))?;
    }
    tell_end(&storage, &checked)?;
    let unknown = understand(&storage, &checked)?;
    if checked.head.known().is_none() {
        bail!(
            "the {} records that are here are whole, but HEAD is missing or unreadable: whether the newest \
             ones are missing can't be told. It is made anew when the session is served",
            HumanCount(checked.next_seq())
        );
    }
    say(&format!(
        "Whole: {} records; every checksum, number and link of the chain holds{}.",
        HumanCount(checked.next_seq()),
        if unknown.is_empty() { ", and every event is understood" } else { "" }
    ))?;
    for (event_type, count) in unknown {
        say(&format!(
            "{count} of them, of type {event_type}, were written by a newer sluice: they are kept, and \
             this one adds nothing to the log."
        ))?;
    }
    Ok(())
}

fn progress(storage: &FsStorage) -> ProgressBar {
    let bytes = |name: &String| storage.root().join(name).metadata().map_or(0, |file| file.len());
    let total = storage.list("log").unwrap_or_default().iter().map(bytes).sum();
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn tell_end(storage: &FsStorage, checked: &Check) -> Result<()> {
    match &checked.head {
        HeadFile::Known { end, .. } if end.next_seq == checked.next_seq() => {
            say("HEAD  knows the log to its end")?;
        }
        HeadFile::Known { end, .. } => say(&format!(
            "HEAD  knows of {} records; the {} behind them are whole too",
            end.next_seq,
            checked.next_seq() - end.next_seq
        ))?,
        HeadFile::Missing | HeadFile::Unreadable | HeadFile::Newer(_) => {}
    }
    if matches!(checked.head, HeadFile::Known { slot_lost: true, .. }) {
        say("HEAD  one of its two slots is not whole; the other one serves")?;
    }
    let Some(torn) = &checked.torn else { return Ok(()) };
    let (bytes, file, offset) = (torn.bytes.len(), &torn.file, torn.offset);
    let text = match storage.holder() {
        Some(holder) => format!("{file}  {holder} is writing at byte {offset}"),
        None if checked.head.known().is_some() => format!(
            "{file}  ends with {bytes} bytes (at byte {offset}) that are, by every sign, an interrupted \
             write that was never acknowledged; they are put aside when the session is served"
        ),
        None => format!("{file}  ends with {bytes} bytes (at byte {offset}) that are not whole"),
    };
    Ok(say(&text)?)
}

/// Decodes every event; counts those of newer programs by their type.
fn understand(storage: &FsStorage, checked: &Check) -> Result<BTreeMap<u16, u64>> {
    let mut unknown = BTreeMap::new();
    for record in read_records(storage, 0, checked.next_seq()) {
        if let Event::Unknown(event) = cat::decoded(&record?)? {
            *unknown.entry(event.event_type).or_default() += 1;
        }
    }
    Ok(unknown)
}

/// Lists what is whole and what is lost; the error to end with.
fn damaged(storage: &FsStorage, error: &OpenError) -> Result<anyhow::Error> {
    use OpenError::{Damaged, Missing, Unreadable};
    if matches!(error, Damaged(_) | Missing { .. } | Unreadable { .. }) {
        tell_rescue(storage)?;
    }
    Ok(with_next_step(error, storage.root()))
}

fn tell_rescue(storage: &FsStorage) -> Result<()> {
    let filler =
        Record { seq: 0, time_us: 0, event_type: 0, schema_version: 0, payload: Vec::new() };
    let found = rescue(storage, &filler, |_| Ok::<(), OpenError>(()));
    let found = match found {
        Ok(found) => found,
        Err(error) => bail!(with_next_step(&error, storage.root())),
    };
    say(&format!("{} records are whole.", HumanCount(found.whole)))?;
    Ok(super::tell_losses(&found)?)
}
