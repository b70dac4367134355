//! A folder that exists in memory only: for tests, and for sessions that nobody wants to keep.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{FolderLock, LockError, Locked, Previous, Storage, StorageFile};

/// A file's bytes; an open file stays what it is when its name changes.
type Content = Arc<Mutex<Vec<u8>>>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A session folder in memory. Clones are the same folder.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    files: Arc<Mutex<BTreeMap<String, Content>>>,
    locked: Arc<AtomicBool>,
}

/// Frees a [`MemoryStorage`] for the next writer when it goes.
#[derive(Debug)]
pub struct MemoryLock(Arc<AtomicBool>);

impl FolderLock for MemoryLock {
    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn close(self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl MemoryStorage {
    /// Replaces a file's content, as damage or an interrupted write would.
    pub fn overwrite(&self, name: &str, content: Vec<u8>) {
        let content = Arc::new(Mutex::new(content));
        locked(&self.files).insert(name.to_owned(), content);
    }

    fn content(&self, name: &str) -> io::Result<Content> {
        locked(&self.files).get(name).cloned().ok_or_else(|| not_found(name))
    }
}

/// A file of a [`MemoryStorage`].
#[derive(Debug)]
pub struct MemoryFile(Content);

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}

impl Storage for MemoryStorage {
    type File = MemoryFile;
    type Reader = io::Cursor<Vec<u8>>;
    type Lock = MemoryLock;

    fn lock(&self) -> Result<Locked<MemoryLock>, LockError> {
        if self.locked.swap(true, Ordering::AcqRel) {
            return Err(LockError::Held("this process".to_owned()));
        }
        let lock = MemoryLock(Arc::clone(&self.locked));
        Ok(Locked { lock, previous: Previous::Closed })
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let is_in =
            |name: &&String| name.rsplit_once('/').is_some_and(|(within, _)| within == folder);
        Ok(locked(&self.files).keys().filter(is_in).cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(locked(&*self.content(name)?).clone())
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        Ok(locked(&*self.content(name)?).len() as u64)
    }

    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let bytes = self.read(name)?;
        Ok(bytes.into_iter().skip(offset as usize).take(length).collect())
    }

    fn reader(&self, name: &str) -> io::Result<io::Cursor<Vec<u8>>> {
        self.read(name).map(io::Cursor::new)
    }

    fn create(&self, name: &str) -> io::Result<MemoryFile> {
        self.overwrite(name, Vec::new());
        self.open(name)
    }

    fn open(&self, name: &str) -> io::Result<MemoryFile> {
        self.content(name).map(MemoryFile)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = locked(&self.files);
        let content = files.remove(from).ok_or_else(|| not_found(from))?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        locked(&self.files).remove(name).map(drop).ok_or_else(|| not_found(name))
    }

    fn sync_folder(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for MemoryFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut content = locked(&self.0);
        let end = offset as usize + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[offset as usize..end].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut content = locked(&self.0);
        content.truncate(length as usize);
        Ok(())
    }
}
