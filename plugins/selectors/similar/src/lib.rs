//! What looks like the positives so far first: for the cold start, when a person knows one example
//! and the model nothing. A candidate counts by its cosine to the nearest of the newest positives,
//! features centred on the pool's mean. Without positives or features: by chance.
//!
//! Reading the features of a very large pool would take longer than a person waits, so at most
//! `considered` candidates are looked at in one call, drawn anew each time.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use sluice_plugin::selector::Parameter;
use sluice_plugin::vectors::{Directions, mean};
use sluice_plugin::{Pool, Selector, order::largest_first};

/// Rows that are read at once; the first of them, drawn by chance, say where the centre is.
const CHUNK: usize = 1024;

/// The selector.
pub struct Similar;

impl Selector for Similar {
    const NAME: &'static str = "similar";
    const SUMMARY: &'static str = "What looks like the positives so far first: for the beginning.";

    fn parameters() -> Vec<Parameter> {
        let considered = "Candidates that are compared in one call; in a larger pool they are drawn \
                          by chance, others each time.";
        let positives = "Compares with so many of the newest positives.";
        vec![
            Parameter::integer("considered", 8192, 100..=100_000, considered),
            Parameter::integer("positives", 8, 1..=64, positives),
        ]
    }

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        let (considered, positives): (i64, i64) = (pool.get("considered")?, pool.get("positives")?);
        let (size, dim) = (pool.size() as usize, pool.feature_dim());
        let mut random = ChaCha8Rng::seed_from_u64(pool.random_u64());
        let mut draw = |count: usize| -> Vec<u32> {
            let drawn = index::sample(&mut random, size, count.min(size));
            drawn.iter().map(|index| index as u32).collect()
        };
        let examples: Vec<u32> = pool
            .answers()
            .iter()
            .rev()
            .filter(|answer| answer.positive)
            .take(positives as usize)
            .map(|answer| answer.row)
            .collect();
        if dim == 0 || examples.is_empty() {
            return Ok(draw(limit));
        }
        let drawn = draw(considered as usize);
        let examples = pool.features(&examples);
        let mut compared: Option<(Vec<f32>, Directions)> = None;
        let mut scores = vec![f32::NAN; size];
        for rows in drawn.chunks(CHUNK) {
            let features = pool.features(rows);
            let (center, examples) = compared.get_or_insert_with(|| {
                let center = mean(&features, dim);
                let examples = Directions::from(examples.clone(), &center);
                (center, examples)
            });
            // Where there are no features yet, a candidate is like nothing at all.
            let directions = Directions::from(features, center);
            for (&row, direction) in rows.iter().zip(directions.iter()) {
                scores[row as usize] = examples.nearest(direction).map_or(0.0, |(_, cos)| cos);
            }
        }
        Ok(largest_first(&scores, limit))
    }
}

sluice_plugin::export_selector!(Similar);

#[cfg(test)]
mod tests {
    use sluice_plugin::selector::{Answer, Value};
    use sluice_plugin::{Pool, Selector, TestPool};

    use super::Similar;

    /// Candidates on a circle, the n-th at n degrees; one answered image at `degrees`.
    fn circle(degrees: f32, positive: bool, considered: i64) -> TestPool {
        let angles = (0..360).map(|n| n as f32).chain([degrees]);
        let at = |degrees: f32| [degrees.to_radians().cos(), degrees.to_radians().sin()];
        TestPool {
            probabilities: vec![f32::NAN; 360],
            features: angles.flat_map(at).collect(),
            feature_dim: 2,
            answers: vec![Answer { row: 360, positive }],
            parameters: vec![
                ("considered".into(), Value::Integer(considered)),
                ("positives".into(), Value::Integer(8)),
            ],
            ..TestPool::default()
        }
    }

    #[test]
    fn the_nearest_come_first_and_the_farthest_last() {
        let order = Similar::rank(&circle(90.2, true, 8192), 360).expect("it ranks");
        assert_eq!(order[..3], [90, 91, 89]);
        assert_eq!(order[359], 270);
    }

    #[test]
    fn in_a_large_pool_the_best_of_a_draw_come_first() {
        let order = Similar::rank(&circle(90.0, true, 100), 10).expect("it ranks");
        assert!(order.iter().all(|degrees| degrees.abs_diff(90) < 45), "{order:?}");
    }

    #[test]
    fn without_positives_or_features_it_is_chance() {
        let mut none = circle(90.0, true, 8192);
        none.feature_dim = 0;
        for pool in [circle(90.0, false, 8192), none] {
            let mut order = Similar::rank(&pool, 360).expect("it ranks");
            assert_ne!(order, Similar::rank(&pool, 360).expect("it ranks"), "another draw");
            order.sort_unstable();
            assert_eq!(order, (0..pool.size()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn images_without_features_come_between() {
        let mut pool = circle(0.0, true, 8192);
        for degrees in 10..20 {
            pool.features[degrees * 2..][..2].fill(f32::NAN);
        }
        let order = Similar::rank(&pool, 360).expect("it ranks");
        let place = |image| order.iter().position(|other| *other == image).expect("it is there");
        assert!(place(5) < place(15) && place(15) < place(180));
    }
}
