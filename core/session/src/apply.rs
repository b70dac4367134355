//! What an event changes. Pure, total, and the same live and in replay.

use sluice_events::facts::{ImagesFound, Labelled, Seen, Skipped};
use sluice_events::{Answer, CommandId, Event, ImageId, RankingId, Source, codec};

use crate::state::{By, Counts, Given, ImageState, LookEntry, State};

/// A record has no room for more: an image takes two bytes at least.
const MOST_IMAGES_OF_A_RECORD: u64 = (codec::MAX_PAYLOAD / 2) as u64;
/// Why an image without a name can't be shown.
const NAME_LOST: &str = "its name was lost with a damaged part of the log";
/// So many rankings are remembered, for the looks that come from them.
const RECENT_RANKINGS: usize = 64;
/// Nobody looks at one picture for longer than this: it is a pause, µs.
const PAUSE_US: u64 = 60_000_000;

impl State {
    /// Takes one event in. `seq` is its number in the log, `time_us` its time (µs since 1970).
    ///
    /// Events that name images or looks that don't exist change nothing but `next_seq`, unless records
    /// were lost: the log is checked by checksums, and a fold must not fail.
    pub fn apply(&mut self, seq: u64, time_us: u64, event: &Event) {
        self.next_seq = seq + 1;
        if changes_the_order(event) {
            self.last_relevant = seq;
        }
        match event {
            Event::SessionOpened(opened) => self.opened = Some(opened.clone()),
            Event::ImagesFound(found) => self.find(found),
            Event::ImageSetAside(aside) => {
                self.change(aside.image, |image| image.set_aside = Some(aside.reason.clone()));
            }
            Event::ImageRestored(restored) => {
                self.change(restored.image, |image| restore(image, restored.bytes));
            }
            Event::ImagesIdentified(identified) => self.identify(identified),
            Event::ImagesMoved(moved) => self.move_images(moved),
            Event::Labelled(Labelled { command, image, label, source, seen, .. }) => {
                self.look(seq, time_us, *command, *image, Answer::from(*label), *source, seen);
            }
            Event::Skipped(Skipped { command, image, seen, .. }) => {
                self.look(seq, time_us, *command, *image, Answer::Skip, Source::Manual, seen);
            }
            Event::Undone(undone) => {
                self.commands.insert(undone.command, seq);
                self.undo(undone.look);
            }
            Event::Redone(redone) => {
                self.commands.insert(redone.command, seq);
                self.redo(redone.look);
            }
            Event::SelectorChosen(chosen) => {
                self.commands.insert(chosen.command, seq);
                self.selector = Some(chosen.selector.clone());
            }
            Event::NetworkChosen(chosen) => {
                self.commands.insert(chosen.command, seq);
                self.network = Some(chosen.network.clone());
            }
            Event::ParametersSet(set) => {
                self.commands.insert(set.command, seq);
                let by_hand = self.parameters.entry((set.kind, set.plugin.clone())).or_default();
                for (name, value) in &set.changes {
                    match value {
                        Some(value) => drop(by_hand.insert(name.clone(), value.clone())),
                        None => drop(by_hand.remove(name)),
                    }
                }
            }
            Event::CycleTrained(trained) => self.tally.cycle(trained),
            Event::ModelTrained(trained) => {
                self.tally.model(trained);
                self.models = trained.model.0;
                self.model = Some(trained.clone());
            }
            Event::RankingMade(made) => {
                self.rankings = made.ranking.0;
                self.recent_rankings.push_back((made.ranking, made.learned_from));
                if self.recent_rankings.len() > RECENT_RANKINGS {
                    self.recent_rankings.pop_front();
                }
                self.ranking = Some(made.clone());
            }
            Event::CheckpointMade(made) => self.checkpoint = Some(made.clone()),
            Event::PluginFailed(_) => {}
            Event::BulkBegun(begun) => {
                self.commands.insert(begun.command, seq);
                self.begin_bulk(seq, time_us, begun);
            }
            Event::BulkLabelled(labelled) => self.label_in_bulk(seq, time_us, labelled),
            Event::BulkRevoked(revoked) => {
                self.commands.insert(revoked.command, seq);
                self.revoke_bulk(seq, revoked.bulk);
            }
            Event::RecordLost(_) => self.lost_records += 1,
            Event::Unknown(unknown) => self.unknown_event = Some(unknown.event_type),
        }
    }

    fn find(&mut self, found: &ImagesFound) {
        self.make_room(found.first.map_or(0, ImageId::index));
        self.counts.candidates += found.images.len() as u32;
        self.images.extend(found.images.iter().map(|image| ImageState {
            path: image.path.clone(),
            bytes: image.bytes,
            content: None,
            given: None,
            set_aside: None,
        }));
    }

    /// Ids below `end` that nobody has were given in records that are lost: their images have no name.
    pub(crate) fn make_room(&mut self, end: usize) {
        let missing = end.saturating_sub(self.images.len()) as u64;
        if missing > self.lost_records * MOST_IMAGES_OF_A_RECORD {
            return;
        }
        for _ in 0..missing {
            self.counts.set_aside += 1;
            self.images.push(ImageState {
                path: String::new(),
                bytes: 0,
                content: None,
                given: None,
                set_aside: Some(NAME_LOST.to_owned()),
            });
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of two events")]
    fn look(
        &mut self,
        seq: u64,
        time_us: u64,
        command: CommandId,
        image: ImageId,
        answer: Answer,
        source: Source,
        seen: &Seen,
    ) {
        self.commands.insert(command, seq);
        self.make_room(image.index().saturating_add(1));
        let Some(before) = self.image(image).map(|image| image.given) else { return };
        let since_last = self.looks.last().map(|last| time_us.saturating_sub(last.time_us));
        let mut look = LookEntry {
            seq,
            image,
            answer,
            source,
            before,
            probability: seen.probability.filter(|p| (0.0..=1.0).contains(p)),
            ranking_age: seen.ranking.and_then(|ranking| self.age_of(ranking)),
            time_us,
            active_us: 0,
        };
        if look.is_of_pace() {
            look.active_us = time_spent(since_last, u64::from(seen.shown_ms) * 1000);
        }
        self.undone.clear();
        self.count_look(look);
    }

    fn undo(&mut self, look: u64) {
        // Undoing goes back one by one: later looks that still count were undone in records that are
        // lost.
        while self.lost_records > 0
            && let Some(later) = self.looks.last().map(|last| last.seq).filter(|seq| *seq > look)
        {
            self.undo_last(later);
        }
        self.undo_last(look);
    }

    fn undo_last(&mut self, look: u64) {
        let Some(last) = self.looks.pop_if(|last| last.seq == look) else { return };
        self.tally.take_out(&last);
        self.take_layer(last.image, By::Look(self.looks.len() as u32), last.before);
        self.revisit.retain(|image| *image != last.image);
        self.revisit.push(last.image);
        self.undone.push(last);
    }

    fn redo(&mut self, look: u64) {
        if let Some(mut again) = self.undone.pop_if(|next| next.seq == look) {
            // A step may have come or gone meanwhile.
            again.before = self.image(again.image).and_then(|image| image.given);
            self.count_look(again);
        }
    }

    fn count_look(&mut self, look: LookEntry) {
        let by = By::Look(self.looks.len() as u32);
        let given = Given { answer: look.answer, source: look.source, by };
        self.change(look.image, |image| image.given = Some(given));
        self.revisit.retain(|image| *image != look.image);
        let found = self.counts.positives - self.counts.of_steps.positives;
        self.tally.count(&look, found);
        self.looks.push(look);
    }

    /// Looks that a ranking does not know; none if the ranking is not one of the newest.
    fn age_of(&self, ranking: RankingId) -> Option<u32> {
        let (_, learned_from) =
            self.recent_rankings.iter().rev().find(|(recent, _)| *recent == ranking)?;
        // Looks are in the order of the log.
        let known = self.looks.partition_point(|look| look.seq <= *learned_from);
        Some((self.looks.len() - known) as u32)
    }

    /// Changes an image and keeps the totals right.
    pub(crate) fn change(&mut self, image: ImageId, change: impl FnOnce(&mut ImageState)) {
        let Some(image) = self.images.get_mut(image.index()) else { return };
        tally(&mut self.counts, image, u32::wrapping_sub);
        self.tally.answered(image.given, false);
        change(image);
        tally(&mut self.counts, image, u32::wrapping_add);
        self.tally.answered(image.given, true);
    }
}

/// An image is there again, with a file of this size.
fn restore(image: &mut ImageState, bytes: Option<u64>) {
    image.set_aside = None;
    // What was answered may be somewhere else now: it is not forgotten before the file is read.
    if image.given.is_some() && image.content.is_some() {
        return;
    }
    let bytes = bytes.unwrap_or(image.bytes);
    // A file of another size holds something else.
    image.content = image.content.filter(|_| bytes == image.bytes);
    image.bytes = bytes;
}

/// How long a person looked at a picture, µs: as long as it was on the screen. So neither a pause counts nor
/// the time that a picture took to arrive, and answers that waited for a connection keep theirs. Where
/// nobody knows how long it was there (0), it is the time since the look before, unless that is a pause.
fn time_spent(since_last: Option<u64>, on_screen: u64) -> u64 {
    match (since_last, on_screen) {
        (Some(gap), 0) if gap <= PAUSE_US => gap,
        (_, shown) => shown.min(PAUSE_US),
    }
}

/// Whether an event changes what there is to order or to learn from.
pub fn changes_the_order(event: &Event) -> bool {
    matches!(
        event,
        Event::ImagesFound(_)
            | Event::ImageSetAside(_)
            | Event::ImageRestored(_)
            | Event::Labelled(_)
            | Event::Skipped(_)
            | Event::Undone(_)
            | Event::Redone(_)
            | Event::BulkLabelled(_)
            | Event::BulkRevoked(_)
    )
}

/// Adds or subtracts one image.
fn tally(counts: &mut Counts, image: &ImageState, step: fn(u32, u32) -> u32) {
    let count = |field: &mut u32, counted: bool| *field = step(*field, u32::from(counted));
    count(&mut counts.positives, image.answer() == Some(Answer::Positive));
    count(&mut counts.negatives, image.answer() == Some(Answer::Negative));
    count(&mut counts.skipped, image.answer() == Some(Answer::Skip));
    let of_step = image.given.filter(|given| matches!(given.by, By::Bulk(_)));
    let of_step = of_step.map(|given| given.answer);
    count(&mut counts.of_steps.positives, of_step == Some(Answer::Positive));
    count(&mut counts.of_steps.negatives, of_step == Some(Answer::Negative));
    count(&mut counts.of_steps.skipped, of_step == Some(Answer::Skip));
    count(&mut counts.set_aside, image.set_aside.is_some());
    count(&mut counts.candidates, image.is_candidate());
}
