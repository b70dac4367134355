//! When everything in a log happened, and which of it were looks: how a replay finds its way. A moment is named by the
//! number of the event that comes next.

use sluice_events::facts::{Labelled, Skipped};
use sluice_events::message::{ReplayMoment, ReplaySpan, ReplayedLook};
use sluice_events::{Answer, Event};
use sluice_log::Record;

/// So many moments are told, or a few more.
const MOMENTS: u64 = 300;

/// The moments of a session.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Of each event, µs since 1970.
    times_us: Vec<u64>,
    /// Oldest first; those that were taken back, too.
    looks: Vec<ReplayedLook>,
    /// Where a look was taken back, or counted again.
    turns: Vec<u64>,
    /// Where steps of many labels began.
    steps: Vec<u64>,
    /// The first moment at which the session had begun.
    begin: Option<u64>,
    /// Somebody has chosen a selector.
    chosen: bool,
    /// Who ordered before, and whether there was a model by then: without one, others may stand in.
    ordered: Option<(String, bool)>,
}

impl Timeline {
    pub(crate) fn add(&mut self, record: &Record, event: &Event) {
        let seq = record.seq;
        self.times_us.push(record.time_us);
        let (image, answer, seen) = match event {
            Event::Labelled(Labelled { image, label, seen, .. }) => {
                (*image, Answer::from(*label), seen)
            }
            Event::Skipped(Skipped { image, seen, .. }) => (*image, Answer::Skip, seen),
            other => return self.add_other(seq, other),
        };
        let probability = seen.probability.filter(|p| (0.0..=1.0).contains(p));
        self.looks.push(ReplayedLook { seq, image, answer, probability });
    }

    fn add_other(&mut self, seq: u64, event: &Event) {
        match event {
            Event::SessionOpened(_) => drop(self.begin.get_or_insert(seq + 1)),
            Event::Undone(_) | Event::Redone(_) => self.turns.push(seq),
            Event::BulkBegun(_) => self.steps.push(seq),
            Event::SelectorChosen(_) => self.chosen = true,
            Event::RankingMade(made) if !self.chosen => {
                let has_model = made.model.is_some();
                if self.ordered.as_ref().is_none_or(|(_, had_model)| has_model && !had_model) {
                    self.ordered = Some((made.selector.name.clone(), has_model));
                }
            }
            _ => {}
        }
    }

    /// The first moment at which the session had begun.
    pub fn begin(&self) -> u64 {
        self.begin.unwrap_or(0)
    }

    /// The last moment.
    pub fn end(&self) -> u64 {
        self.times_us.len() as u64
    }

    /// The selector that ordered as long as nobody had chosen one.
    pub fn selector(&self) -> Option<&str> {
        self.ordered.as_ref().map(|(selector, _)| selector.as_str())
    }

    /// What a moment is.
    pub fn moment(&self, next_seq: u64) -> ReplayMoment {
        let seq = next_seq.min(self.end()).saturating_sub(1);
        let time_us = self.times_us.get(seq as usize).copied().unwrap_or_default();
        ReplayMoment { seq, time_us, looks: self.looks_by(next_seq) as u32 }
    }

    /// How many looks there were by then.
    pub fn looks_by(&self, next_seq: u64) -> usize {
        self.looks.partition_point(|look| look.seq < next_seq)
    }

    /// The moment before a look, counted from 0; the last moment, if there are not so many.
    pub fn before_look(&self, look: usize) -> u64 {
        let before = self.looks.get(look).map_or(self.end(), |look| look.seq);
        before.max(self.begin())
    }

    /// The newest look.
    pub fn given(&self, next_seq: u64) -> Option<ReplayedLook> {
        self.looks_by(next_seq).checked_sub(1).map(|newest| self.looks[newest])
    }

    /// The look to come, unless something is taken back or counts again before it: then nobody wrote down what was on
    /// the screen until then.
    pub fn next(&self, next_seq: u64) -> Option<ReplayedLook> {
        let next = self.looks.get(self.looks_by(next_seq)).copied()?;
        let turn = self.turns.get(self.turns.partition_point(|turn| *turn < next_seq));
        turn.is_none_or(|turn| *turn > next.seq).then_some(next)
    }

    /// How long nothing happens from a moment on, µs; none at the last one. A clock that was set back is no pause.
    pub fn pause_us(&self, next_seq: u64) -> Option<u64> {
        let next_us = self.times_us.get(next_seq as usize)?;
        Some(next_us.saturating_sub(self.moment(next_seq).time_us))
    }

    /// For whoever wants to see where things are.
    pub fn span(&self) -> ReplaySpan {
        let (begin, end) = (self.begin(), self.end());
        let every = end.saturating_sub(begin).div_ceil(MOMENTS).max(1);
        let moments = (begin..end).step_by(every as usize).chain([end]);
        let moments = moments.map(|next_seq| self.moment(next_seq)).collect();
        ReplaySpan { moments, steps: self.steps.clone() }
    }
}

#[cfg(test)]
mod tests {
    use sluice_events::facts::{BulkBegun, Origin, SessionOpened, Undone};
    use sluice_events::{BulkId, CommandId, ImageId, Label, Source};
    use uuid::Uuid;

    use super::*;

    fn timeline(events: &[Event]) -> Timeline {
        let mut timeline = Timeline::default();
        for (seq, event) in (0..).zip(events) {
            let (time_us, payload) = (1000 + seq * 10, Vec::new());
            let record = Record { seq, time_us, event_type: 0, schema_version: 0, payload };
            timeline.add(&record, event);
        }
        timeline
    }

    fn look(image: u32) -> Event {
        Event::Labelled(Labelled {
            command: CommandId(Uuid::nil()),
            image: ImageId(image),
            label: Label::Positive,
            source: Source::Manual,
            annotator: String::new(),
            seen: sluice_events::facts::Seen { probability: Some(0.5), ..Default::default() },
        })
    }

    fn opened() -> Event {
        let (question, pool, program) = (String::new(), String::new(), String::new());
        Event::SessionOpened(SessionOpened { question, pool, seed: 1, program })
    }

    fn undone(look: u64) -> Event {
        Event::Undone(Undone { command: CommandId(Uuid::nil()), look })
    }

    #[test]
    fn looks_are_found_before_and_behind_every_moment() {
        let events = [opened(), look(7), look(3), undone(2), look(5), opened()];
        let timeline = timeline(&events);
        assert_eq!((timeline.begin(), timeline.end()), (1, 6));
        let image = |look: Option<ReplayedLook>| look.map(|look| look.image.0);
        let given: Vec<_> = (1..=6).map(|next| image(timeline.given(next))).collect();
        assert_eq!(given, [None, Some(7), Some(3), Some(3), Some(5), Some(5)]);
        // Before something is taken back, nobody knows what was on the screen.
        let next: Vec<_> = (1..=6).map(|next| image(timeline.next(next))).collect();
        assert_eq!(next, [Some(7), Some(3), None, Some(5), None, None]);
        assert_eq!([0, 1, 2, 3, 9].map(|look| timeline.before_look(look)), [1, 2, 4, 6, 6]);
        let moment = timeline.moment(4);
        assert_eq!((moment.seq, moment.time_us, moment.looks), (3, 1030, 2));
        assert_eq!([1, 5, 6].map(|next| timeline.pause_us(next)), [Some(10), Some(10), None]);
    }

    #[test]
    fn a_log_without_a_look_and_an_empty_one_have_their_moments() {
        let timeline = timeline(&[opened()]);
        assert_eq!((timeline.before_look(0), timeline.given(1), timeline.next(1)), (1, None, None));
        assert_eq!(timeline.span().moments.len(), 1);
        let empty = Timeline::default();
        assert_eq!((empty.begin(), empty.end(), empty.moment(0).seq), (0, 0, 0));
        assert_eq!((empty.pause_us(0), empty.span().moments.len()), (None, 1));
    }

    #[test]
    fn the_first_and_the_last_moment_are_always_told() {
        for count in [1, 2, 299, 300, 301, 302, 5000] {
            let mut events = vec![opened()];
            events.resize_with(count, || look(1));
            let begun = BulkBegun {
                command: CommandId(Uuid::nil()),
                bulk: BulkId(1),
                origin: Origin::File { name: String::new(), hash: [0; 32] },
                labels: 0,
                annotator: String::new(),
            };
            events.push(Event::BulkBegun(begun));
            let span = timeline(&events).span();
            let seqs: Vec<u64> = span.moments.iter().map(|moment| moment.seq).collect();
            assert_eq!((seqs.first(), seqs.last()), (Some(&0), Some(&(count as u64))));
            assert!(seqs.is_sorted_by(|one, next| one < next), "{count}: {seqs:?}");
            assert!(seqs.len() as u64 <= MOMENTS + 1, "{count}: {}", seqs.len());
            assert_eq!(span.steps, [count as u64]);
        }
    }
}
