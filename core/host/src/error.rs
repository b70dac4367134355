//! What a plugin can do wrong, in words for the person who uses it.

use sluice_events::facts::PluginRef;

/// What happened, without who did it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginFault {
    /// The file isn't a plugin at all.
    #[error("is not a Sluice plugin: {0}")]
    NotAPlugin(String),
    /// It was made for another version of the interface.
    #[error("speaks version {found} of the {world} interface; this sluice speaks {known}")]
    Version {
        /// Which world.
        world: &'static str,
        /// What it speaks.
        found: String,
        /// What would be understood.
        known: &'static str,
    },
    /// The file can't be read.
    #[error("can't be read: {0}")]
    Unreadable(String),
    /// The file is too large.
    #[error("is larger than {limit_mib} MiB, which is the most that is loaded")]
    TooLarge {
        /// The most, MiB.
        limit_mib: usize,
    },
    /// It has the interface's name and version, and is something else.
    #[error(
        "does not fit the published {world} interface {version} ({why}); build it with that version's \
         WIT, unchanged"
    )]
    OtherShape {
        /// Which world.
        world: &'static str,
        /// Its version.
        version: &'static str,
        /// What wasmtime said.
        why: String,
    },
    /// It ran for too long.
    #[error("did not finish within {limit_ms} ms and was stopped")]
    TooSlow {
        /// The deadline.
        limit_ms: u64,
    },
    /// It used up its instructions.
    #[error("used up its allowance of instructions and was stopped")]
    OutOfFuel,
    /// It wanted too much memory.
    #[error("wanted more than {limit_mib} MiB of memory and was stopped")]
    OutOfMemory {
        /// The most, MiB.
        limit_mib: usize,
    },
    /// It crashed.
    #[error("crashed: {0}")]
    Trapped(String),
    /// It said that it can't.
    #[error("says: {0}")]
    Refused(String),
    /// It gave an answer that makes no sense.
    #[error("gave a wrong answer: {0}")]
    WrongAnswer(String),
}

/// A plugin did something it must not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin {} {fault}", named(.plugin))]
pub struct PluginError {
    /// Which. Its version is empty as long as it has not said it.
    pub plugin: PluginRef,
    /// What.
    pub fault: PluginFault,
}

/// Name and version, as far as they are known.
pub fn named(plugin: &PluginRef) -> String {
    format!("{} {}", plugin.name, plugin.version).trim_end().to_owned()
}

/// A plugin's own words are never longer than this, characters.
const WORDS: usize = 300;

/// A plugin's own words, cut to a length that a person reads and an event holds.
pub(crate) fn clipped(words: String) -> String {
    match words.char_indices().nth(WORDS) {
        Some((at, _)) => format!("{} …", &words[..at]),
        None => words,
    }
}
