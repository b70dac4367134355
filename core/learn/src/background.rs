//! Work that waits for answers.

use rustix::process::{getpriority_process, setpriority_process};

/// How far the background steps back, of 19.
const NICE: i32 = 5;

/// Lets every other thread of this machine go first, from now on, for the calling thread and those that it
/// starts (on Linux, where priorities are the threads'). A program that was started further back stays there.
pub(crate) fn give_way() {
    let set = getpriority_process(None).and_then(|now| setpriority_process(None, now.max(NICE)));
    if let Err(error) = set {
        tracing::debug!(%error, "the background runs like everything else");
    }
}
