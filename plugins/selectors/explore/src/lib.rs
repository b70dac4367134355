//! For positives of several kinds: always taking the likeliest first digs where the first positives
//! were found, and can miss another kind for long. Here the likeliest candidates and the newest
//! answers are put into clusters by their features (spherical k-means, k-means++ beginnings), and for
//! each place a cluster is drawn by Thompson sampling (Thompson 1933): from each cluster's share of
//! positives, as uncertain as its few answers make it, one value is drawn, and the largest wins. The
//! likeliest candidate of that cluster takes the place.

use std::collections::VecDeque;

use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};
use sluice_plugin::clusters::Clusters;
use sluice_plugin::selector::Parameter;
use sluice_plugin::vectors::Directions;
use sluice_plugin::{Answer, Pool, Selector, order::largest_first};

/// So many of the newest answers of each kind say what a cluster is worth.
const ANSWERS: usize = 256;
/// What is believed of a cluster before any answer weighs as much as so many answers.
const PRIOR: f64 = 2.0;

/// The selector.
pub struct Explore;

impl Selector for Explore {
    const NAME: &'static str = "explore";
    const SUMMARY: &'static str =
        "The likeliest first, from several regions by turns: for positives of several kinds.";

    fn parameters() -> Vec<Parameter> {
        let clusters = "Regions that the likeliest candidates are divided into.";
        let considered = "So many of the likeliest candidates are divided.";
        vec![
            Parameter::integer("clusters", 12, 2..=64, clusters),
            Parameter::integer("considered", 1024, 100..=20_000, considered),
        ]
    }

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        let (count, considered): (i64, i64) = (pool.get("clusters")?, pool.get("considered")?);
        let mut random = ChaCha8Rng::seed_from_u64(pool.random_u64());
        let shortlist = shortlist(pool, considered as usize, &mut random);
        let dim = pool.feature_dim();
        if dim == 0 || shortlist.is_empty() {
            return Ok(shortlist.into_iter().take(limit).collect());
        }
        let answers = newest(&pool.answers());
        let rows: Vec<u32> =
            shortlist.iter().copied().chain(answers.iter().map(|answer| answer.row)).collect();
        let directions = Directions::of(&pool.features(&rows), dim);
        let divided = Clusters::divide(&directions, dim, count as usize, || random.random());
        let (of_candidates, of_answers) = divided.of.split_at(shortlist.len());
        let mut clusters = vec![Cluster::default(); count as usize];
        for (&cluster, &candidate) in of_candidates.iter().zip(&shortlist) {
            clusters[cluster].candidates.push_back(candidate);
        }
        for (&cluster, answer) in of_answers.iter().zip(&answers) {
            *(if answer.positive {
                &mut clusters[cluster].positives
            } else {
                &mut clusters[cluster].negatives
            }) += 1.0;
        }
        take_turns(clusters, limit, &mut random)
    }
}

/// What is known of a region.
#[derive(Clone, Default)]
struct Cluster {
    /// The likeliest first.
    candidates: VecDeque<u32>,
    positives: f64,
    negatives: f64,
}

/// The likeliest candidates, the likeliest first; by chance where nothing is scored.
fn shortlist(pool: &dyn Pool, count: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
    let probabilities = pool.probabilities();
    if probabilities.iter().any(|p| !p.is_nan()) {
        return largest_first(&probabilities, count);
    }
    let drawn = index::sample(random, probabilities.len(), count.min(probabilities.len()));
    drawn.iter().map(|index| index as u32).collect()
}

/// The newest answers of each kind.
fn newest(answers: &[Answer]) -> Vec<Answer> {
    let of = |positive| {
        answers.iter().rev().filter(move |answer| answer.positive == positive).take(ANSWERS)
    };
    of(true).chain(of(false)).copied().collect()
}

/// Fills the places one by one.
fn take_turns(
    mut clusters: Vec<Cluster>,
    limit: usize,
    random: &mut ChaCha8Rng,
) -> Result<Vec<u32>, String> {
    let positives: f64 = clusters.iter().map(|cluster| cluster.positives).sum();
    let negatives: f64 = clusters.iter().map(|cluster| cluster.negatives).sum();
    let share = (positives + 1.0) / (positives + negatives + 2.0);
    clusters.retain(|cluster| !cluster.candidates.is_empty());
    let mut worth = Vec::with_capacity(clusters.len());
    for cluster in &clusters {
        let yes = PRIOR * share + cluster.positives;
        let no = PRIOR * (1.0 - share) + cluster.negatives;
        worth.push(Beta::new(yes, no).map_err(|error| error.to_string())?);
    }
    let mut order = Vec::with_capacity(limit);
    while order.len() < limit && !clusters.is_empty() {
        let drawn = worth.iter().map(|worth| worth.sample(random)).enumerate();
        let Some((best, _)) = drawn.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        order.extend(clusters[best].candidates.pop_front());
        if clusters[best].candidates.is_empty() {
            clusters.remove(best);
            worth.remove(best);
        }
    }
    Ok(order)
}

sluice_plugin::export_selector!(Explore);

#[cfg(test)]
mod tests {
    use sluice_plugin::selector::Value;
    use sluice_plugin::{Answer, Selector, TestPool};

    use super::Explore;

    /// Two heaps far from each other, of 200 candidates each, and 20 answered images in each; in the
    /// first the candidates are a little likelier.
    fn two_heaps(positive: [bool; 2]) -> TestPool {
        let vector = |heap: usize, number: usize| {
            let wobble = (number % 7) as f32 * 0.01;
            if heap == 0 { [1.0, wobble] } else { [wobble, 1.0] }
        };
        let mut pool = TestPool { feature_dim: 2, ..TestPool::default() };
        for heap in 0..2 {
            for number in 0..200 {
                pool.features.extend(vector(heap, number));
                pool.probabilities.push(0.9 - heap as f32 * 0.1 - number as f32 * 1e-4);
            }
        }
        for (heap, positive) in positive.into_iter().enumerate() {
            for number in 0..20 {
                pool.features.extend(vector(heap, number));
                let row = (400 + heap * 20 + number) as u32;
                pool.answers.push(Answer { row, positive });
            }
        }
        pool.parameters = vec![
            ("clusters".into(), Value::Integer(4)),
            ("considered".into(), Value::Integer(1000)),
        ];
        pool
    }

    fn of_second(order: &[u32]) -> usize {
        order.iter().filter(|candidate| **candidate >= 200).count()
    }

    #[test]
    fn a_region_with_positives_comes_before_a_likelier_one_without() {
        let order = Explore::rank(&two_heaps([false, true]), 50).expect("it ranks");
        assert!(of_second(&order) >= 45, "{order:?}");
    }

    #[test]
    fn regions_that_are_worth_the_same_take_turns() {
        let order = Explore::rank(&two_heaps([true, true]), 100).expect("it ranks");
        assert!((20..=80).contains(&of_second(&order)), "{order:?}");
        let mut unanswered = two_heaps([true, true]);
        unanswered.answers.clear();
        let order = Explore::rank(&unanswered, 100).expect("it ranks");
        assert!((20..=80).contains(&of_second(&order)), "{order:?}");
    }

    #[test]
    fn inside_a_region_the_likeliest_come_first() {
        let order = Explore::rank(&two_heaps([true, true]), 400).expect("it ranks");
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..400).collect::<Vec<u32>>(), "each once");
        assert!(order.iter().position(|c| *c == 0) < order.iter().position(|c| *c == 199));
    }

    #[test]
    fn without_features_it_is_the_likeliest_first_and_without_a_model_chance() {
        let mut pool = two_heaps([true, true]);
        pool.feature_dim = 0;
        assert_eq!(Explore::rank(&pool, 3), Ok(vec![0, 1, 2]));
        pool.probabilities.fill(f32::NAN);
        let drawn = Explore::rank(&pool, 400).expect("it ranks");
        assert_ne!(drawn, Explore::rank(&pool, 400).expect("it ranks"));
        assert_eq!(drawn.len(), 400);
    }

    #[test]
    fn an_empty_pool_has_no_order() {
        let pool = TestPool { probabilities: Vec::new(), ..two_heaps([true, true]) };
        assert_eq!(Explore::rank(&pool, 10), Ok(Vec::new()));
    }
}
