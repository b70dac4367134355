//! `sluice replay`: a session as it was at any point, or played, in the terminal or in the page. The log is only read,
//! also while a server writes to it, and nothing is computed anew, unless another order is asked for: what is told is
//! what a person saw.
//!
//! ```text
//!   log -> History (what is whole) -> apply, up to a point -> Moment (text, JSON)
//!                                  -> apply, event by event -> lines, in their own time
//!                                  -> a reel of states -> the server, which plays it in the page
//!   log -> answers -> the engine, with another selector or network -> both curves (what if)
//! ```

pub mod history;
mod lines;
pub mod moment;
mod page;
mod play;
mod what_if;
pub mod words;

use anyhow::Result;
use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::arguments::{Arguments, Replay};
use crate::log;
use crate::settings::Settings;
use history::History;
use moment::Moment;

pub fn run(arguments: &Replay, settings: &Settings) -> Result<()> {
    if let Some(why) = arguments.contradiction() {
        Arguments::command().error(ErrorKind::ArgumentConflict, why).exit();
    }
    if arguments.serve {
        return page::serve(arguments, settings);
    }
    if arguments.is_what_if() {
        return log::enough_was_read(what_if::run(arguments, settings));
    }
    log::enough_was_read(replay(arguments))
}

fn replay(arguments: &Replay) -> Result<()> {
    let history = History::open(&arguments.folder)?;
    if let Some(speed) = arguments.speed {
        return play::play(&history, arguments, speed);
    }
    let moment = Moment::at(&history, arguments.until)?;
    if arguments.json {
        return Ok(log::say(&serde_json::to_string_pretty(&moment)?)?);
    }
    Ok(moment.print()?)
}
