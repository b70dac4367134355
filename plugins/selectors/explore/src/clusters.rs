//! Spherical k-means (Dhillon and Modha 2001) on vectors of length 1: as many as a shortlist has.

use rand::Rng;
use rand::RngExt;
use sluice_plugin::vectors::{dot, nearest, normalize};

/// More rounds change little.
const ROUNDS: usize = 4;

/// The cluster of each vector, below `count`.
pub fn assign(vectors: &[f32], dim: usize, count: usize, random: &mut impl Rng) -> Vec<usize> {
    let mut centers = begin(vectors, dim, count, random);
    let mut clusters = nearest_of(vectors, &centers, dim);
    for _ in 1..ROUNDS {
        centers.fill(0.0);
        for (vector, cluster) in vectors.chunks_exact(dim).zip(&clusters) {
            let center = &mut centers[cluster * dim..][..dim];
            center.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
        }
        normalize(&mut centers, dim);
        clusters = nearest_of(vectors, &centers, dim);
    }
    clusters
}

fn nearest_of(vectors: &[f32], centers: &[f32], dim: usize) -> Vec<usize> {
    let cluster = |vector| nearest(vector, centers, dim).map_or(0, |(cluster, _)| cluster);
    vectors.chunks_exact(dim).map(cluster).collect()
}

/// Beginnings that are far from each other (k-means++, Arthur and Vassilvitskii 2007): each is a
/// vector, drawn with a chance that grows with its distance from those before it.
fn begin(vectors: &[f32], dim: usize, count: usize, random: &mut impl Rng) -> Vec<f32> {
    let mut centers = Vec::with_capacity(count * dim);
    let mut distances = vec![1.0_f32; vectors.len() / dim];
    for _ in 0..count {
        let chosen = draw(&distances, random);
        let center = &vectors[chosen * dim..][..dim];
        centers.extend_from_slice(center);
        for (distance, vector) in distances.iter_mut().zip(vectors.chunks_exact(dim)) {
            *distance = distance.min((1.0 - dot(vector, center)).max(0.0));
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
