//! What a scan of the pool's folder says that the session does not know yet.

use std::collections::{HashMap, HashSet};

use futures::executor::block_on;
use sluice_events::facts::FoundImage;
use sluice_events::{Command, ImageId};
use sluice_pool::{Finding, Unusable};
use sluice_session::state::ImageState;
use sluice_session::{CommandError, SessionHandle};

/// Why an image that was there is set aside.
const GONE: &str = "is no longer in the folder";
/// Paths of one event, bytes; well below what fits into a batch of the log.
const PATHS_BYTES: usize = 64 * 1024;

/// What is to be told.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Images that are no longer there.
    pub gone: Vec<ImageId>,
    /// Images that had been set aside and are back, or were changed since, with their size.
    pub back: Vec<(ImageId, u64)>,
    pub new: Vec<FoundImage>,
    /// What can't even be listed.
    pub unusable: Vec<Unusable>,
}

impl Difference {
    pub fn between(known: &[ImageState], finding: &Finding) -> Self {
        let there: HashMap<&str, u64> =
            finding.images.iter().map(|image| (image.path.as_str(), image.bytes)).collect();
        let names: HashSet<&str> = known.iter().map(|image| image.path.as_str()).collect();
        let mut difference = Self::default();
        for (known, image) in known.iter().zip((0..).map(ImageId)) {
            match (known.set_aside.as_deref(), there.get(known.path.as_str())) {
                (None, None) => difference.gone.push(image),
                // It is back, or was changed since: it is looked at again.
                (Some(reason), Some(&bytes)) if reason == GONE || bytes != known.bytes => {
                    difference.back.push((image, bytes));
                }
                _ => {}
            }
        }
        let new = finding.images.iter().filter(|image| !names.contains(image.path.as_str()));
        difference.new =
            new.map(|new| FoundImage { path: new.path.clone(), bytes: new.bytes }).collect();
        let unusable = finding.unusable.iter().filter(|file| !names.contains(file.path.as_str()));
        difference.unusable = unusable.cloned().collect();
        difference
    }

    /// Files that are concerned.
    pub fn len(&self) -> usize {
        self.gone.len() + self.back.len() + self.new.len() + self.unusable.len()
    }

    /// Tells the session. New images get the ids that are free, in their order.
    ///
    /// # Errors
    /// When the log does not take it, or not all of it.
    pub fn record(self, session: &SessionHandle) -> Result<(), CommandError> {
        let gone = self.gone.into_iter();
        let gone = gone.map(|image| Command::SetAside { image, reason: GONE.to_owned() });
        let back = self.back.into_iter().map(|(image, bytes)| Command::Restore { image, bytes });
        let submitted: Vec<_> = gone
            .chain(back)
            .map(|command| block_on(session.submit(command)))
            .collect::<Result<_, _>>()?;
        for submitted in submitted {
            block_on(submitted.outcome())?;
        }
        let mut chunk = Vec::new();
        let mut bytes = 0;
        for image in self.new {
            bytes += image.path.len() + 16;
            chunk.push(image);
            if bytes >= PATHS_BYTES {
                session.command_blocking(Command::AddImages(std::mem::take(&mut chunk)))?;
                bytes = 0;
            }
        }
        if !chunk.is_empty() {
            session.command_blocking(Command::AddImages(chunk))?;
        }
        // What can't even be listed joins the pool set aside, so that it is counted and named.
        for Unusable { path, reason } in self.unusable {
            let found = FoundImage { path, bytes: 0 };
            session.command_blocking(Command::AddImages(vec![found]))?;
            let last = session.read_blocking(|view| view.state.images.len() as u32 - 1)?;
            session.command_blocking(Command::SetAside { image: ImageId(last), reason })?;
        }
        Ok(())
    }
}
