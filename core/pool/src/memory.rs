//! Large pictures take turns: each may take gigabytes while it is decoded, and there are as many threads as cores.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// From so many bytes on; as many again may be taken while it is turned and resized.
const LARGE: u64 = 150_000_000;

static LARGE_ONES: Mutex<()> = Mutex::new(());

/// Held while a large picture is decoded.
pub(crate) struct Turn(#[expect(dead_code, reason = "it is let go of")] MutexGuard<'static, ()>);

/// Waits until no other large picture is decoded, if this one, which takes so many bytes, is large.
pub(crate) fn turn(bytes: u64) -> Option<Turn> {
    (bytes >= LARGE).then(|| Turn(LARGE_ONES.lock().unwrap_or_else(PoisonError::into_inner)))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_large_picture_waits_for_another_and_a_small_one_does_not() {
        let first = turn(LARGE);
        let (say, heard) = channel();
        let second = thread::spawn(move || {
            let small = turn(LARGE - 1).is_none();
            say.send(small).ok();
            let large = turn(LARGE).is_some();
            say.send(large).ok();
        });
        assert_eq!(heard.recv(), Ok(true), "a small one");
        assert!(heard.recv_timeout(Duration::from_millis(200)).is_err(), "two at once");
        drop(first);
        assert_eq!(heard.recv(), Ok(true), "then the other one");
        second.join().expect("no panic");
    }
}
