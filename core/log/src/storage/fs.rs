//! A folder of the file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::{FolderLock, LockError, Locked, Previous, Storage, StorageFile};

/// A process that is just ending still has its lock for a moment: so often it is tried again.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A session folder on a disk.
#[derive(Clone, Debug)]
pub struct FsStorage {
    root: PathBuf,
}

impl FsStorage {
    /// Uses a folder, making it if it isn't there.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root: PathBuf = root.into();
        let log = root.join("log");
        let missing: Vec<&Path> = log.ancestors().take_while(|folder| !folder.exists()).collect();
        fs::create_dir_all(&log)?;
        // A folder's name is durable when the folder that it is in is.
        for made in missing {
            let within = made.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(within.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(Self { root })
    }

    /// Uses a session folder that must be there, for those who only read; nothing is made.
    ///
    /// # Errors
    /// When it can't be listed.
    pub fn existing(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root: PathBuf = root.into();
        fs::read_dir(&root)?;
        Ok(Self { root })
    }

    /// The session folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Who has the folder open for writing, if somebody has.
    pub fn holder(&self) -> Option<String> {
        let file = File::open(self.root.join("LOCK")).ok()?;
        let free = rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok();
        (!free).then(|| holder_in(&file).unwrap_or_default())
    }
}

/// The open `LOCK` file. Its text says who holds the folder, and which file it was written to: a
/// copy of the folder has another one.
#[derive(Debug)]
pub struct FsLock(File);

impl FolderLock for FsLock {
    fn begin(&mut self) -> io::Result<()> {
        let this = identity(&self.0)?;
        self.0.set_len(0)?;
        self.0.rewind()?;
        writeln!(self.0, "process {}\n{this}", std::process::id())
    }

    fn close(self) -> io::Result<()> {
        self.0.set_len(0)
    }
}

/// Not the same in a copy.
fn identity(file: &File) -> io::Result<String> {
    Ok(format!("file {}", file.metadata()?.ino()))
}

/// It was never synced, so after a loss of power it may be anything.
fn text_of(mut file: &File) -> io::Result<String> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(1000).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn holder_in(file: &File) -> io::Result<String> {
    let text = text_of(file)?;
    let holder = text.lines().next().unwrap_or_default().trim();
    Ok(if holder.is_empty() { "an unknown process".to_owned() } else { holder.to_owned() })
}

/// Says who has the folder, for those who come meanwhile. How the one before left it stays as it is
/// until [`FolderLock::begin`]: who is refused may try again.
fn name_holder(mut file: &File) -> io::Result<()> {
    let text = text_of(file)?;
    let left = text.lines().nth(1).map(|line| format!("{line}\n")).unwrap_or_default();
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "process {}\n{left}", std::process::id())
}

/// How the one before left the folder.
fn left_by(file: &File) -> io::Result<Previous> {
    let this = identity(file)?;
    Ok(match text_of(file)?.lines().nth(1) {
        None => Previous::Closed,
        Some(written_to) if written_to != this && written_to.starts_with("file ") => {
            Previous::Copied
        }
        Some(_) => Previous::Interrupted,
    })
}

impl Storage for FsStorage {
    type File = File;
    type Reader = File;
    type Lock = FsLock;

    fn lock(&self) -> Result<Locked<FsLock>, LockError> {
        let path = self.root.join("LOCK");
        let options =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).clone();
        let file = options.open(path).map_err(LockError::Io)?;
        let mut tries = LOCK_TRIES;
        while let Err(refused) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
        {
            if refused != rustix::io::Errno::WOULDBLOCK {
                return Err(LockError::Io(refused.into()));
            }
            tries -= 1;
            if tries == 0 {
                return Err(holder_in(&file).map_or_else(LockError::Io, LockError::Held));
            }
            thread::sleep(LOCK_PAUSE);
        }
        let previous = left_by(&file).map_err(LockError::Io)?;
        name_holder(&file).map_err(LockError::Io)?;
        Ok(Locked { lock: FsLock(file), previous })
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        entries
            .map(|entry| Ok(format!("{folder}/{}", entry?.file_name().to_string_lossy())))
            .collect()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.root.join(name))
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.root.join(name))?.len())
    }

    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.root.join(name))?;
        file.seek(io::SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(length);
        file.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn reader(&self, name: &str) -> io::Result<File> {
        File::open(self.root.join(name))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            fs::create_dir(folder)?;
            File::open(&self.root)?.sync_all()?;
        }
        File::create(path)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.root.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.root.join(name))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        File::open(self.root.join(folder))?.sync_all()
    }
}

impl StorageFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
