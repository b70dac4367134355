//! The best of many, without sorting all of them. Ties keep the pool's own order.

/// Scores that are looked at side by side.
const BLOCK: usize = 16;

/// The `limit` candidates with the largest score, best first; those whose score is NaN come last.
/// Time O(n + limit · log limit) for scores in random order, memory O(limit).
pub fn largest_first(scores: &[f32], limit: usize) -> Vec<u32> {
    first(scores, limit, |score| match in_order(score) {
        u32::MAX => u32::MAX,
        ascending => !ascending,
    })
}

/// The `limit` candidates with the smallest score, best first; those whose score is NaN come last.
/// Cost as [`largest_first`].
pub fn smallest_first(scores: &[f32], limit: usize) -> Vec<u32> {
    first(scores, limit, in_order)
}

/// A float as a whole number that sorts the same way, −0 like 0, NaN behind all. Whole numbers,
/// because on WebAssembly every operation on floats costs a look for NaN.
fn in_order(score: f32) -> u32 {
    const INFINITY: i32 = 0x7f80_0000;
    let bits = score.to_bits() as i32;
    let magnitude = bits & i32::MAX;
    let signed = if bits < 0 { -magnitude } else { magnitude };
    if magnitude > INFINITY { u32::MAX } else { signed as u32 ^ (1 << 31) }
}

/// The positions of the `limit` smallest keys, smallest first. A bounded heap's work without the
/// heap: whatever beats the worst of those that are kept is put behind them, and now and then the
/// best of them are picked out.
fn first(scores: &[f32], limit: usize, key: impl Fn(f32) -> u32) -> Vec<u32> {
    if limit == 0 {
        return Vec::new();
    }
    let mut kept: Vec<u64> = Vec::new();
    // Every key is below it until `limit` are kept.
    let mut worst = u64::from(u32::MAX) + 1;
    let mut keep_some = |keys: &[u32], from: usize| {
        for (&key, position) in keys.iter().zip(from as u64..) {
            // A later one of the same key does not beat it.
            if u64::from(key) < worst {
                kept.push(u64::from(key) << 32 | position);
                if kept.len() >= limit.saturating_mul(2) {
                    worst = keep_best(&mut kept, limit) >> 32;
                }
            }
        }
        worst
    };
    let (blocks, rest) = scores.as_chunks::<BLOCK>();
    let mut worst_now = keep_some(&[], 0);
    for (block, number) in blocks.iter().zip(0..) {
        let keys = block.map(&key);
        // Most blocks hold nothing that counts; to see that takes a few instructions for all of them.
        let best = keys.iter().fold(u32::MAX, |best, key| best.min(*key));
        if u64::from(best) < worst_now {
            worst_now = keep_some(&keys, number * BLOCK);
        }
    }
    let rest: Vec<u32> = rest.iter().map(|score| key(*score)).collect();
    keep_some(&rest, blocks.len() * BLOCK);
    if kept.len() > limit {
        keep_best(&mut kept, limit);
    }
    kept.sort_unstable();
    kept.into_iter().map(|entry| entry as u32).collect()
}

/// Keeps the `limit` smallest entries, in any order, and gives the largest of them.
fn keep_best(entries: &mut Vec<u64>, limit: usize) -> u64 {
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
        assert_eq!(largest_first(&scores, 8), [2, 0, 3, 4, 5, 6, 7, 1]);
        assert_eq!(smallest_first(&scores, 8), [7, 6, 4, 5, 0, 3, 2, 1]);
        assert_eq!(largest_first(&[f32::NAN, f32::INFINITY, -f32::NAN], 2), [1, 0]);
    }

    #[test]
    fn the_limit_cuts_the_same_order() {
        let scores: Vec<f32> = (0..1000_u32).map(|i| ((i * 7919) % 101) as f32).collect();
        let rising: Vec<f32> = (0..1000_u32).map(|i| i as f32).collect();
        for scores in [scores, rising, vec![f32::NAN; 1000]] {
            let mut all: Vec<u32> = (0..1000).collect();
            all.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
            for limit in [0, 1, 10, 64, 501, 999, 1000, 5000] {
                let first = largest_first(&scores, limit);
                assert_eq!(first, all[..limit.min(1000)], "limit {limit}");
            }
        }
    }
}
