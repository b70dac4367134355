//! What the network in the background has learned, kept for the next start.
//!
//! ```text
//!   engine --the newest checkpoint--> keeper: a file, then the event that names it; what it replaces goes
//! ```
//!
//! A disk takes its time, and no ranking waits for it. What comes while another checkpoint is written takes the place
//! of one that nobody has begun to write.

use std::io;
use std::thread::{self, JoinHandle};

use futures::executor::block_on;
use sluice_events::Command;
use sluice_events::facts::CheckpointMade;
use sluice_events::message::Level;
use sluice_learn::Checkpoint;
use sluice_log::AppendError;
use sluice_session::{CommandError, SessionHandle};
use tokio::sync::watch;

use super::Engine;
use crate::artefacts::Artefacts;
use crate::notices::NoticeBoard;

impl Engine {
    /// The background goes on from what it kept; what an interrupted run left beside it goes.
    pub(super) fn resume(&mut self) {
        let kept = self.session.read_blocking(|view| view.state.checkpoint.clone());
        let Ok(kept) = kept else { return };
        self.artefacts.keep_only(kept.as_ref().map(|kept| &kept.artefact));
        let Some(kept) = kept else { return };
        if let Some(weights) = self.artefacts.read(&kept.artefact) {
            let CheckpointMade { network, labels, .. } = kept;
            self.learner.resume(Checkpoint { network, labels, weights: weights.into() });
        } else {
            tracing::warn!("the background's weights are not there, or not whole: it begins anew");
        }
    }
}

/// The thread that keeps checkpoints, and where they are handed over to it.
pub(super) struct Keeper {
    newest: watch::Sender<Option<Checkpoint>>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        artefacts: Artefacts,
        session: SessionHandle,
        notices: NoticeBoard,
    ) -> io::Result<Self> {
        let (newest, come) = watch::channel(None::<Checkpoint>);
        let mut shelf = Shelf { artefacts, session, notices, told_trouble: false };
        let thread = thread::Builder::new()
            .name("keeper".into())
            .spawn(move || take_newest(come, |checkpoint| shelf.keep(checkpoint)))?;
        Ok(Self { newest, thread })
    }

    /// Hands a checkpoint over; waits for nothing.
    pub fn hand_over(&self, checkpoint: Checkpoint) {
        self.newest.send_replace(Some(checkpoint));
    }

    /// Waits until the last one is kept.
    pub fn end(self) {
        drop(self.newest);
        let _ = self.thread.join();
    }
}

/// Takes what comes, one after the other, until nothing more can come. What waits makes room for what is newer; the
/// last one is always taken.
fn take_newest<T: Clone>(mut come: watch::Receiver<Option<T>>, mut take: impl FnMut(&T)) {
    while block_on(come.changed()).is_ok() {
        let newest = come.borrow_and_update().clone();
        if let Some(newest) = newest {
            take(&newest);
        }
    }
}

/// Where checkpoints are kept, and named.
struct Shelf {
    artefacts: Artefacts,
    session: SessionHandle,
    notices: NoticeBoard,
    /// Whether it was told that weights can't be kept.
    told_trouble: bool,
}

impl Shelf {
    /// A file, then the event that names it; what it replaces goes.
    fn keep(&mut self, checkpoint: &Checkpoint) {
        let before = self.session.read_blocking(|view| view.state.checkpoint.clone());
        let Ok(before) = before else { return };
        let before = before.map(|made| made.artefact);
        let kept = match self.artefacts.keep(&checkpoint.weights) {
            Ok(Some(artefact)) => artefact,
            Ok(None) => return,
            Err(error) => return self.tell_trouble(&error),
        };
        let made = CheckpointMade {
            network: checkpoint.network.clone(),
            labels: checkpoint.labels,
            artefact: kept,
            bytes: checkpoint.weights.len() as u64,
        };
        let obsolete = match self.session.command_blocking(Command::RecordCheckpoint(made)) {
            Ok(_) => before,
            // Which of the two the log names is seen at the next start.
            Err(CommandError::NotSaved(AppendError::UnknownOutcome { .. })) => None,
            Err(error) => {
                tracing::warn!(%error, "a checkpoint could not be recorded");
                Some(kept)
            }
        };
        if let Some(obsolete) = obsolete
            && before != Some(kept)
        {
            self.artefacts.remove(&obsolete);
        }
    }

    fn tell_trouble(&mut self, error: &io::Error) {
        if std::mem::replace(&mut self.told_trouble, true) {
            return;
        }
        let text = format!(
            "What the network in the background learned can't be kept ({error}): it would begin anew at the next \
             start. Answers and rankings go on."
        );
        self.notices.pin(Level::Info, text);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_waits_makes_room_for_what_is_newer_and_the_last_one_is_taken_at_the_end() {
        let (send, come) = watch::channel(None);
        let (begin, begun) = channel();
        let (go_on, goes_on) = channel::<()>();
        let taking = thread::spawn(move || {
            let mut taken = Vec::new();
            take_newest(come, |number: &u32| {
                taken.push(*number);
                begin.send(()).ok();
                goes_on.recv().ok();
            });
            taken
        });
        send.send_replace(Some(1));
        begun.recv().unwrap();
        send.send_replace(Some(2));
        send.send_replace(Some(3));
        drop((send, go_on));
        assert_eq!(taking.join().unwrap(), [1, 3]);
    }
}
