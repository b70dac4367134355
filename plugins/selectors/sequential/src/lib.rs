//! The pool's own order: by path.

use sluice_plugin::{Pool, Selector};

/// The selector.
pub struct Sequential;

impl Selector for Sequential {
    const NAME: &'static str = "sequential";
    const SUMMARY: &'static str = "The pool's own order, by path.";

    fn rank(pool: &dyn Pool, limit: usize) -> Result<Vec<u32>, String> {
        Ok((0..pool.size()).take(limit).collect())
    }
}

sluice_plugin::export_selector!(Sequential);
