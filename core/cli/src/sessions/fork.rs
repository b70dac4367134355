//! `sluice sessions fork`: another session with the same history, up to a point.

use anyhow::{Context, Result};
use futures::executor::block_on;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use sluice_events::{Event, codec};
use sluice_log::frame::{MAX_BODY, RECORD_HEADER_LEN};
use sluice_log::storage::FsStorage;
use sluice_log::{EventLog, Expect, Log, Options, Record, quoted, read_records};

use super::artefacts;
use crate::arguments::SessionsFork;
use crate::log::{self, say, with_next_step};
use crate::replay::history::{History, Reach};
use crate::unfinished::Unfinished;

pub fn run(arguments: &SessionsFork) -> Result<()> {
    let history = History::open(&arguments.folder)?;
    // Also before the damage: a fork tells nothing of what is lost, a rescue does.
    history.whole()?;
    let Reach { end, .. } = history.reach(arguments.until)?;
    let last = log::time(history.time_us(end - 1)?);
    let original = history.storage.root();
    let unfinished = Unfinished::begin(&arguments.to, original)?;
    let was_not = || format!("nothing was forked; {} is as it was", original.display());
    let seen = copy_records(&history, end, &unfinished).with_context(was_not)?;
    let newest_is_there = artefacts::copy(&seen.artefacts, original, unfinished.folder())
        .context("can't copy the session's artefacts")
        .with_context(was_not)?;
    unfinished.finish()?;
    let (new, records) = (arguments.to.display().to_string(), HumanCount(end));
    say(&format!("Forked {records} records into {new}, the last of {last}."))?;
    if !newest_is_there {
        say("What trained in the background begins anew: its weights of then are no longer kept.")?;
    }
    let (pool, new) = (quoted(&seen.pool.unwrap_or_else(|| "DIR".to_owned())), quoted(&new));
    Ok(say(&format!(
        "{} is as it was. Go on in the new one with `sluice serve '{pool}' --session '{new}'`.",
        original.display()
    ))?)
}

/// What records tell on their way.
#[derive(Debug, Default)]
struct Seen {
    pool: Option<String>,
    /// Names of files, in the order in which they were kept.
    artefacts: Vec<String>,
}

impl Seen {
    /// What is not understood is copied like the rest.
    fn note(&mut self, record: &Record) {
        let event = codec::decode(record.event_type, record.schema_version, &record.payload);
        match event {
            Ok(Event::SessionOpened(opened)) => self.pool = Some(opened.pool),
            Ok(Event::CheckpointMade(made)) => self.artefacts.push(artefacts::name(&made.artefact)),
            _ => {}
        }
    }
}

/// Numbers, times and payloads stay what they are; batches are as large as they can be.
fn copy_records(history: &History, end: u64, unfinished: &Unfinished) -> Result<Seen> {
    let folder = unfinished.folder();
    let storage = FsStorage::new(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    let log = Log::open(storage, Options::default());
    let log = log.map_err(|error| with_next_step(&error, folder))?;
    let bar = progress(end);
    let mut seen = Seen::default();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for record in read_records(&history.storage, 0, end) {
        let record = record?;
        seen.note(&record);
        let length = RECORD_HEADER_LEN + record.payload.len();
        if bytes + length > MAX_BODY {
            append(&log, std::mem::take(&mut batch))?;
            bar.set_position(record.seq);
            bytes = 0;
        }
        bytes += length;
        batch.push(record);
    }
    append(&log, batch)?;
    bar.finish_and_clear();
    Ok(seen)
}

fn append(log: &Log<FsStorage>, batch: Vec<Record>) -> Result<()> {
    let Some(first) = batch.first().map(|record| record.seq) else { return Ok(()) };
    block_on(log.append(Expect::Next(first), batch)).context("can't write the new session")?;
    Ok(())
}

fn progress(records: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} records, {per_sec}");
    ProgressBar::new(records).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
