//! What is there of a file that comes: beside it, held by one fetch at a time, and given the file's name only when
//! its hash is right.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::FetchError;

/// The part that is there.
pub(super) struct Part {
    file: File,
    path: PathBuf,
    /// Whether it counts on what was there before a request, which may be of another file.
    pub resumed: bool,
}

impl Part {
    /// Takes what is there of a file, or begins with nothing; nobody else has it until this goes.
    pub fn open(of: &Path) -> Result<Self, FetchError> {
        let path = of.with_added_extension("part");
        let disk = |source| FetchError::Disk { file: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(disk)?;
        file.try_lock().map_err(|_| FetchError::Busy)?;
        Ok(Self { file, path, resumed: false })
    }

    /// Goes to the end: how much is there, bytes.
    pub fn end(&mut self) -> Result<u64, FetchError> {
        self.file.seek(SeekFrom::End(0)).map_err(|source| self.disk(source))
    }

    /// Nothing is there any more.
    pub fn restart(&mut self) -> Result<(), FetchError> {
        self.resumed = false;
        self.file.set_len(0).map_err(|source| self.disk(source))?;
        self.end().map(drop)
    }

    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(|source| self.disk(source))
    }

    /// Looks whether it is the file whose SHA-256 begins so.
    pub fn check(&mut self, wanted: &str) -> Result<(), FetchError> {
        let mut hash = Sha256::new();
        let read = self.file.rewind().and_then(|()| io::copy(&mut self.file, &mut hash));
        read.map_err(|source| self.disk(source))?;
        let found = format!("{:x}", hash.finalize());
        if found.starts_with(wanted) {
            return Ok(());
        }
        let found = found[..wanted.len().min(found.len())].to_owned();
        Err(FetchError::Hash { found, wanted: wanted.to_owned() })
    }

    /// Gives it its name, for good.
    pub fn keep(self, name: &Path) -> Result<(), FetchError> {
        let kept = self.file.sync_all().and_then(|()| fs::rename(&self.path, name));
        kept.map_err(|source| self.disk(source))
    }

    pub fn discard(self) -> Result<(), FetchError> {
        fs::remove_file(&self.path).map_err(|source| self.disk(source))
    }

    fn disk(&self, source: io::Error) -> FetchError {
        FetchError::Disk { file: self.path.clone(), source }
    }
}
