//! The best of many, without sorting all of them. Ties keep the pool's own order.

/// The `limit` candidates with the largest score, best first; those whose score is NaN come last.
/// Time O(n + limit · log limit) for scores in random order, memory O(limit).
pub fn largest_first(scores: impl IntoIterator<Item = f32>, limit: usize) -> Vec<u32> {
    first(scores.into_iter().map(|score| descending(bits(score))), limit)
}

/// The `limit` candidates with the smallest score, best first; those whose score is NaN come last.
/// Cost as [`largest_first`].
pub fn smallest_first(scores: impl IntoIterator<Item = f32>, limit: usize) -> Vec<u32> {
    first(scores.into_iter().map(|score| ascending(bits(score))), limit)
}

/// A float as an integer that sorts the same way, −0 like 0; none for NaN. Integers, because on
/// WebAssembly every operation on floats costs a look for NaN.
fn bits(score: f32) -> Option<i32> {
    const INFINITY: i32 = 0x7f80_0000;
    let bits = score.to_bits() as i32;
    let magnitude = bits & i32::MAX;
    (magnitude <= INFINITY).then_some(if bits < 0 { -magnitude } else { magnitude })
}

fn ascending(bits: Option<i32>) -> u32 {
    bits.map_or(u32::MAX, |bits| bits as u32 ^ (1 << 31))
}

fn descending(bits: Option<i32>) -> u32 {
    bits.map_or(u32::MAX, |bits| !(bits as u32 ^ (1 << 31)))
}

/// The positions of the `limit` smallest keys, smallest first. A bounded heap's work without the
/// heap: whatever beats the worst of those that are kept is put behind them, and now and then the
/// best of them are picked out.
fn first(keys: impl Iterator<Item = u32>, limit: usize) -> Vec<u32> {
    if limit == 0 {
        return Vec::new();
    }
    let mut kept: Vec<u64> = Vec::new();
    // Wide enough for any key: no key is below it until `limit` are kept.
    let mut worst = u64::from(u32::MAX) + 1;
    for (key, position) in keys.zip(0_u64..) {
        // A later one of the same key does not beat it.
        if u64::from(key) < worst {
            kept.push(u64::from(key) << 32 | position);
            if kept.len() >= limit.saturating_mul(2) {
                worst = keep(&mut kept, limit) >> 32;
            }
        }
    }
    if kept.len() > limit {
        keep(&mut kept, limit);
    }
    kept.sort_unstable();
    kept.into_iter().map(|entry| entry as u32).collect()
}

/// Keeps the `limit` smallest entries, in any order, and gives the largest of them.
fn keep(entries: &mut Vec<u64>, limit: usize) -> u64 {
    let (_, &mut worst, _) = entries.select_nth_unstable(limit - 1);
    entries.truncate(limit);
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_keep_the_pools_order_and_nan_comes_last() {
        let scores = [0.5, f32::NAN, 0.9, 0.5, -0.0, 0.0, -1.0, f32::NEG_INFINITY];
        assert_eq!(largest_first(scores, 8), [2, 0, 3, 4, 5, 6, 7, 1]);
        assert_eq!(smallest_first(scores, 8), [7, 6, 4, 5, 0, 3, 2, 1]);
        assert_eq!(largest_first([f32::NAN, f32::INFINITY, -f32::NAN], 2), [1, 0]);
    }

    #[test]
    fn the_limit_cuts_the_same_order() {
        let scores: Vec<f32> = (0..1000_u32).map(|i| ((i * 7919) % 101) as f32).collect();
        let rising: Vec<f32> = (0..1000_u32).map(|i| i as f32).collect();
        for scores in [scores, rising, vec![f32::NAN; 1000]] {
            let mut all: Vec<u32> = (0..1000).collect();
            all.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
            for limit in [0, 1, 10, 64, 501, 999, 1000, 5000] {
                let first = largest_first(scores.iter().copied(), limit);
                assert_eq!(first, all[..limit.min(1000)], "limit {limit}");
            }
        }
    }
}
