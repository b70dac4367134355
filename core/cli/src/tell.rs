//! Words for whoever reads.

use std::io::{self, Write};

/// Writes a line. That nobody reads is no reason to stop: what it tells of is done.
pub fn say(text: &str) {
    let _ = print(text);
}

/// Writes a line of what was asked for: who has read enough ends it.
///
/// # Errors
/// When it can't be written.
pub fn print(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
