//! What a row was made from.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// 16 bytes of a BLAKE3 hash: of a file's content, or of its path, size and time of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(super) [u8; 16]);

impl Key {
    /// Of the bytes of a file.
    pub fn of_content(bytes: &[u8]) -> Self {
        Self::first_half(&blake3::hash(bytes))
    }

    /// Of the bytes of the file that is there, and how many they are; it may be larger than memory.
    ///
    /// # Errors
    /// When it can't be read, or is no file.
    pub fn of_content_at(path: &Path) -> io::Result<(Self, u64)> {
        // Who opens a pipe waits for somebody to write to it.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok((Self::first_half(&hasher.finalize()), hasher.count()))
    }

    /// Its bytes, to be kept elsewhere.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// Of a file that was not read: it counts as the same as long as its path, size and time of change
    /// are.
    pub fn of_file(path: &Path, metadata: &Metadata) -> Self {
        let mut hash = blake3::Hasher::new_derive_key("sluice 1 a file by path, size and time");
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(&metadata.len().to_le_bytes());
        let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        hash.update(&changed.map_or(0, |since| since.as_nanos()).to_le_bytes());
        Self::first_half(&hash.finalize())
    }

    fn first_half(hash: &blake3::Hash) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        Self(half)
    }
}
