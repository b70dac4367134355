//! The command line of `sluice simulate`.

use std::path::PathBuf;

use clap::Args;

use super::SessionArguments;

#[derive(Args, Clone, Debug)]
pub struct Simulate {
    /// A folder whose folders are classes
    #[arg(value_name = "DIR")]
    pub pool: PathBuf,
    /// The class whose images are the positives
    #[arg(long, value_name = "CLASS")]
    pub positive: String,
    /// Answers at most [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub looks: Option<u32>,
    /// End as soon as this share of the positives was found, percent [default: go on]
    #[arg(long, value_name = "PERCENT", default_value_t = 100, hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub until: u32,
    /// Answers a second, so that what trains in the background gets the time that a person gives it, ranking included
    /// [default: as fast as they are ranked]
    #[arg(long, value_name = "N")]
    pub pace: Option<f64>,
    /// Runs with so many seeds, one after the other; of every measure the median and the spread are told
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub seeds: u32,
    /// Answer this share of the images wrongly, for example 0.02
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub flip: f64,
    /// Keep only so many of the positives in the pool, drawn by the seed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub positives: Option<u32>,
    /// A new folder for curve.csv, summary.json, curves.svg and the session itself (in DIR/session; of several seeds in
    /// DIR/seed-N/session), which can be replayed like any other [default: the session is kept in memory]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A folder that --out wrote before, drawn into the same picture and told in a table; may be given more than once
    #[arg(long, value_name = "DIR", requires = "out")]
    pub compare: Vec<PathBuf>,
    /// Print JSON: {"runs": [...], "together": {...}}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub session_arguments: SessionArguments,
}
