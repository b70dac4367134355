//! A folder of the file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::{Storage, StorageFile};

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

    /// The session folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl Storage for FsStorage {
    type File = File;
    type Lock = File;

    fn lock(&self) -> Result<File, Result<String, io::Error>> {
        let path = self.root.join("LOCK");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(Err)?;
        if let Err(refused) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if refused != rustix::io::Errno::WOULDBLOCK {
                return Err(Err(refused.into()));
            }
            let mut holder = String::new();
            file.read_to_string(&mut holder).map_err(Err)?;
            return Err(Ok(holder.trim().to_owned()));
        }
        let mut note_holder = || {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "process {}", std::process::id())
        };
        note_holder().map_err(Err)?;
        Ok(file)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join("log"))? {
            names.push(format!("log/{}", entry?.file_name().to_string_lossy()));
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.root.join(name))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        File::create(self.root.join(name))
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

    fn sync_folder(&self) -> io::Result<()> {
        File::open(self.root.join("log"))?.sync_all()?;
        File::open(&self.root)?.sync_all()
    }
}

impl StorageFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
