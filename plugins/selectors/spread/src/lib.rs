//! For the beginning, when nobody has seen a positive: the most typical image of each region and an image drawn
//! by chance take turns. Regions are clusters of the features of some candidates (spherical k-means, features
//! centred on their mean); those that nobody has looked into come first, the largest first. Typical images show what
//! there is in few looks; chance finds what is rare everywhere, and is fair.

use std::cmp::Reverse;
use std::collections::VecDeque;

use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sluice_plugin::clusters::Clusters;
use sluice_plugin::selector::Parameter;
use sluice_plugin::vectors::{Directions, cosine, mean};
use sluice_plugin::{Pool, Selector};

/// So many of the newest answers say which regions were looked into.
const ANSWERS: usize = 512;

/// The selector.
pub struct Spread;

impl Selector for Spread {
    const NAME: &'static str = "spread";
    const SUMMARY: &'static str =
        "Typical images of all regions and chance by turns: for the beginning, without a model.";

    fn parameters() -> Vec<Parameter> {
        let clusters = "Regions that the pool is divided into.";
        let considered = "So many candidates, drawn by chance, are divided.";
        vec![
            Parameter::integer("clusters", 20, 2..=64, clusters),
            Parameter::integer("considered", 1500, 100..=20_000, considered),
        ]
    }

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        let (count, considered): (i64, i64) = (pool.get("clusters")?, pool.get("considered")?);
        let (size, dim) = (pool.size() as usize, pool.feature_dim());
        let mut random = ChaCha8Rng::seed_from_u64(pool.random_u64());
        let drawn = index::sample(&mut random, size, size.min(limit.max(considered as usize)));
        let mut by_chance = drawn.iter().map(|index| index as u32);
        if dim == 0 || size == 0 {
            return Ok(by_chance.take(limit).collect());
        }
        let candidates: Vec<u32> = by_chance.by_ref().take(considered as usize).collect();
        let typical = typical(pool, &candidates, dim, count as usize, || random.random());
        let mut others: VecDeque<u32> = candidates.into_iter().chain(by_chance).collect();
        // What is drawn by chance is not what has just been divided, as far as there is something else.
        others.rotate_left((considered as usize).min(size) % others.len().max(1));
        Ok(by_turns(&typical, others, size, limit))
    }
}

/// The candidates, the most typical one of each region first, then the next one of each, and so on.
fn typical(
    pool: &dyn Pool,
    candidates: &[u32],
    dim: usize,
    count: usize,
    random: impl FnMut() -> f32,
) -> Vec<u32> {
    let features = pool.features(candidates);
    let center = mean(&features, dim);
    let there: Vec<u32> = candidates
        .iter()
        .zip(features.chunks_exact(dim))
        .filter_map(|(row, vector)| (!vector[0].is_nan()).then_some(*row))
        .collect();
    let features: Vec<f32> =
        features.chunks_exact(dim).filter(|v| !v[0].is_nan()).flatten().copied().collect();
    if there.is_empty() {
        return Vec::new();
    }
    let directions = Directions::from(features, &center);
    let clusters = Clusters::divide(&directions, dim, count, random);
    let mut members = vec![Vec::new(); count];
    for ((&row, direction), &cluster) in there.iter().zip(directions.iter()).zip(&clusters.of) {
        members[cluster].push((row, cosine(direction, clusters.centers.get(cluster))));
    }
    let looks = looks(pool, &clusters, &center);
    for members in &mut members {
        members.sort_by(|a, b| b.1.total_cmp(&a.1));
    }
    let mut regions: Vec<usize> = (0..count).collect();
    regions.sort_by_key(|region| (looks[*region], Reverse(members[*region].len())));
    let largest = members.iter().map(Vec::len).max().unwrap_or(0);
    (0..largest)
        .flat_map(|place| regions.iter().map(move |region| (*region, place)))
        .filter_map(|(region, place)| members[region].get(place).map(|(row, _)| *row))
        .collect()
}

/// How often each region was looked into.
fn looks(pool: &dyn Pool, clusters: &Clusters, center: &[f32]) -> Vec<u32> {
    let answers = pool.answers();
    let newest: Vec<u32> = answers.iter().rev().take(ANSWERS).map(|answer| answer.row).collect();
    let mut looks = vec![0; clusters.centers.len()];
    for direction in Directions::from(pool.features(&newest), center).iter() {
        if let Some((region, cosine)) = clusters.centers.nearest(direction)
            && cosine > 0.0
        {
            looks[region] += 1;
        }
    }
    looks
}

/// One of these, one of those, each image once.
fn by_turns(typical: &[u32], mut others: VecDeque<u32>, size: usize, limit: usize) -> Vec<u32> {
    let (mut taken, mut order) = (vec![false; size], Vec::with_capacity(limit));
    let mut typical = typical.iter().copied();
    let mut typical_next = true;
    let mut missing = 0;
    while order.len() < limit && missing < 2 {
        let next = if typical_next { typical.next() } else { others.pop_front() };
        typical_next = !typical_next;
        match next {
            Some(row) if taken[row as usize] => typical_next = !typical_next,
            Some(row) => {
                taken[row as usize] = true;
                order.push(row);
                missing = 0;
            }
            None => missing += 1,
        }
    }
    order
}

sluice_plugin::export_selector!(Spread);

#[cfg(test)]
mod tests {
    use sluice_plugin::selector::{Answer, Value};
    use sluice_plugin::{Pool, Selector, TestPool};

    use super::Spread;

    /// Five heaps around as many axes, of very different sizes. The first is nine tenths of the pool and lies beside
    /// its mean, so it is a dense one: seen from there, a loose one would be many small regions.
    fn heaps() -> TestPool {
        let mut pool = TestPool {
            feature_dim: 5,
            parameters: vec![
                ("clusters".into(), Value::Integer(5)),
                ("considered".into(), Value::Integer(1000)),
            ],
            ..TestPool::default()
        };
        for number in 0..1000 {
            let mut vector = [0.0; 5];
            vector[heap_of(number)] = 1.0;
            vector[number as usize % 5] += 0.0005 * (number % 7) as f32;
            pool.features.extend(vector);
            pool.probabilities.push(f32::NAN);
        }
        pool
    }

    fn heap_of(number: u32) -> usize {
        if number < 900 { 0 } else { 1 + (number as usize - 900) / 25 }
    }

    #[test]
    fn ten_looks_see_every_region_and_chance_has_its_half() {
        let order = Spread::rank(&heaps(), 1000).expect("it ranks");
        for heap in 0..5 {
            assert!(order[..10].iter().any(|row| heap_of(*row) == heap), "{heap}: {order:?}");
        }
        let by_chance = order[..80].iter().skip(1).step_by(2);
        assert!(by_chance.filter(|row| heap_of(**row) == 0).count() > 28, "{order:?}");
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>(), "each once");
    }

    #[test]
    fn regions_that_were_looked_into_wait() {
        let mut pool = heaps();
        for heap in 0..4 {
            let mut vector = [0.0; 5];
            vector[heap] = 1.0;
            pool.features.extend(vector);
            pool.answers.push(Answer { row: 1000 + heap as u32, positive: false });
        }
        let first = Spread::rank(&pool, 1).expect("it ranks")[0];
        assert_eq!(heap_of(first), 4);
    }

    #[test]
    fn without_features_it_is_chance_and_with_some_they_are_used() {
        let mut pool = heaps();
        pool.feature_dim = 0;
        let order = Spread::rank(&pool, 1000).expect("it ranks");
        assert_ne!(order, Spread::rank(&pool, 1000).expect("it ranks"), "another draw");
        let mut pool = heaps();
        pool.features[..4900].fill(f32::NAN);
        let mut order = Spread::rank(&pool, 1000).expect("it ranks");
        assert!(order[0] >= 980, "{order:?}");
        order.sort_unstable();
        assert_eq!(order, (0..pool.size()).collect::<Vec<u32>>());
        pool.features.fill(f32::NAN);
        assert_eq!(Spread::rank(&pool, 1000).expect("it ranks").len(), 1000);
    }

    #[test]
    fn an_empty_pool_has_no_order() {
        let pool = TestPool { probabilities: Vec::new(), ..heaps() };
        assert_eq!(Spread::rank(&pool, 10), Ok(Vec::new()));
    }
}
