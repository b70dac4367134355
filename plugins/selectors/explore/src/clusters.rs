//! Spherical k-means (Dhillon and Modha 2001): as many directions as a shortlist has.

use rand::{Rng, RngExt};
use sluice_plugin::vectors::{Directions, cosine};

/// More rounds change little.
const ROUNDS: usize = 4;

/// The cluster of each direction, below `count`.
pub fn assign(
    directions: &Directions,
    dim: usize,
    count: usize,
    random: &mut impl Rng,
) -> Vec<usize> {
    let mut clusters = nearest_of(directions, &begin(directions, dim, count, random));
    for _ in 1..ROUNDS {
        let centers = means(directions, &clusters, dim, count);
        clusters = nearest_of(directions, &centers);
    }
    clusters
}

fn nearest_of(directions: &Directions, centers: &Directions) -> Vec<usize> {
    let cluster = |direction| centers.nearest(direction).map_or(0, |(cluster, _)| cluster);
    directions.iter().map(cluster).collect()
}

fn means(directions: &Directions, clusters: &[usize], dim: usize, count: usize) -> Directions {
    let mut sums = vec![0_i32; count * dim];
    for (direction, cluster) in directions.iter().zip(clusters) {
        let sum = &mut sums[cluster * dim..][..dim];
        sum.iter_mut().zip(direction).for_each(|(sum, value)| *sum += i32::from(*value));
    }
    let sums: Vec<f32> = sums.into_iter().map(|sum| sum as f32).collect();
    Directions::of(&sums, dim)
}

/// Beginnings that are far from each other (k-means++, Arthur and Vassilvitskii 2007): each is one of the
/// directions, drawn with a chance that grows with its distance from those before it.
fn begin(directions: &Directions, dim: usize, count: usize, random: &mut impl Rng) -> Directions {
    let mut centers = Directions::none(dim);
    let mut distances = vec![1.0_f32; directions.len()];
    for _ in 0..count {
        let center = directions.get(draw(&distances, random));
        centers.push(center);
        for (distance, direction) in distances.iter_mut().zip(directions.iter()) {
            *distance = distance.min((1.0 - cosine(direction, center)).max(0.0));
        }
    }
    centers
}

/// A position, with a chance in proportion to its weight; the first where all are zero.
fn draw(weights: &[f32], random: &mut impl Rng) -> usize {
    let total: f32 = weights.iter().sum();
    let mut left = random.random::<f32>() * total;
    let passed = |weight: &f32| {
        left -= weight;
        left < 0.0
    };
    weights.iter().position(passed).unwrap_or(0)
}
