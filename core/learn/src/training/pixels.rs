//! Pictures of the pool as the network in the background takes them, kept like features, as far as there is room.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sluice_events::ImageId;
use sluice_pool::{Extent, RowWriter, Rows, Square};

use crate::embed::{Lanes, Task, set_name, typical_side};
use crate::{NoPicture, Pictures};

/// Sides of the pictures, pixels: of small ones, and of all others.
const SMALL_SIDE: u32 = 32;
const LARGE_SIDE: u32 = 48;
/// Room is made for so many bytes at the start; the file grows where more is wanted.
const ROOM: u64 = 256 << 20;
/// Where the disk does not take them, as many bytes are held.
const IN_MEMORY: u64 = 2 << 30;

pub(super) struct Pixels {
    side: u32,
    /// Bytes that are held at most where the disk does not take them.
    in_memory: u64,
    writer: RowWriter,
    rows: Arc<Rows>,
    /// Row of each image; none where it can't be shown.
    slots: HashMap<ImageId, Option<u32>>,
    pictures: Arc<dyn Pictures>,
    stop: Arc<AtomicBool>,
}

impl Pixels {
    /// Pictures of this side, or of one that suits the pool.
    pub fn open(task: &Task, side: Option<u32>, stop: Arc<AtomicBool>) -> Self {
        Self::with_memory(task, side, stop, IN_MEMORY)
    }

    /// The same; where the disk does not take them, so many bytes are held at most.
    pub fn with_memory(
        task: &Task,
        side: Option<u32>,
        stop: Arc<AtomicBool>,
        in_memory: u64,
    ) -> Self {
        let side = side.unwrap_or_else(|| {
            let images = (0..task.images).map(ImageId);
            typical_side(task.pictures.as_ref(), images, SMALL_SIDE, LARGE_SIDE)
        });
        let set = set_name("pixels", &[task.pool.as_bytes(), &side.to_le_bytes()]);
        let row_bytes = (side * side * 3) as usize;
        let place = task.place.as_ref();
        let room = task.images.min((ROOM / row_bytes as u64) as u32);
        let extent = Extent { room, in_memory, ..Extent::of(row_bytes, task.images) };
        let mut writer = RowWriter::open(place, &set, "pixels", extent);
        if let Some(why) = writer.trouble() {
            tracing::info!(%why, "pictures for the background are kept in memory");
        }
        let (rows, pictures) = (writer.rows(), Arc::clone(&task.pictures));
        Self { side, in_memory, writer, rows, slots: HashMap::new(), pictures, stop }
    }

    /// Side of the pictures.
    pub fn side(&self) -> usize {
        self.side as usize
    }

    /// Has the pictures of these kinds of images ready, as far as they can be shown. Where there is no room for all,
    /// each kind has as much of it as the others, for its first ones; what a small kind leaves, larger ones have.
    pub fn fetch(&mut self, kinds: &[&[ImageId]]) {
        let images = by_turns(kinds);
        let mut added = self.add(&images);
        if added.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::OutOfMemory) {
            // No room beside what earlier cycles wanted.
            let in_memory = self.in_memory;
            let extent = Extent { in_memory, ..Extent::of(self.rows.row_bytes(), 0) };
            self.writer = RowWriter::open(None, "", "", extent);
            self.rows = self.writer.rows();
            self.slots.clear();
            added = self.add(&images);
        }
        if let Some(why) = self.writer.trouble() {
            tracing::info!(%why, "pictures for the background are kept in memory");
        }
        if let Err(error) = added {
            tracing::info!(%error, "the background does without some pictures");
        }
    }

    /// Those that are not there yet, until there is no room, or no thread for them.
    fn add(&mut self, images: &[ImageId]) -> io::Result<()> {
        let mut seen = HashSet::new();
        let mut missing = images.to_vec();
        missing.retain(|image| !self.slots.contains_key(image) && seen.insert(*image));
        let known = self.writer.known();
        let lanes = Lanes::start(&missing, &self.pictures, self.side, &known, &self.stop)?;
        for (image, square) in lanes {
            let slot = match square {
                Ok(Square::Known { key, also }) => {
                    let row = known[&key];
                    if let Some(also) = also {
                        self.writer.also(also, row);
                    }
                    Some(row)
                }
                Ok(Square::Made { rgb, keys }) => Some(self.writer.push(&keys, &rgb)?),
                // Its disk may come back.
                Err(NoPicture::Missing(_)) => continue,
                // Whoever computes features tells it.
                Err(NoPicture::Broken(_)) => None,
            };
            self.slots.insert(image, slot);
        }
        self.writer.sync();
        Ok(())
    }

    /// The pictures of these images are others now.
    pub fn forget(&mut self, images: &[ImageId]) {
        for image in images {
            self.slots.remove(image);
        }
    }

    pub fn has(&self, image: ImageId) -> bool {
        self.slots.get(&image).copied().flatten().is_some()
    }

    /// Looks at the pictures of these images, one after the other: red, green, blue bytes, row by row.
    pub fn each(&self, images: &[ImageId], mut look: impl FnMut(&[u8])) {
        let length = self.rows.row_bytes();
        self.rows.read(|bytes| {
            for slot in images.iter().filter_map(|image| self.slots.get(image).copied().flatten()) {
                look(&bytes[slot as usize * length..][..length]);
            }
        });
    }

    /// Some images whose pictures are there.
    pub fn some(&self, most: usize) -> Vec<ImageId> {
        let there = self.slots.iter().filter(|(_, slot)| slot.is_some()).map(|(image, _)| *image);
        let mut there: Vec<ImageId> = there.collect();
        there.sort_unstable();
        let step = there.len().div_ceil(most.max(1)).max(1);
        there.into_iter().step_by(step).collect()
    }
}

/// One of each, then the next of each, until there is none left.
fn by_turns(kinds: &[&[ImageId]]) -> Vec<ImageId> {
    let most = kinds.iter().map(|images| images.len()).max().unwrap_or_default();
    let turn = |at: usize| kinds.iter().filter_map(move |images| images.get(at).copied());
    (0..most).flat_map(turn).collect()
}
