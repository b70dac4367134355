//! What a simulation says on the terminal.

use indicatif::{ProgressBar, ProgressStyle};

use super::measures::{Percentiles, SHARES, Summary};
use super::report::{Curve, kinds};
use super::run::Run;
use super::together::{LooksTo, MEASURES, Spread, Together};

/// What is not known.
const NOTHING: &str = "–";
/// Of a column of looks: three numbers and two words.
const COLUMN: usize = 24;

/// One run.
pub fn one(summary: &Summary) -> String {
    let Summary { run, looks, found, .. } = summary;
    let Run { pool, positive, images, positives, selector, features, seed, .. } = run;
    let network = if run.background { " and a network in the background" } else { "" };
    let mut lines = vec![
        format!("{pool}: {images} images, {positives} of them {positive}"),
        format!("  {selector} with {features} features{network}, seed {seed}"),
        format!("  found      {found} ({:.1} %) in {looks} looks", summary.share_found * 100.0),
    ];
    for (share, reached) in &summary.looks_to {
        let told = LooksTo::of([(*reached, *looks)]);
        lines.push(format!("  to {share:>2} %    {told} looks"));
    }
    let measures = [
        ("WSS@95 %", summary.wss_95),
        ("RRF@10 %", summary.rrf_10),
        ("ERF@10 %", summary.erf_10),
        ("ATD", summary.atd),
    ];
    lines.extend(measures.map(|(name, value)| format!("  {name:<10} {}", number(value, 3))));
    if let Some(held) = summary.forecast_held {
        let (held, of) = (held * 100.0, summary.forecasts);
        lines.push(format!(
            "  forecasts  what was left lay in the told range in {held:.0} % of {of}"
        ));
    }
    let place = if run.on_disk { "on the disk" } else { "in memory" };
    lines.push(times(&format!("answer to durable ({place})"), summary.answer_to_durable_ms));
    lines.push(times("answer to ranking", summary.answer_to_ranking_ms));
    let person = summary.person_seconds;
    let person = person.map(|seconds| format!(" (a person: {seconds:.0} s)")).unwrap_or_default();
    lines.push(format!(
        "  features in {:.1} s, answers in {:.1} s{person}",
        run.features_seconds, run.answering_seconds
    ));
    if run.background && run.late_seconds > 0.0 {
        lines.push(format!(
            "  the rankings were slower than the pace: the last one came {:.1} s late, time that a person would not \
             have given the background",
            run.late_seconds
        ));
    }
    lines.join("\n")
}

/// Several runs: of every measure the median, and how far the runs are apart.
pub fn together(all: &Together) -> String {
    let mut lines = vec![format!("{} runs: median (smallest to largest)", all.runs)];
    for (share, looks) in &all.looks_to {
        lines.push(format!("  {:<18} {looks}", format!("to {share} %")));
    }
    for measure in &MEASURES {
        let Spread { median, smallest, largest } = all.measures[measure.key];
        let [median, smallest, largest] =
            [median, smallest, largest].map(|value| number(value, measure.digits));
        lines.push(format!("  {:<18} {median} ({smallest} to {largest})", measure.name));
    }
    lines.join("\n")
}

/// Looks of these runs and of those that they are compared with, a line for each name.
pub fn compared(curves: &[Curve]) -> String {
    let kinds = kinds(curves);
    let width =
        kinds.iter().map(|(name, _)| name.chars().count()).fold("looks to".len(), usize::max);
    let shares = SHARES.map(|share| format!("{:>COLUMN$}", format!("{share} %")));
    let mut lines = vec![format!("{:<width$} runs {}", "looks to", shares.join(" "))];
    for (name, runs) in &kinds {
        let cells = SHARES.map(|share| {
            let looks = LooksTo::of(runs.iter().map(|run| run.looks_to(share)));
            format!("{looks:>COLUMN$}")
        });
        lines.push(format!("{name:<width$} {:>4} {}", runs.len(), cells.join(" ")));
    }
    lines.join("\n")
}

fn times(name: &str, p: Percentiles) -> String {
    format!("  {name:<31} p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", p.p50, p.p99, p.max)
}

fn number(value: Option<f64>, digits: usize) -> String {
    match (value, digits) {
        (None, _) => NOTHING.to_owned(),
        (Some(value), 0) => value.to_string(),
        (Some(value), digits) => format!("{value:.digits$}"),
    }
}

pub fn progress(length: u64, message: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}");
    let bar = ProgressBar::new(length).with_message(message);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::LookMade;
    use super::*;

    fn summary(positive: &[bool]) -> Summary {
        let run = Run { images: 40, positives: 2, ..Run::default() };
        let look = |positive: &bool| LookMade { positive: *positive, ..LookMade::default() };
        Summary::of(&run, &positive.iter().map(look).collect::<Vec<_>>())
    }

    #[test]
    fn what_was_not_reached_is_told_as_more_than_the_looks_that_were_made() {
        let text = one(&summary(&[false, true, false]));
        for line in ["to 50 %    2 looks", "to 95 %    >3 looks", "ATD        –", "RRF@10 %   –"]
        {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(one(&summary(&[true, false, true])).contains("ATD        0.050"));
    }

    #[test]
    fn all_measures_of_several_runs_are_told() {
        let runs = [summary(&[true, true]), summary(&[false, true, false])];
        let text = together(&Together::of(&runs));
        for (name, told) in [
            ("to 50 %", "1.5 (1 to 2)"),
            ("to 95 %", ">2.5 (2 to >3)"),
            ("looks", "2.5 (2 to 3)"),
            ("share found", "0.750 (0.500 to 1.000)"),
            ("ATD", "– (– to –)"),
        ] {
            assert!(
                text.contains(&format!("  {name:<18} {told}")),
                "{name}: {told} is not in\n{text}"
            );
        }
        assert!(MEASURES.iter().all(|measure| text.contains(measure.name)), "{text}");
    }

    #[test]
    fn a_comparison_has_a_line_for_each_name() {
        let curve = |name: &str, found: &[usize]| Curve {
            name: name.to_owned(),
            positives: 2,
            images: 40,
            found: found.to_vec(),
        };
        let curves =
            [curve("now", &[0, 1, 2]), curve("before", &[1]), curve("now", &[1, 1, 1, 1, 2])];
        let text = compared(&curves);
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1][..6], ["now", "2", "1.5", "(1", "to", "2)"], "{text}");
        assert_eq!(lines[1][6..10], ["4", "(3", "to", "5)"], "{text}");
        assert_eq!(lines[2][..4], ["before", "1", "1", ">1"], "{text}");
    }
}
