//! Where a log keeps its bytes. The log's promises rest on what these methods guarantee, so their
//! words matter: 'durable' means that it survives a loss of power.
//!
//! Each method is one system call, with that call's own ways to fail: a write may be short, anything
//! may be interrupted. [`write_all`] and [`sync`] are the only places that deal with it. So a test can
//! let every call fail in turn, and a new kind of storage has little to get wrong.

mod fs;
mod memory;

pub use fs::FsStorage;
pub use memory::MemoryStorage;

use std::io;

/// A session folder. Names are relative to it, with `/` between the parts.
pub trait Storage: Clone + Send + Sync + 'static {
    /// An open file.
    type File: StorageFile;
    /// A file that is read from its beginning on.
    type Reader: io::Read + Send;
    /// Holds the folder for one writer as long as it lives.
    type Lock: FolderLock;

    /// Takes the folder for writing.
    ///
    /// # Errors
    /// When somebody else has it, or it can't be found out.
    fn lock(&self) -> Result<Locked<Self::Lock>, LockError>;

    /// Names of the files in a folder, in any order; none where there is no such folder.
    ///
    /// # Errors
    /// When the folder can't be read.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// When it can't be read.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Length of a file.
    ///
    /// # Errors
    /// When it can't be told.
    fn length(&self, name: &str) -> io::Result<u64>;

    /// Up to so many bytes of a file; fewer where it ends.
    ///
    /// # Errors
    /// When they can't be read; others of the same file may be.
    fn read_at(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Reads a file piece by piece.
    ///
    /// # Errors
    /// When it can't be opened.
    fn reader(&self, name: &str) -> io::Result<Self::Reader>;

    /// A new, empty file; one of the same name is emptied, a folder that is missing is made. Neither
    /// name nor content is durable yet.
    ///
    /// # Errors
    /// When it can't be made.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// An existing file, for writing.
    ///
    /// # Errors
    /// When it can't be opened.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Gives a file another name, replacing what had it; atomic, not durable before
    /// [`sync_folder`](Self::sync_folder).
    ///
    /// # Errors
    /// When it can't be done.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file; not durable before [`sync_folder`](Self::sync_folder).
    ///
    /// # Errors
    /// When it can't be done.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names in a folder durable; the empty name is the session folder itself.
    ///
    /// # Errors
    /// When the operating system can't promise it.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
}

/// An open file of a log.
pub trait StorageFile: Send + 'static {
    /// Writes some of the bytes at `offset`, says how many; nothing is durable yet, and after an error
    /// any part may be there.
    ///
    /// # Errors
    /// When none could be written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Makes content and length durable.
    ///
    /// # Errors
    /// When the operating system can't promise it; what is durable is then unknown.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file off; not durable before [`sync`](Self::sync).
    ///
    /// # Errors
    /// When it can't be done.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A folder that was taken. It is free again when this goes.
pub trait FolderLock: Send + 'static {
    /// Notes that the folder is worked in from now on. Until this, the next one is told of the one
    /// before.
    ///
    /// # Errors
    /// When it can't be noted.
    fn begin(&mut self) -> io::Result<()>;

    /// Notes for the next one that everything was brought to its end.
    ///
    /// # Errors
    /// When it can't be noted; the next one then takes this for an interruption.
    fn close(self) -> io::Result<()>;
}

/// A folder that was taken, and what is known of the one who had it before.
#[derive(Debug)]
pub struct Locked<L> {
    /// Keeps others out.
    pub lock: L,
    /// How it was left.
    pub previous: Previous,
}

/// How the last writer left a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previous {
    /// Properly; or there was none.
    Closed,
    /// In the middle of things: killed, or a loss of power.
    Interrupted,
    /// In the middle of things, and elsewhere: this folder is a copy of the one that was in use.
    Copied,
}

/// Why a folder could not be taken.
#[derive(Debug)]
pub enum LockError {
    /// By whom it is held.
    Held(String),
    /// The operating system refused.
    Io(io::Error),
}

/// Writes all bytes, in as many calls as it takes.
///
/// # Errors
/// The first failure other than an interruption; any part of the bytes may be there then.
pub fn write_all(file: &mut impl StorageFile, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(offset, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset += written as u64;
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes a file durable. An interrupted call has not consumed an error of the disk, so it is repeated.
///
/// # Errors
/// The first failure other than an interruption.
pub fn sync(file: &mut impl StorageFile) -> io::Result<()> {
    loop {
        match file.sync() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
