//! Features of the pool: which image has which row, and the rows as tensors.

use std::sync::{Arc, Mutex, PoisonError};

use sluice_events::ImageId;
use sluice_pool::Rows;
use tch::{Device, Kind, Tensor};

use crate::{EXAMPLE, Features};

/// No row.
const NONE: u32 = u32::MAX;

/// Features as 16-bit floating-point numbers, as far as they are there.
#[derive(Default)]
pub(crate) struct Table {
    rows: Option<Arc<Rows>>,
    dim: usize,
    /// By image.
    slots: Vec<u32>,
    /// Of the example.
    example: Option<u32>,
    /// Images that have a row.
    count: u32,
    /// Rows before this one are there.
    end: u32,
}

impl Table {
    /// For so many images, without rows.
    pub fn empty(images: u32) -> Self {
        Self { slots: vec![NONE; images as usize], ..Self::default() }
    }

    /// There are so many images now.
    pub fn grow(&mut self, images: u32) {
        self.slots.resize(self.slots.len().max(images as usize), NONE);
    }

    /// How many images there are, with or without rows.
    pub fn images(&self) -> usize {
        self.slots.len()
    }

    /// An image has no row any more.
    pub fn forget(&mut self, image: ImageId) {
        if let Some(slot) = self.slots.get_mut(image.index()) {
            self.count -= u32::from(*slot != NONE);
            *slot = NONE;
        }
    }

    /// Rows will come from there, all of them anew.
    pub fn attach(&mut self, rows: Arc<Rows>) {
        self.slots.fill(NONE);
        (self.count, self.end, self.example) = (0, 0, None);
        self.dim = rows.row_bytes() / size_of::<half::f16>();
        self.rows = Some(rows);
    }

    /// Images have rows now.
    pub fn assign(&mut self, rows: &[(ImageId, u32)]) {
        for &(image, row) in rows {
            if image == EXAMPLE {
                self.example = Some(row);
                self.end = self.end.max(row + 1);
            }
            let Some(slot) = self.slots.get_mut(image.index()) else { continue };
            self.count += u32::from(*slot == NONE);
            *slot = row;
            self.end = self.end.max(row + 1);
        }
    }

    pub fn count(&self) -> u32 {
        self.count
    }

    pub fn slot(&self, image: ImageId) -> Option<u32> {
        if image == EXAMPLE {
            return self.example;
        }
        self.slots.get(image.index()).copied().filter(|slot| *slot != NONE)
    }

    /// Rows of images, evenly spread, `most` of them at most.
    pub fn some_slots(&self, most: usize) -> Vec<u32> {
        let step = (self.count as usize).div_ceil(most.max(1)).max(1);
        self.slots.iter().copied().filter(|slot| *slot != NONE).step_by(step).collect()
    }

    /// Looks at all rows, (rows, dim), 16-bit floating-point numbers on the CPU; those of images that are not in
    /// the pool are among them. `None` as long as there are none. The tensor must not outlive the look.
    pub fn with_rows<R>(&self, look: impl FnOnce(&Tensor) -> R) -> Option<R> {
        let rows = self.rows.as_ref().filter(|_| self.end > 0)?;
        let (end, dim) = (self.end as usize, self.dim);
        rows.read(|bytes| {
            let bytes = bytes.get(..end * rows.row_bytes())?;
            Some(look(&view(bytes, end as i64, dim as i64)))
        })
    }

    /// Rows (n, dim), float32 on the CPU.
    pub fn gather(&self, slots: &[u32]) -> Option<Tensor> {
        let indices: Vec<i64> = slots.iter().map(|slot| i64::from(*slot)).collect();
        self.with_rows(|rows| {
            rows.index_select(0, &Tensor::from_slice(&indices)).to_kind(Kind::Float)
        })
    }
}

#[expect(
    unsafe_code,
    reason = "a million rows are scored where they lie: 1.2 GB that are not copied"
)]
fn view(bytes: &[u8], rows: i64, dim: i64) -> Tensor {
    debug_assert_eq!(bytes.len() as i64, rows * dim * 2);
    // SAFETY: the bytes are as long as the shape says, and `with_rows` holds them as long as it lends
    // the tensor; nothing here writes to it. Rows begin at a page or an allocation, so they are aligned.
    unsafe { Tensor::from_blob(bytes.as_ptr(), &[rows, dim], &[dim, 1], Kind::Half, Device::Cpu) }
}

/// The table for selectors.
pub(crate) struct SharedTable(pub Arc<Mutex<Table>>);

impl Features for SharedTable {
    fn dim(&self) -> usize {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.end > 0 { table.dim } else { 0 }
    }

    fn gather(&self, images: &[ImageId]) -> Vec<f32> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An image that is not there takes the place of another until it is marked below.
        let slots: Vec<u32> = images.iter().map(|image| table.slot(*image).unwrap_or(0)).collect();
        let Some(gathered) = table.gather(&slots) else { return Vec::new() };
        let mut values = Vec::<f32>::try_from(gathered.flatten(0, -1)).unwrap_or_default();
        for (row, image) in values.chunks_exact_mut(table.dim.max(1)).zip(images) {
            if table.slot(*image).is_none() {
                row.fill(f32::NAN);
            }
        }
        values
    }
}
