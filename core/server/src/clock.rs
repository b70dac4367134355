//! The time, for those who may ask for it.

use std::time::{SystemTime, UNIX_EPOCH};

/// µs since 1970.
pub(crate) fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
