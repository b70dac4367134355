//! Files that events name by the hash of their content: `artefacts/` in a session's folder.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::Serialize;

/// The folder in a session's folder.
const FOLDER: &str = "artefacts";

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Artefact {
    /// Its name in the folder.
    pub file: String,
    pub bytes: u64,
}

/// The name of a file by its hash.
pub fn name(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// What a session has, by name.
pub fn of(session: &Path) -> io::Result<Vec<Artefact>> {
    let entries = match fs::read_dir(session.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        // One that went meanwhile is not there.
        if let Ok(metadata) = entry.metadata() {
            found.push(Artefact { file, bytes: metadata.len() });
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Copies those of these names that are still there, durably; says whether the last of them was.
pub fn copy(names: &[String], from: &Path, to: &Path) -> io::Result<bool> {
    let mut last_is_there = true;
    for name in names {
        last_is_there = copy_one(name, from, to)?;
    }
    if fs::exists(to.join(FOLDER))? {
        File::open(to.join(FOLDER))?.sync_all()?;
        File::open(to)?.sync_all()?;
    }
    Ok(last_is_there)
}

fn copy_one(name: &str, from: &Path, to: &Path) -> io::Result<bool> {
    let mut original = match File::open(from.join(FOLDER).join(name)) {
        // Only the newest are kept.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        original => original?,
    };
    fs::create_dir_all(to.join(FOLDER))?;
    let mut copy = File::create(to.join(FOLDER).join(name))?;
    io::copy(&mut original, &mut copy)?;
    copy.sync_all()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_a_name() {
        let mut hash = [0; 32];
        (hash[0], hash[1], hash[31]) = (0xab, 0x01, 0xff);
        assert_eq!(name(&hash), format!("ab01{}ff", "00".repeat(29)));
    }
}
