//! Spherical k-means (Dhillon and Modha 2001): a few thousand directions, in the time between two answers.

use crate::vectors::{Directions, cosine};

/// More rounds change little.
const ROUNDS: usize = 4;

/// Directions in clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The cluster of each direction, below their count.
    pub of: Vec<usize>,
    /// The mean direction of each; one without members is like nothing at all.
    pub centers: Directions,
}

impl Clusters {
    /// Divides directions of vectors of length `dim` into `count` clusters; `random` gives numbers from 0 to 1.
    ///
    /// # Panics
    /// When there are no directions, or `dim` or `count` is 0.
    pub fn divide(
        directions: &Directions,
        dim: usize,
        count: usize,
        mut random: impl FnMut() -> f32,
    ) -> Self {
        let mut of = nearest_of(directions, &begin(directions, dim, count, &mut random));
        for _ in 1..ROUNDS {
            of = nearest_of(directions, &means(directions, &of, dim, count));
        }
        let centers = means(directions, &of, dim, count);
        Self { of, centers }
    }
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
fn begin(
    directions: &Directions,
    dim: usize,
    count: usize,
    random: &mut impl FnMut() -> f32,
) -> Directions {
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
fn draw(weights: &[f32], random: &mut impl FnMut() -> f32) -> usize {
    let total: f32 = weights.iter().sum();
    let mut left = random() * total;
    let passed = |weight: &f32| {
        left -= weight;
        left < 0.0
    };
    weights.iter().position(passed).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_become_clusters_and_their_centres_lie_in_them() {
        // Three heaps, around the axes.
        let vectors: Vec<f32> = (0..60)
            .flat_map(|n| {
                let wobble = (n / 3) as f32 * 0.01;
                let mut vector = [wobble; 3];
                vector[n % 3] = 1.0;
                vector
            })
            .collect();
        let directions = Directions::of(&vectors, 3);
        let mut state = 7_u32;
        let random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        let clusters = Clusters::divide(&directions, 3, 3, random);
        for (at, cluster) in clusters.of.iter().enumerate() {
            assert_eq!(*cluster, clusters.of[at % 3], "{at}");
            assert!(cosine(directions.get(at), clusters.centers.get(*cluster)) > 0.9);
        }
        assert_ne!(clusters.of[0], clusters.of[1]);
    }
}
