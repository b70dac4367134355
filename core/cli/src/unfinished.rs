//! A new session folder that gets its name when it is complete: it is there whole, or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};
use sluice_log::storage::FsStorage;

/// How the name ends as long as it is made.
const ENDING: &str = ".unfinished";

/// Whether a folder of this name is one that is being made, or was left when that was interrupted.
pub fn is_unfinished(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// A folder that is being made, beside where it will be. Unless it is finished, it goes again.
#[derive(Debug)]
pub struct Unfinished {
    folder: PathBuf,
    target: PathBuf,
    finished: bool,
}

impl Unfinished {
    /// Begins. What an earlier try has left is begun anew; a `target` that is there is refused, and one inside the
    /// `original`.
    pub fn begin(target: &Path, original: &Path) -> Result<Self> {
        let new = target.display();
        let target = absolute(target).with_context(|| format!("{new} can't be a folder's name"))?;
        let Some(name) = target.file_name() else {
            bail!("{new} can't be a new folder's name; nothing was changed. Choose another");
        };
        let root = original.canonicalize().unwrap_or_else(|_| original.to_owned());
        let inside = |folder: &Path| folder.canonicalize().is_ok_and(|f| f.starts_with(&root));
        if target.symlink_metadata().is_ok() {
            bail!("{new} exists already; nothing was changed. Name a folder that does not");
        }
        if target.ancestors().any(inside) {
            bail!("{new} is inside the session; nothing was changed. Name a folder elsewhere");
        }
        let mut called: OsString = name.to_owned();
        called.push(ENDING);
        // Neither ends with a slash, as a name that was completed by a shell does.
        let (folder, target) = (target.with_file_name(called), target.with_file_name(name));
        clear(&folder)?;
        Ok(Self { folder, target, finished: false })
    }

    /// Where it is made.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives it its name, durably.
    pub fn finish(mut self) -> Result<()> {
        let (folder, target) = (self.folder.display(), self.target.display());
        fs::rename(&self.folder, &self.target)
            .with_context(|| format!("can't give {folder} the name {target}"))?;
        self.finished = true;
        let within = self.target.parent().unwrap_or(Path::new("/"));
        let synced = File::open(within).and_then(|within| within.sync_all());
        synced.with_context(|| {
            format!("{} is complete; a loss of power may take its name", self.target.display())
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // What can't be removed is told for what it is by its name.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Removes what an earlier try has left, unless it is still at work.
fn clear(folder: &Path) -> Result<()> {
    if let Some(holder) = FsStorage::existing(folder).ok().and_then(|left| left.holder()) {
        bail!("{} is being made already ({holder}); nothing was changed", folder.display());
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't clear {}", folder.display()))
        }
        _ => Ok(()),
    }
}
