//! What the model expected of the images that nobody has answered, in a dozen numbers: how many it held how likely.
//! A ranking keeps them, so that what is left to find can be reckoned from the log alone.

use serde::{Deserialize, Serialize};

/// Where one bin ends and the next begins, P(positive). Finer where most of a pool is. Frozen with the facts
/// that hold bins.
pub const EDGES: [f32; 11] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9];
/// How many bins there are.
pub const BINS: usize = EDGES.len() + 1;

/// Images whose probabilities lie between two of the [`EDGES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutlookBin {
    /// How many.
    pub images: u32,
    /// Sum of their probabilities: the positives among them, if the model is right.
    pub expected: f32,
}

/// The bin that a probability belongs to, 0 to [`BINS`] − 1; an edge belongs to the bin above it.
pub fn bin_of(probability: f32) -> usize {
    EDGES.partition_point(|edge| *edge <= probability)
}

/// Counts probabilities by bin; the unlikeliest bin first. NaN counts nowhere. Empty, if nothing counts.
pub fn outlook(probabilities: &[f32]) -> Vec<OutlookBin> {
    let mut bins = [(0_u32, 0.0_f64); BINS];
    for probability in probabilities.iter().filter(|p| !p.is_nan()) {
        let (images, expected) = &mut bins[bin_of(*probability)];
        *images += 1;
        *expected += f64::from(*probability);
    }
    if bins.iter().all(|(images, _)| *images == 0) {
        return Vec::new();
    }
    let bin = |(images, expected)| OutlookBin { images, expected: expected as f32 };
    bins.into_iter().map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probability_has_its_bin() {
        assert_eq!([0.0, 0.0009, 0.001, 0.5, 0.9, 1.0].map(bin_of), [0, 0, 1, 8, 11, 11]);
        let bins = outlook(&[0.0005, 0.95, 0.97, f32::NAN]);
        assert_eq!(bins.len(), BINS);
        assert_eq!((bins[0].images, bins[11].images), (1, 2));
        assert!((bins[11].expected - 1.92).abs() < 1e-6);
        assert_eq!(bins.iter().map(|bin| bin.images).sum::<u32>(), 3);
    }

    #[test]
    fn nothing_scored_is_no_outlook() {
        assert!(outlook(&[]).is_empty() && outlook(&[f32::NAN]).is_empty());
    }
}
