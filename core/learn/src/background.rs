//! Work that waits for answers.

use rustix::process::setpriority_process;

/// How far the background steps back, of 19.
const NICE: i32 = 5;

/// Lets every other thread of this machine go first, from now on, for the calling thread and those that it
/// starts (on Linux, where priorities are the threads').
pub(crate) fn give_way() {
    if let Err(error) = setpriority_process(None, NICE) {
        tracing::debug!(%error, "the background runs like everything else");
    }
}
