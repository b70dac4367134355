//! `sluice serve`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use sluice_events::message::Level;
use sluice_log::storage::FsStorage;
use sluice_server::{OpenError, Service};

use crate::arguments::{Serve, ServeArguments};
use crate::log::with_next_step;
use crate::port::Port;
use crate::session;
use crate::settings::Settings;
use crate::tell::say;

pub fn run(arguments: &Serve, settings: &Settings) -> Result<()> {
    serve(&arguments.pool, &arguments.page, settings)
}

/// Serves a pool until the person stops it.
pub fn serve(pool: &Path, arguments: &ServeArguments, settings: &Settings) -> Result<()> {
    let mut options = session::options(pool, &arguments.session_arguments, settings)?;
    if let Some(question) = &arguments.question {
        options.question.clone_from(question);
    }
    options.model &= !arguments.no_model;
    if !options.model && arguments.session_arguments.selector.is_none() {
        // Without a model there is nothing to order by but the pool itself.
        "sequential".clone_into(&mut options.selector);
    }
    let folder = match &arguments.session {
        Some(folder) => folder.clone(),
        None => session::default_folder(&options.pool)?,
    };
    let port = Port::bind(&arguments.listening, settings)?;
    // Found out before a session folder is made for it.
    let finding = sluice_pool::find(&options.pool)?;
    if folder.canonicalize().is_ok_and(|folder| folder == options.pool) {
        bail!(
            "the session folder can't be the folder of images itself: choose another with --session"
        );
    }
    let storage = FsStorage::new(&folder).with_context(|| {
        let folder = folder.display();
        format!("can't make the session folder {folder}; choose another with --session DIR")
    })?;
    options.folder = Some(folder.clone());
    options.tensorboard.clone_from(&arguments.tensorboard);
    let service = Service::open(options, &finding, storage).map_err(|error| match error {
        OpenError::Log(error) => with_next_step(&error, &folder),
        other => other.into(),
    })?;
    if let Some(question) = &arguments.question {
        keep_the_question(&service, question)?;
    }
    let images = finding.images.len();
    port.serve(service, |service, page| greet(service, images, page, &folder))?;
    say(&format!("\nStopped. Every acknowledged answer is in {}.", folder.display()));
    Ok(())
}

/// A session asks one question from its beginning to its end.
fn keep_the_question(service: &Service, wanted: &str) -> Result<()> {
    let opened = service.session.read_blocking(|view| view.state.opened.clone())?;
    if let Some(asked) = opened.map(|opened| opened.question).filter(|asked| asked != wanted) {
        let text = format!(
            "This session asks \"{asked}\", as it did when it began. For another question begin \
             another session (--session DIR)."
        );
        service.notices.pin(Level::Info, text);
    }
    Ok(())
}

fn greet(service: &Service, images: usize, page: &str, folder: &Path) -> Result<()> {
    let counts = service.session.read_blocking(|view| view.state.counts)?;
    let answered = counts.positives + counts.negatives + counts.skipped;
    say(&format!(
        "Sluice {}\n  images   {images} in {}\n  answers  {answered} so far, kept in {}\n  page     {page}\n\
         Stop with Ctrl+C; the same command goes on where you stopped.",
        env!("CARGO_PKG_VERSION"),
        service.folder.root().display(),
        folder.display(),
    ));
    Ok(())
}
