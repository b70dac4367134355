//! `sluice simulate`: the very engine that people use, with the names of folders as the person.

mod clock;
mod folder;
pub mod measures;
mod printed;
pub mod report;
pub mod run;
mod together;

use anyhow::{Result, bail};
use serde::Serialize;
use sluice_pool::Finding;
use sluice_server::{Background, SessionOptions};

use crate::arguments::Simulate;
use crate::oracle::Oracle;
use crate::session;
use crate::settings::Settings;
use crate::tell::{print, say};
use folder::Out;
use measures::{Summary, running};
use report::Curve;
use run::{LookMade, Run, Until};
use together::Together;

/// What is printed as JSON.
#[derive(Serialize)]
struct Told<'a> {
    runs: &'a [Summary],
    together: &'a Together,
}

pub fn run(arguments: &Simulate, settings: &Settings) -> Result<()> {
    check(arguments)?;
    // A wrong name is told before the runs, not hours later.
    let mut others = Vec::new();
    for earlier in &arguments.compare {
        others.extend(folder::read(earlier)?);
    }
    let out = arguments.out.as_deref();
    let out = out.map(|folder| Out::new(folder, arguments.seeds > 1)).transpose()?;
    let options = options(arguments, settings)?;
    let whole = sluice_pool::find(&options.pool)?;
    let (mut summaries, mut curves) = (Vec::new(), Vec::new());
    for number in 0..u64::from(arguments.seeds) {
        let mut options = options.clone();
        options.seed = options.seed.wrapping_add(number);
        options.folder = out.map(|out| out.session(options.seed));
        let (summary, made) = one(arguments, options, whole.clone())?;
        if let Some(out) = out {
            out.write(&summary, &made)?;
        }
        if !arguments.json {
            say(&printed::one(&summary));
        }
        curves.push(curve(&summary, &made));
        summaries.push(summary);
    }
    curves.extend(others);
    let together = Together::of(&summaries);
    if let Some(out) = out {
        out.finish(&together, &curves)?;
    }
    if arguments.json {
        let told = Told { runs: &summaries, together: &together };
        return Ok(print(&serde_json::to_string_pretty(&told)?)?);
    }
    if summaries.len() > 1 {
        say(&printed::together(&together));
    }
    if !arguments.compare.is_empty() {
        say(&printed::compared(&curves));
    }
    Ok(())
}

fn check(arguments: &Simulate) -> Result<()> {
    if arguments.pace.is_some_and(|pace| !(0.01..=100.0).contains(&pace)) {
        bail!("--pace is answers a second, 0.01 to 100");
    }
    if !(0.0..=0.5).contains(&arguments.flip) {
        bail!("--flip is the share of wrong answers, 0 to 0.5");
    }
    Ok(())
}

fn options(arguments: &Simulate, settings: &Settings) -> Result<SessionOptions> {
    let mut options = session::options(&arguments.pool, &arguments.session_arguments, settings)?;
    options.question = format!("Is this a {}?", arguments.positive);
    // The same pool from the first to the last answer.
    options.rescan = None;
    Ok(options)
}

/// One run, of a pool that may lose some of its positives.
fn one(
    arguments: &Simulate,
    mut options: SessionOptions,
    mut finding: Finding,
) -> Result<(Summary, Vec<LookMade>)> {
    let paths = finding.images.iter().map(|image| image.path.as_str());
    let mut oracle = Oracle::new(paths, &arguments.positive)?;
    if let Some(keep) = arguments.positives {
        let leave = oracle.thin(keep as usize, options.seed);
        finding.images.retain(|image| !leave.contains(&image.path));
        // Its features are those of another pool: they are learned from other pictures.
        options.cache_name = format!("{} with {keep} {}", options.cache_name, arguments.positive);
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
    let until = Until { looks: arguments.looks, percent: arguments.until };
    let made = run::run(&mut run, options, &finding, &oracle, &until)?;
    Ok((Summary::of(&run, &made), made))
}

fn curve(summary: &Summary, made: &[LookMade]) -> Curve {
    let Run { positive, selector, positives, images, .. } = &summary.run;
    Curve {
        name: format!("{positive}, {selector}"),
        positives: *positives,
        images: *images,
        found: running(made.iter().map(|look| look.positive)),
    }
}
