//! Feature vectors by their directions: how alike two are is the cosine between them.
//!
//! Directions are kept in 16-bit fixed point. Inner products are then sums of products of whole
//! numbers, which the compiler does eight at a time, also on WebAssembly, where each operation on
//! floats would cost a look for NaN besides.

/// A cosine of 1.
const ONE: f32 = (1 << 14) as f32;
/// Values that are added up side by side.
const LANES: usize = 8;

/// Directions of vectors of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    values: Vec<i16>,
    dim: usize,
}

impl Directions {
    /// The directions of vectors that stand one after the other. One without a direction (zero, or
    /// with values that are not finite) is like nothing at all.
    ///
    /// # Panics
    /// When `dim` is 0.
    pub fn of(vectors: &[f32], dim: usize) -> Self {
        let mut values = Vec::with_capacity(vectors.len());
        for vector in vectors.chunks_exact(dim) {
            let length = sum_of_squares(vector).sqrt();
            let factor = if length.is_finite() && length > 0.0 { ONE / length } else { 0.0 };
            // What is not a number becomes 0. By way of 32 bits, because that can be done side by side.
            values.extend(vector.iter().map(|value| (value * factor) as i32 as i16));
        }
        Self { values, dim }
    }

    /// Directions as seen from a centre, for example the [`mean`].
    ///
    /// # Panics
    /// When the centre's length is 0.
    pub fn from(mut vectors: Vec<f32>, center: &[f32]) -> Self {
        for vector in vectors.chunks_exact_mut(center.len()) {
            vector.iter_mut().zip(center).for_each(|(value, center)| *value -= center);
        }
        Self::of(&vectors, center.len())
    }

    /// No directions, of vectors of this length.
    pub fn none(dim: usize) -> Self {
        Self { values: Vec::new(), dim }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &[i16]> {
        self.values.chunks_exact(self.dim)
    }

    /// One of them.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn get(&self, at: usize) -> &[i16] {
        &self.values[at * self.dim..][..self.dim]
    }

    /// Adds one behind the others.
    pub fn push(&mut self, direction: &[i16]) {
        self.values.extend_from_slice(direction);
    }

    /// The one that is most like `direction`, and its cosine; of several, the first. None when there are
    /// no directions.
    pub fn nearest(&self, direction: &[i16]) -> Option<(usize, f32)> {
        let products = self.iter().map(|other| dot(direction, other)).enumerate();
        let best = products.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(at, product)| (at, product as f32 / (ONE * ONE)))
    }
}

/// Mean of the vectors of length `dim` that are there (not NaN).
pub fn mean(vectors: &[f32], dim: usize) -> Vec<f32> {
    let mut sum = vec![0.0; dim];
    let mut count = 0.0_f32;
    for vector in vectors.chunks_exact(dim).filter(|vector| !vector[0].is_nan()) {
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
        count += 1.0;
    }
    sum.iter_mut().for_each(|sum| *sum /= count.max(1.0));
    sum
}

/// Cosine of the angle between two directions, −1 to 1.
pub fn cosine(a: &[i16], b: &[i16]) -> f32 {
    dot(a, b) as f32 / (ONE * ONE)
}

/// Never more than `ONE` squared, whatever the length: both are of length `ONE` at most.
fn dot(a: &[i16], b: &[i16]) -> i32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    dot_of_lanes(a_lanes, b_lanes) + dot_of_values(a_rest, b_rest)
}

fn dot_of_values(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

/// WebAssembly has one instruction for it, which the compiler does not find by itself.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn dot_of_lanes(a: &[[i16; LANES]], b: &[[i16; LANES]]) -> i32 {
    use core::arch::wasm32::{
        i16x8, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane as lane, i32x4_splat,
    };
    let load = |v: &[i16; LANES]| i16x8(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
    let sums = a
        .iter()
        .zip(b)
        .fold(i32x4_splat(0), |sums, (a, b)| i32x4_add(sums, i32x4_dot_i16x8(load(a), load(b))));
    lane::<0>(sums) + lane::<1>(sums) + lane::<2>(sums) + lane::<3>(sums)
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn dot_of_lanes(a: &[[i16; LANES]], b: &[[i16; LANES]]) -> i32 {
    dot_of_values(a.as_flattened(), b.as_flattened())
}

fn sum_of_squares(vector: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (lanes, rest) = vector.as_chunks::<LANES>();
    for values in lanes {
        for lane in 0..LANES {
            sums[lane] += values[lane] * values[lane];
        }
    }
    let rest: f32 = rest.iter().map(|value| value * value).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_of_vectors_of_any_length() {
        for dim in 1..40 {
            let a: Vec<f32> = (0..dim).map(|i| (i as f32 * 1.7).sin()).collect();
            let b: Vec<f32> = (0..dim).map(|i| (i as f32 * 0.9).cos()).collect();
            let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let lengths = (product(&a, &a) * product(&b, &b)).sqrt();
            let expected = if lengths > 0.0 { product(&a, &b) / lengths } else { 0.0 };
            let directions = Directions::of(&[a, b].concat(), dim);
            let found = cosine(directions.get(0), directions.get(1));
            assert!((found - expected).abs() < 2e-3, "{dim}: {found}, not {expected}");
        }
    }

    #[test]
    fn a_long_vector_is_like_itself_and_unlike_its_opposite() {
        let vector = vec![1e-3; 4096];
        let opposite = vec![-1e30 / 4096.0; 4096];
        let directions = Directions::of(&[vector, opposite].concat(), 4096);
        assert!((cosine(directions.get(0), directions.get(0)) - 1.0).abs() < 1e-2);
        assert!(cosine(directions.get(0), directions.get(1)) <= 0.0);
    }

    #[test]
    fn what_has_no_direction_is_like_nothing() {
        let vectors = [3.0, 4.0, 0.0, 0.0, f32::NAN, 1.0, f32::INFINITY, 1.0];
        let directions = Directions::of(&vectors, 2);
        assert_eq!(directions.len(), 4);
        for nowhere in 1..4 {
            assert_eq!(directions.get(nowhere), [0, 0]);
        }
    }

    #[test]
    fn the_nearest_is_the_first_of_the_best() {
        let among = Directions::of(&[1.0, 0.0, 0.0, 1.0, 0.0, 1.0], 2);
        let up = Directions::of(&[0.0, 2.0], 2);
        assert_eq!(among.nearest(up.get(0)), Some((1, 1.0)));
        assert_eq!(Directions::none(2).nearest(up.get(0)), None);
    }
}
