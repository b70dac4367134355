//! How it went, from the first look to the last, thinned out to what a chart can show.

use sluice_events::message::{CalibrationBin, Charts, TimeBin};

use crate::state::State;
use crate::tally::{TIME_EDGES, Totals};

/// So many looks are shown, or a few more.
const POINTS: usize = 300;
/// What goes up and down is told over so many looks.
const OVER: usize = 50;

impl State {
    /// How it went. Every number is exact for the look that it stands at; looks between are left out.
    pub fn charts(&self) -> Charts {
        let totals = &self.tally.totals;
        let mut charts = Charts {
            models: self.tally.models.entries().copied().collect(),
            cycles: self.tally.cycles.entries().copied().collect(),
            calibration: self.calibration(),
            times: self.times(),
            ..Charts::default()
        };
        for look in shown(totals.len()) {
            let at = totals[look - 1];
            let before = look.checked_sub(OVER + 1).map_or(Totals::default(), |at| totals[at]);
            let over = at - before;
            charts.looks.push(look as u32);
            charts.positives.push(at.positives);
            charts.agreement.push(mean(f64::from(over.agreed), over.foretold));
            charts.seconds_per_look.push(mean(over.active_us as f64 / 1e6, over.timed));
            charts.ranking_age.push(mean(over.ranking_age as f64, over.ranked));
        }
        charts
    }

    fn calibration(&self) -> Vec<CalibrationBin> {
        let bins = self.tally.calibration.iter().map(|said| CalibrationBin {
            answers: said.answers,
            positives: said.positives,
            said: said.mean().map(|mean| mean as f32),
        });
        bins.collect()
    }

    fn times(&self) -> Vec<TimeBin> {
        let edges = TIME_EDGES.into_iter().map(Some).chain([None]);
        let bins = edges.zip(self.tally.times);
        bins.map(|(up_to, answers)| TimeBin { up_to, answers }).collect()
    }
}

/// Looks at even distances, counted from 1, the last one always among them.
fn shown(looks: usize) -> impl Iterator<Item = usize> {
    let every = looks.div_ceil(POINTS).max(1);
    let last = (!looks.is_multiple_of(every)).then_some(looks);
    (every..=looks).step_by(every).chain(last)
}

fn mean(sum: f64, of: u32) -> Option<f32> {
    (of > 0).then(|| (sum / f64::from(of)) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_look_is_always_shown() {
        for looks in [0, 1, 2, 299, 300, 301, 12_345, 1_000_000] {
            let points: Vec<usize> = shown(looks).collect();
            assert_eq!(points.last().copied().unwrap_or(0), looks);
            assert!(points.is_sorted() && points.len() <= POINTS + 1, "{looks}: {}", points.len());
            assert!(points.len() >= looks.min(POINTS / 2), "{looks}: {}", points.len());
        }
    }
}
