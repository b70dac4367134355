//! How it goes, in figures: for the page, for `/metrics`, for `/api`, and for a replay.

use sluice_events::message::{Agreement, AnswerSeconds, Answered, Statistics};

use crate::state::{LookEntry, State};

/// Agreement is over this many answers.
const AGREEMENT_OVER: usize = 50;
/// Times on the screen are over this many answers.
pub(crate) const TIMES_OVER: usize = 200;
/// Whatever is told of the newest looks, it is told of so many at most.
const RECENT: usize = 5000;
const MINUTE_US: u64 = 60_000_000;

impl State {
    /// How it goes, at a time (µs since 1970).
    pub fn statistics(&self, now_us: u64) -> Statistics {
        let now = self.tally.now();
        let answered = self.tally.answered.iter().map(|((answer, source), images)| Answered {
            answer: *answer,
            source: *source,
            images: *images,
        });
        let active_minutes = now.active_us as f64 / MINUTE_US as f64;
        let per_active_minute =
            (now.timed > 0).then(|| (f64::from(now.timed) / active_minutes) as f32);
        Statistics {
            next_seq: self.next_seq,
            images: self.images.len() as u32,
            positives: self.counts.positives,
            negatives: self.counts.negatives,
            skipped: self.counts.skipped,
            set_aside: self.counts.set_aside,
            unlabelled: self.counts.candidates,
            answered: answered.collect(),
            looks: self.looks.len() as u32,
            agreement: self.recent_agreement(),
            agreement_of_all: Agreement { agreed: now.agreed, of: now.foretold },
            per_minute: self.last_minute(now_us),
            per_active_minute,
            active_seconds: now.active_us as f64 / 1e6,
            answer_seconds: self.answer_seconds(),
            ranking_age: self.behind(),
            forecast: self.forecast(),
            undo_depth: self.looks.len() as u32,
            redo_depth: self.undone.len() as u32,
        }
    }

    /// The newest first, as far back as anybody looks: where there is nothing to find among a million, that is known
    /// soon.
    pub(crate) fn recent_looks(&self) -> impl Iterator<Item = &LookEntry> {
        self.looks.iter().rev().take(RECENT)
    }

    fn last_minute(&self, now_us: u64) -> f32 {
        let since = now_us.saturating_sub(MINUTE_US);
        let recent = self.recent_looks().take_while(|look| look.time_us > since);
        recent.filter(|look| look.is_of_pace()).count() as f32
    }

    fn recent_agreement(&self) -> Agreement {
        let judged = self.recent_looks().filter(|look| look.is_of_pace());
        let foretold = judged.filter_map(LookEntry::foretold);
        foretold.take(AGREEMENT_OVER).fold(Agreement::default(), |so_far, agreed| Agreement {
            agreed: so_far.agreed + u32::from(agreed),
            of: so_far.of + 1,
        })
    }

    fn answer_seconds(&self) -> Option<AnswerSeconds> {
        let timed = self.recent_looks().filter(|look| look.is_of_person() && look.active_us > 0);
        let mut times: Vec<u64> = timed.take(TIMES_OVER).map(|look| look.active_us).collect();
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times.get(place).map(|time| (*time as f64 / 1e6) as f32)
        };
        Some(AnswerSeconds { median: at(0.5)?, p90: at(0.9)? })
    }
}
