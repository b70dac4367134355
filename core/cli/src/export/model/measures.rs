//! The part of the card that says how right the model is: by answers that it had not known when it spoke.

use sluice_events::message::{Agreement, CalibrationBin, Expected};

use super::facts::{Facts, Foreseen};
use super::markdown::{of, percent, range, table};

/// Paragraphs, tables and headings.
pub fn paragraphs(facts: &Facts, has_joined: bool) -> Vec<String> {
    let mut told = vec!["## How right it is".to_owned()];
    told.extend(agreement(facts));
    told.extend(expected(facts, has_joined));
    told
}

fn agreement(facts: &Facts) -> Vec<String> {
    let Agreement { agreed, of: all } = facts.statistics.agreement_of_all;
    if all == 0 {
        let why = "No answer tells: none was given to a picture about which the model had said something before.";
        return vec![why.to_owned()];
    }
    let last = facts.statistics.agreement;
    vec![
        "What is counted here are answers of people to pictures about which the model of that moment had spoken before \
         they answered. They came in the order of a selector, mostly the likeliest or the least certain first, and so \
         say nothing of a typical picture; and earlier models were not yet this one."
            .to_owned(),
        format!(
            "At one half, it agreed with {}; of the last of them with {}.",
            of(agreed, all),
            of(last.agreed, last.of)
        ),
        "Whether what it says is as likely as it says:".to_owned(),
        calibration(&facts.calibration),
    ]
}

fn calibration(bins: &[CalibrationBin]) -> String {
    let width = 1.0 / bins.len().max(1) as f64;
    let row = |(number, bin): (usize, &CalibrationBin)| {
        let [from, to] = [number, number + 1].map(|edge| edge as f64 * width * 100.0);
        let share = f64::from(bin.positives) / f64::from(bin.answers.max(1));
        let share = if bin.answers > 0 { percent(share) } else { "–".to_owned() };
        [
            format!("{from:.0} to {to:.0} %"),
            bin.answers.to_string(),
            bin.said.map_or_else(|| "–".to_owned(), |said| percent(f64::from(said))),
            share,
        ]
    };
    table(["It said", "answers", "said, in the mean", "were yes"], bins.iter().enumerate().map(row))
}

/// Why the ranges are as wide as they are.
const WIDE: &str = " The ranges are wide, because a network that trained in the background is part of this model: the \
                    answers come from the top of its order, and say little of the bottom.";

fn expected(facts: &Facts, has_joined: bool) -> Vec<String> {
    let heading = "### What to expect of the rest of the pool".to_owned();
    let rows: Vec<_> = facts.foreseen.iter().filter_map(row).collect();
    if !rows.is_empty() {
        let says = "If the unanswered images that are at least so likely were taken for positives: how many there are, \
                    the share of them that is positive, and the share of all positives of the pool that would be \
                    found, with those that people found. In nine cases of ten it lies within the range, as far as \
                    the answers tell; kinds of positives that nobody has met are in no range."
            .to_owned()
            + if has_joined { WIDE } else { "" };
        let head = ["At least", "images", "right (precision)", "found (recall)"];
        return vec![heading, says, table(head, rows)];
    }
    let why = "Nothing is promised: too few answers of each kind tell how right the model is, or so many labels came at \
               once that those do not tell.";
    vec![heading, why.to_owned()]
}

fn row(foreseen: &Foreseen) -> Option<[String; 4]> {
    let Foreseen { threshold, images, expected } = foreseen;
    let Expected { precision, recall, .. } = expected.as_ref()?;
    Some([
        percent(f64::from(*threshold)),
        images.to_string(),
        precision.as_ref().map_or_else(|| "–".to_owned(), range),
        range(recall),
    ])
}
