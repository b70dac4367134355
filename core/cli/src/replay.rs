//! `sluice replay`: a session as it was at any point, or played. The log is only read, also while a server
//! writes to it, and nothing is computed anew: what is told is what a person saw.
//!
//! ```text
//!   log -> History (what is whole) -> apply, up to a point -> Moment (text, JSON)
//!                                  -> apply, event by event -> lines, in their own time
//! ```

pub mod history;
mod lines;
pub mod moment;
mod play;
pub mod words;

use anyhow::Result;

use crate::arguments::Replay;
use crate::log;
use history::History;
use moment::Moment;

pub fn run(arguments: &Replay) -> Result<()> {
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
