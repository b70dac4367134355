//! A set of rows on the disk.
//!
//! `rows` is nothing but the rows, made as long as the promised ones when it is opened (the part that
//! is not written takes no space). `index` begins with a line that says what it is and what
//! made the rows; each entry of 24
//! bytes is a key (16), the number of its row (4, little-endian) and the CRC-32C of these 20.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use memmap2::{Mmap, MmapOptions};

use super::{Extent, Key, Place};

const ENTRY: usize = 24;
const INDEX: &str = "index";
const ROWS: &str = "rows";
/// Touched when a set is opened.
const USED: &str = "used";
/// A set with so many times as many rows as are asked for is mostly about images that are gone.
const STALE: u32 = 3;
/// Bytes that are left free on the disk: the log of answers may be on the same one.
const LEAST_FREE: u64 = 256 << 20;
/// How long a set that is in use is waited for, and how often it is tried.
const PATIENCE: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(50);

pub(super) struct Files {
    folder: PathBuf,
    pub(super) index: File,
    pub(super) rows: File,
    count: u32,
    /// Entries whose rows are not on the disk yet.
    pending: Vec<u8>,
    /// Bytes that stay free on the disk.
    pub(super) least_free: u64,
}

impl Files {
    /// Opens a set, locked, and reads what is known. What does not fit is dropped.
    pub fn open(
        sets: &Path,
        name: &str,
        made_by: &str,
        extent: Extent,
        most_bytes: u64,
    ) -> io::Result<(Self, HashMap<Key, u32>)> {
        let row_bytes = extent.row_bytes;
        let folder = sets.join(name);
        fs::create_dir_all(&folder)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let mut index = options.clone().append(true).open(folder.join(INDEX))?;
        lock(&index)?;
        options.truncate(false);
        let rows = options.open(folder.join(ROWS))?;
        options.open(folder.join(USED))?.set_modified(SystemTime::now())?;
        let head = format!("sluice rows 1, {row_bytes} bytes each, made by {made_by}\n");
        let mut bytes = Vec::new();
        index.read_to_end(&mut bytes)?;
        let entries = bytes.strip_prefix(head.as_bytes()).unwrap_or_default();
        let room = rows.metadata()?.len() / row_bytes.max(1) as u64;
        let mut known = HashMap::new();
        let mut whole = 0;
        for entry in entries.as_chunks::<ENTRY>().0 {
            let Some((key, row)) = read_entry(entry).filter(|(_, row)| u64::from(*row) < room)
            else {
                break;
            };
            known.insert(key, row);
            whole += ENTRY;
        }
        let mut count = known.values().max().map_or(0, |last| last + 1);
        let more = extent.room_beside(count);
        let too_large = (u64::from(count) + u64::from(more)) * row_bytes as u64 > most_bytes;
        if too_large || count > extent.useful.max(extent.room).saturating_mul(STALE) {
            (count, whole) = (0, 0);
            known.clear();
        }
        if whole == 0 {
            index.set_len(0)?;
            index.write_all(head.as_bytes())?;
        }
        index.set_len((head.len() + whole) as u64)?;
        // No old entry may come back beside new rows.
        index.sync_data()?;
        if whole == 0 {
            rows.set_len(0)?;
        }
        let (pending, least_free) = (Vec::new(), LEAST_FREE);
        Ok((Self { folder, index, rows, count, pending, least_free }, known))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the disk has space beyond what is left free.
    pub fn has_space(&self) -> io::Result<()> {
        let disk = rustix::fs::fstatvfs(&self.rows)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) > self.least_free {
            return Ok(());
        }
        let least = self.least_free / 1_000_000;
        Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("less than {least} MB would be left on its disk, which answers may need"),
        ))
    }

    /// Rows that are there.
    pub fn rows(&self) -> u32 {
        self.count
    }

    /// Makes the file of rows so long, and maps it for reading. The set is locked as long as the file that
    /// comes with the map is open.
    #[expect(
        unsafe_code,
        reason = "a million rows are scored where they lie: 1.2 GB that are not copied"
    )]
    pub fn map(&self, bytes: usize) -> io::Result<(Mmap, File)> {
        let bytes = bytes.max(1);
        self.rows.set_len(bytes as u64)?;
        let lock = self.index.try_clone()?;
        // SAFETY: the file is as long as the map, and no process that keeps to the lock shortens it while
        // it is mapped. Bytes that another program changes would be wrong numbers, in a cache.
        let map = unsafe { MmapOptions::new().len(bytes).map(&self.rows) }?;
        Ok((map, lock))
    }

    pub fn write_row(&self, number: u32, row: &[u8]) -> io::Result<()> {
        self.rows.write_all_at(row, u64::from(number) * row.len() as u64)
    }

    /// An entry, written with the next [`sync`](Self::sync).
    pub fn remember(&mut self, key: Key, row: u32) {
        let mut entry = [0; ENTRY];
        entry[..16].copy_from_slice(&key.0);
        entry[16..20].copy_from_slice(&row.to_le_bytes());
        let checksum = crc32c::crc32c(&entry[..20]);
        entry[20..].copy_from_slice(&checksum.to_le_bytes());
        self.pending.extend(entry);
    }

    /// Rows to the disk, then their entries.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.rows.sync_data()?;
        self.index.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }
}

/// Waits a little: who had the set a moment ago may be about to leave it.
fn lock(index: &File) -> io::Result<()> {
    let given_up = Instant::now() + PATIENCE;
    loop {
        match index.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < given_up => sleep(RETRY),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another session is using it"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn read_entry(entry: &[u8; ENTRY]) -> Option<(Key, u32)> {
    let (said, checksum) = entry.split_first_chunk::<20>()?;
    if checksum != crc32c::crc32c(said).to_le_bytes() {
        return None;
    }
    let (key, row) = said.split_first_chunk::<16>()?;
    Some((Key(*key), u32::from_le_bytes(row.try_into().ok()?)))
}

/// Removes sets, those that were used the longest time ago first, until there is room for `needed` bytes of the set
/// `name`; it stays, as do those that are in use.
///
/// # Errors
/// When there is none.
pub(super) fn make_room(place: &Place, name: &str, needed: u64) -> io::Result<()> {
    let mut sets = Vec::new();
    for entry in fs::read_dir(&place.folder)? {
        let path = entry?.path();
        let used = fs::metadata(path.join(USED)).and_then(|used| used.modified());
        // What has no such mark is no set of rows, and not ours to remove.
        if let Ok(used) = used
            && path.file_name().is_none_or(|own| own != name)
        {
            sets.push((used, taken(&path), path));
        }
    }
    sets.sort();
    let is_in_use = |path: &Path| File::open(path.join(INDEX)).is_ok_and(|i| i.try_lock().is_err());
    let (used, mut unused): (Vec<_>, Vec<_>) =
        sets.into_iter().partition(|(_, _, path)| is_in_use(path));
    let bytes = |sets: &[(SystemTime, u64, PathBuf)]| sets.iter().map(|set| set.1).sum::<u64>();
    let in_use = bytes(&used);
    // Nothing gives way for what has no room even so.
    if in_use.saturating_add(needed) > place.most_bytes {
        let [needed, in_use, most] =
            [needed, in_use, place.most_bytes].map(|bytes| bytes / 1_000_000);
        return Err(io::Error::other(format!(
            "{needed} MB are needed beside {in_use} MB that are in use, and cache.max_gigabytes allows {most} MB"
        )));
    }
    let mut all = in_use + bytes(&unused);
    unused.reverse();
    while all.saturating_add(needed) > place.most_bytes
        && let Some((_, bytes, path)) = unused.pop()
    {
        fs::remove_dir_all(&path)?;
        all -= bytes;
    }
    Ok(())
}

/// Bytes that a set takes on the disk.
fn taken(set: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = fs::read_dir(set).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|data| data.blocks() * 512).sum()
}
