//! The command line of `sluice finish`.

use std::path::PathBuf;

use clap::Args;

use super::{SessionArguments, SessionFolder};

#[derive(Args, Clone, Debug)]
pub struct Finish {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// Images that are at least this likely become positive, P(positive) 0 to 1
    #[arg(long, value_name = "P")]
    pub above: Option<f32>,
    /// Images that are at most this likely become negative, P(positive) 0 to 1
    #[arg(long, value_name = "P")]
    pub below: Option<f32>,
    /// Label; without this it is only said what would happen
    #[arg(long)]
    pub yes: bool,
    /// Print what would happen, or happened, as JSON
    #[arg(long)]
    pub json: bool,
    /// Where the images are now, if they moved [default: the pool's folder as it was given]
    #[arg(long, value_name = "DIR")]
    pub pool: Option<PathBuf>,
    #[command(flatten)]
    pub session_arguments: SessionArguments,
}
