//! How it goes, counted look by look: each look is counted once, and taken out as it was counted when it is undone.
//! What a person is told of it is made in `statistics`, `charts` and `forecast`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_events::facts::{CycleTrained, ModelTrained};
use sluice_events::message::{CyclePoint, ModelPoint};
use sluice_events::{Answer, Label, Source};

use crate::state::{Given, LookEntry};
use crate::thinned::Thinned;

/// Bins of the calibration, all of one width.
pub const CALIBRATION_BINS: usize = 10;
/// Where one bin of the times ends and the next begins, seconds; an edge belongs to the bin below it.
pub const TIME_EDGES: [f32; 11] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0];
/// Probabilities are summed in whole parts of this, so that a sum is the same again after something was taken out.
const PARTS: f64 = 1e6;

/// Sums over the looks that count, from the first up to one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Images labelled yes by then, by looks.
    pub positives: u32,
    /// Answers that the model had said something about, of people and of automatic mode.
    pub foretold: u32,
    /// Those of them that it had foretold.
    pub agreed: u32,
    /// Looks whose time is known, of people and of automatic mode.
    pub timed: u32,
    /// Looks that came from a ranking.
    pub ranked: u32,
    /// Sum of what these rankings did not know yet, looks.
    pub ranking_age: u64,
    /// Time spent answering; pauses don't count, µs.
    pub active_us: u64,
}

impl std::ops::Sub for Totals {
    type Output = Self;

    /// What was added since `before`.
    fn sub(self, before: Self) -> Self {
        Self {
            // Corrections take positives back.
            positives: self.positives.saturating_sub(before.positives),
            foretold: self.foretold - before.foretold,
            agreed: self.agreed - before.agreed,
            timed: self.timed - before.timed,
            ranked: self.ranked - before.ranked,
            ranking_age: self.ranking_age - before.ranking_age,
            active_us: self.active_us - before.active_us,
        }
    }
}

/// Answers to images that the model had held about equally likely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// How many.
    pub answers: u32,
    /// Yes.
    pub positives: u32,
    /// Sum of the probabilities, in millionths.
    pub millionths: u64,
}

impl Said {
    fn change(&mut self, probability: f32, label: Label, add: bool) {
        let millionths = (f64::from(probability) * PARTS).round() as u64;
        step(&mut self.answers, add);
        if label == Label::Positive {
            step(&mut self.positives, add);
        }
        self.millionths = if add {
            self.millionths + millionths
        } else {
            self.millionths.saturating_sub(millionths)
        };
    }

    /// The mean of what was said, 0 to 1; none without an answer.
    pub fn mean(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.millionths as f64 / PARTS / f64::from(self.answers))
    }
}

/// All that is counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// After each of the looks that count.
    pub totals: Vec<Totals>,
    /// Images by the answer that they have and its source.
    pub answered: BTreeMap<(Answer, Source), u32>,
    /// Answers of people and of automatic mode by what the model had said.
    pub calibration: [Said; CALIBRATION_BINS],
    /// Answers of people by how long they had the picture on the screen; one bin more than there are edges.
    pub times: [u32; TIME_EDGES.len() + 1],
    /// The models so far.
    pub models: Thinned<ModelPoint>,
    /// The cycles of training in the background so far.
    pub cycles: Thinned<CyclePoint>,
}

impl Tally {
    /// Sums over all looks that count.
    pub fn now(&self) -> Totals {
        self.totals.last().copied().unwrap_or_default()
    }

    /// A look counts from now on; with it, looks have found so many `positives`.
    pub(crate) fn count(&mut self, look: &LookEntry, positives: u32) {
        let mut now = self.now();
        now.positives = positives;
        if let Some(agreed) = look.foretold().filter(|_| look.is_of_pace()) {
            now.foretold += 1;
            now.agreed += u32::from(agreed);
        }
        now.timed += u32::from(look.active_us > 0 && look.is_of_pace());
        now.active_us += look.active_us;
        if let Some(age) = look.ranking_age {
            now.ranked += 1;
            now.ranking_age += u64::from(age);
        }
        self.totals.push(now);
        self.change(look, true);
    }

    /// The last look that was counted does not count any more.
    pub(crate) fn take_out(&mut self, look: &LookEntry) {
        self.totals.pop();
        self.change(look, false);
    }

    fn change(&mut self, look: &LookEntry, add: bool) {
        if let Some((probability, label)) = look.judged() {
            let bin = (f64::from(probability) * CALIBRATION_BINS as f64) as usize;
            self.calibration[bin.min(CALIBRATION_BINS - 1)].change(probability, label, add);
        }
        if look.is_of_person() && look.active_us > 0 {
            let seconds = (look.active_us as f64 / 1e6) as f32;
            step(&mut self.times[TIME_EDGES.partition_point(|edge| *edge < seconds)], add);
        }
    }

    /// An image has this answer from now on, or no longer.
    pub(crate) fn answered(&mut self, given: Option<Given>, add: bool) {
        let Some(Given { answer, source, .. }) = given else { return };
        let images = self.answered.entry((answer, source)).or_default();
        step(images, add);
        if *images == 0 {
            self.answered.remove(&(answer, source));
        }
    }

    /// A model was fitted.
    pub(crate) fn model(&mut self, trained: &ModelTrained) {
        if !trained.loss.is_finite() {
            return;
        }
        let looks = self.totals.len() as u32;
        self.models.add(ModelPoint { looks, loss: trained.loss });
    }

    /// A cycle of training in the background came to its end.
    pub(crate) fn cycle(&mut self, trained: &CycleTrained) {
        let CycleTrained { loss, learning_rate, steps, seconds, .. } = *trained;
        if ![loss, learning_rate, seconds].into_iter().all(f32::is_finite) {
            return;
        }
        let looks = self.totals.len() as u32;
        self.cycles.add(CyclePoint { looks, loss, learning_rate, steps, seconds });
    }
}

impl LookEntry {
    /// Whether a person answered by hand.
    pub(crate) fn is_of_person(&self) -> bool {
        matches!(self.source, Source::Manual | Source::Audit)
    }

    /// Whether somebody sat before the page.
    pub(crate) fn is_of_pace(&self) -> bool {
        matches!(self.source, Source::Manual | Source::Audit | Source::Timeout)
    }

    /// Whether the model, at one half, had said the same before; none where one of them did not say.
    pub(crate) fn foretold(&self) -> Option<bool> {
        let said = self.answer.label()?;
        Some((self.probability? >= 0.5) == (said == Label::Positive))
    }

    /// What the model had said, 0 to 1, and what was answered, where a person sat before the picture: a time that
    /// ran out is a no. Without those, whoever says yes by hand and no by waiting would seem to say yes only.
    pub(crate) fn judged(&self) -> Option<(f32, Label)> {
        let label = self.answer.label().filter(|_| self.is_of_pace())?;
        Some((self.probability?, label))
    }
}

fn step(count: &mut u32, add: bool) {
    *count = if add { *count + 1 } else { count.saturating_sub(1) };
}
