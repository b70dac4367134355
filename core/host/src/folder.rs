//! A folder of plugins, looked at again and again: what is new or changed is loaded, what is gone is
//! no longer offered, and a file that got worse leaves its last good plugin in use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::Plugin;
use crate::engine::PluginHost;
use crate::error::PluginError;
use crate::set::PluginSet;

/// How often a folder is looked at. Looking costs a listing; unlike the system's notifications it
/// works on every file system, and for a folder that comes and goes.
const EVERY: Duration = Duration::from_millis(250);

/// What happened in the folder since it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The folder itself can't be listed; what was loaded stays.
    Unlisted(String),
    /// A plugin can be chosen that could not before, or in another build.
    Loaded(Plugin),
    /// A file can't be used; what it held before, if anything, stays.
    Failed(PluginError),
    /// A file is gone, and its plugin with it.
    Gone(Plugin),
}

/// What a file's content can be told by without reading it.
type Stamp = (u64, Option<SystemTime>);

/// A file that was written to so recently is tried again before it is told to be broken.
const FRESH: Duration = Duration::from_secs(2);

fn is_fresh((_, modified): Stamp) -> bool {
    let since = modified.and_then(|modified| modified.elapsed().ok());
    since.is_some_and(|since| since < FRESH)
}

#[derive(Default)]
struct Entry {
    seen: Option<Stamp>,
    /// What was loaded last, or tried.
    loaded: Option<Stamp>,
    plugin: Option<Plugin>,
}

/// The components (`.wasm`) of a folder.
pub struct PluginFolder {
    host: PluginHost,
    path: PathBuf,
    files: BTreeMap<PathBuf, Entry>,
    /// Why the folder could not be listed, so that it is told once.
    unlisted: Option<String>,
}

impl PluginFolder {
    /// Nothing is loaded before the first look.
    pub fn new(host: PluginHost, path: &Path) -> Self {
        Self { host, path: path.to_owned(), files: BTreeMap::new(), unlisted: None }
    }

    /// Loads everything that is there.
    pub fn load(&mut self) -> Vec<Change> {
        self.look(false)
    }

    /// Loads what has changed and is as it was at the last look: nobody is still writing to it.
    pub fn look_again(&mut self) -> Vec<Change> {
        self.look(true)
    }

    fn look(&mut self, only_settled: bool) -> Vec<Change> {
        let there = match self.list() {
            Ok(there) => there,
            Err(why) if self.unlisted.as_ref() == Some(&why) => return Vec::new(),
            Err(why) => {
                self.unlisted = Some(why.clone());
                return vec![Change::Unlisted(why)];
            }
        };
        self.unlisted = None;
        let mut changes = Vec::new();
        self.files.retain(|path, entry| {
            let stays = there.contains_key(path);
            if !stays {
                changes.extend(entry.plugin.take().map(Change::Gone));
            }
            stays
        });
        for (path, stamp) in there {
            let entry = self.files.entry(path.clone()).or_default();
            let settled = entry.seen.replace(stamp) == Some(stamp) || !only_settled;
            if !settled || entry.loaded == Some(stamp) {
                continue;
            }
            entry.loaded = Some(stamp);
            match self.host.load_file(&path) {
                Ok(plugin) if entry.plugin.as_ref() == Some(&plugin) => {}
                Ok(plugin) => {
                    // A file that holds another plugin now no longer holds the old one.
                    let old = entry.plugin.replace(plugin.clone());
                    changes.extend(old.filter(|old| !old.is_build_of(&plugin)).map(Change::Gone));
                    changes.push(Change::Loaded(plugin));
                }
                // A slow copy may only have paused.
                Err(_) if only_settled && is_fresh(stamp) => entry.loaded = None,
                Err(error) => changes.push(Change::Failed(error)),
            }
        }
        changes
    }

    fn list(&self) -> Result<BTreeMap<PathBuf, Stamp>, String> {
        let why = |error: std::io::Error| {
            format!("the plugin folder {} can't be listed: {error}", self.path.display())
        };
        let mut there = BTreeMap::new();
        for entry in fs::read_dir(&self.path).map_err(why)? {
            let path = entry.map_err(why)?.path();
            if path.extension().is_some_and(|ending| ending == "wasm")
                && let Ok(metadata) = fs::metadata(&path)
                && metadata.is_file()
            {
                there.insert(path, (metadata.len(), metadata.modified().ok()));
            }
        }
        Ok(there)
    }

    /// Puts everything that is loaded into a set; of two files with plugins of one name the last, by
    /// file name, counts.
    pub fn add_to(&self, set: &mut PluginSet) {
        for plugin in self.files.values().filter_map(|entry| entry.plugin.clone()) {
            set.add(plugin);
        }
    }

    /// Looks at the folder on a thread of its own from now on, and tells whenever something changed,
    /// until the result is dropped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn watch(
        mut self,
        mut tell: impl FnMut(&Self, Vec<Change>) + Send + 'static,
    ) -> std::io::Result<FolderWatch> {
        let (watch, ended): (Sender<()>, Receiver<()>) = channel();
        thread::Builder::new().name("plugin-folder".into()).spawn(move || {
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let changes = self.look_again();
                if !changes.is_empty() {
                    tell(&self, changes);
                }
            }
        })?;
        Ok(FolderWatch { _ends_when_dropped: watch })
    }
}

/// A folder is being watched.
pub struct FolderWatch {
    _ends_when_dropped: Sender<()>,
}
