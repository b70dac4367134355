//! By chance, every order equally likely: the yardstick for all others.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use sluice_plugin::{Pool, Selector};

/// The selector.
pub struct Random;

impl Selector for Random {
    const NAME: &'static str = "random";
    const SUMMARY: &'static str = "By chance: the yardstick for all others.";

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        let mut random = ChaCha8Rng::seed_from_u64(pool.random_u64());
        let size = pool.size() as usize;
        let drawn = index::sample(&mut random, size, limit.min(size));
        Ok(drawn.iter().map(|index| index as u32).collect())
    }
}

sluice_plugin::export_selector!(Random);
