//! A session's log as rows: one an image, with the answer that counts, in the pool's order.

use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;
use sluice_events::{Answer, ImageId, Source};
use sluice_log::read_records;
use sluice_log::storage::{FsStorage, Storage};
use sluice_session::State;
use sluice_session::bulk::Answered;
use sluice_session::state::ImageState;

use super::history::History;
use super::progress;
use crate::arguments::{ExportLabels, SessionFolder, SourceName};
use crate::log;

/// A log of this size takes a moment to check.
const LONG_BYTES: u64 = 50_000_000;
/// So many records take a moment to read.
const LONG_RECORDS: u64 = 200_000;

/// A session, as its log tells it.
pub struct Session {
    pub state: State,
    /// What was ever said, where that is wanted.
    pub history: Option<History>,
    /// Its folder.
    pub folder: PathBuf,
}

impl Session {
    /// Reads the log up to where it is whole by now, or says what is wrong with it.
    pub fn read(folder: &SessionFolder, with_history: bool) -> Result<Self> {
        let storage = log::session(folder)?;
        let bar = progress(bytes(&storage), LONG_BYTES, "checking the log");
        let checked = log::checked(&storage, |walked| bar.inc(walked));
        bar.finish_and_clear();
        let records = checked?.next_seq();
        let bar = progress(records, LONG_RECORDS, "reading the log");
        let mut state = State::default();
        let mut history = with_history.then(History::default);
        for record in read_records(&storage, 0, records) {
            let record = record?;
            let (seq, time_us) = (record.seq, record.time_us);
            let event = log::decoded(&record)?;
            if let Some(history) = &mut history {
                history.take(seq, time_us, &event, &state);
            }
            state.apply(seq, time_us, &event);
            bar.inc(1);
        }
        bar.finish_and_clear();
        if let Some(history) = &mut history {
            history.sort();
        }
        Ok(Self { state, history, folder: storage.root().to_owned() })
    }

    /// The pool's folder as it was given; none where that was lost.
    pub fn pool(&self) -> Option<PathBuf> {
        self.state.opened.as_ref().map(|opened| PathBuf::from(&opened.pool))
    }

    /// The rows of an export.
    pub fn rows<'a>(&'a self, wanted: &'a Wanted) -> impl Iterator<Item = Row<'a>> {
        self.all().filter(move |row| match row.source() {
            Some(source) => row.is_named() && wanted.takes(source),
            None => row.is_named() && wanted.unlabelled,
        })
    }

    /// Answers that are not of the wanted sources.
    pub fn left_out(&self, wanted: &Wanted) -> u64 {
        let other = |row: &Row<'_>| row.source().is_some_and(|source| !wanted.takes(source));
        self.all().filter(|row| row.is_named() && other(row)).count() as u64
    }

    /// Answers of images whose names are lost.
    pub fn nameless(&self) -> u64 {
        self.all().filter(|row| row.answered.is_some() && !row.is_named()).count() as u64
    }

    fn all(&self) -> impl Iterator<Item = Row<'_>> {
        let images = (0..).map(ImageId).zip(&self.state.images);
        images.map(move |(id, image)| Row { id, image, answered: self.state.answered(id) })
    }
}

/// What the log takes on the disk.
fn bytes(storage: &FsStorage) -> u64 {
    let bytes = |name: &String| storage.root().join(name).metadata().map_or(0, |file| file.len());
    storage.list("log").unwrap_or_default().iter().map(bytes).sum()
}

/// Which rows are wanted.
pub struct Wanted {
    /// Of these sources; none: of all.
    sources: Vec<Source>,
    /// Images without an answer, too.
    unlabelled: bool,
}

impl Wanted {
    pub fn of(arguments: &ExportLabels) -> Self {
        let source = |name: &SourceName| match name {
            SourceName::Manual => Source::Manual,
            SourceName::Timeout => Source::Timeout,
            SourceName::Imported => Source::Imported,
            SourceName::Model => Source::Model,
            SourceName::Audit => Source::Audit,
        };
        let sources = arguments.only.iter().map(source).collect();
        Self { sources, unlabelled: arguments.all }
    }

    fn takes(&self, source: Source) -> bool {
        self.sources.is_empty() || self.sources.contains(&source)
    }
}

/// One image.
pub struct Row<'a> {
    pub id: ImageId,
    pub image: &'a ImageState,
    /// The answer that counts.
    pub answered: Option<Answered>,
}

impl Row<'_> {
    pub fn answer(&self) -> Option<Answer> {
        self.answered.map(|answered| answered.given.answer)
    }

    pub fn source(&self) -> Option<Source> {
        self.answered.map(|answered| answered.given.source)
    }

    /// P(positive) that the person saw, or by which the model labelled it.
    pub fn probability(&self) -> Option<f32> {
        self.answered?.probability
    }

    /// How sure the model was of the answer.
    pub fn confidence(&self) -> Option<f32> {
        let probability = self.probability()?;
        match self.answer()? {
            Answer::Positive => Some(probability),
            Answer::Negative => Some(1.0 - probability),
            Answer::Skip => None,
        }
    }

    pub fn answered_at(&self) -> Option<String> {
        time(self.answered?.time_us)
    }

    /// How long the person took, to the millisecond; none where nobody looked, or nobody knows.
    pub fn seconds(&self) -> Option<f64> {
        let active_ms = (self.answered?.active_us + 500) / 1000;
        (active_ms > 0).then_some(active_ms as f64 / 1000.0)
    }

    /// A damaged log may have lost the name.
    fn is_named(&self) -> bool {
        !self.image.path.is_empty()
    }
}

/// µs since 1970 as RFC 3339, in UTC; none where there is no such time.
pub fn time(time_us: u64) -> Option<String> {
    let time_us = i64::try_from(time_us).ok()?;
    Some(Timestamp::from_microsecond(time_us).ok()?.to_string())
}

/// How many rows there are of each kind.
#[derive(Default)]
pub struct Counted {
    pub positives: u64,
    pub negatives: u64,
    pub skipped: u64,
    pub unlabelled: u64,
}

impl Counted {
    pub fn of(answers: impl Iterator<Item = Option<Answer>>) -> Self {
        let mut counted = Self::default();
        for answer in answers {
            match answer {
                Some(Answer::Positive) => counted.positives += 1,
                Some(Answer::Negative) => counted.negatives += 1,
                Some(Answer::Skip) => counted.skipped += 1,
                None => counted.unlabelled += 1,
            }
        }
        counted
    }
}
