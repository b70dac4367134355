//! Rows of one length, computed once and kept: the features of images, or their pixels.
//!
//! ```text
//!   RowWriter.push(keys, row) -> rows (dense, row after row) --memory map--> Rows.read() -> who scores
//!            .sync()          -> index (key -> row)
//! ```
//!
//! What always holds: within a set, a row is found by what it was made from, never by its place in a pool; an index
//! entry never reaches the disk before its row, so a kill or a power cut loses the newest rows and
//! nothing else; where the disk fails, rows live in memory, and the trouble is told once.

mod files;
mod key;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

pub use key::Key;

use files::Files;
use memmap2::Mmap;

/// Index entries wait so long at most for their rows to be on the disk.
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// Whether the disk has space left is looked at again when so many bytes were written.
const LOOK_EVERY: usize = 4 << 20;
/// Where more rows come than were promised, room is made for so many at least.
const ROOM_AT_LEAST: u32 = 1024;

/// Where rows are kept.
#[derive(Clone, Debug)]
pub struct Place {
    /// Made where it isn't there. Each set of rows has a folder in it.
    pub folder: PathBuf,
    /// All sets together; those that were used the longest time ago give way.
    pub most_bytes: u64,
}

/// How large a set of rows is, and how large it may become.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Bytes of a row.
    pub row_bytes: usize,
    /// Rows that there is use for: a set of many times as many is mostly about images that are gone.
    pub useful: u32,
    /// Rows, beyond those that are there, for which room is made at once; it grows where more come.
    pub room: u32,
    /// Bytes that are held in memory at most, where the disk does not take them.
    pub in_memory: u64,
}

impl Extent {
    /// Rows of so many bytes, as many as there are images, of any number in memory.
    pub fn of(row_bytes: usize, images: u32) -> Self {
        Self { row_bytes, useful: images, room: images, in_memory: u64::MAX }
    }

    /// Rows for which room is made where so many are there. Of a whole pool there is nothing to come.
    fn room_beside(&self, count: u32) -> u32 {
        self.room.min(self.useful.saturating_sub(count))
    }
}

/// Rows as they are read, by several threads, while they grow.
pub struct Rows {
    held: RwLock<Held>,
    row_bytes: usize,
}

/// Where rows lie.
enum Held {
    /// Written through the file, read through memory; zeros behind the last.
    Mapped {
        map: Mmap,
        /// No other process opens the set, and perhaps shortens it, as long as this is open.
        _lock: File,
    },
    Memory(Vec<u8>),
}

impl Rows {
    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// Looks at the rows, one after the other; perhaps more bytes than there are rows. Where they live in
    /// memory, none is added meanwhile.
    pub fn read<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        match &*self.held.read().unwrap_or_else(PoisonError::into_inner) {
            Held::Mapped { map, .. } => look(map),
            Held::Memory(bytes) => look(bytes),
        }
    }

    /// Takes a row into memory; `None` where rows are in a file.
    fn extend(&self, row: &[u8]) -> Option<io::Result<()>> {
        // The rows of a file are not locked for this: nobody reads behind the last one.
        match &mut *self.held.write().unwrap_or_else(PoisonError::into_inner) {
            Held::Mapped { .. } => None,
            Held::Memory(bytes) => {
                let room = bytes.try_reserve(row.len()).map_err(io::Error::other);
                Some(room.map(|()| bytes.extend_from_slice(row)))
            }
        }
    }
}

/// Adds rows; there is one writer.
pub struct RowWriter {
    rows: Arc<Rows>,
    known: Arc<HashMap<Key, u32>>,
    /// What was added since somebody last asked.
    newer: Vec<(Key, u32)>,
    count: u32,
    /// Rows that the map has room for.
    capacity: u32,
    /// Where they are kept, and as what.
    place: Option<(Place, String)>,
    /// Bytes that are held at most where the disk does not take them.
    most_in_memory: u64,
    files: Option<Files>,
    /// Bytes that were written since the disk's space was looked at.
    unlooked: usize,
    synced: Instant,
    trouble: Option<String>,
}

impl RowWriter {
    /// Opens the set `name`. Rows that something else than `made_by` made are dropped. Without a place, and where
    /// the place can't be used, rows live in memory: [`trouble`](Self::trouble) says why.
    pub fn open(place: Option<&Place>, name: &str, made_by: &str, extent: Extent) -> Self {
        let mut trouble = None;
        if let Some(place) = place {
            match Self::open_kept(place, name, made_by, extent) {
                Ok(kept) => return kept,
                Err(why) => trouble = Some(format!("{} ({why})", place.folder.display())),
            }
        }
        let held = RwLock::new(Held::Memory(Vec::new()));
        Self {
            rows: Arc::new(Rows { held, row_bytes: extent.row_bytes }),
            known: Arc::default(),
            newer: Vec::new(),
            count: 0,
            capacity: u32::MAX,
            place: None,
            most_in_memory: extent.in_memory,
            files: None,
            unlooked: 0,
            synced: Instant::now(),
            trouble,
        }
    }

    fn open_kept(place: &Place, name: &str, made_by: &str, extent: Extent) -> io::Result<Self> {
        let row_bytes = extent.row_bytes;
        let needed = row_bytes as u64 * u64::from(extent.room);
        // Before anything of the set is touched.
        if needed > place.most_bytes {
            let (needed, most) = (needed / 1_000_000, place.most_bytes / 1_000_000);
            let why = format!("{needed} MB are needed, and cache.max_gigabytes allows {most} MB");
            return Err(io::Error::other(why));
        }
        let (files, known) = Files::open(&place.folder, name, made_by, extent, place.most_bytes)?;
        let count = files.rows();
        let capacity = count + extent.room_beside(count);
        files::make_room(place, name, row_bytes as u64 * u64::from(capacity))?;
        let (map, lock) = files.map(row_bytes * capacity as usize)?;
        let held = RwLock::new(Held::Mapped { map, _lock: lock });
        Ok(Self {
            rows: Arc::new(Rows { held, row_bytes }),
            known: Arc::new(known),
            newer: Vec::new(),
            count,
            capacity,
            place: Some((place.clone(), name.to_owned())),
            most_in_memory: extent.in_memory,
            files: Some(files),
            unlooked: LOOK_EVERY,
            synced: Instant::now(),
            trouble: None,
        })
    }

    /// Has the file and its map grow by an eighth.
    fn make_room(&mut self) -> io::Result<()> {
        let (Some(files), Some((place, name))) = (&self.files, &self.place) else { return Ok(()) };
        let capacity = self.capacity.saturating_add(ROOM_AT_LEAST.max(self.capacity / 8));
        let bytes = self.rows.row_bytes as u64 * u64::from(capacity);
        files::make_room(place, name, bytes)?;
        let (map, lock) = files.map(bytes as usize)?;
        *self.rows.held.write().unwrap_or_else(PoisonError::into_inner) =
            Held::Mapped { map, _lock: lock };
        self.capacity = capacity;
        Ok(())
    }

    /// For reading, also from other threads.
    pub fn rows(&self) -> Arc<Rows> {
        Arc::clone(&self.rows)
    }

    /// The rows that are there by now, by their keys. Those that come later are not in it.
    pub fn known(&mut self) -> Arc<HashMap<Key, u32>> {
        if !self.newer.is_empty() {
            Arc::make_mut(&mut self.known).extend(std::mem::take(&mut self.newer));
        }
        Arc::clone(&self.known)
    }

    /// The folder of the set, where it is kept on the disk.
    pub fn folder(&self) -> Option<&Path> {
        self.files.as_ref().map(Files::folder)
    }

    /// Why rows are not kept on the disk, told once: the place, and the reason in parentheses.
    pub fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    /// Adds a row under its keys and gives its number.
    ///
    /// # Errors
    /// When there is no memory left for it; the rows that are there stay.
    pub fn push(&mut self, keys: &[Key], row: &[u8]) -> io::Result<u32> {
        debug_assert_eq!(row.len(), self.rows.row_bytes);
        let number = self.count;
        let mut written = if number == self.capacity { self.make_room() } else { Ok(()) };
        if let (Ok(()), Some(files)) = (&written, &self.files) {
            let looks = self.unlooked >= LOOK_EVERY;
            let space = if looks { files.has_space() } else { Ok(()) };
            self.unlooked = if looks { 0 } else { self.unlooked } + row.len();
            written = space.and_then(|()| files.write_row(number, row));
        }
        if let Err(error) = written {
            self.go_on_in_memory(&error)?;
        }
        if self.files.is_none() {
            self.has_memory(number + 1)?;
        }
        self.rows.extend(row).transpose()?;
        self.count += 1;
        for key in keys {
            self.also(*key, number);
        }
        Ok(number)
    }

    /// One more key for a row.
    pub fn also(&mut self, key: Key, row: u32) {
        self.newer.push((key, row));
        if let Some(files) = &mut self.files {
            files.remember(key, row);
        }
        if self.synced.elapsed() > SYNC_EVERY {
            self.sync();
        }
    }

    /// Puts what was added on the disk.
    pub fn sync(&mut self) {
        self.synced = Instant::now();
        if let Some(files) = &mut self.files
            && let Err(error) = files.sync()
        {
            // What is there stays readable; what comes is kept in memory.
            if let Err(error) = self.go_on_in_memory(&error) {
                self.trouble = Some(error.to_string());
            }
        }
    }

    /// Whether so many rows may be held.
    fn has_memory(&self, rows: u32) -> io::Result<()> {
        if u64::from(rows) * self.rows.row_bytes as u64 <= self.most_in_memory {
            return Ok(());
        }
        let most = self.most_in_memory / 1_000_000;
        Err(io::Error::new(io::ErrorKind::OutOfMemory, format!("{most} MB are the most")))
    }

    /// The disk is full, say: what is there is taken along.
    fn go_on_in_memory(&mut self, why: &io::Error) -> io::Result<()> {
        let cause = |error: io::Error| {
            io::Error::new(error.kind(), format!("{why}, and in memory {error}"))
        };
        self.has_memory(self.count).map_err(cause)?;
        let length = self.count as usize * self.rows.row_bytes;
        let mut bytes = Vec::new();
        bytes.try_reserve(length).map_err(io::Error::other)?;
        self.rows.read(|kept| bytes.extend_from_slice(&kept[..length]));
        *self.rows.held.write().unwrap_or_else(PoisonError::into_inner) = Held::Memory(bytes);
        self.capacity = u32::MAX;
        if let Some(files) = self.files.take() {
            self.trouble = Some(format!("{} ({why})", files.folder().display()));
        }
        Ok(())
    }
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        self.sync();
    }
}
