//! What is whole of a session's log, read and never written, also while a server writes to it.

use anyhow::{Context, Result, anyhow, bail};
use sluice_events::Event;
use sluice_log::segment::{self, SegmentHeader};
use sluice_log::storage::{FsStorage, Storage};
use sluice_log::{OpenError, Record, check, read_records};
use uuid::Uuid;

use crate::arguments::{Point, SessionFolder};
use crate::log;

/// A log that was checked. One record at least is whole.
pub struct History {
    /// The session folder.
    pub storage: FsStorage,
    /// The records before this one are whole.
    whole_to: u64,
    /// What is wrong behind them, and what to do.
    damage: Option<String>,
}

/// How far a replay goes, and what time it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Behind the last record.
    pub end: u64,
    /// The time that was named, or that of the last record, µs since 1970.
    pub now_us: u64,
}

impl History {
    /// Checks the log of the session that is meant.
    pub fn open(folder: &SessionFolder) -> Result<Self> {
        let storage = log::session(folder)?;
        let (whole_to, damage) = match check(&storage, |_| {}) {
            Ok(checked) => (checked.map_or(0, |checked| checked.next_seq()), None),
            Err(error) => {
                let told = log::with_next_step(&error, storage.root()).to_string();
                (whole_before(&error), Some(told))
            }
        };
        let history = Self { storage, whole_to, damage };
        if whole_to == 0 {
            history.whole()?;
            bail!("the log in {} has no record yet", history.storage.root().display());
        }
        Ok(history)
    }

    /// Behind the last record that is whole.
    pub fn whole_to(&self) -> u64 {
        self.whole_to
    }

    /// An error, if the log is damaged anywhere.
    pub fn whole(&self) -> Result<()> {
        self.damage.clone().map_or(Ok(()), |damage| Err(anyhow!(damage)))
    }

    /// The log's id, as its first file tells it.
    pub fn log_id(&self) -> Result<Uuid> {
        let file = segment::file_name(0);
        let header = self.storage.read_at(&file, 0, segment::HEADER_LEN);
        let header = header.with_context(|| format!("{file} can't be read any more"))?;
        let header = SegmentHeader::from_bytes(&header).ok();
        header.map(|header| header.log_id).with_context(|| format!("{file} is not what it was"))
    }

    /// How far it is to a point; without one, to the end. A point in time lies before the first record that is
    /// later.
    pub fn reach(&self, until: Option<Point>) -> Result<Reach> {
        let now_us = match until {
            Some(Point::Seq(seq)) if seq < self.whole_to => {
                return Ok(Reach { end: seq + 1, now_us: self.time_us(seq)? });
            }
            Some(Point::Seq(seq)) => {
                self.whole()?;
                return Err(self.outside(&format!("there is no record {seq}")));
            }
            Some(Point::Time { time_us }) => time_us,
            Some(Point::After { duration_us }) => self.time_us(0)?.saturating_add(duration_us),
            None => self.time_us(self.whole_to - 1)?,
        };
        let later = if until.is_some() { self.first_later(now_us)? } else { None };
        match later {
            Some(0) => Err(self.outside("the session had not begun by then")),
            Some(end) => Ok(Reach { end, now_us }),
            None => {
                self.whole()?;
                Ok(Reach { end: self.whole_to, now_us })
            }
        }
    }

    /// The first record of a part that begins at a point; without one, the first of all.
    pub fn begin(&self, from: Option<Point>, end: u64) -> Result<u64> {
        let at = |time_us: u64| self.first_later(time_us.saturating_sub(1));
        let begin = match from {
            None => 0,
            Some(Point::Seq(seq)) => seq,
            Some(Point::Time { time_us }) => at(time_us)?.unwrap_or(end),
            Some(Point::After { duration_us }) => {
                at(self.time_us(0)?.saturating_add(duration_us))?.unwrap_or(end)
            }
        };
        if begin >= end {
            return Err(self.outside("there is nothing to play from there on"));
        }
        Ok(begin)
    }

    /// When a record was written, µs since 1970.
    pub fn time_us(&self, seq: u64) -> Result<u64> {
        let record = read_records(&self.storage, seq, seq + 1).next();
        let record = record.with_context(|| format!("record {seq} is not there any more"))??;
        Ok(record.time_us)
    }

    /// Takes records in order, each with the event that it is.
    pub fn each(
        &self,
        begin: u64,
        end: u64,
        mut take: impl FnMut(&Record, &Event) -> Result<()>,
    ) -> Result<()> {
        for record in read_records(&self.storage, begin, end) {
            let record = record?;
            let event = log::decoded(&record)?;
            take(&record, &event)?;
        }
        Ok(())
    }

    fn first_later(&self, time_us: u64) -> Result<Option<u64>> {
        for record in read_records(&self.storage, 0, self.whole_to) {
            let record = record?;
            if record.time_us > time_us {
                return Ok(Some(record.seq));
            }
        }
        Ok(None)
    }

    /// An error that names what there is.
    fn outside(&self, what: &str) -> anyhow::Error {
        let last = self.whole_to - 1;
        match (self.time_us(0), self.time_us(last)) {
            (Ok(first_us), Ok(last_us)) => anyhow!(
                "{what}: the first record is 0, of {}, the last one {last}, of {}",
                log::time(first_us),
                log::time(last_us)
            ),
            (Err(error), _) | (_, Err(error)) => error,
        }
    }
}

/// So many records are whole before what is wrong; none that anybody could vouch for where that is not known.
fn whole_before(error: &OpenError) -> u64 {
    match error {
        OpenError::Damaged(damage) => damage.lost_from,
        OpenError::Missing { from, .. } => *from,
        _ => 0,
    }
}
