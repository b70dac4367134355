//! The command line of `sluice replay`.

use clap::Args;

use super::{Point, SessionFolder};

#[derive(Args, Clone, Debug)]
pub struct Replay {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// Up to a record's number, a time (2026-11-26T14:00, or with Z or an offset), or a time since the beginning
    /// (+10m) [default: the end]
    #[arg(long, value_name = "SEQ|TIME")]
    pub until: Option<Point>,
    /// Play it: 1 as it happened, 10 ten times as fast, 0 without waiting; Ctrl+C ends it
    #[arg(long, value_name = "X", value_parser = speed)]
    pub speed: Option<f64>,
    /// Play from here on [default: the beginning]
    #[arg(long, value_name = "SEQ|TIME", requires = "speed")]
    pub from: Option<Point>,
    /// Play pauses as long as they were, instead of shortening those of more than 5 seconds to 5 seconds
    #[arg(long, requires = "speed")]
    pub pauses: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "speed")]
    pub json: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let possible = |speed: &f64| *speed == 0.0 || (0.001..=1e6).contains(speed);
    let speed = text.parse::<f64>().ok().filter(possible);
    speed.ok_or_else(|| "a speed is 0 (without waiting), or 0.001 to 1000000".to_owned())
}
