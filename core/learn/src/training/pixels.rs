//! Pictures of the pool as the small network takes them, kept like features.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sluice_events::ImageId;
use sluice_pool::{RowWriter, Rows, Square};

use crate::Pictures;
use crate::embed::{Lanes, Task, set_name, typical_side};

/// Sides of the pictures, pixels: of small ones, and of all others.
const SMALL_SIDE: u32 = 32;
const LARGE_SIDE: u32 = 48;

pub(super) struct Pixels {
    side: u32,
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
        let side = side.unwrap_or_else(|| {
            let images = (0..task.images).map(ImageId);
            typical_side(task.pictures.as_ref(), images, SMALL_SIDE, LARGE_SIDE)
        });
        let set = set_name("pixels", &[task.pool.as_bytes(), &side.to_le_bytes()]);
        let row_bytes = (side * side * 3) as usize;
        let place = task.place.as_ref();
        let mut writer = RowWriter::open(place, &set, "pixels", row_bytes, task.images);
        if let Some(why) = writer.trouble() {
            tracing::info!(%why, "pictures for the background are kept in memory");
        }
        let (rows, pictures) = (writer.rows(), Arc::clone(&task.pictures));
        Self { side, writer, rows, slots: HashMap::new(), pictures, stop }
    }

    /// Side of the pictures.
    pub fn side(&self) -> usize {
        self.side as usize
    }

    /// Has the pictures of these images ready, as far as they can be shown.
    pub fn fetch(&mut self, images: &[&[ImageId]]) {
        let mut missing: Vec<ImageId> = images.iter().copied().flatten().copied().collect();
        missing.sort_unstable();
        missing.dedup();
        missing.retain(|image| !self.slots.contains_key(image));
        let known = self.writer.known();
        let lanes = Lanes::start(&missing, &self.pictures, self.side, &known, &self.stop);
        for (image, square) in lanes.into_iter().flatten() {
            let slot = match square {
                Ok(Square::Known { key, also }) => {
                    let row = known[&key];
                    if let Some(also) = also {
                        self.writer.also(also, row);
                    }
                    Some(row)
                }
                Ok(Square::Made { rgb, keys }) => self.writer.push(&keys, &rgb).ok(),
                // Whoever computes features tells it.
                Err(_) => None,
            };
            self.slots.insert(image, slot);
        }
        self.writer.sync();
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
