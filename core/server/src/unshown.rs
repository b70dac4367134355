//! What becomes of an image that can't be shown. One that is broken is set aside with its reason. One whose file is
//! not there is left to whoever follows the folder, who sees whether the file is gone or a whole disk.

use std::sync::mpsc::Sender;

use sluice_events::{Command, ImageId};
use sluice_learn::NoPicture;
use sluice_session::{CommandError, SessionHandle};

use crate::difference::GONE;

/// Where it is told.
#[derive(Clone)]
pub struct Unshown {
    /// None: nothing is written, and nobody is told.
    session: Option<SessionHandle>,
    /// Who follows the folder; none: nobody does.
    missing: Option<Sender<(ImageId, String)>>,
}

impl Unshown {
    pub(crate) fn new(session: SessionHandle, missing: Option<Sender<(ImageId, String)>>) -> Self {
        Self { session: Some(session), missing }
    }

    /// In a replay: what can't be shown now was shown then.
    pub(crate) fn to_nobody() -> Self {
        Self { session: None, missing: None }
    }

    /// Tells why an image can't be shown; waits until what follows from it is in the log.
    ///
    /// # Errors
    /// When the log does not take it.
    pub(crate) fn tell(&self, image: ImageId, why: &NoPicture) -> Result<(), CommandError> {
        let Some(session) = &self.session else { return Ok(()) };
        let reason = match (why, &self.missing) {
            (NoPicture::Missing(reason), Some(follower)) => {
                follower.send((image, reason.clone())).ok();
                return Ok(());
            }
            (NoPicture::Missing(_), None) => GONE.to_owned(),
            (NoPicture::Broken(reason), _) => reason.clone(),
        };
        session.command_blocking(Command::SetAside { image, reason }).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_replay_nothing_is_refused_for_nobody_is_told() {
        for why in [NoPicture::Broken("is broken".to_owned()), NoPicture::Missing(GONE.to_owned())]
        {
            assert!(Unshown::to_nobody().tell(ImageId(3), &why).is_ok());
        }
    }
}
