//! The command line.

mod finish;
mod labels;
mod listen;
mod model;
mod plugin;
mod point;
mod replay;
mod sessions;
mod simulate;

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use sluice_events::plugin::Value;
use sluice_server::{Background, DeviceChoice, Recipe};

pub use finish::Finish;
pub use labels::{Conflicts, ExportCommand, ExportLabels, Import, LabelFormat, Revoke, SourceName};
pub use listen::Listening;
pub use model::{ExportModel, ModelFormat, Predict, PredictionFormat};
pub use plugin::{NewKind, PluginBuild, PluginCheck, PluginCommand, PluginList, PluginNew};
pub use point::Point;
pub use replay::Replay;
pub use sessions::{SessionsCommand, SessionsFork, SessionsList, SessionsRelink, SessionsShow};
pub use simulate::Simulate;

/// Intelligent annotation for binary image classification.
///
/// Point it at a folder of images and answer one question, yes or no, one key each. A model learns
/// from every answer and brings the rare positives first.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, max_term_width = 100)]
pub struct Arguments {
    /// Settings file [default: ./sluice.toml where there is one]
    #[arg(long, global = true, env = "SLUICE_SETTINGS", value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Say more about what is going on
    #[arg(long, short, global = true)]
    pub verbose: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Annotate a folder of images in the browser
    #[command(
        after_help = "Examples:\n  sluice serve ~/pictures --question 'Is there an animal?'\n  \
        sluice serve tiles --network mobilenet-v3-small --weights mobilenet_v3_small.safetensors\n  \
        sluice serve scans --no-model\n\n\
        The same command again goes on where the last run ended, whatever ended it."
    )]
    Serve(Serve),
    /// Make a pool of pictures of surfaces with rare defects, and annotate it
    Demo(Demo),
    /// Let the names of the folders answer, and measure how fast the positives are found
    #[command(
        after_help = "Examples:\n  sluice simulate cifar10-20k --positive truck --looks 3000 --out result\n  \
        sluice simulate cifar10-20k --positive truck --pace 2 --until 95 --seeds 5 --out five\n  \
        sluice simulate cifar10-20k --positive truck --selector explore --seeds 5 --out other --compare five\n  \
        sluice replay result/session\n\n\
        As in the page, the next picture is there when an answer is given: it was chosen by a ranking that knows all \
        answers but this one."
    )]
    Simulate(Simulate),
    /// Ask a model about every image of a folder
    #[command(
        after_help = "Examples:\n  sluice predict SESSION ~/more-pictures --to predictions.csv\n  \
        sluice predict scratches.safetensors ~/more-pictures --to predictions.parquet\n\n\
        What was interrupted goes on with the same command. FILE is there whole or not at all. A file that can't be \
        read has a row with the reason."
    )]
    Predict(Predict),
    /// Take what a session gave with you: its labels, its predictor
    #[command(subcommand)]
    Export(ExportCommand),
    /// Bring labels that exist: they teach the model, and are told apart from answers
    #[command(after_help = "Examples:\n  sluice import SESSION labels.csv --dry-run\n  \
        sluice import SESSION sorted/ --positive cat --negative dog\n  \
        sluice import ~/pictures annotations.pickle skipped.pickle\n\n\
        All labels of one call are one step, which `sluice revoke` takes back. What was interrupted goes on \
        with the same call.")]
    Import(Import),
    /// Let the model label the rest, as one step
    #[command(
        after_help = "Examples:\n  sluice finish SESSION\n  sluice finish SESSION --above 0.9 --below 0.02 --yes\n\n\
        Without --above and --below, thresholds are suggested, as far as answers say how right the model is: as many \
        yes as are right in 95 % of the cases, and a no that costs no more than 2 % of the positives. What lies \
        between stays for people."
    )]
    Finish(Finish),
    /// Take a step of many labels back: an import, or what the model labelled
    Revoke(Revoke),
    /// Tell how a session stood at any moment, or play it in the terminal or in the page
    #[command(
        after_help = "Examples:\n  sluice replay SESSION\n  sluice replay SESSION --until +10m\n  \
        sluice replay SESSION --speed 10\n  sluice replay SESSION --serve --speed 4\n  \
        sluice replay ~/pictures --until 2026-11-26T14:00 --json\n  \
        sluice replay SESSION --selector explore --out curves.svg\n\n\
        Never writes; works while a server has the session open."
    )]
    Replay(Replay),
    /// List sessions, tell what they are made of, begin another with the history of one, find renamed images again
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Look into a session's log: print it, count it, check it, rescue it
    #[command(subcommand)]
    Log(LogCommand),
    /// Write, build, try and list selectors and networks of your own
    #[command(subcommand)]
    Plugin(PluginCommand),
}

/// None of these changes the session, and all work while a server has it open.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Print the events, one JSON object a line
    #[command(after_help = "Examples:\n  sluice log cat SESSION --type Labelled\n  \
        sluice log cat ~/pictures | jq -r 'select(.type==\"Labelled\") | [.image,.label] | @csv'")]
    Cat(Cat),
    /// Count records, events and answers; tell the state of the files
    Stat(Stat),
    /// Check every checksum, number and link of the chain, and that every event can be understood
    #[command(
        after_help = "Exit code 0: whole. 1: damaged; what is whole and what is lost is listed."
    )]
    Verify(SessionFolder),
    /// Rescue what is whole of a damaged session into a new folder
    #[command(
        after_help = "Records keep their numbers; lost ones become RecordLost. The damaged session stays \
        as it is. Go on with: sluice serve DIR --session NEW"
    )]
    Salvage(Salvage),
}

#[derive(Args, Clone, Debug)]
pub struct SessionFolder {
    /// The session folder, or the folder of images that it belongs to
    #[arg(value_name = "SESSION")]
    pub session: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub struct Cat {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// The first record
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub from: u64,
    /// The record to stop before [default: the end]
    #[arg(long, value_name = "SEQ")]
    pub to: Option<u64>,
    /// Only events of this type, for example Labelled; may be given more than once
    #[arg(long = "type", value_name = "NAME")]
    pub types: Vec<String>,
}

#[derive(Args, Clone, Debug)]
pub struct Stat {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
pub struct Salvage {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// The new session folder
    #[arg(long, value_name = "NEW")]
    pub to: PathBuf,
}

/// How a session is run, whoever answers.
#[derive(Args, Clone, Debug, Default)]
pub struct SessionArguments {
    /// A picture of what you look for, from anywhere: what looks like it comes first until there is a positive
    #[arg(long, env = "SLUICE_EXAMPLE", value_name = "FILE")]
    pub example: Option<PathBuf>,
    /// Orders the pool: max-prob, max-entropy, explore, random ...; `sluice plugin list` has them all
    #[arg(long, env = "SLUICE_SELECTOR", value_name = "NAME")]
    pub selector: Option<String>,
    /// Where to compute: auto, cpu, cuda, cuda:1
    #[arg(long, env = "SLUICE_DEVICE", value_name = "DEVICE")]
    pub device: Option<DeviceChoice>,
    /// What trains in the background: auto (on a GPU the network that gives the features, where there is one, else a
    /// small one), small, backbone, off (only the head learns)
    #[arg(long, env = "SLUICE_BACKGROUND", value_name = "WHAT")]
    pub background: Option<Background>,
    /// How it trains: cycles (short ones, unanswered pictures as negatives), freematch (semi-supervised), cyclic
    /// (labels only, with learning rates that rise and fall every 200 steps)
    #[arg(long, env = "SLUICE_RECIPE", value_name = "NAME")]
    pub recipe: Option<Recipe>,
    /// Where features are kept, so that they are computed once [default: sluice/features in your cache folder]
    #[arg(long, env = "SLUICE_CACHE", value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Gives features: mobilenet-v3-small, resnet18 (their published weights are fetched once, unless given with
    /// --weights), small-cnn (only with --weights: none are published)
    #[arg(long, env = "SLUICE_NETWORK", value_name = "NAME")]
    pub network: Option<String>,
    /// Weights of the network: safetensors, or a state dict that torch.save wrote
    #[arg(long, env = "SLUICE_WEIGHTS", value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Fetch nothing
    #[arg(long, env = "SLUICE_OFFLINE")]
    pub offline: bool,
    /// A folder of more plugins (.wasm components), looked at again whenever it changes
    #[arg(long, env = "SLUICE_PLUGINS", value_name = "DIR")]
    pub plugins: Option<PathBuf>,
    /// A parameter of a plugin, for example explore.clusters=20; may be given more than once
    #[arg(long, value_name = "PLUGIN.PARAMETER=VALUE")]
    pub set: Vec<Assignment>,
    /// Decides everything random in a new session
    #[arg(long, env = "SLUICE_SEED", value_name = "N")]
    pub seed: Option<u64>,
}

/// A value for a plugin's parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub plugin: String,
    pub parameter: String,
    pub value: Value,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').and_then(|(left, value)| {
            let (plugin, parameter) = left.split_once('.')?;
            Some((plugin, parameter, value))
        });
        let (plugin, parameter, value) =
            parts.ok_or_else(|| "write PLUGIN.PARAMETER=VALUE".to_owned())?;
        // Quotes make a text of what would be a number.
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        if let Some(text) = quoted {
            let (plugin, parameter) = (plugin.to_owned(), parameter.to_owned());
            return Ok(Self { plugin, parameter, value: Value::Text(text.to_owned()) });
        }
        let boolean = value.parse().map(Value::Boolean);
        let integer = || value.parse().map(Value::Integer);
        let number = || value.parse().map(Value::Number);
        let value = boolean
            .or_else(|_| integer())
            .or_else(|_| number())
            .unwrap_or_else(|_| Value::Text(value.to_owned()));
        Ok(Self { plugin: plugin.to_owned(), parameter: parameter.to_owned(), value })
    }
}

#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// The folder of images; folders in it are looked through too
    #[arg(value_name = "DIR")]
    pub pool: PathBuf,
    #[command(flatten)]
    pub page: ServeArguments,
}

/// How a session is shown.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArguments {
    /// Where answers are kept [default: a folder of this pool in your data folder]
    #[arg(long, env = "SLUICE_SESSION", value_name = "DIR")]
    pub session: Option<PathBuf>,
    /// The question that is answered with yes or no
    #[arg(long, env = "SLUICE_QUESTION", value_name = "TEXT")]
    pub question: Option<String>,
    #[command(flatten)]
    pub listening: Listening,
    /// No model: only show and record
    #[arg(long)]
    pub no_model: bool,
    /// Write what TensorBoard shows to this folder: loss, pace, agreement
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    #[command(flatten)]
    pub session_arguments: SessionArguments,
}

#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Where the pictures are put [default: a folder in your data folder]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How many pictures
    #[arg(long, value_name = "N", default_value_t = 3000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub images: u32,
    /// Only make the pictures
    #[arg(long)]
    pub only_make: bool,
    #[command(flatten)]
    pub page: ServeArguments,
}
