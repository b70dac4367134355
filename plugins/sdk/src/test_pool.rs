//! A pool of plain data.

use std::cell::Cell;

use crate::selector::{Answer, Pool, Value};

/// A pool of plain data, to try a selector without a server.
#[derive(Clone, Debug, Default)]
pub struct TestPool {
    /// P(positive) of each candidate, NaN where it is not scored.
    pub probabilities: Vec<f32>,
    /// Feature vectors, one after the other: the candidates', then those of answered images.
    pub features: Vec<f32>,
    /// Length of a feature vector.
    pub feature_dim: usize,
    /// The images that were answered, the oldest answer first.
    pub answers: Vec<Answer>,
    /// Values by name.
    pub parameters: Vec<(String, Value)>,
    /// State of the randomness.
    pub seed: Cell<u64>,
}

impl TestPool {
    /// Candidates with these probabilities, and nothing else.
    pub fn scored(probabilities: &[f32]) -> Self {
        Self { probabilities: probabilities.to_vec(), ..Self::default() }
    }
}

impl Pool for TestPool {
    fn size(&self) -> u32 {
        self.probabilities.len() as u32
    }

    fn probabilities(&self) -> Vec<f32> {
        self.probabilities.clone()
    }

    fn feature_dim(&self) -> usize {
        self.feature_dim
    }

    fn features(&self, rows: &[u32]) -> Vec<f32> {
        let dim = self.feature_dim;
        let row = |row: &u32| &self.features[*row as usize * dim..][..dim];
        rows.iter().flat_map(row).copied().collect()
    }

    fn answers(&self) -> Vec<Answer> {
        self.answers.clone()
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        self.parameters.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone())
    }

    fn log(&self, text: &str) {
        eprintln!("{text}");
    }

    /// SplitMix64 (Steele et al. 2014).
    fn random_u64(&self) -> u64 {
        let state = self.seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.seed.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
