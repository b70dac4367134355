//! A folder that exists in memory only: for tests, and for sessions that nobody wants to keep.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Storage, StorageFile};

/// A session folder in memory. Clones are the same folder.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    locked: Arc<AtomicBool>,
}

/// Frees a [`MemoryStorage`] for the next writer when it goes.
#[derive(Debug)]
pub struct MemoryLock(Arc<AtomicBool>);

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl MemoryStorage {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces a file's content, as damage or an interrupted write would.
    pub fn overwrite(&self, name: &str, content: Vec<u8>) {
        self.files().insert(name.to_owned(), content);
    }
}

/// A file of a [`MemoryStorage`].
#[derive(Debug)]
pub struct MemoryFile {
    storage: MemoryStorage,
    name: String,
}

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}

impl Storage for MemoryStorage {
    type File = MemoryFile;
    type Lock = MemoryLock;

    fn lock(&self) -> Result<MemoryLock, Result<String, io::Error>> {
        if self.locked.swap(true, Ordering::AcqRel) {
            return Err(Ok("this process".to_owned()));
        }
        Ok(MemoryLock(Arc::clone(&self.locked)))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().keys().filter(|name| name.starts_with("log/")).cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.files().get(name).cloned().ok_or_else(|| not_found(name))
    }

    fn create(&self, name: &str) -> io::Result<MemoryFile> {
        self.overwrite(name, Vec::new());
        self.open(name)
    }

    fn open(&self, name: &str) -> io::Result<MemoryFile> {
        if !self.files().contains_key(name) {
            return Err(not_found(name));
        }
        Ok(MemoryFile { storage: self.clone(), name: name.to_owned() })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files();
        let content = files.remove(from).ok_or_else(|| not_found(from))?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files().remove(name).map(drop).ok_or_else(|| not_found(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for MemoryFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.storage.files();
        let content = files.get_mut(&self.name).ok_or_else(|| not_found(&self.name))?;
        let end = offset as usize + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[offset as usize..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut files = self.storage.files();
        let content = files.get_mut(&self.name).ok_or_else(|| not_found(&self.name))?;
        content.truncate(length as usize);
        Ok(())
    }
}
