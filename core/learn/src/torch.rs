//! The learner on libtorch.

use std::sync::mpsc::TryRecvError;
use std::sync::{Arc, Mutex, PoisonError};

use sluice_events::ImageId;
use sluice_events::command::FittedModel;
use tch::{Device, Kind, Tensor};

use crate::embed::{Block, Embedding};
use crate::head::Head;
use crate::{Absorbed, Backbone, Features, LearnError, Learned, Learner, Pictures, device};

/// The scale of the features is measured anew when so many times as many images have them.
const REMEASURE_AT: f64 = 1.5;

/// Features on libtorch, a head per answer.
pub struct Torch {
    device: Device,
    table: Arc<Mutex<Table>>,
    embedding: Option<Embedding>,
    head: Option<Head>,
    scale: Option<Scale>,
    /// Principal components share one scale: blowing each up to the same size would make as much of
    /// the noise in the last ones as of the first.
    one_scale: bool,
    status: Absorbed,
}

/// Features of the pool, float32.
#[derive(Default)]
struct Table {
    /// (images, dim); none until the first block came.
    rows: Option<Tensor>,
    present: Vec<bool>,
    count: u32,
}

/// Mean and deviation of each feature, (dim), over so many images.
struct Scale {
    mean: Tensor,
    deviation: Tensor,
    over: u32,
}

impl Default for Torch {
    fn default() -> Self {
        Self::new()
    }
}

impl Torch {
    /// Finds the device; computes nothing yet.
    pub fn new() -> Self {
        let device = device::find();
        Self {
            device,
            table: Arc::default(),
            embedding: None,
            head: None,
            scale: None,
            one_scale: false,
            status: Absorbed { device: device::name(device), ..Absorbed::default() },
        }
    }

    /// Measures the features' scale if it was never or is out of date. The head stands on the scale,
    /// so it begins anew with it.
    fn measure(&mut self, table: &Table) {
        let Some(rows) = &table.rows else { return };
        let measured = self.scale.as_ref().map_or(0, |scale| scale.over);
        let complete = table.count == self.status.to_embed;
        let grown = f64::from(table.count) >= f64::from(measured) * REMEASURE_AT;
        if measured == table.count || !(grown || complete || measured == 0) {
            return;
        }
        let present: Vec<i64> =
            (0..).zip(&table.present).filter(|(_, p)| **p).map(|(i, _)| i).collect();
        let rows = rows.index_select(0, &Tensor::from_slice(&present));
        let mean = rows.mean_dim(0_i64, false, Kind::Float);
        let centered = &rows - &mean;
        let squares = &centered * &centered;
        let variance = if self.one_scale {
            squares.mean(Kind::Float).expand_as(&mean).contiguous()
        } else {
            squares.mean_dim(0_i64, false, Kind::Float)
        };
        // A feature that never changes says nothing, and must not be blown up.
        let deviation = variance.sqrt();
        let deviation = deviation.maximum(&(deviation.max() * 1e-4)).clamp_min(1e-12);
        self.scale = Some(Scale { mean, deviation, over: table.count });
        self.head = None;
    }
}

impl Learner for Torch {
    fn begin(
        &mut self,
        images: u32,
        backbone: Backbone,
        pictures: Arc<dyn Pictures>,
    ) -> Result<(), LearnError> {
        let features = match &backbone {
            Backbone::Patches { .. } => "patches".to_owned(),
            Backbone::Network { name, .. } => name.clone(),
        };
        let one_scale = matches!(backbone, Backbone::Patches { .. });
        self.embedding = Some(Embedding::begin(images, backbone, pictures, self.device)?);
        let present = vec![false; images as usize];
        self.table = Arc::new(Mutex::new(Table { present, ..Table::default() }));
        (self.head, self.scale, self.one_scale) = (None, None, one_scale);
        let device = device::name(self.device);
        self.status = Absorbed { to_embed: images, features, device, ..Absorbed::default() };
        Ok(())
    }

    fn absorb(&mut self) -> Absorbed {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed = Vec::new();
        while let Some(embedding) = &self.embedding {
            match embedding.blocks.try_recv() {
                Ok(Block::Rows(images, rows)) => table.take_in(&images, &rows),
                Ok(Block::Failed(image, reason)) => {
                    self.status.to_embed -= 1;
                    failed.push((image, reason));
                }
                Ok(Block::GaveUp(why)) => self.status.gave_up = Some(why),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.embedding = None,
            }
        }
        self.status.embedded = table.count;
        Absorbed { failed, ..self.status.clone() }
    }

    fn learn(&mut self, labels: &[(ImageId, bool)], candidates: &[ImageId]) -> Option<Learned> {
        let table = Arc::clone(&self.table);
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<&(ImageId, bool)> =
            labels.iter().filter(|(image, _)| table.has(*image)).collect();
        let positives = known.iter().filter(|(_, positive)| *positive).count() as u32;
        let negatives = known.len() as u32 - positives;
        if positives == 0 || negatives == 0 {
            return None;
        }
        tch::no_grad(|| {
            self.measure(&table);
            let (rows, scale) = (table.rows.as_ref()?, self.scale.as_ref()?);
            let indices: Vec<i64> = known.iter().map(|(image, _)| i64::from(image.0)).collect();
            let y: Vec<f32> = known.iter().map(|(_, positive)| f32::from(*positive)).collect();
            let x = rows.index_select(0, &Tensor::from_slice(&indices));
            let x = (x - &scale.mean) / &scale.deviation;
            let from = self.head.take().unwrap_or_else(|| Head::zero(x.size()[1], &x));
            let head = from.fit(&x, &Tensor::from_slice(&y));
            let (weights, bias) = head.on_raw(&scale.mean, &scale.deviation);
            let scores = Vec::<f32>::try_from((rows.mv(&weights) + bias).sigmoid()).ok()?;
            let probabilities = candidates
                .iter()
                .map(|&image| if table.has(image) { scores[image.index()] } else { f32::NAN })
                .collect();
            let loss = head.loss as f32;
            self.head = Some(head);
            let features = self.status.features.clone();
            Some(Learned {
                model: FittedModel { positives, negatives, loss, features },
                probabilities,
            })
        })
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(SharedTable(Arc::clone(&self.table)))
    }
}

impl Table {
    fn has(&self, image: ImageId) -> bool {
        self.present.get(image.index()).copied().unwrap_or(false)
    }

    fn take_in(&mut self, images: &[ImageId], block: &Tensor) {
        let all = self.present.len() as i64;
        let rows = self.rows.get_or_insert_with(|| {
            Tensor::zeros([all, block.size()[1]], (Kind::Float, Device::Cpu))
        });
        let indices: Vec<i64> = images.iter().map(|image| i64::from(image.0)).collect();
        // One overflow must not spread over the pool's mean.
        let finite = block.nan_to_num(0.0, 0.0, 0.0);
        let _ = rows.index_copy_(0, &Tensor::from_slice(&indices), &finite);
        for image in images {
            self.present[image.index()] = true;
        }
        self.count += images.len() as u32;
    }
}

struct SharedTable(Arc<Mutex<Table>>);

impl Features for SharedTable {
    fn dim(&self) -> usize {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.rows.as_ref().map_or(0, |rows| rows.size()[1] as usize)
    }

    fn gather(&self, images: &[ImageId]) -> Vec<f32> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rows) = &table.rows else { return Vec::new() };
        let (all, dim) = (rows.size()[0], rows.size()[1] as usize);
        // An image that is not there takes the place of another until it is marked below.
        let index = |image: &ImageId| if table.has(*image) { i64::from(image.0) } else { 0 };
        let indices: Vec<i64> = images.iter().map(index).filter(|index| *index < all).collect();
        let gathered = rows.index_select(0, &Tensor::from_slice(&indices)).flatten(0, -1);
        let mut values = Vec::<f32>::try_from(gathered).unwrap_or_default();
        for (row, image) in values.chunks_exact_mut(dim.max(1)).zip(images) {
            if !table.has(*image) {
                row.fill(f32::NAN);
            }
        }
        values
    }
}
