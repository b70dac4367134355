//! What can be wrong before anything is begun.

use std::io;
use std::path::{Path, PathBuf};

use sluice_events::ImageId;
use sluice_pool::Finding;

use super::{OpenError, SessionOptions};
use crate::pictures::PoolFolder;
use crate::tensorboard::EventFile;

/// Looks at everything that a session needs to begin.
pub(super) fn check(options: &SessionOptions, finding: &Finding) -> Result<(), OpenError> {
    check_readable(options, finding)?;
    check_example(options)?;
    let probe = |folder: &PathBuf| {
        EventFile::probe(folder).map_err(|source| no_tensorboard(folder, source))
    };
    options.tensorboard.as_ref().map_or(Ok(()), probe)
}

/// There is nothing to annotate unless one image at least can be decoded.
fn check_readable(options: &SessionOptions, finding: &Finding) -> Result<(), OpenError> {
    let paths = finding.images.iter().map(|image| image.path.clone()).collect();
    let folder = PoolFolder::new(options.pool.clone(), paths, options.decode);
    let mut first = None;
    for (image, found) in (0..).map(ImageId).zip(&finding.images) {
        match folder.check(image) {
            Ok(()) => return Ok(()),
            Err(why) => drop(first.get_or_insert((found.path.clone(), why.to_string()))),
        }
    }
    let (path, reason) = first.unwrap_or_default();
    let (pool, count) = (options.pool.clone(), finding.images.len());
    Err(OpenError::NothingReadable { pool, count, path, reason })
}

fn check_example(options: &SessionOptions) -> Result<(), OpenError> {
    let Some(path) = &options.example else { return Ok(()) };
    let decoded = sluice_pool::decode_file(path, &options.decode);
    decoded.map(drop).map_err(|error| {
        let reason = error.to_string();
        OpenError::Example { path: path.clone(), reason }
    })
}

/// Nothing can be written for TensorBoard.
pub(super) fn no_tensorboard(folder: &Path, source: io::Error) -> OpenError {
    OpenError::TensorBoard { folder: folder.to_owned(), source }
}
