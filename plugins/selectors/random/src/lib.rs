//! By chance, every order equally likely: the yardstick for all others.

use sluice_plugin::{Selector, pool};

struct Random;

impl Selector for Random {
    const NAME: &'static str = "random";
    const SUMMARY: &'static str = "By chance: the yardstick for all others.";

    /// The first `limit` steps of a Fisher-Yates shuffle.
    fn rank(limit: usize) -> Result<Vec<u32>, String> {
        let mut order: Vec<u32> = (0..pool::size()).collect();
        let limit = limit.min(order.len());
        for i in 0..limit {
            let rest = (order.len() - i) as u64;
            order.swap(i, i + below(rest) as usize);
        }
        order.truncate(limit);
        Ok(order)
    }
}

/// A number below `bound` (at least 1), each equally likely: the high half of a product, with the
/// few values rejected that would be favoured (Lemire 2019).
fn below(bound: u64) -> u64 {
    loop {
        let product = u128::from(pool::random_u64()) * u128::from(bound);
        if product as u64 >= bound.wrapping_neg() % bound {
            return (product >> 64) as u64;
        }
    }
}

sluice_plugin::export_selector!(Random);
