//! `sluice serve`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sluice_events::message::Level;
use sluice_log::storage::FsStorage;
use sluice_server::http::{self, App};
use sluice_server::{Access, OpenError, Service};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Serve, ServeArguments};
use crate::log::with_next_step;
use crate::session;
use crate::settings::Settings;
use crate::tell::say;

/// The longest that stopping may take.
const CLOSING: Duration = Duration::from_secs(10);

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
    let listen = arguments.listen.unwrap_or(settings.server.listen);
    let access = access(listen, arguments, settings)?;
    let folder = match &arguments.session {
        Some(folder) => folder.clone(),
        None => session::default_folder(&options.pool)?,
    };
    let runtime = tokio::runtime::Runtime::new().context("can't start the server's threads")?;
    // Bound first: a port in use is known before anything is opened.
    let listener = runtime
        .block_on(TcpListener::bind(listen))
        .with_context(|| format!("can't listen on {listen}; choose another port with --listen"))?;
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
    let stopped = {
        let _inside = runtime.enter();
        stopped()?
    };
    greet(&service, images, &listener.local_addr()?, &folder, &access, arguments.open)?;
    let app = Arc::new(App { service });
    runtime.block_on(http::serve(listener, Arc::clone(&app), access, stopped))?;
    // Only saves time at the next start; every acknowledged answer is durable already.
    let close = async { tokio::time::timeout(CLOSING, app.service.stop()).await };
    if runtime.block_on(close).is_err() {
        tracing::warn!("the session could not be closed in time; nothing is lost by that");
    }
    // A read of a disk that hangs is not waited for.
    runtime.shutdown_background();
    say(&format!("\nStopped. Every acknowledged answer is in {}.", folder.display()));
    Ok(())
}

/// Other machines need a token, or the person's word that none is wanted.
fn access(listen: SocketAddr, arguments: &ServeArguments, settings: &Settings) -> Result<Access> {
    let token = arguments.token.as_ref().unwrap_or(&settings.server.token).clone();
    let token = Some(token).filter(|token| !token.is_empty() && !arguments.no_token);
    if let Some(token) = &token
        && !token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    {
        bail!("a token is made of letters, digits, '-', '_' and '.'");
    }
    if token.is_none() && !listen.ip().is_loopback() && !arguments.no_token {
        bail!(
            "{listen} can be reached by other machines: give a --token that visitors must know, or \
             say --no-token (or listen on 127.0.0.1 and use an SSH tunnel)"
        );
    }
    Ok(Access { token, any_host: arguments.no_token && !listen.ip().is_loopback() })
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

fn greet(
    service: &Service,
    images: usize,
    listening: &SocketAddr,
    folder: &Path,
    access: &Access,
    open: bool,
) -> Result<()> {
    let counts = service.session.read_blocking(|view| view.state.counts)?;
    let answered = counts.positives + counts.negatives + counts.skipped;
    let token = access.token.as_ref().map(|token| format!("?token={token}")).unwrap_or_default();
    let address = format!("http://{listening}/{token}");
    say(&format!(
        "Sluice {}\n  images   {images} in {}\n  answers  {answered} so far, kept in {}\n  page     {address}\n\
         Stop with Ctrl+C; the same command goes on where you stopped.",
        env!("CARGO_PKG_VERSION"),
        service.folder.root().display(),
        folder.display(),
    ));
    if open && let Err(error) = open::that_detached(&address) {
        tracing::warn!(%error, "no browser could be opened");
    }
    Ok(())
}

/// Ctrl+C, or the system's wish to end. Heard from the call on, not only when it is awaited.
fn stopped() -> Result<impl Future<Output = ()>> {
    let hear = |kind| signal(kind).context("can't hear Ctrl+C, so could not stop properly");
    let mut interrupt = hear(SignalKind::interrupt())?;
    let mut terminate = hear(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
