//! For tests: looks at the bits of what is not a number, which processors choose differently, and names
//! the first candidate if they are the canonical ones.

use std::hint::black_box;

use sluice_plugin::{Pool, Selector};

/// The guest.
pub struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "nans";
    const SUMMARY: &'static str = "For tests: looks at the bits of what is not a number.";

    fn rank(pool: &dyn Pool, _limit: usize) -> Result<Vec<u32>, String> {
        let made = black_box(0.0_f32) / black_box(0.0_f32);
        let given = pool.probabilities().first().map_or(made, |p| p + black_box(1.0));
        let canonical = |value: f32| value.to_bits() == 0x7fc0_0000;
        Ok(vec![u32::from(!canonical(made) || !canonical(given))])
    }
}

sluice_plugin::export_selector!(Guest);
