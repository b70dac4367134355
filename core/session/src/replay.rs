//! The thread of a session that is played again: it owns a [`Reel`], goes to the moment that is wanted, and shows it
//! to whoever reads, as [`driver`](crate::driver) shows a session that goes on. It takes no command and has no log to
//! write to.

mod reel;
mod timeline;

use std::io;
use std::thread::{self, JoinHandle};

use futures::executor::block_on;
use sluice_log::storage::Storage;
use tokio::sync::{mpsc, watch};

pub use reel::Reel;
pub use timeline::Timeline;

use crate::decide::Refusal;
use crate::handle::{Request, View};

/// The moment that is wanted, and the one that is shown: each the number of the event that comes next.
pub(crate) type Moments = (watch::Sender<u64>, watch::Receiver<u64>);

/// Starts the thread, which ends with the last sender of requests; at first the end of the log is shown.
pub(crate) fn start<S: Storage>(
    reel: Reel<S>,
    moved: impl FnMut(&View<'_>) + Send + 'static,
    requests: mpsc::Receiver<Request>,
) -> io::Result<(Moments, JoinHandle<()>)> {
    let end = reel.next_seq();
    let (want, wanted) = watch::channel(end);
    let (publish, shown) = watch::channel(end);
    let mut replayer = Replayer { reel, moved: Box::new(moved), publish };
    (replayer.moved)(&replayer.reel.view());
    let thread = thread::Builder::new()
        .name("replay".into())
        .spawn(move || block_on(replayer.run(requests, wanted)))?;
    Ok(((want, shown), thread))
}

struct Replayer<S> {
    reel: Reel<S>,
    /// Sees each moment that is gone to.
    moved: Box<dyn FnMut(&View<'_>) + Send>,
    publish: watch::Sender<u64>,
}

impl<S: Storage> Replayer<S> {
    async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut wanted: watch::Receiver<u64>,
    ) {
        loop {
            tokio::select! {
                biased;
                // First, so that a hand on the scrubber keeps nobody from reading.
                request = requests.recv() => match request {
                    Some(Request::Command { reply, .. }) => {
                        let _ = reply.send(Err(Refusal::Replay.into()));
                    }
                    Some(Request::Read(read)) => read(&self.reel.view()),
                    Some(Request::Close(reply)) => {
                        let _ = reply.send(());
                        return;
                    }
                    None => return,
                },
                Ok(()) = wanted.changed() => {
                    let next_seq = *wanted.borrow_and_update();
                    if let Err(error) = self.reel.go(next_seq) {
                        tracing::error!(%error, "the log can't be read any more; the replay is closed");
                        return;
                    }
                    (self.moved)(&self.reel.view());
                    self.publish.send_replace(self.reel.next_seq());
                }
            }
        }
    }
}
