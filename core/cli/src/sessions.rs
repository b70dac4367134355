//! `sluice sessions`: what sessions there are, what one is made of, another one with the history of one, and images
//! that have other names now. None of these but the last changes a session that is there, and all others work while a
//! server writes to it.

mod artefacts;
mod fork;
mod list;
mod pool;
mod relink;
mod show;

use anyhow::Result;

use crate::arguments::SessionsCommand;
use crate::log;

pub fn run(command: &SessionsCommand) -> Result<()> {
    log::enough_was_read(match command {
        SessionsCommand::List(list) => list::run(list),
        SessionsCommand::Show(show) => show::run(show),
        SessionsCommand::Fork(fork) => fork::run(fork),
        SessionsCommand::Relink(relink) => relink::run(relink),
    })
}
