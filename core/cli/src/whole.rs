//! A new file or folder is at its place whole or not at all.
//!
//! It grows beside its place, as `.NAME.part-PID`, and gets its name when it is complete and on the disk. What a
//! killed run left is removed by the next run for the same place. Whether a run goes on is told by the lock that it
//! holds: numbers of processes come again, and say nothing where machines share a folder.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::{Builder, TempDir, TempPath};

/// What shows that a folder was made by an export.
const MARK: &str = ".sluice-export";
const MARKED: &str =
    "`sluice export labels` made this folder, and may replace it when it is told to.\n";

/// What is to be at a place.
#[derive(Clone, Copy)]
pub enum Kind {
    File,
    /// A folder that holds folders of these names, nothing else, and a mark. Only such a one is replaced, so that no slip
    /// of the hand removes other things.
    Folder(&'static [&'static str]),
}

/// Whether both are of one file or folder.
pub fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A place for something new.
pub struct Target<'a> {
    /// As it was named.
    named: &'a Path,
    /// The folder that it will be in.
    beside: &'a Path,
    name: OsString,
    kind: Kind,
    replace: bool,
}

impl<'a> Target<'a> {
    /// Says at once what would be in the way at the end.
    pub fn new(named: &'a Path, kind: Kind, replace: bool) -> Result<Self> {
        if named == Path::new("-") {
            bail!("standard output is no place for an export; nothing was written. Name a file");
        }
        let Some(name) = named.file_name().map(ToOwned::to_owned) else {
            bail!("{} is no name for something new; nothing was written", named.display());
        };
        let parent = named.parent().filter(|parent| !parent.as_os_str().is_empty());
        let beside = parent.unwrap_or(Path::new("."));
        if !beside.is_dir() {
            bail!(
                "there is no folder {}; nothing was written. Make it first, or name another place",
                beside.display()
            );
        }
        let target = Self { named, beside, name, kind, replace };
        target.look()?;
        Ok(target)
    }

    /// The place from the root on.
    pub fn place(&self) -> Result<PathBuf> {
        let beside = self.beside.canonicalize();
        let beside =
            beside.with_context(|| format!("can't look into {}", self.beside.display()))?;
        Ok(beside.join(&self.name))
    }

    /// Whether this is what is there now, by whatever name.
    pub fn is(&self, found: &Metadata) -> bool {
        fs::metadata(self.path()).is_ok_and(|there| is_same(&there, found))
    }

    /// Whether it is in this folder, or the folder in it.
    pub fn overlaps(&self, folder: &Path) -> Result<bool> {
        let place = self.place()?;
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Ok(place.starts_with(&folder) || folder.starts_with(&place))
    }

    /// A session folder with foreign files is refused by who opens it.
    pub fn stay_outside_session(&self, session: &Path) -> Result<()> {
        if self.overlaps(session)? {
            bail!(
                "{} is in the session's folder, which holds nothing but the session; nothing was written. Name a \
                 place elsewhere",
                self.named.display()
            );
        }
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.beside.join(&self.name)
    }

    /// Looks at what is at the place.
    fn look(&self) -> Result<()> {
        let shown = self.named.display();
        let found = match fs::symlink_metadata(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => {
                found.with_context(|| format!("can't look at {shown}; nothing was written"))?
            }
        };
        if !self.replace {
            bail!(
                "{shown} exists already; nothing was written. Name another place, or give --replace to put the new \
                 one in its place"
            );
        }
        match self.kind {
            Kind::File if found.is_dir() => {
                bail!(
                    "{shown} is a folder, and a file is to be written; nothing was written. Name a file"
                );
            }
            Kind::Folder(_) if !found.is_dir() => {
                bail!(
                    "{shown} is no folder, and one is to be made; nothing was written. Name a folder"
                );
            }
            Kind::File => Ok(()),
            Kind::Folder(expected) => self.refuse_others(expected),
        }
    }

    fn refuse_others(&self, expected: &[&str]) -> Result<()> {
        let shown = self.named.display();
        let mut is_marked = false;
        let entries = fs::read_dir(self.path());
        for entry in
            entries.with_context(|| format!("can't look into {shown}; nothing was written"))?
        {
            let name = entry?.file_name();
            is_marked |= name == MARK;
            if name != MARK && !expected.iter().any(|expected| name == **expected) {
                bail!(
                    "{shown} holds {}, which no export put there, so it is not replaced; nothing was written. Name \
                     another folder",
                    name.display()
                );
            }
        }
        if !is_marked {
            bail!(
                "{shown} was not made by an export (there is no {MARK} in it), so it is not replaced; nothing was \
                 written. Name another folder"
            );
        }
        Ok(())
    }

    /// Makes the new file.
    pub fn file(&self, fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
        let shown = self.named.display();
        self.make_file(fill).with_context(|| format!("can't write {shown}; nothing was put there"))
    }

    fn make_file(&self, fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
        self.clear();
        let name = self.unfinished(&std::process::id().to_string());
        let unfinished = Builder::new()
            .prefix(&name)
            .rand_bytes(0)
            // Who may read it is what this person's new files say.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(self.beside)?;
        // Where there are no locks, what is left of killed runs stays.
        let _ = unfinished.as_file().try_lock();
        let mut out = BufWriter::new(unfinished.as_file());
        fill(&mut out)?;
        out.flush()?;
        drop(out);
        unfinished.as_file().sync_all()?;
        let placed = if self.replace {
            unfinished.persist(self.path())
        } else {
            unfinished.persist_noclobber(self.path())
        };
        placed.map_err(|failed| failed.error)?;
        self.sync();
        Ok(())
    }

    /// Makes the new file where who fills it asks for a path. It is called `called` until it is complete, whatever its
    /// place is called: some formats keep their file's name.
    pub fn file_called(&self, called: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let shown = self.named.display();
        self.make_file_called(called, fill)
            .with_context(|| format!("can't write {shown}; nothing was put there"))
    }

    fn make_file_called(&self, called: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        self.clear();
        let name = self.unfinished(&std::process::id().to_string());
        let unfinished = Builder::new().prefix(&name).rand_bytes(0).tempdir_in(self.beside)?;
        let held = File::open(unfinished.path())?;
        let _ = held.try_lock();
        let new = TempPath::try_from_path(unfinished.path().join(called))?;
        fill(&new)?;
        File::open(&new)?.sync_all()?;
        let placed = if self.replace {
            new.persist(self.path())
        } else {
            new.persist_noclobber(self.path())
        };
        placed.map_err(|failed| failed.error)?;
        self.sync();
        // What can't be removed now is removed by the next run for this place.
        let _ = unfinished.close();
        Ok(())
    }

    /// Makes the new folder.
    pub fn folder(&self, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let shown = self.named.display();
        self.make_folder(fill).with_context(|| format!("can't make {shown}; nothing was put there"))
    }

    fn make_folder(&self, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        self.clear();
        let name = self.unfinished(&std::process::id().to_string());
        let unfinished = Builder::new().prefix(&name).rand_bytes(0).tempdir_in(self.beside)?;
        let held = File::open(unfinished.path())?;
        let _ = held.try_lock();
        let new = unfinished.path().join("new");
        fs::create_dir(&new)?;
        fs::write(new.join(MARK), MARKED)?;
        fill(&new)?;
        self.look()?;
        self.put(unfinished, &new)
    }

    /// A folder can't take the name of one that has something in it, so what is there is put aside, and goes with the
    /// rest.
    fn put(&self, unfinished: TempDir, new: &Path) -> Result<()> {
        let (path, old) = (self.path(), unfinished.path().join("old"));
        let was_there = self.replace && path.is_dir();
        if was_there {
            fs::rename(&path, &old)?;
        }
        if let Err(error) = fs::rename(new, &path) {
            if was_there && fs::rename(&old, &path).is_err() {
                let kept = unfinished.keep().join("old");
                bail!("{error}; what was there before is {} now", kept.display());
            }
            return Err(error.into());
        }
        self.sync();
        // What can't be removed now is removed by the next run for this place.
        let _ = unfinished.close();
        Ok(())
    }

    /// The name is on the disk, too. Where a folder can't be synced, the system sees to it in its own time.
    fn sync(&self) {
        let _ = File::open(self.beside).and_then(|folder| folder.sync_all());
    }

    /// What is not complete is called so.
    fn unfinished(&self, process: &str) -> OsString {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(".part-");
        name.push(process);
        name
    }

    /// Removes what runs for the same place left that were killed.
    fn clear(&self) {
        let begins = self.unfinished("");
        let Ok(entries) = fs::read_dir(self.beside) else { return };
        for entry in entries.flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let process = name.as_encoded_bytes().strip_prefix(begins.as_encoded_bytes());
            let is_left =
                process.is_some_and(|id| !id.is_empty() && id.iter().all(u8::is_ascii_digit));
            let is_free = || File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
            if is_left && is_free() {
                // Killed between two renames: what was there before gets its place again.
                if !self.path().exists() && fs::rename(path.join("old"), self.path()).is_ok() {
                    self.sync();
                }
                // What can't be removed is in nobody's way.
                let _ =
                    if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            }
        }
    }
}
