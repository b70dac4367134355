//! A made-up pool, to try selectors on.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sluice_events::plugin::Values;
use sluice_host::{Candidates, FeatureRows};

/// Length of a feature vector: that of the features that need no weights.
pub const DIM: usize = 256;
/// So many different vectors; images share them, so that a million fit into memory.
const VECTORS: usize = 4096;
/// Images that are answered, one in eight of them with yes.
const ANSWERED: u32 = 500;

/// What a pool is made of, before it is said what is known of it.
pub struct MadeUp {
    probabilities: Arc<[f32]>,
    features: Arc<Vectors>,
}

/// Vectors by chance; those of an image follow from its row.
struct Vectors(Vec<f32>);

impl FeatureRows for Vectors {
    fn dim(&self) -> usize {
        DIM
    }

    fn gather(&self, rows: &[u32]) -> Vec<f32> {
        let vector = |row: &u32| &self.0[*row as usize % VECTORS * DIM..][..DIM];
        rows.iter().flat_map(vector).copied().collect()
    }
}

struct None;

impl FeatureRows for None {
    fn dim(&self) -> usize {
        0
    }

    fn gather(&self, _: &[u32]) -> Vec<f32> {
        Vec::new()
    }
}

impl MadeUp {
    /// A pool of so many candidates; the same for the same size.
    pub fn new(size: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        // Most images are unlikely, as in a pool with rare positives; some are not scored yet.
        let probability = |random: &mut ChaCha8Rng| {
            if random.random_ratio(1, 100) { f32::NAN } else { random.random::<f32>().powi(4) }
        };
        let probabilities = (0..size).map(|_| probability(&mut random)).collect();
        let features = (0..VECTORS * DIM).map(|_| random.random::<f32>() - 0.5).collect();
        Self { probabilities, features: Arc::new(Vectors(features)) }
    }

    /// Everything is known.
    pub fn candidates(&self, values: &Values) -> Candidates {
        let size = self.probabilities.len() as u32;
        Candidates {
            probabilities: Arc::clone(&self.probabilities),
            features: Arc::clone(&self.features) as Arc<dyn FeatureRows>,
            answers: (0..ANSWERED).map(|n| (size + n, n % 8 == 0)).collect(),
            parameters: values.clone(),
            seed: 1,
        }
    }

    /// Nothing is scored, and there are neither features nor answers.
    pub fn at_the_beginning(&self, values: &Values) -> Candidates {
        Candidates {
            probabilities: vec![f32::NAN; self.probabilities.len()].into(),
            features: Arc::new(None),
            answers: Vec::new(),
            ..self.candidates(values)
        }
    }
}
