//! The way to a session from any thread: commands, questions, and the end.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use sluice_events::facts::Ranked;
use sluice_events::message::Look;
use sluice_events::{Command, Event};
use sluice_log::storage::Storage;
use sluice_log::{AppendError, EventLog};
use tokio::sync::{mpsc, oneshot, watch};

use crate::decide::Refusal;
use crate::driver;
use crate::replay::{self, Reel};
use crate::restore::{OpenSessionError, Snapshots};
use crate::state::State;

/// Commands and questions that may wait before a sender has to.
const WAITING: usize = 1024;

/// A command is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// Number of the last of its events; for a command that was known, of the first.
    pub seq: u64,
    /// The look that an undo or redo was about.
    pub look: Option<Look>,
}

/// A command did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It does not apply.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be made durable.
    #[error(transparent)]
    NotSaved(#[from] AppendError),
    /// It is no event that the log takes.
    #[error("{0}; this was not saved")]
    CantBeWritten(String),
    /// The session's thread has ended.
    #[error("the session is closed; this was not saved. Restart sluice")]
    Closed,
}

/// Learns what happened and how long it took; for metrics. Called on the session's thread.
pub trait Observer: Send + 'static {
    /// An event is durable, so long after its command arrived.
    fn committed(&mut self, event: &Event, after: Duration);
    /// A ranking that knows an answer is durable, so long after that answer's command arrived.
    fn ranked(&mut self, after: Duration);
    /// The log takes nothing any more, until the program is started anew.
    fn closed(&mut self, why: &AppendError);
}

/// What readers see: only what is durable.
pub struct View<'a> {
    /// The fold.
    pub state: &'a State,
    /// The newest ranking's order, beyond what the log keeps.
    pub order: &'a [Ranked],
    /// Why the log takes nothing any more, if it doesn't.
    pub closed: Option<&'a AppendError>,
    /// The time, µs since 1970; in a replay, that of the moment.
    pub now_us: u64,
}

pub(crate) type Read = Box<dyn FnOnce(&View<'_>) + Send>;

pub(crate) enum Request {
    Command {
        command: Box<Command>,
        arrived: Instant,
        reply: oneshot::Sender<Result<Done, CommandError>>,
    },
    Read(Read),
    Close(oneshot::Sender<()>),
}

/// The way to a session from any thread. Clones lead to the same one.
#[derive(Clone)]
pub struct SessionHandle {
    requests: mpsc::Sender<Request>,
    durable: watch::Receiver<u64>,
}

impl SessionHandle {
    /// Derives the session from its log, from the newest snapshot on where there is one, and starts
    /// its thread, which ends when no handle is left; the log is free then.
    ///
    /// # Errors
    /// When the log can't be read or understood.
    pub fn open<L: EventLog>(
        log: L,
        snapshots: Snapshots,
        observer: impl Observer,
    ) -> Result<(Self, JoinHandle<()>), OpenSessionError> {
        let (requests, waiting) = mpsc::channel(WAITING);
        let (durable, thread) = driver::start(log, snapshots, observer, waiting)?;
        Ok((Self { requests, durable }, thread))
    }

    /// The way to a session as it was, at first at its end. Whoever reads is shown the moment that was last sent, named
    /// by the number of the event that comes next; commands are refused. `moved` sees each moment, on the replay's thread.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn replay<S: Storage>(
        reel: Reel<S>,
        moved: impl FnMut(&View<'_>) + Send + 'static,
    ) -> std::io::Result<(Self, watch::Sender<u64>, JoinHandle<()>)> {
        let (requests, waiting) = mpsc::channel(WAITING);
        let ((want, durable), thread) = replay::start(reel, moved, waiting)?;
        Ok((Self { requests, durable }, want, thread))
    }

    /// Wants something to happen; `Ok` means that it is durable.
    ///
    /// # Errors
    /// When it does not apply or could not be saved.
    pub async fn command(&self, command: Command) -> Result<Done, CommandError> {
        self.submit(command).await?.outcome().await
    }

    /// Puts a command in line behind those before it; what came of it can be awaited later.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn submit(&self, command: Command) -> Result<Submitted, CommandError> {
        let (reply, answer) = oneshot::channel();
        let request =
            Request::Command { command: Box::new(command), arrived: Instant::now(), reply };
        self.requests.send(request).await.map_err(|_| CommandError::Closed)?;
        Ok(Submitted(answer))
    }

    /// [`command`](Self::command) for threads without an async runtime.
    ///
    /// # Errors
    /// As there.
    pub fn command_blocking(&self, command: Command) -> Result<Done, CommandError> {
        block_on(self.command(command))
    }

    /// Looks at the durable state, on the session's thread: be quick.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        let read: Read = Box::new(move |view| drop(reply.send(look(view))));
        self.requests.send(Request::Read(read)).await.map_err(|_| CommandError::Closed)?;
        answer.await.map_err(|_| CommandError::Closed)
    }

    /// [`read`](Self::read) for threads without an async runtime.
    ///
    /// # Errors
    /// As there.
    pub fn read_blocking<T: Send + 'static>(
        &self,
        look: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, CommandError> {
        block_on(self.read(look))
    }

    /// Ends the session for everybody: what was in line before is brought to its end, the log is free
    /// afterwards.
    pub async fn close(&self) {
        let (reply, ended) = oneshot::channel();
        if self.requests.send(Request::Close(reply)).await.is_ok() {
            let _ = ended.await;
        }
    }

    /// Commands and questions that wait for the session's thread.
    pub fn waiting(&self) -> usize {
        self.requests.max_capacity() - self.requests.capacity()
    }

    /// Follows the number of durable events; in a replay, of those that have happened.
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.durable.clone()
    }
}

/// A command that is in line.
pub struct Submitted(oneshot::Receiver<Result<Done, CommandError>>);

impl Submitted {
    /// Waits until it is durable or did not happen.
    ///
    /// # Errors
    /// As [`SessionHandle::command`].
    pub async fn outcome(self) -> Result<Done, CommandError> {
        self.0.await.map_err(|_| CommandError::Closed)?
    }
}
