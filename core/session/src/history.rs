//! What was answered, for a page that shows it. An image counts once, with the answer that it has.

use std::borrow::Cow;

use sluice_events::message::{History, HistoryFilter, HistoryLook};
use sluice_events::{Answer, Source};

use crate::bulk::Said;
use crate::state::{By, Counts, LookEntry, State};

impl State {
    /// The newest `count` answers that pass, and how many pass in all.
    pub fn history(&self, filter: HistoryFilter, count: usize) -> History {
        if filter == HistoryFilter::Model {
            return self.labelled_by_model(count);
        }
        // Answers that came in steps are no looks, and are not among them.
        let Counts { positives, negatives, skipped, of_steps, .. } = self.counts;
        let known = match filter {
            HistoryFilter::All => {
                let of_steps = of_steps.positives + of_steps.negatives + of_steps.skipped;
                Some(positives + negatives + skipped - of_steps)
            }
            HistoryFilter::Positive => Some(positives - of_steps.positives),
            HistoryFilter::Negative => Some(negatives - of_steps.negatives),
            HistoryFilter::Skip => Some(skipped - of_steps.skipped),
            HistoryFilter::Disagreement | HistoryFilter::Model => None,
        };
        // Where the total is known, the search ends with the last one that there can be.
        let wanted = known.map_or(count, |total| count.min(total as usize));
        // An image that was answered again counts with its last answer.
        let is_answer = |place: usize, image| {
            let given = self.image(image).and_then(|image| image.given);
            given.is_some_and(|given| given.by == By::Look(place as u32))
        };
        let newest = self.looks.iter().enumerate().rev();
        let newest = newest.filter(|(place, look)| is_answer(*place, look.image));
        let newest = newest.map(|(_, look)| look);
        let mut passing =
            newest.map(|look| self.with_probability(look)).filter(|look| passes(filter, look));
        let looks: Vec<_> = passing.by_ref().take(wanted).map(|look| self.entry(&look)).collect();
        let total = known.unwrap_or_else(|| (looks.len() + passing.count()) as u32);
        History { filter, looks, total }
    }

    fn labelled_by_model(&self, count: usize) -> History {
        let mut looks = Vec::new();
        for bulk in self.bulks.iter().filter(|b| !b.revoked && b.origin.source() == Source::Model) {
            let by = By::Bulk(bulk.bulk);
            let counts = |said: &&Said| {
                let given = self.image(said.image).and_then(|image| image.given);
                given.is_some_and(|given| given.by == by)
            };
            let said = bulk.labels.iter().filter(counts);
            looks.extend(said.map(|said| (bulk.seq, said)));
        }
        let total = looks.len() as u32;
        let least_sure = |(_, said): &(u64, &Said)| {
            let sure = said.probability.map_or(0.0, |p| (p - 0.5).abs());
            // Distances are compared as their bits: none is negative.
            (sure.to_bits(), said.image)
        };
        if looks.len() > count && count > 0 {
            looks.select_nth_unstable_by_key(count - 1, least_sure);
        }
        looks.truncate(count);
        looks.sort_unstable_by_key(least_sure);
        let look = |(seq, said): (u64, &Said)| HistoryLook {
            seq,
            image: said.image,
            answer: said.answer,
            source: Source::Model,
            probability: said.probability,
            corrected: false,
            set_aside: self.image(said.image).is_some_and(|image| image.set_aside.is_some()),
        };
        let looks = looks.into_iter().map(look).collect();
        History { filter: HistoryFilter::Model, looks, total }
    }

    /// Who corrects an answer is shown the answer, not what the model thinks now: what it had said before
    /// still holds against the correction.
    fn with_probability<'a>(&'a self, look: &'a LookEntry) -> Cow<'a, LookEntry> {
        if look.probability.is_some() || look.before.is_none() {
            return Cow::Borrowed(look);
        }
        let (mut probability, mut below) = (None, look.before);
        while let (None, Some(given)) = (probability, below) {
            (probability, below) = match given.by {
                By::Look(place) => match self.looks.get(place as usize) {
                    Some(look) => (look.probability, look.before),
                    None => break,
                },
                By::Bulk(bulk) => match self.said_by(bulk, look.image) {
                    Some((said, _)) => (said.probability, said.before),
                    None => break,
                },
            };
        }
        Cow::Owned(LookEntry { probability, ..look.clone() })
    }

    fn entry(&self, look: &LookEntry) -> HistoryLook {
        HistoryLook {
            seq: look.seq,
            image: look.image,
            answer: look.answer,
            source: look.source,
            probability: look.probability,
            corrected: look.before.is_some_and(|before| before.answer != look.answer),
            set_aside: self.image(look.image).is_some_and(|image| image.set_aside.is_some()),
        }
    }
}

fn passes(filter: HistoryFilter, look: &LookEntry) -> bool {
    match filter {
        HistoryFilter::All => true,
        HistoryFilter::Positive => look.answer == Answer::Positive,
        HistoryFilter::Negative => look.answer == Answer::Negative,
        HistoryFilter::Skip => look.answer == Answer::Skip,
        HistoryFilter::Disagreement => look.foretold() == Some(false),
        HistoryFilter::Model => look.source == Source::Model,
    }
}
