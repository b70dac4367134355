//! Why a session can't be run, in words for the person.

use std::path::PathBuf;

use sluice_events::plugin::PluginKind;
use sluice_host::PluginError;
use sluice_log::OpenError as LogError;
use sluice_session::{CommandError, OpenSessionError};

/// Why a session can't be run.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing to show.
    #[error("none of the {count} images in {} can be shown; the first, {path}, {reason}", .pool.display())]
    NothingReadable {
        /// The folder.
        pool: PathBuf,
        /// Files that look like images.
        count: usize,
        /// The first.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The example is no picture.
    #[error("the example {} {reason}; name a picture of what you look for", .path.display())]
    Example {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, a sentence whose subject is the file.
        reason: String,
    },
    /// The log can't be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log can't be understood.
    #[error(transparent)]
    Session(#[from] OpenSessionError),
    /// An event could not be written.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The session is about other images.
    #[error(
        "this session belongs to the images in {belongs}, and {} holds other ones; nothing was \
         changed. Name that folder, or another session folder with --session. If they are the same images \
         under other names, `sluice sessions relink SESSION DIR` takes their answers along", .pool.display()
    )]
    OtherPool {
        /// Where its images are.
        belongs: String,
        /// Where they were looked for.
        pool: PathBuf,
    },
    /// wasmtime does not run.
    #[error("plugins can't be run on this machine: {0}")]
    Host(String),
    /// A plugin of this build is broken.
    #[error("this build of sluice is broken: {0}")]
    Plugin(#[from] PluginError),
    /// A plugin can't have a value that the settings want.
    #[error("the settings of plugins: {0}")]
    Parameter(String),
    /// There is no plugin of that name.
    #[error("there is no {kind} {name}; there are {known}")]
    UnknownPlugin {
        /// Which world.
        kind: PluginKind,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No file for TensorBoard can be made.
    #[error(
        "can't write for TensorBoard to {}: {source}; nothing was changed. Name another folder with --tensorboard",
        .folder.display()
    )]
    TensorBoard {
        /// Where.
        folder: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A thread can't be started.
    #[error("can't start a thread: {0}")]
    Thread(#[from] std::io::Error),
}
