//! Weights that are published: whether a file is the published one, and what its names are in the graph.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};
use sluice_events::network::Weights;

use super::WeightsError;

/// No published weights of a network that can be built are larger, bytes: twice what half a billion numbers take.
const MOST_BYTES: u64 = 4 << 30;

/// A file that goes by the published name must be the published one; any other is the person's own.
pub(super) fn check_hash(path: &Path, published: &Weights) -> Result<(), WeightsError> {
    let its_name = published.url.rsplit('/').next();
    if path.file_name().and_then(|name| name.to_str()) != its_name {
        return Ok(());
    }
    let io = |source| WeightsError::io(path, source);
    let mut file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    if bytes > MOST_BYTES {
        let (megabytes, most) = (bytes / 1_000_000, MOST_BYTES / 1_000_000);
        let path = path.to_owned();
        return Err(WeightsError::TooLarge { path, what: "it", megabytes, most });
    }
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash).map_err(io)?;
    let found = format!("{:x}", hash.finalize());
    let wanted = published.sha256.to_lowercase();
    if found.starts_with(&wanted) {
        return Ok(());
    }
    let (path, url) = (path.to_owned(), published.url.clone());
    Err(WeightsError::Hash { path, url, found: found[..wanted.len()].to_owned(), wanted })
}

/// What a tensor of this name in the file is called in the graph.
pub(super) fn rename(name: String, renamed: &[(String, String)]) -> String {
    let found = renamed.iter().find_map(|(in_file, in_graph)| {
        name.strip_prefix(in_file.as_str()).map(|rest| format!("{in_graph}{rest}"))
    });
    found.unwrap_or(name)
}
