//! The command line of `sluice replay`.

use std::path::PathBuf;

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
    /// What if this selector had ordered: the answers that were given answer again, in its order
    #[arg(long, value_name = "NAME", help_heading = "What if", conflicts_with_all = ["speed", "until"])]
    pub selector: Option<String>,
    /// What if this network had given the features
    #[arg(long, value_name = "NAME", help_heading = "What if", conflicts_with_all = ["speed", "until"])]
    pub network: Option<String>,
    /// Weights of the network
    #[arg(long, value_name = "FILE", help_heading = "What if", requires = "network")]
    pub weights: Option<PathBuf>,
    /// A folder of more plugins
    #[arg(long, value_name = "DIR", help_heading = "What if")]
    pub plugins: Option<PathBuf>,
    /// Answers a second, so that what trains in the background gets the time that a person gives it [default: as fast
    /// as they are ranked, and nothing trains in the background]
    #[arg(long, value_name = "N", help_heading = "What if")]
    pub pace: Option<f64>,
    /// Draw both curves, as SVG
    #[arg(long, value_name = "FILE", help_heading = "What if")]
    pub out: Option<PathBuf>,
    /// Where the images are now, if they moved
    #[arg(long, value_name = "DIR", help_heading = "What if")]
    pub pool: Option<PathBuf>,
}

impl Replay {
    /// Whether another order is asked for.
    pub fn is_what_if(&self) -> bool {
        self.selector.is_some() || self.network.is_some()
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let possible = |speed: &f64| *speed == 0.0 || (0.001..=1e6).contains(speed);
    let speed = text.parse::<f64>().ok().filter(possible);
    speed.ok_or_else(|| "a speed is 0 (without waiting), or 0.001 to 1000000".to_owned())
}
