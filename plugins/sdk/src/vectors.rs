//! Feature vectors, one after the other in one slice. Written so that the compiler can do several
//! values at once, on WebAssembly as well.

/// Values that are added up side by side.
const LANES: usize = 8;

/// Inner product of two vectors of the same length.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Makes each vector as long as 1, so that inner products are cosines. One without a direction
/// (zero, or with values that are not finite) becomes zero.
pub fn normalize(vectors: &mut [f32], dim: usize) {
    for vector in vectors.chunks_exact_mut(dim) {
        let length = dot(vector, vector).sqrt();
        if length.is_finite() && length > 0.0 {
            vector.iter_mut().for_each(|value| *value /= length);
        } else {
            vector.fill(0.0);
        }
    }
}

/// The vector of `among` with the largest inner product, and that product; of several, the first.
/// None when there are no vectors.
pub fn nearest(vector: &[f32], among: &[f32], dim: usize) -> Option<(usize, f32)> {
    let products = among.chunks_exact(dim).map(|other| dot(vector, other)).enumerate();
    products.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_any_length() {
        for length in 0..40 {
            let a: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let ones = vec![1.0; length];
            let sum: f32 = a.iter().sum();
            assert_eq!(dot(&a, &ones), sum);
        }
    }

    #[test]
    fn vectors_without_a_direction_become_zero() {
        let mut vectors = [3.0, 4.0, 0.0, 0.0, f32::NAN, 1.0, f32::INFINITY, 1.0];
        normalize(&mut vectors, 2);
        assert_eq!(vectors, [0.6, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_nearest_is_the_first_of_the_best() {
        let among = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        assert_eq!(nearest(&[0.0, 2.0], &among, 2), Some((1, 2.0)));
        assert_eq!(nearest(&[0.0, 2.0], &[], 2), None);
    }
}
