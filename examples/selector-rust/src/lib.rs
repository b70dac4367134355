//! The likeliest first, but no two that look the same one after the other: cameras take bursts, and
//! the second picture of a burst teaches nothing. A candidate that is nearly like one before it waits
//! until all that are new have had their turn.

use sluice_plugin::selector::Parameter;
use sluice_plugin::vectors::Directions;
use sluice_plugin::{Pool, Selector, order::largest_first};

/// So many of the likeliest are compared.
const COMPARED: usize = 256;

pub struct NoTwins;

impl Selector for NoTwins {
    const NAME: &'static str = "no-twins";
    const SUMMARY: &'static str = "The likeliest first; near-duplicates of those wait.";
    const NEEDS_MODEL: bool = true;

    fn parameters() -> Vec<Parameter> {
        let help = "Cosine of the features from which on two pictures are twins.";
        vec![Parameter::number("likeness", 0.95, 0.0..=1.0, help)]
    }

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        let likeness: f64 = pool.get("likeness")?;
        let likeliest = largest_first(&pool.probabilities(), limit);
        let dim = pool.feature_dim();
        if dim == 0 {
            return Ok(likeliest);
        }
        let (compared, rest) = likeliest.split_at(COMPARED.min(likeliest.len()));
        let looks = Directions::of(&pool.features(compared), dim);
        let (mut first, mut twins, mut seen) = (Vec::new(), Vec::new(), Directions::none(dim));
        for (&candidate, look) in compared.iter().zip(looks.iter()) {
            let closest = seen.nearest(look).map_or(0.0, |(_, cosine)| cosine);
            if f64::from(closest) >= likeness {
                twins.push(candidate);
            } else {
                first.push(candidate);
                seen.push(look);
            }
        }
        Ok([first.as_slice(), &twins, rest].concat())
    }
}

sluice_plugin::export_selector!(NoTwins);

#[cfg(test)]
mod tests {
    use sluice_plugin::selector::Value;
    use sluice_plugin::{Selector, TestPool};

    use super::NoTwins;

    fn burst(likeness: f64) -> TestPool {
        TestPool {
            // Two pictures of one thing, and a less likely one of another.
            features: vec![1.0, 0.0, 0.99, 0.01, 0.0, 1.0],
            feature_dim: 2,
            parameters: vec![("likeness".into(), Value::Number(likeness))],
            ..TestPool::scored(&[0.9, 0.8, 0.5])
        }
    }

    #[test]
    fn a_twin_waits_until_the_others_had_their_turn() {
        assert_eq!(NoTwins::rank(&burst(0.95), 3), Ok(vec![0, 2, 1]));
        assert_eq!(NoTwins::rank(&burst(1.0), 3), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn without_features_the_likeliest_come_first() {
        let pool = TestPool { feature_dim: 0, ..burst(0.95) };
        assert_eq!(NoTwins::rank(&pool, 2), Ok(vec![0, 1]));
    }
}
