//! Orders that several selectors need. Ties keep the pool's own order.

/// The `limit` candidates with the largest score, best first; those whose score is NaN come last.
/// Partial selection: O(n + limit · log limit).
pub fn largest_first(scores: &[f32], limit: usize) -> Vec<u32> {
    let mut keys: Vec<(u32, u32)> =
        scores.iter().zip(0..).map(|(&score, index)| (descending_key(score), index)).collect();
    let limit = limit.min(keys.len());
    if limit > 0 && limit < keys.len() {
        keys.select_nth_unstable(limit - 1);
    }
    keys.truncate(limit);
    keys.sort_unstable();
    keys.into_iter().map(|(_, index)| index).collect()
}

/// Bits that sort a larger score first, and NaN last of all.
fn descending_key(score: f32) -> u32 {
    if score.is_nan() {
        return u32::MAX;
    }
    // Adding zero turns −0 into +0, so that the two tie.
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | (1 << 31) };
    !ascending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_first_with_ties_in_pool_order_and_nan_last() {
        let scores = [0.5, f32::NAN, 0.9, 0.5, -0.0, 0.0, -1.0];
        assert_eq!(largest_first(&scores, 7), [2, 0, 3, 4, 5, 6, 1]);
    }

    #[test]
    fn the_limit_cuts_the_same_order() {
        let scores: Vec<f32> = (0..1000_u32).map(|i| ((i * 7919) % 101) as f32).collect();
        let all = largest_first(&scores, 1000);
        for limit in [0, 1, 10, 999, 5000] {
            assert_eq!(largest_first(&scores, limit), all[..limit.min(1000)]);
        }
    }
}
