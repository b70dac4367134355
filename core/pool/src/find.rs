//! Which files of a folder are images, by their names; in the pool's own order, which is by path.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::{DirEntry, WalkDir};

/// Endings of the formats that are decoded.
const ENDINGS: [&str; 23] = [
    "bmp", "dib", "exr", "ff", "gif", "hdr", "ico", "jfif", "jpe", "jpeg", "jpg", "pam", "pbm",
    "pgm", "png", "pnm", "ppm", "qoi", "tga", "tif", "tiff", "webp", "apng",
];

/// A file that may be an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Relative to the folder, with `/` between the parts.
    pub path: String,
    /// What can be seen of it.
    pub sight: Sight,
}

/// What a listing tells of a file. One that looks the same is taken for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    /// Its size.
    pub bytes: u64,
    /// When its content was changed last; none where the file system does not say.
    pub modified: Option<SystemTime>,
}

/// Something in the folder that could not even be listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unusable {
    /// As well as it can be written.
    pub path: String,
    /// One sentence.
    pub reason: String,
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Sorted by path.
    pub images: Vec<Found>,
    /// Sorted by path.
    pub unusable: Vec<Unusable>,
}

/// Why there is no pool.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Nothing has this name.
    #[error("there is no folder {}", .0.display())]
    Missing(PathBuf),
    /// It is a file.
    #[error("{} is not a folder; name the folder that the images are in", .0.display())]
    NotAFolder(PathBuf),
    /// It can't be listed.
    #[error("the folder {} can't be read: {source}", .folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No file in it has the name of an image.
    #[error("no image in {} or the folders in it (looked for .jpg, .png, .tif, .webp and others)", .0.display())]
    NoImages(PathBuf),
}

/// Scans a folder and all folders in it. Hidden files and folders are left out; links are followed.
///
/// # Errors
/// When there is no such folder, it can't be read, or holds no image.
pub fn find(folder: &Path) -> Result<Finding, FindError> {
    let metadata = match folder.metadata() {
        Ok(metadata) => metadata,
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return Err(FindError::Missing(folder.to_owned()));
        }
        Err(source) => return Err(FindError::Unreadable { folder: folder.to_owned(), source }),
    };
    if !metadata.is_dir() {
        return Err(FindError::NotAFolder(folder.to_owned()));
    }
    std::fs::read_dir(folder)
        .map_err(|source| FindError::Unreadable { folder: folder.to_owned(), source })?;
    let mut finding = Finding::default();
    let visible = |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry);
    for entry in WalkDir::new(folder).follow_links(true).into_iter().filter_entry(visible) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && has_ending(entry.path()) => {
                add(folder, &entry, &mut finding);
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().map(|path| relative(folder, path).0).unwrap_or_default();
                finding.unusable.push(Unusable { path, reason: error.to_string() });
            }
        }
    }
    finding.images.sort_unstable();
    finding.unusable.sort_unstable();
    if finding.images.is_empty() {
        return Err(FindError::NoImages(folder.to_owned()));
    }
    Ok(finding)
}

fn add(folder: &Path, entry: &DirEntry, finding: &mut Finding) {
    let (path, whole) = relative(folder, entry.path());
    match entry.metadata() {
        Ok(metadata) if whole => {
            let sight = Sight { bytes: metadata.len(), modified: metadata.modified().ok() };
            finding.images.push(Found { path, sight });
        }
        Ok(_) => {
            let reason = "its name is not UTF-8; rename it".to_owned();
            finding.unusable.push(Unusable { path, reason });
        }
        Err(error) => finding.unusable.push(Unusable { path, reason: error.to_string() }),
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().first() == Some(&b'.')
}

fn has_ending(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The path below the folder, and whether it could be written without loss.
fn relative(folder: &Path, path: &Path) -> (String, bool) {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    (parts.join("/"), below.to_str().is_some())
}
