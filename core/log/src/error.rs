//! What can go wrong, in words for the person whose answers these are: what happened, what is safe,
//! and, for what keeps a log from opening, what to do next.

use std::io;

use crate::Seq;

/// Bytes that are not what they must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file} is damaged at byte {offset} ({why}): {}; nothing was changed", lost(*lost_from, *lost_to))]
pub struct Damage {
    /// Name in the session folder.
    pub file: String,
    /// Where the first bad byte range begins.
    pub offset: u64,
    /// The first record that is lost.
    pub lost_from: Seq,
    /// The first record behind it that is whole again, where there is one.
    pub lost_to: Option<Seq>,
    /// What is wrong there.
    pub why: String,
}

/// Which records are lost and which are safe.
fn lost(from: Seq, to: Option<Seq>) -> String {
    let before = if from == 0 { "" } else { ", all before are whole" };
    match to {
        Some(to) if to.checked_sub(from) == Some(1) => format!("record {from} is lost{before}"),
        Some(to) if to > from => format!("records {from} to {} are lost{before}", to - 1),
        Some(_) => {
            format!(
                "no record is known to be lost, but those from {from} on can't be vouched for{before}"
            )
        }
        None => format!("records from {from} on are lost{before}"),
    }
}

fn missing(from: Seq, to: Seq) -> String {
    if to > from {
        return lost(from, Some(to));
    }
    "how many records were in it is not known".to_owned()
}

/// What stands between the single quotes of a shell's word.
pub fn quoted(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// Why a log could not be opened. Nothing that anybody was promised was changed in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else has it open for writing.
    #[error("the session is in use by another sluice ({holder}); its answers are safe there")]
    Locked {
        /// What the lock file says about them.
        holder: String,
    },
    /// It was written by a newer program.
    #[error(
        "{file} has log format {found} and this program reads up to {known}: its answers are safe, but \
         this program can't show them or add to them; nothing was changed"
    )]
    Newer {
        /// Name in the session folder.
        file: String,
        /// Its format.
        found: u16,
        /// The newest format of this program.
        known: u16,
    },
    /// A file is not a part of this log.
    #[error(
        "{file} does not belong to this log ({why}); nothing was changed, and the other files were not \
         judged"
    )]
    Foreign {
        /// Name in the session folder; several are separated by commas.
        file: String,
        /// How one can tell.
        why: String,
    },
    /// A whole file is gone.
    #[error("{file} is missing: {}; nothing was changed", missing(*from, *to))]
    Missing {
        /// Name in the session folder.
        file: String,
        /// The first record that was in it.
        from: Seq,
        /// The first record after it.
        to: Seq,
    },
    /// Bytes that had been durable are not what they were.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// A copy that was made while a server wrote, and is not whole.
    #[error(
        "this session folder is a copy that was made while it was in use, and not whole ({why}): \
         {whole_to} records in it are whole, and the original, if it is still there, may hold more; \
         nothing was changed"
    )]
    CopiedInUse {
        /// What is not whole.
        why: String,
        /// So many records from the first on are whole.
        whole_to: Seq,
    },
    /// The folder can be read only.
    #[error(
        "can't {what}, the session folder can't be written to ({source}): its answers are safe, but \
         none can be added; nothing was changed"
    )]
    ReadOnly {
        /// What was tried.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no room.
    #[error(
        "can't {what}, the disk is full ({source}): every answer is safe, but none can be added"
    )]
    DiskFull {
        /// What was tried.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Bytes of the log can't be read.
    #[error(
        "{file} can't be read ({source}): the disk may be failing, and answers in that file may be lost; \
         nothing was changed"
    )]
    Unreadable {
        /// Name in the session folder.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the log may not be read.
    #[error("{file} may not be read ({source}); nothing was changed")]
    Forbidden {
        /// Name in the session folder.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("can't {what} ({source}); nothing that was answered is lost by this")]
    Io {
        /// What was tried.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
}

impl OpenError {
    /// What the operating system said, sorted by what a person can do about it.
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        let what = what.into();
        match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { what, source }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { what, source }
            }
            _ => Self::Io { what, source },
        }
    }

    /// What kept a file of the log from being read: its rights, or the disk.
    pub fn unreadable(file: impl Into<String>, source: io::Error) -> Self {
        let file = file.into();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory => {
                Self::Forbidden { file, source }
            }
            _ => Self::Unreadable { file, source },
        }
    }

    /// What to do about it; `session` is the folder. Commands are quoted for a shell.
    pub fn next_step(&self, session: &str) -> String {
        let session = quoted(session);
        match self {
            Self::Locked { .. } => {
                "stop that one first, or choose another folder with --session DIR".to_owned()
            }
            Self::Newer { .. } => "start the newer sluice that wrote it".to_owned(),
            Self::Foreign { .. } => {
                format!("if you put it into '{session}', move it to another folder (mv -n)")
            }
            Self::Missing { .. } | Self::Damaged(_) => format!(
                "put the file back from a backup if you have one, or rescue what is whole into a new \
                 folder: `sluice log salvage '{session}' --to NEW`"
            ),
            Self::Forbidden { .. } => {
                format!("give yourself the right to read it: chmod -R u+rwX '{session}'")
            }
            Self::CopiedInUse { .. } => format!(
                "stop the sluice that works in the original and copy the folder again; if there is no \
                 original any more, rescue what is whole here: `sluice log salvage '{session}' --to NEW`"
            ),
            Self::Unreadable { .. } => format!(
                "look after the disk (dmesg tells), then rescue what can be read to another one: \
                 `sluice log salvage '{session}' --to NEW`"
            ),
            Self::ReadOnly { .. } => format!(
                "give yourself write access, or work in a copy: cp -r '{session}' NEW; \
                 `sluice log cat '{session}'` reads it as it is"
            ),
            Self::DiskFull { .. } => {
                format!("free some space (df -h '{session}'), then give the same command again")
            }
            Self::Io { .. } => format!("`sluice log verify '{session}'` tells more"),
        }
    }
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
    /// Records are not there any more.
    #[error("records {from} to {} are missing from the log", to - 1)]
    Missing {
        /// The first.
        from: Seq,
        /// The first behind them.
        to: Seq,
    },
    /// A newer program wrote the file.
    #[error("{file} has log format {found}, which is newer than this program")]
    Newer {
        /// Name in the session folder.
        file: String,
        /// Its format.
        found: u16,
    },
    /// The operating system refused.
    #[error("can't read {file}: {source}")]
    Io {
        /// Name in the session folder.
        file: String,
        /// What it said.
        source: io::Error,
    },
}
