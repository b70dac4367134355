//! What a simulation says: on the terminal, as a table of every look, as a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;

use super::measures::{Percentiles, SHARES, Summary, median};
use super::run::{LookMade, Run};

/// Points of a curve that are drawn at most.
const POINTS: usize = 2000;

/// A run's curve: positives after each look.
pub struct Curve {
    pub name: String,
    pub positives: usize,
    pub images: usize,
    pub found: Vec<usize>,
}

/// Every look of a run, one a line.
pub fn csv(made: &[LookMade]) -> String {
    let mut text = String::from(
        "look,positives,image,path,positive,answered,probability,answer_to_durable_ms,answer_to_ranking_ms,\
         left_low,left_likely,left_high\n",
    );
    let mut positives = 0;
    for (look, number) in made.iter().zip(1..) {
        positives += u32::from(look.positive);
        let probability = look.probability.map(|p| format!("{p:.6}")).unwrap_or_default();
        let (durable, ranked) = (look.durable.as_secs_f64() * 1e3, look.ranked.as_secs_f64() * 1e3);
        let path = look.path.replace('"', "\"\"");
        let (image, positive, answered) =
            (look.image, u8::from(look.positive), u8::from(look.answered));
        let left = look.left.map_or(",,".to_owned(), |left| {
            format!("{:.1},{:.1},{:.1}", left.low, left.likely, left.high)
        });
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{number},{positives},{image},\"{path}\",{positive},{answered},{probability},{durable:.3},{ranked:.3},{left}"
        );
    }
    text
}

/// The curves of all runs, with what chance would find, as SVG.
pub fn plot(curves: &[Curve], to: &Path) -> Result<()> {
    // The library's errors borrow the drawing.
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        let looks = curves.iter().map(|curve| curve.found.len()).max().unwrap_or(1);
        let root = SVGBackend::new(to, (960, 600)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(20)
            .caption("Positives found", ("sans-serif", 22))
            .x_label_area_size(45)
            .y_label_area_size(60)
            .build_cartesian_2d(0..looks, 0.0..100.0)?;
        chart.configure_mesh().x_desc("looks").y_desc("% of the positives").draw()?;
        if let Some(curve) = curves.first() {
            let by_chance = (0..=looks).step_by(looks.div_ceil(50).max(1));
            let by_chance = by_chance.map(|at| (at, 100.0 * at as f64 / curve.images as f64));
            chart
                .draw_series(LineSeries::new(by_chance, BLACK.mix(0.4)))?
                .label("chance")
                .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], BLACK.mix(0.4)));
        }
        for (number, curve) in curves.iter().enumerate() {
            let style = Palette99::pick(number).stroke_width(2);
            let step = curve.found.len().div_ceil(POINTS).max(1);
            let share = |found: usize| 100.0 * found as f64 / curve.positives.max(1) as f64;
            let last = curve.found.iter().copied().enumerate().next_back();
            let points = curve.found.iter().copied().enumerate().step_by(step).chain(last);
            chart
                .draw_series(LineSeries::new(points.map(|(at, n)| (at + 1, share(n))), style))?
                .label(&curve.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.9))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        root.present()?;
        Ok(())
    };
    draw()
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| format!("can't draw {}", to.display()))
}

/// One run on the terminal.
pub fn print(summary: &Summary) {
    let Summary { run, looks, found, .. } = summary;
    let Run { pool, positive, images, positives, selector, features, seed, .. } = run;
    println!("{pool}: {images} images, {positives} of them {positive}");
    let network = if run.background { " and a network in the background" } else { "" };
    println!("  {selector} with {features} features{network}, seed {seed}");
    println!("  found      {found} ({:.1} %) in {looks} looks", summary.share_found * 100.0);
    for (share, looks) in &summary.looks_to {
        let looks =
            looks.map_or_else(|| "not reached".to_owned(), |looks| format!("{looks} looks"));
        println!("  to {share:>2} %    {looks}");
    }
    let measure = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            println!("  {name:<10} {value:.3}");
        }
    };
    measure("WSS@95 %", summary.wss_95);
    measure("RRF@10 %", summary.rrf_10);
    measure("ERF@10 %", summary.erf_10);
    measure("ATD", summary.atd);
    if let Some(held) = summary.forecast_held {
        let (held, of) = (held * 100.0, summary.forecasts);
        println!("  forecasts  what was left lay in the told range in {held:.0} % of {of}");
    }
    let line = |name: &str, p: Percentiles| {
        println!("  {name} p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", p.p50, p.p99, p.max);
    };
    line("answer to durable (in memory)", summary.answer_to_durable_ms);
    line("answer to ranking            ", summary.answer_to_ranking_ms);
    print!(
        "  features in {:.1} s, answers in {:.1} s",
        run.features_seconds, run.answering_seconds
    );
    match summary.person_seconds {
        Some(seconds) => println!(" (a person: {seconds:.0} s)"),
        None => println!(),
    }
}

/// Several runs together: the middle one, and how far they are apart.
pub fn print_together(summaries: &[Summary]) {
    println!("{} runs: median (smallest to largest)", summaries.len());
    for share in SHARES {
        let looks = summaries.iter().map(|s| s.looks_to[&share].map(|looks| looks as f64));
        let number =
            |looks: Option<f64>| looks.map_or("not reached".to_owned(), |n| format!("{n:.0}"));
        match median(looks.collect()) {
            Some((middle, first, last)) => {
                println!(
                    "  to {share:>2} %    {} ({first:.0} to {})",
                    number(middle),
                    number(last)
                );
            }
            None => println!("  to {share:>2} %    not reached"),
        }
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
