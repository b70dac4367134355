//! What a scan of the pool's folder says that the session does not know yet.

use std::collections::{HashMap, HashSet};

use futures::executor::block_on;
use sluice_events::facts::FoundImage;
use sluice_events::{Command, ImageId};
use sluice_pool::{Finding, Unusable};
pub(crate) use sluice_session::files::GONE;
use sluice_session::state::ImageState;
use sluice_session::{CommandError, SessionHandle};

/// How the reasons of images begin that could not be read ([`sluice_pool::DecodeError`]).
const UNREADABLE: [&str; 2] = ["can't be read", "is not there"];
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

/// Images that are set aside because their files are gone.
pub(crate) fn gone_images(images: &[ImageState]) -> HashSet<ImageId> {
    let all = (0..).map(ImageId).zip(images);
    all.filter(|(_, image)| image.is_gone()).map(|(id, _)| id).collect()
}

fn keeps_its_content(image: &ImageState) -> bool {
    image.given.is_some() && image.content.is_some()
}

impl Difference {
    pub fn between(known: &[ImageState], finding: &Finding) -> Self {
        let there: HashMap<&str, u64> =
            finding.images.iter().map(|image| (image.path.as_str(), image.sight.bytes)).collect();
        let names: HashSet<&str> = known.iter().map(|image| image.path.as_str()).collect();
        let mut difference = Self::default();
        for (known, image) in known.iter().zip((0..).map(ImageId)) {
            match (known.set_aside.as_deref(), there.get(known.path.as_str())) {
                (None, None) => difference.gone.push(image),
                // It is back, or was changed since: it is looked at again. Of an answered one the size stays that
                // of what the file held when it was answered; that it was changed, the follower sees.
                (Some(reason), Some(&bytes))
                    if reason == GONE || (bytes != known.bytes && !keeps_its_content(known)) =>
                {
                    difference.back.push((image, bytes));
                }
                _ => {}
            }
        }
        let new = finding.images.iter().filter(|image| !names.contains(image.path.as_str()));
        difference.new =
            new.map(|new| FoundImage { path: new.path.clone(), bytes: new.sight.bytes }).collect();
        let unusable = finding.unusable.iter().filter(|file| !names.contains(file.path.as_str()));
        difference.unusable = unusable.cloned().collect();
        difference
    }

    /// Files that are listed and could not be read when they were set aside may be readable by now. So may those that
    /// were broken and have an answer, of which no size tells that they were mended: `decodes` tries it.
    pub fn try_again(
        &mut self,
        known: &[ImageState],
        finding: &Finding,
        decodes: impl Fn(&ImageState) -> bool,
    ) {
        let back: HashSet<ImageId> = self.back.iter().map(|(image, _)| *image).collect();
        let there: HashSet<&str> = finding.images.iter().map(|found| found.path.as_str()).collect();
        let unreadable = (0..).map(ImageId).zip(known).filter(|(image, state)| {
            let Some(reason) = &state.set_aside else { return false };
            there.contains(state.path.as_str())
                && !back.contains(image)
                && (UNREADABLE.iter().any(|begins| reason.starts_with(begins))
                    || (keeps_its_content(state) && decodes(state)))
        });
        self.back.extend(unreadable.map(|(image, state)| (image, state.bytes)));
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

#[cfg(test)]
mod tests {
    use std::io;

    use sluice_events::{Answer, Source};
    use sluice_pool::{DecodeError, Found, Sight};
    use sluice_session::state::{By, Given};

    use super::*;

    fn aside(path: &str, reason: &DecodeError) -> ImageState {
        let (path, set_aside) = (path.to_owned(), Some(reason.to_string()));
        ImageState { path, bytes: 7, content: None, given: None, set_aside }
    }

    #[test]
    fn what_could_not_be_read_is_tried_again_and_what_is_broken_is_not() {
        let failed = |kind: io::ErrorKind| DecodeError::from(io::Error::from(kind));
        let forbidden = failed(io::ErrorKind::PermissionDenied);
        let known = [
            aside("a", &forbidden),
            aside("b", &failed(io::ErrorKind::TimedOut)),
            aside("c", &DecodeError::Truncated),
            aside("deleted since", &forbidden),
        ];
        let sight = Sight { bytes: 7, modified: None };
        let found = ["a", "b", "c"].map(|path| Found { path: path.to_owned(), sight });
        let finding = Finding { images: found.into(), ..Finding::default() };
        let mut difference = Difference::default();
        difference.try_again(&known, &finding, |_| true);
        assert_eq!(difference.back, [(ImageId(0), 7), (ImageId(1), 7)]);
        difference.try_again(&known, &finding, |_| true);
        assert_eq!(difference.len(), 2, "once is enough");
        // What was answered may have been mended, and no size tells it.
        let mut known = known.clone();
        let (answer, source, by) = (Answer::Positive, Source::Manual, By::Look(0));
        known[2].given = Some(Given { answer, source, by });
        known[2].content = Some([1; 16]);
        for (decodes, back) in [(false, 2), (true, 3)] {
            let mut difference = Difference::default();
            difference.try_again(&known, &finding, |image| decodes && image.path == "c");
            assert_eq!(difference.back.len(), back);
        }
    }
}
