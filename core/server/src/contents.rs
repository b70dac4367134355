//! What the images' files hold, so that a file is known again that has another name one day.
//!
//! ```text
//!   read for features --tell--> Recorder --IdentifyImages, thousands at once--> session
//!   read by nobody: here, once, slowly, while nothing else is read --^
//! ```
//!
//! What always holds: nothing is moved here. That images are there under other names is told, and a person has their
//! answers taken along (`sluice sessions relink`); until then it is not forgotten what their files held. So what is read
//! of an answered image whose file held something else is recorded last, when all others are known.

mod names;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use std::{fs, io, mem, thread};

use rustix::process::setpriority_process;
use sluice_events::facts::{Content, IdentifiedImage};
use sluice_events::message::Level;
use sluice_events::{Command, ImageId};
use sluice_log::quoted;
use sluice_pool::Key;
use sluice_session::{CommandError, SessionHandle, View};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use names::Doubtful;

/// Files of one record.
const AT_ONCE: usize = 4096;
/// What was read is recorded after this time at the latest.
const LONGEST: Duration = Duration::from_mins(1);
/// When nothing was read for features for so long, files are read here.
const QUIET: Duration = Duration::from_secs(2);
/// As long as there is nothing to do.
const REST: Duration = Duration::from_mins(10);
/// Between two files that are read here, so many times as long as the first one took passes.
const PAUSE: u32 = 3;
/// How far the thread steps back: everything else goes first.
const NICE: i32 = 19;
/// What was read is recorded within this time when the session ends, or read again one day.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is told to the recorder.
enum Told {
    Read(IdentifiedImage),
    /// The session ends; said when what was read is recorded.
    End(oneshot::Sender<()>),
}

/// Where it is told what files hold. Clones lead to the same place.
#[derive(Clone)]
pub(crate) struct Contents(Sender<Told>);

impl Contents {
    /// The file of an image was read.
    pub fn tell(&self, image: ImageId, path: &Path, content: &Key) {
        let bytes = fs::metadata(path).ok().map(|file| file.len());
        let read = IdentifiedImage { image, bytes, content: content.bytes() };
        self.0.send(Told::Read(read)).ok();
    }
}

/// Has the recorder end when it is dropped.
pub(crate) struct ContentsWatch(Sender<Told>);

impl ContentsWatch {
    /// Where it is told what files hold.
    pub fn teller(&self) -> Contents {
        Contents(self.0.clone())
    }

    /// Waits until what was read is recorded, but not for a disk that hangs.
    pub async fn end(&self) {
        let (done, ended) = oneshot::channel();
        if self.0.send(Told::End(done)).is_ok() {
            timeout(PATIENCE, ended).await.ok();
        }
    }
}

impl Drop for ContentsWatch {
    fn drop(&mut self) {
        self.0.send(Told::End(oneshot::channel().0)).ok();
    }
}

/// Starts to record what the files of a session hold that has a folder of its own; of others there is nothing to find
/// again.
///
/// # Errors
/// When no thread can be started.
pub(crate) fn start(
    own: Option<&Path>,
    session: &SessionHandle,
    folder: &PoolFolder,
    notices: &NoticeBoard,
) -> io::Result<Option<ContentsWatch>> {
    let Some(own) = own else { return Ok(None) };
    let recorder = Recorder::new(session.clone(), folder.clone(), notices.clone(), own);
    let (tell, told) = channel();
    thread::Builder::new().name("contents".into()).spawn(move || {
        if let Err(error) = setpriority_process(None, NICE) {
            tracing::debug!(%error, "files are read like everything else");
        }
        // An error is that the session is closed.
        recorder.run(&told).ok();
    })?;
    Ok(Some(ContentsWatch(tell)))
}

/// Records what files hold.
struct Recorder {
    session: SessionHandle,
    folder: PoolFolder,
    notices: NoticeBoard,
    /// The session's folder and that of its images, as a command names them.
    places: String,
    /// What was read and is not recorded yet, and since when.
    batch: BTreeMap<ImageId, IdentifiedImage>,
    since: Option<Instant>,
    /// What the files of answered images hold that held something else, and is not recorded yet.
    changed: BTreeMap<ImageId, IdentifiedImage>,
    /// Nothing was read since it was looked what becomes of these.
    is_judged: bool,
    /// The log did not take something, so not all contents are known.
    has_lost: bool,
    /// Files that may be those of answered images that are gone: read first.
    suspects: VecDeque<ImageId>,
    /// Files that nobody has read, and where to go on looking for more.
    unknown: VecDeque<ImageId>,
    next: u32,
    /// Those of the changed ones whose files have changed places with others.
    renamed: BTreeSet<ImageId>,
    /// Images under other names that were told of.
    told: usize,
}

impl Recorder {
    fn new(session: SessionHandle, folder: PoolFolder, notices: NoticeBoard, own: &Path) -> Self {
        let quote = |path: &Path| format!("'{}'", quoted(&path.display().to_string()));
        let places = format!("{} {}", quote(own), quote(folder.root()));
        Self {
            session,
            folder,
            notices,
            places,
            batch: BTreeMap::new(),
            since: None,
            changed: BTreeMap::new(),
            is_judged: true,
            has_lost: false,
            suspects: VecDeque::new(),
            unknown: VecDeque::new(),
            next: 0,
            renamed: BTreeSet::new(),
            told: 0,
        }
    }

    /// Until it is to end, or the session is closed.
    fn run(mut self, told: &Receiver<Told>) -> Result<(), CommandError> {
        self.suspects = self.session.read_blocking(|view| names::suspects(view.state))?.into();
        let pause = if self.suspects.is_empty() { QUIET } else { Duration::ZERO };
        let mut next = Instant::now() + pause;
        loop {
            match told.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Told::Read(read)) => {
                    self.take(read)?;
                    // Who looks for answered images does not wait until all else is read.
                    if self.suspects.is_empty() {
                        next = Instant::now() + QUIET;
                    }
                }
                Ok(Told::End(done)) => {
                    self.finish()?;
                    done.send(()).ok();
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => next = Instant::now() + self.go_on()?,
                Err(RecvTimeoutError::Disconnected) => return self.finish(),
            }
        }
    }

    /// Reads one file; how long to wait then, unless somebody else reads one.
    fn go_on(&mut self) -> Result<Duration, CommandError> {
        let suspect = self.suspects.pop_front();
        let image = if suspect.is_some() { suspect } else { self.next_unknown()? };
        let Some(image) = image else {
            self.settle()?;
            return Ok(REST);
        };
        let begun = Instant::now();
        self.read(image)?;
        let pause = (begun.elapsed() * PAUSE).min(QUIET);
        if suspect.is_some() && self.suspects.is_empty() {
            self.finish()?;
        }
        Ok(pause)
    }

    /// The next image, by number, whose file nobody has read. Each is tried once.
    fn next_unknown(&mut self) -> Result<Option<ImageId>, CommandError> {
        loop {
            while let Some(image) = self.unknown.pop_front() {
                if !self.batch.contains_key(&image) {
                    return Ok(Some(image));
                }
            }
            let from = self.next;
            let unknown =
                self.session.read_blocking(move |view| names::unknown(view.state, from))?;
            let Some(last) = unknown.last() else { return Ok(None) };
            self.next = last.0 + 1;
            self.unknown = unknown.into();
        }
    }

    /// What can't be read is looked after by whoever wants it for its features.
    fn read(&mut self, image: ImageId) -> Result<(), CommandError> {
        let Some(path) = self.folder.path(image) else { return Ok(()) };
        match Key::of_content_at(&path) {
            Ok((content, bytes)) => {
                let (bytes, content) = (Some(bytes), content.bytes());
                self.take(IdentifiedImage { image, bytes, content })
            }
            Err(_) => Ok(()),
        }
    }

    fn take(&mut self, read: IdentifiedImage) -> Result<(), CommandError> {
        self.batch.insert(read.image, read);
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.batch.len() >= AT_ONCE || since.elapsed() > LONGEST {
            self.record()?;
            self.tell(false)?;
        }
        Ok(())
    }

    /// Nothing more is to come for a while: all contents are known.
    fn settle(&mut self) -> Result<(), CommandError> {
        self.record()?;
        self.judge()?;
        self.tell(true)
    }

    /// Others are still to be read, or the session ends: what changed is put aside, and nothing is forgotten.
    fn finish(&mut self) -> Result<(), CommandError> {
        self.record()?;
        self.tell(true)
    }

    /// Records what was read, but for what changed.
    fn record(&mut self) -> Result<(), CommandError> {
        self.since = None;
        let batch: Vec<IdentifiedImage> = mem::take(&mut self.batch).into_values().collect();
        if batch.is_empty() {
            return Ok(());
        }
        self.is_judged = false;
        let look = move |view: &View<'_>| names::apart(view.state, batch);
        let (changed, certain) = self.session.read_blocking(look)?;
        for read in &certain {
            self.changed.remove(&read.image);
            self.renamed.remove(&read.image);
        }
        self.changed.extend(changed.into_iter().map(|read| (read.image, read)));
        self.identify(&certain)
    }

    /// Records what changed, but for images whose files are somewhere else now.
    fn judge(&mut self) -> Result<(), CommandError> {
        if self.is_judged || self.has_lost {
            return Ok(());
        }
        self.is_judged = true;
        let changed: Vec<IdentifiedImage> = self.changed.values().copied().collect();
        let look = move |view: &View<'_>| names::judged(view.state, changed);
        let (mut certain, doubtful) = self.session.read_blocking(look)?;
        let (mut now, mut renamed) = (HashMap::new(), BTreeSet::new());
        for Doubtful { read, others } in doubtful {
            let holds = |other: &ImageId| {
                let content = now.entry(*other).or_insert_with(|| self.content(*other));
                *content == Some(read.content)
            };
            // A copy of a file that is where it was changes nothing for that one.
            if others.iter().any(holds) {
                certain.push(read);
            } else {
                renamed.insert(read.image);
            }
        }
        self.changed.retain(|image, _| renamed.contains(image));
        self.renamed = renamed;
        self.identify(&certain)
    }

    /// What the log does not take is read again after the next start.
    fn identify(&mut self, read: &[IdentifiedImage]) -> Result<(), CommandError> {
        for part in read.chunks(AT_ONCE) {
            match self.session.command_blocking(Command::IdentifyImages(part.to_vec())) {
                Err(CommandError::Closed) => return Err(CommandError::Closed),
                Err(error) => {
                    self.has_lost = true;
                    tracing::warn!(%error, "what the images' files hold could not be recorded");
                }
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// What the file of an image holds now.
    fn content(&self, image: ImageId) -> Option<Content> {
        let (content, _) = Key::of_content_at(&self.folder.path(image)?).ok()?;
        Some(content.bytes())
    }

    /// Tells of images under other names when there are the first, and when all are known.
    fn tell(&mut self, all_are_known: bool) -> Result<(), CommandError> {
        let found = self.session.read_blocking(|view| names::under_others(view.state))?;
        let count = found + self.renamed.len();
        if count <= self.told || !(all_are_known || self.told == 0) {
            return Ok(());
        }
        self.told = count;
        // What changed places has the name and often the size of another one: each file has to be read.
        let all = if self.renamed.is_empty() { "" } else { " --all" };
        let text = format!(
            "{count} of the images that were answered are in the folder under other names. To take their answers \
             along, stop sluice and give `sluice sessions relink {}{all}`; until then their answers stay where the \
             files were.",
            self.places
        );
        self.notices.pin(Level::Warning, text);
        Ok(())
    }
}
