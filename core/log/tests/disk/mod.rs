//! A disk that remembers every call, can fail at any of them, and can be asked what it might hold
//! after a loss of power at any moment.
//!
//! # The model
//! - A written file is a list of 512-byte sectors. A sector is written as a whole or not at all; those
//!   that were not synced reach the disk in any order and combination. Where a file grew over one that
//!   did not, it holds zeros or rubbish.
//! - A length that was not synced may have reached the disk or not, with or without the sectors.
//! - Names (create, rename, remove) that were not synced with their folder may have reached the disk
//!   or not, each by itself.
//! - After a *failed* sync the sectors may be on the disk or not, and a later sync that succeeds
//!   promises nothing about them, unless something was written to them again (what Linux does).
//! - Folders are there from the beginning. The lock is not a file here.
//!
//! # To add a case
//! A sequence of work is a [`work::Script`]: `crash.rs` draws them in `Draw::script` (add a kind of
//! step there, and to [`work::Step`] what it does), `faults.rs` has one. A way to fail is a [`Fault`]:
//! add it to `FAULTS` in `faults.rs`. Everything else follows.
#![allow(dead_code, reason = "not every test binary uses all of it")]

pub mod power_loss;
pub mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sluice_log::storage::{FolderLock, LockError, Locked, Previous, Storage, StorageFile};

pub const SECTOR: usize = 512;

/// A file, whatever its name.
pub type FileId = usize;

/// Something that a caller did and that succeeded.
#[derive(Clone, Debug)]
pub enum Op {
    Create { file: FileId, name: String },
    Write { file: FileId, offset: usize, bytes: Vec<u8> },
    Truncate { file: FileId, length: usize },
    Sync { file: FileId },
    SyncFailed { file: FileId },
    Rename { file: FileId, from: String, to: String },
    Remove { name: String },
    SyncFolder { folder: String },
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails, once.
    Once(io::ErrorKind),
    /// It fails, and so does everything that needs room, for so many calls.
    Lasting(io::ErrorKind, u64),
    /// A write takes a part of the bytes, and says so.
    Short,
    /// A write takes a part of the bytes, then fails.
    ShortThen(io::ErrorKind),
}

#[derive(Default)]
struct Inner {
    names: BTreeMap<String, FileId>,
    contents: Vec<Vec<u8>>,
    /// The first name of each file.
    made_as: Vec<String>,
    /// Files that wait for room until they are synced or cut off.
    grown: BTreeSet<FileId>,
    journal: Vec<Op>,
    calls: u64,
    fault: Option<(u64, Fault)>,
    /// Bytes of a file that can't be read.
    unreadable: Option<(String, std::ops::Range<usize>)>,
    locked: bool,
}

/// A session folder on such a disk. Clones are the same folder.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

/// A file that is open on it.
pub struct DiskFile(Disk, FileId);

/// Keeps others out.
pub struct DiskLock(Disk);

impl Disk {
    /// A disk that holds these files durably.
    pub fn holding(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let disk = Self::default();
        for (name, content) in files {
            let mut inner = disk.inner();
            inner.make(name, content.clone());
        }
        disk
    }

    /// Lets one call fail: the n-th from the beginning, counted from 0.
    pub fn fail(&self, call: u64, fault: Fault) {
        self.inner().fault = Some((call, fault));
    }

    /// Makes bytes of a file unreadable, as a bad sector does.
    pub fn make_unreadable(&self, name: &str, bytes: std::ops::Range<usize>) {
        self.inner().unreadable = Some((name.to_owned(), bytes));
    }

    pub fn calls(&self) -> u64 {
        self.inner().calls
    }

    /// Everything that was done so far.
    pub fn journal(&self) -> Vec<Op> {
        self.inner().journal.clone()
    }

    /// The first name of a file.
    pub fn made_as(&self, file: FileId) -> String {
        self.inner().made_as[file].clone()
    }

    pub fn journal_len(&self) -> usize {
        self.inner().journal.len()
    }

    /// The files as a process sees them: what a killed one leaves.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let inner = self.inner();
        inner
            .names
            .iter()
            .map(|(name, file)| (name.clone(), inner.contents[*file].clone()))
            .collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Counts a call; how it goes wrong if it does. `needs_room`: fails while the disk is full.
    fn call(&mut self, needs_room: bool) -> Option<Fault> {
        let now = self.calls;
        self.calls += 1;
        let (call, fault) = self.fault?;
        match fault {
            Fault::Lasting(_, calls) => (now == call
                || (needs_room && (call..call + calls).contains(&now)))
            .then_some(fault),
            _ => (now == call).then_some(fault),
        }
    }

    /// A call that succeeds or fails as a whole.
    fn whole(&mut self, needs_room: bool) -> io::Result<()> {
        match self.call(needs_room) {
            Some(Fault::Once(kind) | Fault::Lasting(kind, _) | Fault::ShortThen(kind)) => {
                Err(kind.into())
            }
            Some(Fault::Short) | None => Ok(()),
        }
    }

    fn readable(&self, name: &str, range: &std::ops::Range<usize>) -> io::Result<()> {
        match &self.unreadable {
            Some((file, bad)) if file == name && bad.start < range.end && range.start < bad.end => {
                Err(io::Error::other("a bad sector"))
            }
            _ => Ok(()),
        }
    }

    fn make(&mut self, name: &str, content: Vec<u8>) -> FileId {
        self.contents.push(content);
        self.made_as.push(name.to_owned());
        self.names.insert(name.to_owned(), self.contents.len() - 1);
        self.contents.len() - 1
    }

    fn file(&self, name: &str) -> io::Result<FileId> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write(&mut self, file: FileId, offset: usize, bytes: &[u8]) -> usize {
        let content = &mut self.contents[file];
        content.resize(content.len().max(offset + bytes.len()), 0);
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.grown.insert(file);
        self.journal.push(Op::Write { file, offset, bytes: bytes.to_vec() });
        bytes.len()
    }
}

impl Storage for Disk {
    type File = DiskFile;
    type Reader = io::Cursor<Vec<u8>>;
    type Lock = DiskLock;

    fn lock(&self) -> Result<Locked<DiskLock>, LockError> {
        self.inner().whole(false).map_err(LockError::Io)?;
        if std::mem::replace(&mut self.inner().locked, true) {
            return Err(LockError::Held("this process".to_owned()));
        }
        Ok(Locked { lock: DiskLock(self.clone()), previous: Previous::Interrupted })
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut inner = self.inner();
        inner.whole(false)?;
        let within = |name: &&String| name.rsplit_once('/').is_some_and(|(at, _)| at == folder);
        Ok(inner.names.keys().filter(within).cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut inner = self.inner();
        inner.whole(false)?;
        let file = inner.file(name)?;
        inner.readable(name, &(0..inner.contents[file].len()))?;
        Ok(inner.contents[file].clone())
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        let mut inner = self.inner();
        inner.whole(false)?;
        let file = inner.file(name)?;
        Ok(inner.contents[file].len() as u64)
    }

    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut inner = self.inner();
        inner.whole(false)?;
        let file = inner.file(name)?;
        let (begin, whole) = (offset as usize, inner.contents[file].len());
        let range = begin.min(whole)..(begin + length).min(whole);
        inner.readable(name, &range)?;
        Ok(inner.contents[file][range].to_vec())
    }

    fn reader(&self, name: &str) -> io::Result<io::Cursor<Vec<u8>>> {
        self.read(name).map(io::Cursor::new)
    }

    fn create(&self, name: &str) -> io::Result<DiskFile> {
        let mut inner = self.inner();
        inner.whole(true)?;
        let file = inner.make(name, Vec::new());
        inner.journal.push(Op::Create { file, name: name.to_owned() });
        Ok(DiskFile(self.clone(), file))
    }

    fn open(&self, name: &str) -> io::Result<DiskFile> {
        let mut inner = self.inner();
        inner.whole(false)?;
        Ok(DiskFile(self.clone(), inner.file(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.whole(true)?;
        let file = inner.file(from)?;
        inner.names.remove(from);
        inner.names.insert(to.to_owned(), file);
        inner.journal.push(Op::Rename { file, from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.whole(false)?;
        inner.file(name)?;
        inner.names.remove(name);
        inner.journal.push(Op::Remove { name: name.to_owned() });
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.whole(true)?;
        inner.journal.push(Op::SyncFolder { folder: folder.to_owned() });
        Ok(())
    }
}

impl StorageFile for DiskFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let (mut inner, offset, half) = (self.0.inner(), offset as usize, bytes.len() / 2);
        match inner.call(true) {
            None => Ok(inner.write(self.1, offset, bytes)),
            Some(Fault::Short) => Ok(inner.write(self.1, offset, &bytes[..half.max(1)])),
            Some(Fault::ShortThen(kind)) => {
                inner.write(self.1, offset, &bytes[..half]);
                Err(kind.into())
            }
            Some(Fault::Once(kind) | Fault::Lasting(kind, _)) => Err(kind.into()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let (mut inner, file) = (self.0.inner(), self.1);
        let needs_room = inner.grown.contains(&file);
        let done = inner.whole(needs_room);
        let interrupted =
            done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted);
        if !interrupted {
            let synced = done.is_ok();
            inner.grown.remove(&file);
            inner.journal.push(if synced { Op::Sync { file } } else { Op::SyncFailed { file } });
        }
        done
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let (mut inner, length) = (self.0.inner(), length as usize);
        inner.whole(false)?;
        inner.contents[self.1].resize(length, 0);
        inner.grown.remove(&self.1);
        inner.journal.push(Op::Truncate { file: self.1, length });
        Ok(())
    }
}

impl FolderLock for DiskLock {
    fn begin(&mut self) -> io::Result<()> {
        self.0.inner().whole(true)
    }

    fn close(self) -> io::Result<()> {
        self.0.inner().whole(true)
    }
}

impl Drop for DiskLock {
    fn drop(&mut self) {
        self.0.inner().locked = false;
    }
}
