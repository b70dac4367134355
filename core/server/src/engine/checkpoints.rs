//! What the network in the background has learned, kept for the next start.

use sluice_events::Command;
use sluice_events::facts::CheckpointMade;
use sluice_events::message::Level;
use sluice_learn::Checkpoint;
use sluice_log::AppendError;
use sluice_session::CommandError;

use super::{Engine, Memory};

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

    /// A file, then the event that names it; what it replaces goes.
    pub(super) fn keep_checkpoint(&self, memory: &mut Memory, checkpoint: &Checkpoint) {
        let before = self.session.read_blocking(|view| view.state.checkpoint.clone());
        let Ok(before) = before else { return };
        let before = before.map(|made| made.artefact);
        let kept = match self.artefacts.keep(&checkpoint.weights) {
            Ok(Some(artefact)) => artefact,
            Ok(None) => return,
            Err(error) => {
                if !std::mem::replace(&mut memory.checkpoint_trouble, true) {
                    self.notices.pin(Level::Info, format!(
                        "What the network in the background learned can't be kept ({error}): it would begin anew at \
                         the next start. Answers and rankings go on."
                    ));
                }
                return;
            }
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
}
