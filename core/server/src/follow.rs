//! The pool's folder, looked at again and again while a session runs: files that join it join the pool,
//! files that are gone are set aside, files that were changed are looked at anew.
//!
//! A scan is a listing, which unlike the system's notifications works on every file system and for folders
//! that come and go; the larger the pool, the rarer it is. A file counts when two scans saw it the same:
//! nobody is writing to it any more.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_events::message::Level;
use sluice_pool::{Finding, find};
use sluice_session::state::ImageState;
use sluice_session::{CommandError, SessionHandle};

use crate::bell::Bell;
use crate::difference::Difference;
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;

/// Scanning takes at most this share of a thread.
const SHARE: u32 = 20;
/// When more images are gone at once than this, and than half of the pool, a disk is missing rather than they.
const MANY: usize = 10;

/// Follows the folder until it is dropped.
pub(crate) struct PoolWatch {
    _ends_when_dropped: Sender<()>,
}

/// What the thread needs, and what it has seen.
pub(crate) struct Follower {
    pub session: SessionHandle,
    pub folder: PoolFolder,
    pub notices: NoticeBoard,
    /// Who computes features hears of images that joined, came back or were changed, and is woken.
    pub tell: Sender<Vec<ImageId>>,
    pub bell: Bell,
    /// The newest scan of which the session knows everything.
    pub known: Finding,
}

/// What was told already.
#[derive(Default)]
struct Told {
    /// Why the folder could not be scanned.
    trouble: Option<String>,
}

impl Follower {
    /// Starts the thread; it scans every so often, or rarer.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(mut self, every: Duration) -> std::io::Result<PoolWatch> {
        let (watch, ended): (Sender<()>, Receiver<()>) = channel();
        thread::Builder::new().name("pool-folder".into()).spawn(move || {
            let mut last = self.known.clone();
            let (mut told, mut pause) = (Told::default(), every);
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let begun = Instant::now();
                match find(self.folder.root()) {
                    Ok(finding) => {
                        // The log says itself what it does not take; the next scan tries again.
                        let caught_up = self.follow(&finding, &last, &mut told).unwrap_or(false);
                        if caught_up {
                            self.known.clone_from(&finding);
                        }
                        last = finding;
                    }
                    Err(error) => self.trouble(&mut told, &error.to_string()),
                }
                pause = every.max(begun.elapsed() * SHARE);
            }
        })?;
        Ok(PoolWatch { _ends_when_dropped: watch })
    }

    /// Tells the session what is new; whether that was everything.
    fn follow(&self, now: &Finding, last: &Finding, told: &mut Told) -> Result<bool, CommandError> {
        if *now == self.known {
            told.trouble = None;
            return Ok(true);
        }
        let images = self.session.read_blocking(|view| view.state.images.clone())?;
        let (mut difference, before) = (Difference::between(&images, now), sizes(last));
        let settled = |path: &str, bytes: u64| before.get(path) == Some(&bytes);
        if difference.gone.len() > MANY.max(images.len() / 2) {
            let (gone, all) = (difference.gone.len(), images.len());
            self.trouble(told, &format!("{gone} of its {all} images are not there"));
            return Ok(false);
        }
        told.trouble = None;
        let all = difference.len();
        difference.gone.retain(|image| !before.contains_key(images[image.index()].path.as_str()));
        difference.unusable.retain(|file| last.unusable.contains(file));
        difference.new.retain(|new| settled(&new.path, new.bytes));
        difference.back.retain(|(image, bytes)| settled(&images[image.index()].path, *bytes));
        let taken = difference.len();
        let mut changed = self.changed(&images, now);
        let seen = changed.len();
        changed.retain(|(image, bytes)| settled(&images[image.index()].path, *bytes));
        self.tell_changed(changed.len());
        let mut which: Vec<ImageId> = changed.iter().map(|(image, _)| *image).collect();
        which.extend(difference.back.iter().map(|(image, _)| *image));
        let joined = difference.new.len();
        let (back, gone) = (difference.back.len(), difference.gone.len());
        let caught_up = taken == all && changed.len() == seen;
        difference.record(&self.session)?;
        which.extend(self.join(images.len())?);
        if joined + back + gone > 0 {
            tracing::info!(joined, back, gone, "the folder of images changed");
        }
        if !which.is_empty() && self.tell.send(which).is_ok() {
            self.bell.ring();
        }
        Ok(caught_up)
    }

    /// The folder learns the paths of images that the session has since; which these are.
    fn join(&self, known: usize) -> Result<Vec<ImageId>, CommandError> {
        let (paths, usable) = self.session.read_blocking(move |view| {
            let new = &view.state.images[known..];
            let paths: Vec<String> = new.iter().map(|image| image.path.clone()).collect();
            let usable = (known as u32..).map(ImageId).zip(new);
            let usable = usable.filter(|(_, image)| image.set_aside.is_none());
            (paths, usable.map(|(id, _)| id).collect())
        })?;
        self.folder.extend(known, paths);
        Ok(usable)
    }

    /// Images that have another size than the newest scan knew.
    fn changed(&self, images: &[ImageState], now: &Finding) -> Vec<(ImageId, u64)> {
        let (before, now) = (sizes(&self.known), sizes(now));
        let sizes = |path: &str| Some((*before.get(path)?, *now.get(path)?));
        let shown = (0..).map(ImageId).zip(images).filter(|(_, image)| image.set_aside.is_none());
        shown
            .filter_map(|(id, image)| {
                let (before, now) = sizes(&image.path)?;
                (before != now).then_some((id, now))
            })
            .collect()
    }

    fn tell_changed(&self, count: usize) {
        if count > 0 {
            let text = format!(
                "{count} of the images in the folder were changed. Their features are computed anew; answers that \
                 were given stay, so look at them again if the pictures are others now."
            );
            self.notices.pin(Level::Info, text);
        }
    }

    /// Told once, until it is over.
    fn trouble(&self, told: &mut Told, why: &str) {
        if told.trouble.as_deref() == Some(why) {
            return;
        }
        told.trouble = Some(why.to_owned());
        let folder = self.folder.root().display();
        let text = format!(
            "The folder of images ({folder}) can't be followed: {why}. Is a disk missing? Nothing is set aside for \
             that, answers are safe, and it is looked at again."
        );
        self.notices.pin(Level::Warning, text);
    }
}

fn sizes(finding: &Finding) -> HashMap<&str, u64> {
    finding.images.iter().map(|image| (image.path.as_str(), image.bytes)).collect()
}
