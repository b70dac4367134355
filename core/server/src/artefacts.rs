//! Files that events name by their content: `artefacts/` in the session's folder, each called by the BLAKE3 hash of
//! its bytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a file is called as long as it is written.
const PART: &str = "part";

/// Hash of a file's bytes.
pub(crate) type Hash = [u8; 32];

/// The folder; none: nothing is kept.
#[derive(Clone, Debug)]
pub(crate) struct Artefacts(pub Option<PathBuf>);

impl Artefacts {
    /// Keeps bytes for good and gives their hash; `None` where nothing is kept.
    ///
    /// # Errors
    /// When the disk does not take them; what was there stays, and nothing joins it.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<Option<Hash>> {
        let Some(folder) = &self.0 else { return Ok(None) };
        let hash = *blake3::hash(bytes).as_bytes();
        fs::create_dir_all(folder)?;
        let (part, file) = (folder.join(PART), folder.join(name(&hash)));
        let was_there = file.exists();
        let kept = write(&part, bytes)
            .and_then(|()| fs::rename(&part, &file))
            .and_then(|()| File::open(folder)?.sync_all());
        if let Err(error) = kept {
            // The log needs what room is left.
            fs::remove_file(&part).ok();
            if !was_there {
                fs::remove_file(&file).ok();
            }
            return Err(error);
        }
        Ok(Some(hash))
    }

    /// Removes what was kept and is not wanted any more, because the program was ended between a file and its
    /// event, or in the middle of the file. What others put here stays.
    pub fn keep_only(&self, wanted: Option<&Hash>) {
        let wanted = wanted.map(name);
        let entries = self.0.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        for entry in entries.into_iter().flatten().flatten() {
            let called = entry.file_name();
            let Some(called) = called.to_str().filter(|called| is_ours(called)) else { continue };
            if Some(called) != wanted.as_deref() {
                fs::remove_file(entry.path()).ok();
            }
        }
    }

    /// The bytes of this hash, if they are there and whole.
    pub fn read(&self, hash: &Hash) -> Option<Vec<u8>> {
        let bytes = fs::read(self.0.as_ref()?.join(name(hash))).ok()?;
        (blake3::hash(&bytes) == *hash).then_some(bytes)
    }

    /// Removes what is no longer of use.
    pub fn remove(&self, hash: &Hash) {
        if let Some(folder) = &self.0 {
            fs::remove_file(folder.join(name(hash))).ok();
        }
    }
}

fn write(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn name(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// Whether this is a name that [`Artefacts`] gives.
fn is_ours(called: &str) -> bool {
    let is_name = |hash: blake3::Hash| hash.to_hex().as_str() == called;
    called == PART || blake3::Hash::from_hex(called).is_ok_and(is_name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails loudly")]

    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_hash_as_long_as_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let artefacts = Artefacts(Some(folder.path().join("artefacts")));
        let hash = artefacts.keep(b"weights").unwrap().unwrap();
        assert_eq!(artefacts.read(&hash).unwrap(), b"weights");
        assert_eq!(
            artefacts.keep(b"weights").unwrap(),
            Some(hash),
            "the same bytes, the same file"
        );
        fs::write(artefacts.0.as_ref().unwrap().join(name(&hash)), b"weight").unwrap();
        assert_eq!(artefacts.read(&hash), None);
        artefacts.remove(&hash);
        assert_eq!(fs::read_dir(folder.path().join("artefacts")).unwrap().count(), 0);
    }

    #[test]
    fn without_a_folder_nothing_is_kept_and_a_folder_that_can_t_be_made_is_an_error() {
        assert_eq!(Artefacts(None).keep(b"weights").unwrap(), None);
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Artefacts(Some(file.path().join("artefacts"))).keep(b"weights").is_err());
    }

    /// Names of what is in a folder, in order.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_what_was_there_and_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let artefacts = Artefacts(Some(folder.path().to_owned()));
        let before = artefacts.keep(b"weights").unwrap().unwrap();
        let full = || std::os::unix::fs::symlink("/dev/full", folder.path().join(PART)).unwrap();
        full();
        let error = artefacts.keep(b"more weights").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(names(folder.path()), [name(&before)]);
        full();
        artefacts.keep(b"weights").unwrap_err();
        assert_eq!(artefacts.read(&before).unwrap(), b"weights");
        assert_eq!(names(folder.path()), [name(&before)]);
    }

    #[test]
    fn what_can_t_get_its_name_leaves_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = name(blake3::hash(b"weights").as_bytes());
        fs::create_dir(folder.path().join(&in_the_way)).unwrap();
        let artefacts = Artefacts(Some(folder.path().to_owned()));
        artefacts.keep(b"weights").unwrap_err();
        assert_eq!(names(folder.path()), [in_the_way]);
    }

    #[test]
    fn only_what_is_wanted_stays_and_what_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let artefacts = Artefacts(Some(folder.path().to_owned()));
        let wanted = artefacts.keep(b"wanted").unwrap().unwrap();
        artefacts.keep(b"an orphan").unwrap();
        let (other_case, short, orphan) = ("AB".repeat(32), "ab".repeat(31), "ab".repeat(32));
        let others = ["notes.txt", "part.zip", other_case.as_str(), short.as_str()];
        for called in others.into_iter().chain([PART, orphan.as_str()]) {
            fs::write(folder.path().join(called), b"of somebody").unwrap();
        }
        fs::create_dir(folder.path().join("cd".repeat(32))).unwrap();
        artefacts.keep_only(Some(&wanted));
        let mut stay: Vec<String> = others.map(str::to_owned).into();
        stay.extend([name(&wanted), "cd".repeat(32)]);
        stay.sort();
        assert_eq!(names(folder.path()), stay);
        artefacts.keep_only(None);
        stay.retain(|called| *called != name(&wanted));
        assert_eq!(names(folder.path()), stay);
        Artefacts(None).keep_only(None);
        Artefacts(Some(folder.path().join("none"))).keep_only(None);
    }
}
