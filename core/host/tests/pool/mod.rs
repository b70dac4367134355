//! Pools of plain data for tests and measurements, as a plugin sees them and as plain Rust does.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::cell::RefCell;
use std::sync::Arc;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sluice_events::plugin::{PluginInfo, Value};
use sluice_host::{Candidates, FeatureRows};
use sluice_plugin::selector as guest;
use sluice_plugin::{Answer, Pool};

/// Feature vectors in memory.
pub struct Rows {
    pub values: Vec<f32>,
    pub dim: usize,
}

impl FeatureRows for Rows {
    fn dim(&self) -> usize {
        self.dim
    }

    fn gather(&self, rows: &[u32]) -> Vec<f32> {
        let mut values = Vec::with_capacity(rows.len() * self.dim);
        for &row in rows {
            values.extend_from_slice(&self.values[row as usize * self.dim..][..self.dim]);
        }
        values
    }
}

/// Candidates without features.
pub fn scored(probabilities: &[f32]) -> Candidates {
    Candidates {
        probabilities: probabilities.into(),
        features: Arc::new(Rows { values: Vec::new(), dim: 0 }),
        answers: Vec::new(),
        parameters: sluice_events::plugin::Values::new(),
        seed: 1,
    }
}

/// A pool by chance: some candidates not scored, `answered` images, one in eight of them positive.
pub fn drawn(seed: u64, size: usize, dim: usize, answered: u32) -> Candidates {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let probabilities: Vec<f32> = (0..size)
        .map(|_| if random.random_ratio(1, 50) { f32::NAN } else { random.random() })
        .collect();
    let rows = (size + answered as usize) * dim;
    let values = (0..rows).map(|_| random.random::<f32>() - 0.5).collect();
    Candidates {
        probabilities: probabilities.into(),
        features: Arc::new(Rows { values, dim }),
        answers: (0..answered).map(|n| (size as u32 + n, n % 8 == 0)).collect(),
        parameters: sluice_events::plugin::Values::new(),
        seed,
    }
}

/// The same pool for the same selector as plain Rust.
pub struct Native<'a> {
    pub candidates: &'a Candidates,
    pub info: &'a PluginInfo,
    random: RefCell<ChaCha8Rng>,
}

impl<'a> Native<'a> {
    pub fn new(candidates: &'a Candidates, info: &'a PluginInfo) -> Self {
        let random = RefCell::new(ChaCha8Rng::seed_from_u64(candidates.seed));
        Self { candidates, info, random }
    }
}

impl Pool for Native<'_> {
    fn size(&self) -> u32 {
        self.candidates.probabilities.len() as u32
    }

    fn probabilities(&self) -> Vec<f32> {
        self.candidates.probabilities.to_vec()
    }

    fn feature_dim(&self) -> usize {
        self.candidates.features.dim()
    }

    fn features(&self, rows: &[u32]) -> Vec<f32> {
        self.candidates.features.gather(rows)
    }

    fn answers(&self) -> Vec<Answer> {
        let answer = |&(row, positive): &(u32, bool)| Answer { row, positive };
        self.candidates.answers.iter().map(answer).collect()
    }

    fn parameter(&self, name: &str) -> Option<guest::Value> {
        let default = &self.info.parameters.iter().find(|p| p.name == name)?.default;
        Some(match self.candidates.parameters.get(name).unwrap_or(default).clone() {
            Value::Boolean(value) => guest::Value::Boolean(value),
            Value::Integer(value) => guest::Value::Integer(value),
            Value::Number(value) => guest::Value::Number(value),
            Value::Text(value) => guest::Value::Text(value),
        })
    }

    fn random_u64(&self) -> u64 {
        self.random.borrow_mut().next_u64()
    }

    fn log(&self, text: &str) {
        println!("{text}");
    }
}

/// A selector of the box as plain Rust.
pub type NativeRank = fn(&dyn Pool, usize) -> Result<Vec<u32>, String>;

/// All of them, by name.
pub fn natives() -> [(&'static str, NativeRank); 9] {
    fn of<S: sluice_plugin::Selector>() -> (&'static str, NativeRank) {
        (S::NAME, S::rank)
    }
    [
        of::<explore::Explore>(),
        of::<max_entropy::MaxEntropy>(),
        of::<max_prob::MaxProb>(),
        of::<min_entropy::MinEntropy>(),
        of::<min_prob::MinProb>(),
        of::<random::Random>(),
        of::<sequential::Sequential>(),
        of::<similar::Similar>(),
        of::<spread::Spread>(),
    ]
}
