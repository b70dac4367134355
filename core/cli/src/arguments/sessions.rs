//! The command line of `sluice sessions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Point, SessionFolder};

/// None of these but `relink` changes a session that is there, and these others all work while a server has it open.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// List the sessions: what they ask of which pool, and how far they are
    #[command(
        after_help = "Examples:\n  sluice sessions list\n  sluice sessions list --in /data/sessions\n  \
        sluice sessions list --json | jq -r '.[] | select(.wrong) | .session'\n\n\
        A session that can't be read is listed with what is wrong and what to do."
    )]
    List(SessionsList),
    /// Tell what a session is made of, and whether its images are where they were
    #[command(
        after_help = "Examples:\n  sluice sessions show SESSION\n  sluice sessions show ~/pictures\n\n\
        Records, files and pace: `sluice log stat`. How it stood at another time: `sluice replay`."
    )]
    Show(SessionsShow),
    /// Begin another session with the history of one, up to a point
    #[command(after_help = "Examples:\n  sluice sessions fork SESSION --to other\n  \
        sluice sessions fork SESSION --to before-lunch --until 2026-11-26T12:00\n  \
        sluice sessions fork ~/pictures --to first-hour --until +1h\n\n\
        The session itself stays as it is. Go on with: sluice serve DIR --session NEW")]
    Fork(SessionsFork),
    /// Find images again that were renamed, or moved to other folders, by what they hold
    #[command(
        after_help = "Examples:\n  sluice sessions relink SESSION\n  sluice sessions relink SESSION --dry-run\n  \
        sluice sessions relink SESSION /data/moved-here --yes\n\n\
        Nothing is moved on the disk: the session learns the new names, and the answers stay with their images. \
        Names and sizes alone are not believed; what a file holds is recorded while the session is served."
    )]
    Relink(SessionsRelink),
}

#[derive(Args, Clone, Debug)]
pub struct SessionsList {
    /// The folder whose folders are looked at [default: that of the sessions in your data folder]
    #[arg(long = "in", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
pub struct SessionsShow {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
pub struct SessionsFork {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// The new session folder
    #[arg(long, value_name = "NEW")]
    pub to: PathBuf,
    /// Up to a record's number, a time (2026-11-26T14:00, or with Z or an offset), or a time since the beginning
    /// (+10m) [default: all]
    #[arg(long, value_name = "SEQ|TIME")]
    pub until: Option<Point>,
}

#[derive(Args, Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct SessionsRelink {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// Where the images are now, if their folder moved, too [default: the pool's folder as it was given]
    #[arg(value_name = "DIR")]
    pub pool: Option<PathBuf>,
    /// Record the moves without asking
    #[arg(long)]
    pub yes: bool,
    /// Read every file, also those with the name and the size that the session knows: some may have changed places
    #[arg(long)]
    pub all: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Print the report as JSON, and ask nothing
    #[arg(long)]
    pub json: bool,
}
