//! `sluice plugin check`: what a component is, what it costs, and whether it breaks a rule.

mod made_up;
mod rules;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use sluice_events::plugin::Values;
use sluice_host::{NetworkPlugin, Plugin, SelectorPlugin, named};

use super::{host, parameters};
use crate::arguments::PluginCheck;
use crate::settings::Settings;
use made_up::MadeUp;
use rules::Outcome;

/// Sizes of the pools that a selector is timed on.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
/// Entries that are asked for, as in a session.
const LIMIT: usize = 1000;
/// Calls of which the middle one counts.
const CALLS: usize = 3;

pub fn run(arguments: &PluginCheck, settings: &Settings) -> Result<()> {
    let shown = arguments.file.display();
    let bytes = fs::metadata(&arguments.file).with_context(|| format!("can't read {shown}"))?;
    let host = host(settings)?;
    let begun = Instant::now();
    let plugin = host.load_file(&arguments.file)?;
    describe(&plugin, &arguments.file, bytes.len(), begun.elapsed());
    let mut values = Values::new();
    for set in &arguments.set {
        if set.plugin != plugin.info().name {
            bail!("{} is not this plugin, which is {}", set.plugin, plugin.info().name);
        }
        values.insert(set.parameter.clone(), set.value.clone());
    }
    let values = plugin.info().accept(&values).map_err(|why| anyhow!(why))?;
    let broken = match &plugin {
        Plugin::Selector(selector) => {
            let broken = report(&rules::selector(selector, &values));
            broken + cost(selector, &values)
        }
        Plugin::Network(network) => {
            let broken = report(&rules::network(network, &values));
            graph(network, values);
            broken
        }
    };
    match broken {
        0 => Ok(()),
        1 => bail!("{} breaks a rule", named(plugin.reference())),
        _ => bail!("{} breaks {broken} rules", named(plugin.reference())),
    }
}

fn describe(plugin: &Plugin, file: &Path, bytes: u64, took: Duration) {
    let info = plugin.info();
    say!("{} {}, a {}", info.name, info.version, plugin.kind());
    say!("  {}", info.summary);
    let [a, b, c, d, ..] = plugin.reference().hash;
    let hash = u32::from_be_bytes([a, b, c, d]);
    let (file, kilobytes) = (file.display(), bytes.div_ceil(1000));
    say!("  file        {file}, {kilobytes} kB, BLAKE3 {hash:08x}…");
    say!("  loaded in   {:.2} s (compiled code is kept for the next time)", took.as_secs_f64());
    if info.needs_model {
        say!("  needs       a model: until there is one, chance orders instead");
    }
    for line in parameters(info) {
        say!("  parameter   {line}");
    }
}

/// Prints what was tried, and gives the number of failures.
fn report(tried: &[rules::Tried]) -> usize {
    say!("rules");
    for rules::Tried { what, outcome } in tried {
        match outcome {
            Outcome::Kept => say!("  ok      {what}"),
            Outcome::Refused(why) => say!("  refuses {what}: {why}"),
            Outcome::Broken(why) => say!("  BROKEN  {what}: {why}"),
        }
    }
    tried.iter().filter(|tried| matches!(tried.outcome, Outcome::Broken(_))).count()
}

/// How long a call takes. Gives the number of pools that it could not order.
fn cost(selector: &SelectorPlugin, values: &Values) -> usize {
    say!("cost of a call (the first {LIMIT}; features of {} values)", made_up::DIM);
    let mut failed = 0;
    for size in SIZES {
        let pool = MadeUp::new(size).candidates(values);
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..CALLS {
            let candidates = pool.clone();
            let begun = Instant::now();
            if let Err(error) = selector.rank(candidates, LIMIT) {
                say!("  BROKEN  {size:>9} candidates  {}", error.fault);
                failed += 1;
                break;
            }
            times.push(begun.elapsed());
        }
        times.sort();
        if let Some(middle) = times.get(CALLS / 2) {
            say!("  ok      {size:>9} candidates  {:.2} ms", middle.as_secs_f64() * 1e3);
        }
    }
    failed
}

/// What a network describes.
fn graph(network: &NetworkPlugin, values: Values) {
    let begun = Instant::now();
    let Ok(checked) = network.describe((224, 224), values) else { return };
    let took = begun.elapsed().as_secs_f64() * 1e3;
    let graph = checked.graph();
    say!("graph (described in {took:.2} ms)");
    let (nodes, all) = (checked.in_order().count(), graph.nodes.len());
    say!("  pictures    {} × {} pixels", graph.input.width, graph.input.height);
    say!("  features    {}, at node '{}'", checked.feature_dim(), graph.features);
    say!("  nodes       {nodes} of {all} are needed for them");
    say!("  parameters  {}", checked.parameters());
    let weights = match &graph.weights {
        Some(weights) => format!("{} (SHA-256 {}…)", weights.url, weights.sha256),
        None => "none are published".to_owned(),
    };
    say!("  weights     {weights}");
}
