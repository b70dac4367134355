//! What can go wrong, in words for the person whose answers these are.

use std::io;

use crate::Seq;

/// Bytes that are not what they must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file} is damaged at byte {offset}: {why}. Records from number {lost_from} on can't be trusted; \
     the ones before it are whole. Nothing was changed"
)]
pub struct Damage {
    /// Name in the session folder.
    pub file: String,
    /// Where the first bad byte range begins.
    pub offset: u64,
    /// The first record that is lost.
    pub lost_from: Seq,
    /// What is wrong there.
    pub why: String,
}

/// Why a log could not be opened. Nothing was changed in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else has it open for writing.
    #[error(
        "the session is in use by another sluice ({holder}); its answers are safe there. Stop that \
         one first, or choose another session folder"
    )]
    Locked {
        /// What the lock file says about them.
        holder: String,
    },
    /// It was written by a newer program.
    #[error(
        "{file} has log format {found}, and this program reads up to {known}; nothing was changed. \
         Use the newer sluice that wrote it"
    )]
    Newer {
        /// Name in the session folder.
        file: String,
        /// Its format.
        found: u16,
        /// The newest format of this program.
        known: u16,
    },
    /// A file is not a segment of this log.
    #[error("{file} does not belong to this log: {why}; nothing was changed. Move it elsewhere")]
    Foreign {
        /// Name in the session folder.
        file: String,
        /// How one can tell.
        why: String,
    },
    /// Bytes that had been durable are not what they were.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The operating system refused.
    #[error("can't {what}: {source}; nothing that was answered is lost")]
    Io {
        /// What was tried.
        what: String,
        /// What it said.
        source: io::Error,
    },
}

/// Why records were not appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written; the log goes on by itself when there is room.
    #[error(
        "the disk is full: this was not saved, everything before it is. Free some space and repeat it"
    )]
    DiskFull,
    /// It may or may not be durable; only re-opening tells.
    #[error(
        "writing to the log failed ({why}): whether this was saved is unknown. Restart sluice to find out"
    )]
    UnknownOutcome {
        /// What the operating system said.
        why: String,
    },
    /// The writer ended after an earlier failure; nothing was written.
    #[error(
        "the log was closed after an earlier failure ({why}): this was not saved. Restart sluice"
    )]
    Closed {
        /// What had failed.
        why: String,
    },
    /// The log had moved on; nothing was written.
    #[error("the log stands at record {next}, not {expected}; this was not saved")]
    Conflict {
        /// Where the sender thought it stood.
        expected: Seq,
        /// Where it stands.
        next: Seq,
    },
    /// The batch would not fit into a frame; nothing was written.
    #[error(
        "a batch of {bytes} bytes is more than the {limit} that fit at once; this was not saved"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The most that fits.
        limit: usize,
    },
}

/// Why records could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Bytes that had been durable are not what they were.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The operating system refused.
    #[error("can't read {file}: {source}")]
    Io {
        /// Name in the session folder.
        file: String,
        /// What it said.
        source: io::Error,
    },
}
