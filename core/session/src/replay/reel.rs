//! The states of a log, wherever they are asked for: each is folded from the nearest one before it that was kept, as
//! it was folded when the session went on.

use std::sync::Arc;

use sluice_log::storage::Storage;
use sluice_log::{ReadError, Record, read_records};

use crate::handle::View;
use crate::replay::Timeline;
use crate::restore::{OpenSessionError, decoded};
use crate::snapshot;
use crate::state::State;

/// A state is kept whenever so many events have happened: they are folded in a few hundredths of a second.
const EVERY: u64 = 1 << 15;
/// What is kept takes no more than this, bytes; where it would, every other state goes. The state of a million answers
/// to a million images takes some 75 MB: half a dozen are kept, and what lies between two is folded in half a second.
const MOST_BYTES: usize = 512 << 20;

/// A state as bytes, and the number of the event that comes next.
struct Kept {
    next_seq: u64,
    bytes: Vec<u8>,
}

/// A log that was read from its beginning, and the state at one moment of it.
pub struct Reel<S> {
    storage: S,
    timeline: Arc<Timeline>,
    /// Ascending.
    kept: Vec<Kept>,
    every: u64,
    state: State,
    /// The records that come next, so that who goes on looks for nothing.
    ahead: Option<Records>,
}

type Records = Box<dyn Iterator<Item = Result<Record, ReadError>> + Send>;

impl<S: Storage> Reel<S> {
    /// Reads the log up to, but not including, the record `end`, whose state is at hand then. Nothing is written, and
    /// no lock is taken.
    ///
    /// # Errors
    /// When a record can't be read or understood.
    pub fn read(storage: S, end: u64) -> Result<Self, OpenSessionError> {
        Self::read_keeping(storage, end, EVERY, MOST_BYTES)
    }

    fn read_keeping(
        storage: S,
        end: u64,
        every: u64,
        most_bytes: usize,
    ) -> Result<Self, OpenSessionError> {
        let (timeline, kept, state) = (Arc::default(), Vec::new(), State::default());
        let mut reel = Self { storage, timeline, kept, every, state, ahead: None };
        let mut happened = Timeline::default();
        for record in read_records(&reel.storage, 0, end) {
            let record = record?;
            let event = decoded(&record)?;
            happened.add(&record, &event);
            reel.state.apply(record.seq, record.time_us, &event);
            if reel.state.next_seq.is_multiple_of(reel.every) {
                reel.keep(most_bytes);
            }
        }
        reel.timeline = Arc::new(happened);
        Ok(reel)
    }

    /// When everything happened.
    pub fn timeline(&self) -> &Arc<Timeline> {
        &self.timeline
    }

    /// The number of the event that comes next.
    pub(crate) fn next_seq(&self) -> u64 {
        self.state.next_seq
    }

    /// The moment, as it was to be seen then.
    pub(crate) fn view(&self) -> View<'_> {
        let ranking = self.state.ranking.as_ref();
        View {
            state: &self.state,
            order: ranking.map(|ranking| ranking.first.as_slice()).unwrap_or_default(),
            closed: None,
            now_us: self.timeline.moment(self.state.next_seq).time_us,
        }
    }

    /// Goes to the moment before the event of this number.
    ///
    /// # Errors
    /// When a record can't be read or understood any more.
    pub(crate) fn go(&mut self, next_seq: u64) -> Result<(), OpenSessionError> {
        let next_seq = next_seq.min(self.timeline.end());
        let reached = self.state.next_seq;
        if next_seq == reached {
            return Ok(());
        }
        // What was kept is of use where it is nearer than where this stands, which is of none behind the moment.
        let is_nearer = |kept: &&Kept| {
            kept.next_seq <= next_seq && (reached > next_seq || kept.next_seq > reached)
        };
        let mut nearer = self.kept.iter().rev().filter(is_nearer);
        let found = nearer.find_map(|kept| snapshot::decode(&kept.bytes));
        if found.is_some() || reached > next_seq {
            self.state = found.unwrap_or_default();
            self.ahead = None;
        }
        let ahead = self.ahead.get_or_insert_with(|| {
            Box::new(read_records(&self.storage, self.state.next_seq, self.timeline.end()))
        });
        for record in ahead.take((next_seq - self.state.next_seq) as usize) {
            let record = record?;
            self.state.apply(record.seq, record.time_us, &decoded(&record)?);
        }
        Ok(())
    }

    /// Keeps the state; without the commands, which nobody sends to a replay.
    fn keep(&mut self, most_bytes: usize) {
        self.state.commands.clear();
        let Some(bytes) = snapshot::encode(&self.state) else { return };
        self.kept.push(Kept { next_seq: self.state.next_seq, bytes });
        let total = |kept: &[Kept]| kept.iter().map(|kept| kept.bytes.len()).sum::<usize>();
        while self.kept.len() > 1 && total(&self.kept) > most_bytes {
            self.every *= 2;
            self.kept.retain(|kept| kept.next_seq.is_multiple_of(self.every));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use sluice_events::facts::{FoundImage, ImagesFound, Labelled, Seen, Undone};
    use sluice_events::{CommandId, Event, ImageId, Label, Source, codec};
    use sluice_log::storage::MemoryStorage;
    use sluice_log::{EventLog, Expect, Log, Options, Record};
    use uuid::Uuid;

    use super::*;

    const IMAGES: u32 = 20;

    fn id() -> CommandId {
        CommandId(Uuid::new_v4())
    }

    /// Each image is answered; every third answer is taken back at once.
    fn events() -> Vec<Event> {
        let found = |number| FoundImage { path: format!("{number}.png"), bytes: 1 };
        let images = (0..IMAGES).map(found).collect();
        let mut events = vec![Event::ImagesFound(ImagesFound { first: Some(ImageId(0)), images })];
        for image in (0..IMAGES).map(ImageId) {
            let (label, source) = (Label::Positive, Source::Manual);
            let (command, annotator, seen) = (id(), "me".to_owned(), Seen::default());
            let look = events.len() as u64;
            events.push(Event::Labelled(Labelled {
                command,
                image,
                label,
                source,
                annotator,
                seen,
            }));
            if image.0.is_multiple_of(3) {
                events.push(Event::Undone(Undone { command: id(), look }));
            }
        }
        events
    }

    fn time_us(seq: u64) -> u64 {
        1_000_000 + seq * 500
    }

    /// A log, and the state at each of its moments.
    fn session() -> (MemoryStorage, Vec<State>) {
        let storage = MemoryStorage::default();
        let log = Log::open(storage.clone(), Options::default()).unwrap();
        let mut states = vec![State::default()];
        for (seq, event) in (0..).zip(events()) {
            let encoded = codec::encode(&event).unwrap();
            let record = Record {
                seq,
                time_us: time_us(seq),
                event_type: encoded.event_type,
                schema_version: encoded.schema_version,
                payload: encoded.payload,
            };
            block_on(log.append(Expect::Any, vec![record])).unwrap();
            let mut state = states[seq as usize].clone();
            state.apply(seq, time_us(seq), &event);
            states.push(state);
        }
        (storage, states)
    }

    fn without_commands(state: &State) -> State {
        let mut state = state.clone();
        state.commands.clear();
        state
    }

    #[test]
    fn every_moment_is_what_it_was_in_whatever_order_they_are_gone_to() {
        let (storage, states) = session();
        let end = states.len() as u64 - 1;
        for (every, most_bytes) in [(1, usize::MAX), (7, usize::MAX), (4, 3000), (1 << 15, 0)] {
            let storage = storage.clone();
            let mut reel = Reel::read_keeping(storage, end, every, most_bytes).unwrap();
            assert_eq!(without_commands(&reel.state), without_commands(&states[end as usize]));
            let kept: usize = reel.kept.iter().map(|kept| kept.bytes.len()).sum();
            assert!(kept <= most_bytes || reel.kept.len() == 1, "every {every}: {kept} bytes");
            let mut next_seq = 0;
            for step in 0..300 {
                next_seq = (next_seq + step * 37 + 11) % (end + 1);
                reel.go(next_seq).unwrap();
                let wanted = without_commands(&states[next_seq as usize]);
                assert_eq!(without_commands(&reel.state), wanted, "every {every}: {next_seq}");
                let now_us = next_seq.checked_sub(1).map_or(time_us(0), time_us);
                assert_eq!(reel.view().now_us, now_us);
            }
            // There is nothing behind the end.
            reel.go(end + 9).unwrap();
            assert_eq!(reel.next_seq(), end);
        }
    }

    #[test]
    fn a_part_of_a_log_is_replayed_as_if_it_ended_there() {
        let (storage, states) = session();
        let reel = Reel::read(storage.clone(), 5).unwrap();
        assert_eq!(without_commands(&reel.state), without_commands(&states[5]));
        assert_eq!(reel.timeline().end(), 5);
        let missing = Reel::read(storage, states.len() as u64 + 5);
        assert!(matches!(missing, Err(OpenSessionError::Read(_))));
    }
}
