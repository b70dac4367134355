//! How the learner is to work.

use std::str::FromStr;

use sluice_pool::Place;

use crate::device::DeviceChoice;
use crate::training::Recipe;

/// How a [`Torch`] is to work.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to compute.
    pub device: DeviceChoice,
    /// Where features are kept; none: in memory, computed at each start.
    pub cache: Option<Place>,
    /// What trains in the background and joins.
    pub background: Background,
    /// How it trains.
    pub recipe: Recipe,
    /// Of everything random in the background.
    pub seed: u64,
    /// Nothing is trained: what was kept of the background says what it thinks, once.
    pub only_score: bool,
    /// What the pool is known as; the features of pools are kept apart.
    pub pool: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            device: DeviceChoice::default(),
            cache: None,
            background: Background::default(),
            recipe: Recipe::default(),
            seed: 1,
            only_score: false,
            pool: String::new(),
        }
    }
}

/// What trains in the background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// On a GPU the network that gives the features, where there is one; else the small one.
    #[default]
    Auto,
    /// A small network from nothing.
    Small,
    /// The network that gives the features, from its pretrained weights; a small one as long as patches do.
    Backbone,
    /// Nothing.
    Off,
}

impl FromStr for Background {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "small" => Ok(Self::Small),
            "backbone" => Ok(Self::Backbone),
            "off" => Ok(Self::Off),
            other => Err(format!("{other} can't train; there are auto, small, backbone, off")),
        }
    }
}
