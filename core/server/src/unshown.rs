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
    session: SessionHandle,
    /// Who follows the folder; none: nobody does.
    missing: Option<Sender<(ImageId, String)>>,
}

impl Unshown {
    pub(crate) fn new(session: SessionHandle, missing: Option<Sender<(ImageId, String)>>) -> Self {
        Self { session, missing }
    }

    /// Tells why an image can't be shown; waits until what follows from it is in the log.
    ///
    /// # Errors
    /// When the log does not take it.
    pub(crate) fn tell(&self, image: ImageId, why: &NoPicture) -> Result<(), CommandError> {
        let reason = match (why, &self.missing) {
            (NoPicture::Missing(reason), Some(follower)) => {
                follower.send((image, reason.clone())).ok();
                return Ok(());
            }
            (NoPicture::Missing(_), None) => GONE.to_owned(),
            (NoPicture::Broken(reason), _) => reason.clone(),
        };
        self.session.command_blocking(Command::SetAside { image, reason }).map(drop)
    }
}
