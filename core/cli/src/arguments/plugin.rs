//! The command line of `sluice plugin`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Assignment;

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Make a crate that builds, with everything it needs
    #[command(
        after_help = "Example:\n  sluice plugin new selector my-order\n  sluice plugin build my-order\n  \
        sluice plugin check my-order/my-order.wasm"
    )]
    New(PluginNew),
    /// Build a plugin's crate to a component
    Build(PluginBuild),
    /// Load a component, try it on a made-up pool, and tell what it is, what it costs, and what it does wrong
    #[command(after_help = "Exit code 0: nothing is wrong. 1: it can't be used, or breaks a rule.")]
    Check(PluginCheck),
    /// List the plugins in the box and those of a folder, with their parameters
    List(PluginList),
}

#[derive(Args, Clone, Debug)]
pub struct PluginNew {
    /// What it is to do: order the pool, or give features
    #[arg(value_enum, value_name = "KIND")]
    pub kind: NewKind,
    /// Its name: lower case letters, digits and hyphens
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The new folder [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    Selector,
    Network,
}

#[derive(Args, Clone, Debug)]
pub struct PluginBuild {
    /// The crate
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Where NAME.wasm is put, for example the folder of --plugins [default: the crate's folder]
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct PluginCheck {
    /// The component (.wasm)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A parameter, for example explore.clusters=20; may be given more than once
    #[arg(long, value_name = "PLUGIN.PARAMETER=VALUE")]
    pub set: Vec<Assignment>,
}

#[derive(Args, Clone, Debug)]
pub struct PluginList {
    /// A folder of more plugins [default: as the settings say]
    #[arg(long, env = "SLUICE_PLUGINS", value_name = "DIR")]
    pub plugins: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
