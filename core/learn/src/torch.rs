//! The learner on libtorch.

mod beginning;
mod learning;
mod options;
mod scale;
mod taken;
mod taking_in;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use sluice_events::ImageId;
use tch::Device;

use crate::device;
use crate::embed::Embedding;
use crate::head::{Calibration, Head, Renewal};
use crate::joint::{Joint, Say};
use crate::labelled::Labelled;
use crate::predictor::{Part, Predictor, PredictorError};
use crate::table::{SharedTable, Table};
use crate::training::{Checkpoint, Honest, Trainer};
use crate::{Absorbed, Backbone, Features, LearnError, Learned, Learner, Pictures};
pub use options::{Background, Options};
use scale::Scale;

/// Features on libtorch, a head per answer.
pub struct Torch {
    device: Device,
    options: Options,
    table: Arc<Mutex<Table>>,
    embedding: Option<Embedding>,
    head: Option<Head>,
    labelled: Labelled,
    renewal: Renewal,
    scale: Option<Scale>,
    /// The features are principal components, which share one scale.
    one_scale: bool,
    joint: Joint,
    trainer: Option<Trainer>,
    /// What a trainer of the same network goes on from, newest last.
    kept: Vec<Checkpoint>,
    /// What the joint opinion goes on with when the network that was gone on with says what it thinks.
    trusted: Option<Honest>,
    /// What makes the features, and what patches have learned.
    backbone: Option<Backbone>,
    patches: Option<Part>,
    /// What trained in the background, as it last spoke.
    background: Option<Arc<Part>>,
    /// What the last probabilities were made of the logits with.
    calibration: Calibration,
    /// Images that have no picture now, and so no features to come.
    without_picture: HashSet<ImageId>,
    status: Absorbed,
}

impl Torch {
    /// Finds the device; computes nothing yet.
    pub fn new(options: Options) -> Self {
        let device::Found { device, instead } = device::find(options.device);
        let notes = instead.into_iter().collect();
        Self {
            device,
            options,
            table: Arc::default(),
            embedding: None,
            head: None,
            labelled: Labelled::default(),
            renewal: Renewal::default(),
            scale: None,
            one_scale: false,
            joint: Joint::of(0, Say::default()),
            trainer: None,
            kept: Vec::new(),
            trusted: None,
            backbone: None,
            patches: None,
            background: None,
            calibration: Calibration::NONE,
            without_picture: HashSet::new(),
            status: Absorbed { device: device::name(device), notes, ..Absorbed::default() },
        }
    }

    /// What stands on the scale of the features begins anew with it.
    fn forget_head(&mut self) {
        self.head = None;
        self.labelled = Labelled::default();
        self.renewal = Renewal::default();
    }
}

impl Learner for Torch {
    fn begin(
        &mut self,
        images: u32,
        backbone: Backbone,
        pictures: Arc<dyn Pictures>,
    ) -> Result<(), LearnError> {
        self.begin_with(images, backbone, pictures)
    }

    fn look_again(&mut self, images: u32, which: &[ImageId]) {
        let Some(embedding) = &self.embedding else { return };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut which = which.to_vec();
        which.sort_unstable();
        which.dedup();
        // Of what joins, only what is asked for has a picture.
        self.without_picture.extend((table.images() as u32..images).map(ImageId));
        table.grow(images);
        self.joint.grow(images);
        for image in &which {
            table.forget(*image);
            self.without_picture.remove(image);
        }
        self.joint.forget(&which);
        if let Some(trainer) = &mut self.trainer {
            trainer.change(&which);
        }
        // Where it has given up, that was told.
        embedding.more.send(which).ok();
    }

    fn resume(&mut self, checkpoint: Checkpoint) {
        self.kept.retain(|kept| kept.network != checkpoint.network);
        self.kept.push(checkpoint);
    }

    fn absorb(&mut self) -> Absorbed {
        self.take_in()
    }

    fn learn(&mut self, labels: &[(ImageId, bool)], candidates: &[ImageId]) -> Option<Learned> {
        self.learn_from(labels, candidates)
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(SharedTable(Arc::clone(&self.table)))
    }

    fn predictor(&self) -> Result<Predictor, PredictorError> {
        self.take_along()
    }
}
