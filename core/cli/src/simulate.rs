//! `sluice simulate`: the very engine that people use, with the names of folders as the person.

mod clock;
pub mod measures;
pub mod report;
pub mod run;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use sluice_server::Background;

use crate::arguments::Simulate;
use crate::oracle::Oracle;
use crate::session;
use crate::settings::Settings;
use measures::Summary;
use report::Curve;
use run::{LookMade, Run, Until};

pub fn run(arguments: &Simulate, settings: &Settings) -> Result<()> {
    if arguments.pace.is_some_and(|pace| !(0.01..=100.0).contains(&pace)) {
        bail!("--pace is answers a second, 0.01 to 100");
    }
    if !(0.0..=0.5).contains(&arguments.flip) {
        bail!("--flip is the share of wrong answers, 0 to 0.5");
    }
    // A wrong name is told before the runs, not hours later.
    let others = compared(&arguments.compare)?;
    let mut options = session::options(&arguments.pool, &arguments.session_arguments, settings)?;
    options.question = format!("Is this a {}?", arguments.positive);
    // The same pool from the first to the last answer.
    options.rescan = None;
    let whole = sluice_pool::find(&options.pool)?;
    let until = Until { looks: arguments.looks, percent: arguments.until };
    let (mut summaries, mut curves) = (Vec::new(), Vec::new());
    for number in 0..u64::from(arguments.seeds) {
        let mut options = options.clone();
        options.seed = options.seed.wrapping_add(number);
        let mut finding = whole.clone();
        let paths = finding.images.iter().map(|image| image.path.as_str());
        let mut oracle = Oracle::new(paths, &arguments.positive)?;
        if let Some(keep) = arguments.positives {
            let leave = oracle.thin(keep as usize, options.seed);
            finding.images.retain(|image| !leave.contains(&image.path));
            // Its features are those of another pool: they are learned from other pictures.
            options.cache_name =
                format!("{} with {keep} {}", options.cache_name, arguments.positive);
        }
        oracle.flip(arguments.flip, options.seed);
        let mut run = Run {
            pool: arguments.pool.display().to_string(),
            positive: arguments.positive.clone(),
            selector: options.selector.clone(),
            seed: options.seed,
            pace: arguments.pace,
            flipped: arguments.flip,
            background: options.background != Background::Off,
            images: finding.images.len(),
            positives: oracle.positives(),
            ..Run::default()
        };
        let made = run::run(&mut run, options, &finding, &oracle, &until)?;
        let summary = Summary::of(&run, &made);
        if let Some(folder) = &arguments.out {
            let own = if arguments.seeds > 1 {
                folder.join(format!("seed-{}", run.seed))
            } else {
                folder.clone()
            };
            write(&own, &summary, &made)?;
        }
        if !arguments.json {
            report::print(&summary);
        }
        curves.push(curve(&summary, &made));
        summaries.push(summary);
    }
    if let Some(folder) = &arguments.out {
        curves.extend(others);
        report::plot(&curves, &folder.join("curves.svg"))?;
    }
    match summaries.as_slice() {
        [only] if arguments.json => println!("{}", serde_json::to_string_pretty(only)?),
        all if arguments.json => println!("{}", serde_json::to_string_pretty(all)?),
        [_] => {}
        all => report::print_together(all),
    }
    Ok(())
}

fn write(folder: &Path, summary: &Summary, made: &[LookMade]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    fs::write(folder.join("curve.csv"), report::csv(made)).context("can't write curve.csv")?;
    let text = serde_json::to_string_pretty(summary)?;
    fs::write(folder.join("summary.json"), text).context("can't write summary.json")
}

fn curve(summary: &Summary, made: &[LookMade]) -> Curve {
    let mut found = 0;
    let found = made.iter().map(|look| {
        found += usize::from(look.positive);
        found
    });
    Curve {
        name: format!(
            "{}, {}, seed {}",
            summary.run.positive, summary.run.selector, summary.run.seed
        ),
        positives: summary.run.positives,
        images: summary.run.images,
        found: found.collect(),
    }
}

/// The curves of runs that `--out` wrote before.
fn compared(folders: &[std::path::PathBuf]) -> Result<Vec<Curve>> {
    let read = |folder: &std::path::PathBuf| {
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))
        };
        let summary: serde_json::Value = serde_json::from_str(&text("summary.json")?)?;
        let number = |name: &str| summary[name].as_u64().unwrap_or(0) as usize;
        let csv = text("curve.csv")?;
        let second = |line: &str| line.split(',').nth(1).and_then(|found| found.parse().ok());
        Ok(Curve {
            name: folder.display().to_string(),
            positives: number("positives"),
            images: number("images"),
            found: csv.lines().skip(1).filter_map(second).collect(),
        })
    };
    folders.iter().map(read).collect()
}
