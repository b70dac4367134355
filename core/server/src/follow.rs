//! The pool's folder, looked at again and again while a session runs: files that join it join the pool,
//! files that are gone are set aside, files that were changed are looked at anew, and so are those that
//! were not there when they were wanted.
//!
//! A scan is a listing, which unlike the system's notifications works on every file system and for folders
//! that come and go; the larger the pool, the rarer it is. A file counts when two scans saw it the same:
//! nobody is writing to it any more.

mod missed;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::mem;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use sluice_events::message::Level;
use sluice_events::{Command, ImageId};
use sluice_pool::{Finding, Sight, find};
use sluice_session::state::ImageState;
use sluice_session::{CommandError, SessionHandle};

use crate::bell::Bell;
use crate::difference::{Difference, GONE, gone_images};
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use missed::Missed;

/// Scanning takes at most this share of a thread, as long as the pauses are no longer than this.
const SHARE: u32 = 20;
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// When more images are gone at once than this, and than half of the pool, a disk is missing rather than they.
const MANY: usize = 10;

/// Follows the folder until it is dropped.
pub(crate) struct PoolWatch {
    _ends_when_dropped: Sender<()>,
}

/// What the thread needs.
pub(crate) struct Follower {
    pub session: SessionHandle,
    pub folder: PoolFolder,
    pub notices: NoticeBoard,
    /// Images whose files were not there when they were wanted, and why.
    pub missing: Receiver<(ImageId, String)>,
    /// Who computes features hears of images that joined, came back or were changed, and is woken.
    pub tell: Sender<Vec<ImageId>>,
    pub bell: Bell,
}

/// What it has seen and told.
struct Memory {
    /// The newest scan.
    last: Finding,
    /// Whether the session knows all of it.
    caught_up: bool,
    /// What each file looked like when the session last heard of it.
    known: HashMap<String, Sight>,
    missed: Missed,
    /// What kinds of trouble were told and are not over.
    trouble: HashSet<String>,
    /// Whether it was told that files are listed and can't be read; once is enough.
    told_unreadable: bool,
}

impl Memory {
    /// After a scan of which the session knows everything.
    fn new(last: Finding) -> Self {
        let known = last.images.iter().map(|found| (found.path.clone(), found.sight)).collect();
        Self {
            last,
            caught_up: true,
            known,
            missed: Missed::default(),
            trouble: HashSet::new(),
            told_unreadable: false,
        }
    }
}

impl Follower {
    /// Starts the thread, after a scan of which the session knows everything; it scans every so often, or
    /// rarer.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self, last: Finding, every: Duration) -> std::io::Result<PoolWatch> {
        let (watch, ended): (Sender<()>, Receiver<()>) = channel();
        let mut memory = Memory::new(last);
        thread::Builder::new().name("pool-folder".into()).spawn(move || {
            let mut pause = every;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let begun = Instant::now();
                for (image, reason) in self.missing.try_iter() {
                    memory.missed.add(image, reason);
                }
                pause = match find(self.folder.root()) {
                    Ok(finding) => {
                        self.look(&mut memory, finding);
                        every.max((begun.elapsed() * SHARE).min(LONGEST_PAUSE))
                    }
                    Err(error) => {
                        memory.missed.nothing_is_there();
                        self.trouble(&mut memory, error.to_string(), &error.to_string());
                        every
                    }
                };
            }
        })?;
        Ok(PoolWatch { _ends_when_dropped: watch })
    }

    /// Takes a scan in. What the log does not take is tried again with the next one; the log says itself
    /// why.
    fn look(&self, memory: &mut Memory, now: Finding) {
        if now == memory.last && memory.caught_up {
            self.trouble_is_over(memory);
        } else {
            memory.caught_up = self.follow(memory, &now).unwrap_or(false);
        }
        self.look_for_missed(memory, &now).ok();
        memory.last = now;
    }

    /// Tells the session what is new; whether that was everything.
    fn follow(&self, memory: &mut Memory, now: &Finding) -> Result<bool, CommandError> {
        let images = self.session.read_blocking(|view| view.state.images.clone())?;
        let mut difference = Difference::between(&images, now);
        if difference.gone.len() > MANY.max(images.len() / 2) {
            let (gone, all) = (difference.gone.len(), images.len());
            let why = format!("{gone} of its {all} images are not there");
            memory.missed.nothing_is_there();
            self.trouble(memory, "most are gone".to_owned(), &why);
            return Ok(false);
        }
        self.trouble_is_over(memory);
        let (before, sights) = (sights(&memory.last), sights(now));
        let settled = |path: &str| before.get(path) == sights.get(path);
        let mut changed = changed(&images, &memory.known, &sights, &mut difference);
        let all = difference.len() + changed.len();
        difference.gone.retain(|image| settled(&images[image.index()].path));
        difference.unusable.retain(|file| memory.last.unusable.contains(file));
        difference.new.retain(|new| settled(&new.path));
        difference.back.retain(|(image, _)| settled(&images[image.index()].path));
        changed.retain(|image| settled(&images[image.index()].path));
        let caught_up = difference.len() + changed.len() == all;
        let (back, gone) = (difference.back.len(), difference.gone.len());
        for image in &difference.gone {
            memory.missed.forget(*image);
        }
        let recorded = difference.record(&self.session);
        // Also when the log did not take all of it: what it took has to be known here.
        let mut which = self.join()?;
        self.folder.set_gone(self.session.read_blocking(|view| gone_images(&view.state.images))?);
        let joined = which.len();
        if joined + back + gone > 0 {
            tracing::info!(joined, back, gone, "the folder of images changed");
        }
        which.extend(self.restored(&images)?);
        self.tell_changed(changed.len());
        which.extend(&changed);
        let told = self.folder.paths_of(&which);
        let told =
            told.into_iter().filter_map(|path| sights.get(&*path).map(|sight| (path, *sight)));
        memory.known.extend(told.collect::<Vec<_>>());
        for image in &which {
            memory.missed.forget(*image);
        }
        self.have_computed(which);
        recorded.map(|()| caught_up)
    }

    /// The folder learns the paths of images that the session has since; which of them can be shown.
    fn join(&self) -> Result<Vec<ImageId>, CommandError> {
        let known = self.folder.len();
        let (paths, usable) = self.session.read_blocking(move |view| {
            let new = &view.state.images[known as usize..];
            let paths: Vec<String> = new.iter().map(|image| image.path.clone()).collect();
            let usable = (known..).map(ImageId).zip(new);
            let usable = usable.filter(|(_, image)| image.set_aside.is_none());
            (paths, usable.map(|(id, _)| id).collect())
        })?;
        self.folder.extend(paths);
        Ok(usable)
    }

    /// Images that were set aside before and are not now.
    fn restored(&self, before: &[ImageState]) -> Result<Vec<ImageId>, CommandError> {
        let aside = (0..).map(ImageId).zip(before).filter(|(_, image)| image.set_aside.is_some());
        let aside: Vec<ImageId> = aside.map(|(image, _)| image).collect();
        self.session.read_blocking(move |view| {
            let shown = |image: &ImageId| {
                view.state.image(*image).is_some_and(|image| image.set_aside.is_none())
            };
            aside.into_iter().filter(shown).collect()
        })
    }

    fn have_computed(&self, which: Vec<ImageId>) {
        if !which.is_empty() && self.tell.send(which).is_ok() {
            self.bell.ring();
        }
    }

    /// Images whose files were missed and are there are tried again; others are waited for.
    fn look_for_missed(&self, memory: &mut Memory, now: &Finding) -> Result<(), CommandError> {
        if memory.missed.is_empty() {
            return Ok(());
        }
        let before = sights(&memory.last);
        let settled = now.images.iter().filter(|f| before.get(f.path.as_str()) == Some(&f.sight));
        let there: HashSet<PathBuf> =
            settled.map(|found| self.folder.root().join(&found.path)).collect();
        let is_listed = |image| self.folder.path(image).is_some_and(|path| there.contains(&path));
        let due = memory.missed.due(MANY.max(now.images.len() / 2), is_listed);
        self.have_computed(due.again);
        if let Some((count, reason)) = due.many
            && !mem::replace(&mut memory.told_unreadable, true)
        {
            let text = format!(
                "{count} of the images are listed in the folder and can't be had: the first {reason}. Is a disk or a \
                 network share failing? Nothing is set aside for that, answers are safe, and they are tried again."
            );
            self.notices.pin(Level::Warning, text);
        }
        for (image, reason) in due.broken {
            self.session.command_blocking(Command::SetAside { image, reason })?;
        }
        Ok(())
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

    fn trouble_is_over(&self, memory: &mut Memory) {
        if !mem::take(&mut memory.trouble).is_empty() {
            self.notices.pin(Level::Info, "The folder of images is there again, and followed.");
        }
    }

    /// Each kind is told once, until it is over.
    fn trouble(&self, memory: &mut Memory, kind: String, why: &str) {
        if !memory.trouble.insert(kind) {
            return;
        }
        let folder = self.folder.root().display();
        let text = format!(
            "The folder of images ({folder}) can't be followed: {why}. Is a disk missing? Nothing is set aside for \
             that, answers are safe, and it is looked at again."
        );
        self.notices.pin(Level::Warning, text);
    }
}

/// Images that look other than when the session last heard of them. Of those that are set aside, it is told
/// that they are back.
fn changed(
    images: &[ImageState],
    known: &HashMap<String, Sight>,
    now: &HashMap<&str, Sight>,
    difference: &mut Difference,
) -> Vec<ImageId> {
    let back: HashSet<ImageId> = difference.back.iter().map(|(image, _)| *image).collect();
    let mut changed = Vec::new();
    for (id, image) in (0..).map(ImageId).zip(images) {
        let sights = known.get(&image.path).zip(now.get(image.path.as_str()));
        let Some((_, sight)) = sights.filter(|(before, now)| before != now) else { continue };
        match image.set_aside.as_deref() {
            None => changed.push(id),
            Some(reason) if reason != GONE && !back.contains(&id) => {
                difference.back.push((id, sight.bytes));
            }
            Some(_) => {}
        }
    }
    changed
}

fn sights(finding: &Finding) -> HashMap<&str, Sight> {
    finding.images.iter().map(|image| (image.path.as_str(), image.sight)).collect()
}
