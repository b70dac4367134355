//! Learns from answers and scores the pool. The only crate that sees tch, and so libtorch.
//!
//! ```text
//!   pictures --decode--> embedder (threads) --rows, kept in a cache--> Torch.absorb
//!   labels --------------------------------------> head (Newton) --joint--> probabilities of the whole pool
//!   labels, pictures --> a network that trains in the background ----^
//! ```
//!
//! What always holds:
//! - No tensor leaves the crate: the boundary is [`Learner`], in plain data, so that sessions and
//!   their tests run with another one.
//! - One thread owns a [`Torch`] and its head; embedding runs beside it and sends finished blocks.
//! - An image without features has no probability (NaN), and is no reason to wait.

mod background;
mod changed;
mod device;
mod embed;
mod features;
mod head;
mod joint;
mod labelled;
mod logistic;
mod network;
mod predictor;
mod sampled;
mod table;
mod torch;
mod training;
mod weights;

pub use device::DeviceChoice;
pub use network::{BuildError, ask};
pub use predictor::{Inference, Input, Part, Predictor, PredictorError, Values, Way};
pub use torch::{Background, Options, Torch};
pub use training::{Checkpoint, Recipe, can_train};
pub use weights::WeightsError;

use std::path::PathBuf;
use std::sync::Arc;

use sluice_events::ImageId;
use sluice_events::command::FittedModel;
use sluice_events::facts::CycleTrained;
use sluice_events::network::CheckedGraph;
use sluice_pool::{DecodeError, Key, Square};

/// The picture that a person gave as an example of what they look for. It is not in the pool, and has features
/// all the same.
pub const EXAMPLE: ImageId = ImageId(u32::MAX - 1);

/// Something that turns labels into probabilities.
pub trait Learner: Send {
    /// Begins to compute features of all images, in the background, from nothing. `pictures.ready`
    /// is called whenever [`absorb`](Self::absorb) has something to take in.
    ///
    /// # Errors
    /// When the backbone can't be built or its weights can't be loaded; the features in use stay.
    fn begin(
        &mut self,
        images: u32,
        backbone: Backbone,
        pictures: Arc<dyn Pictures>,
    ) -> Result<(), LearnError>;

    /// Images joined the pool, were changed or came back: their features are computed (anew). There are
    /// `images` in all by now. Nothing happens before [`begin`](Self::begin).
    fn look_again(&mut self, images: u32, which: &[ImageId]);

    /// Has the background go on from what was kept; before the first [`begin`](Self::begin).
    fn resume(&mut self, checkpoint: Checkpoint);

    /// Takes in what was computed since the last call.
    fn absorb(&mut self) -> Absorbed;

    /// Fits the head to the labels and scores the candidates. `None` without a positive and a
    /// negative that have features.
    fn learn(&mut self, labels: &[(ImageId, bool)], candidates: &[ImageId]) -> Option<Learned>;

    /// The features, as far as they are there.
    fn features(&self) -> Arc<dyn Features>;

    /// What the last [`learn`](Self::learn) has made, to be asked elsewhere. Who learns nothing has none.
    ///
    /// # Errors
    /// When nothing was learned, or the weights under the head can't be read again.
    fn predictor(&self) -> Result<Predictor, PredictorError> {
        Err(PredictorError::NotLearned)
    }
}

/// Where pictures come from; the learner asks from several threads.
pub trait Pictures: Send + Sync {
    /// The picture made `side` × `side` pixels, unless what was made of it is known.
    ///
    /// # Errors
    /// Why there is none.
    fn square(
        &self,
        image: ImageId,
        side: u32,
        known: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, NoPicture>;

    /// Longer side of a picture, pixels, if it can be told.
    fn longer_side(&self, image: ImageId) -> Option<u32>;

    /// Whether there is an [`EXAMPLE`].
    fn has_example(&self) -> bool;

    /// Finished features wait to be taken in.
    fn ready(&self);
}

/// Why there is no picture of an image; a sentence whose subject is the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    /// The file can't be had now: it is gone, or its disk is. It may come back.
    #[error("{0}")]
    Missing(String),
    /// The file is there, and can't be shown.
    #[error("{0}")]
    Broken(String),
}

impl From<DecodeError> for NoPicture {
    fn from(error: DecodeError) -> Self {
        let reason = error.to_string();
        if matches!(error, DecodeError::Missing(_)) {
            Self::Missing(reason)
        } else {
            Self::Broken(reason)
        }
    }
}

/// What gives the features.
#[derive(Clone, Debug)]
pub enum Backbone {
    /// Features that need no weights and no training.
    Patches {
        /// Of everything random in them.
        seed: u64,
    },
    /// A network with weights from a file.
    Network {
        /// Its name.
        name: String,
        /// What to build.
        graph: Box<CheckedGraph>,
        /// A state dict: safetensors, or what `torch.save` writes.
        weights: PathBuf,
    },
}

/// What one [`Learner::absorb`] took in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Absorbed {
    /// Images of the pool that have no picture, and so no features.
    pub failed: Vec<(ImageId, NoPicture)>,
    /// Images that have features now.
    pub embedded: u32,
    /// Images that will have features.
    pub to_embed: u32,
    /// How often rows of features were taken in; with each time, scores are others.
    pub rows_taken_in: u64,
    /// How often a network that trains in the background has spoken; with each time, scores are others.
    pub opinions: u32,
    /// What trains in the background: `small`, or a network's name; none: nothing.
    pub background: Option<String>,
    /// Whether it trains right now.
    pub training: bool,
    /// The cycles that came to their end.
    pub cycles: Vec<CycleTrained>,
    /// What it can go on from at the next start, if there is something new.
    pub checkpoint: Option<Checkpoint>,
    /// What the features are, for example `patches` or a network's name.
    pub features: String,
    /// Where tensors live.
    pub device: String,
    /// Things that a person should know, each told once.
    pub notes: Vec<String>,
    /// Why features will not come, if so.
    pub gave_up: Option<String>,
}

/// What one [`Learner::learn`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The model, to be recorded.
    pub model: FittedModel,
    /// P(positive) of each candidate, 0 to 1; NaN where it has no features yet.
    pub probabilities: Vec<f32>,
    /// Whether there were answers enough of each kind to calibrate the probabilities: before, they order, and their
    /// size says nothing.
    pub calibrated: bool,
    /// Whether the background trains now: these labels may have been what it waited for.
    pub training: bool,
}

/// Feature vectors by image.
pub trait Features: Send + Sync {
    /// Length of a vector; 0 as long as there are none.
    fn dim(&self) -> usize;
    /// The vectors of these images, one after the other; NaN where there is none yet. Nothing, as long
    /// as there are none at all.
    fn gather(&self, images: &[ImageId]) -> Vec<f32>;
}

/// No features at all, of a learner that has none.
#[derive(Clone, Copy, Debug)]
pub struct NoFeatures;

impl Features for NoFeatures {
    fn dim(&self) -> usize {
        0
    }

    fn gather(&self, _: &[ImageId]) -> Vec<f32> {
        Vec::new()
    }
}

/// Why features can't be computed.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The graph can't be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The weights can't be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// No thread could be started.
    #[error("can't start a thread for features: {0}")]
    Thread(#[from] std::io::Error),
}
