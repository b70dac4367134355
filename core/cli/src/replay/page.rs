//! A session played in the page, as the person saw it.

use std::time::Duration;

use anyhow::Result;
use sluice_events::message::Level;
use sluice_server::{Pace, ReplayOptions, Service, SessionOptions};
use sluice_session::Reel;

use super::history::History;
use super::play::PAUSE_US;
use crate::arguments::{Replay, SessionArguments};
use crate::port::Port;
use crate::reading;
use crate::session;
use crate::settings::Settings;
use crate::tell::say;

/// Serves it until the person stops it. What a server writes to the log meanwhile is not shown.
pub fn serve(arguments: &Replay, settings: &Settings) -> Result<()> {
    let history = History::open(&arguments.folder)?;
    let until = arguments.until.map(|until| history.reach(Some(until))).transpose()?;
    let pool = match &arguments.pool {
        Some(pool) => pool.clone(),
        None => reading::pool_of(&history.storage)?,
    };
    let options = session::options(&pool, &SessionArguments::default(), settings)?;
    let SessionOptions { pool, decode, .. } = options;
    let port = Port::bind(&arguments.listening, settings)?;
    let folder = history.storage.root().to_owned();
    let shown = pool.display().to_string();
    let missing =
        if pool.is_dir() { "" } else { ", which are not there; --pool says where they are" };
    let options = ReplayOptions {
        folder: Some(folder.clone()),
        log_id: history.log_id()?.to_string(),
        pool,
        decode,
        begin: until.map(|reach| reach.end),
        pace: Pace { playing: arguments.speed.is_some(), speed: arguments.speed.unwrap_or(1.0) },
        longest_pause: (!arguments.pauses).then_some(Duration::from_micros(PAUSE_US)),
    };
    let reel = Reel::read(history.storage.clone(), history.whole_to())?;
    let service = Service::replay(options, reel)?;
    if let Err(damage) = history.whole() {
        service.notices.pin(Level::Warning, format!("What is whole is replayed: {damage}"));
    }
    port.serve(service, |_, page| {
        say(&format!(
            "Sluice {}\n  replay   {}\n  images   in {shown}{missing}\n  page     {page}\n\
             Nothing is written. Stop with Ctrl+C.",
            env!("CARGO_PKG_VERSION"),
            folder.display(),
        ));
        Ok(())
    })?;
    say("\nStopped. Nothing was written.");
    Ok(())
}
