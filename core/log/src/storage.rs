//! Where a log keeps its bytes. The log's promises rest on what these methods guarantee, so their
//! words matter: 'durable' means that it survives a loss of power.

mod fs;
mod memory;

pub use fs::FsStorage;
pub use memory::MemoryStorage;

use std::io;

/// A session folder. Names are relative to it, with `/` between the parts.
pub trait Storage: Clone + Send + Sync + 'static {
    /// An open file.
    type File: StorageFile;
    /// Holds the folder for one writer as long as it lives.
    type Lock: Send + 'static;

    /// Takes the folder for writing.
    ///
    /// # Errors
    /// `Err(Ok(holder))` when somebody else has it.
    fn lock(&self) -> Result<Self::Lock, Result<String, io::Error>>;

    /// Names of the files in `log/`, in any order.
    ///
    /// # Errors
    /// When the folder can't be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// When it can't be read.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// A new, empty file; one of the same name is emptied. Neither name nor content is durable yet.
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

    /// Makes names durable.
    ///
    /// # Errors
    /// When the operating system can't promise it.
    fn sync_folder(&self) -> io::Result<()>;
}

/// An open file of a log.
pub trait StorageFile: Send + 'static {
    /// Writes all bytes at `offset`; nothing is durable yet, and after an error any part may be there.
    ///
    /// # Errors
    /// When not all could be written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

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
