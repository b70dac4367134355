//! The port that a page is served on, and who may visit it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sluice_server::http::{self, App};
use sluice_server::{Access, Service};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Listening;
use crate::settings::Settings;

/// The longest that stopping may take.
const CLOSING: Duration = Duration::from_secs(10);

/// A port that is listened to. Bound first: one that is in use is known before anything is opened.
pub struct Port {
    runtime: Runtime,
    listener: TcpListener,
    access: Access,
    open: bool,
}

impl Port {
    pub fn bind(arguments: &Listening, settings: &Settings) -> Result<Self> {
        let listen = arguments.listen.unwrap_or(settings.server.listen);
        let access = access(listen, arguments, settings)?;
        let runtime = Runtime::new().context("can't start the server's threads")?;
        let listener = runtime.block_on(TcpListener::bind(listen)).with_context(|| {
            format!("can't listen on {listen}; choose another port with --listen")
        })?;
        Ok(Self { runtime, listener, access, open: arguments.open })
    }

    /// Serves until the person stops it, and closes the session. `greet` is told where the page is.
    pub fn serve(
        self,
        service: Service,
        greet: impl FnOnce(&Service, &str) -> Result<()>,
    ) -> Result<()> {
        let Self { runtime, listener, access, open } = self;
        let stopped = {
            let _inside = runtime.enter();
            stopped()?
        };
        let token = access.token.as_ref().map(|token| format!("?token={token}"));
        let page = format!("http://{}/{}", listener.local_addr()?, token.unwrap_or_default());
        greet(&service, &page)?;
        if open && let Err(error) = open::that_detached(&page) {
            tracing::warn!(%error, "no browser could be opened");
        }
        let app = Arc::new(App { service });
        runtime.block_on(http::serve(listener, Arc::clone(&app), access, stopped))?;
        // Only saves time at the next start; every acknowledged answer is durable already.
        let close = async { tokio::time::timeout(CLOSING, app.service.stop()).await };
        if runtime.block_on(close).is_err() {
            tracing::warn!("the session could not be closed in time; nothing is lost by that");
        }
        // A read of a disk that hangs is not waited for.
        runtime.shutdown_background();
        Ok(())
    }
}

/// Other machines need a token, or the person's word that none is wanted.
fn access(listen: SocketAddr, arguments: &Listening, settings: &Settings) -> Result<Access> {
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
