//! The command line of `sluice replay`.

use std::path::PathBuf;

use clap::Args;

use super::{Listening, Point, SessionFolder};

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
    /// Show it in the page, as the person saw it: at --until, or at the first look; it plays from there on if a --speed
    /// is given
    #[arg(long, conflicts_with_all = ["from", "json"])]
    pub serve: bool,
    /// Where the images are now, if they moved
    #[arg(long, value_name = "DIR")]
    pub pool: Option<PathBuf>,
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
    #[command(flatten, next_help_heading = "In the page")]
    pub listening: Listening,
}

impl Replay {
    /// Whether another order is asked for.
    pub fn is_what_if(&self) -> bool {
        self.selector.is_some() || self.network.is_some()
    }

    /// Why these can't be asked for together; none if they can.
    pub fn contradiction(&self) -> Option<&'static str> {
        if !self.serve {
            return self.without_page();
        }
        if self.is_what_if() {
            return Some(
                "--serve shows what was, and --selector and --network ask what would have been: give one of them",
            );
        }
        let waits = self.speed.is_none_or(|speed| speed > 0.0);
        (!waits).then_some("--serve plays for somebody who looks on: give a --speed above 0")
    }

    /// Why something of this can't be asked for without the page; none if all of it can.
    fn without_page(&self) -> Option<&'static str> {
        if self.listening.open {
            return Some("--open opens the page, and there is one with --serve only");
        }
        if self.listening.no_token {
            return Some(
                "--no-token lets everybody into the page, and there is one with --serve only",
            );
        }
        let shown = self.pool.is_none() || self.is_what_if();
        (!shown).then_some(
            "--pool says where the images are, and they are wanted with --serve, --selector or --network only",
        )
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let possible = |speed: &f64| *speed == 0.0 || (0.001..=1e6).contains(speed);
    let speed = text.parse::<f64>().ok().filter(possible);
    speed.ok_or_else(|| "a speed is 0 (without waiting), or 0.001 to 1000000".to_owned())
}
