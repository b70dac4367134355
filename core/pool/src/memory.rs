//! Large pictures wait for each other: one may take a gigabyte while it is decoded and resized, and there are as many
//! threads that compute features as cores. Who shows a picture to a person does not wait.

use std::sync::{Condvar, Mutex, PoisonError};

/// So many bytes are taken at once; a picture that takes more is alone.
const MOST: u64 = 1 << 30;

static TAKEN: Mutex<u64> = Mutex::new(0);
static LESS: Condvar = Condvar::new();

/// Held as long as these bytes are taken.
pub(crate) struct Turn(u64);

/// Waits until there is room for so many bytes.
pub(crate) fn turn(bytes: u64) -> Turn {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let is_full = |taken: &mut u64| *taken > 0 && taken.saturating_add(bytes) > MOST;
    let mut taken = LESS.wait_while(taken, is_full).unwrap_or_else(PoisonError::into_inner);
    *taken = taken.saturating_add(bytes);
    Turn(bytes)
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_sub(self.0);
        LESS.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_is_taken_at_once_than_may_be_and_what_is_larger_is_alone() {
        let taken = AtomicU64::new(0);
        thread::scope(|scope| {
            for bytes in [MOST / 2, MOST / 2, MOST / 3, MOST * 2] {
                let taken = &taken;
                scope.spawn(move || {
                    for _ in 0..1000 {
                        let turn = turn(bytes);
                        let now = taken.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        assert!(now <= MOST || now == bytes, "{now} at once");
                        thread::yield_now();
                        taken.fetch_sub(bytes, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
    }
}
