//! Which files make a pool.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::fs;
use std::path::Path;

use sluice_pool::{FindError, find};

fn touch(folder: &Path, path: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, b"x").unwrap();
}

#[test]
fn images_of_all_folders_by_path_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for path in
        ["b/2.PNG", "b/10.jpg", "a.tiff", "notes.txt", ".hidden.jpg", ".git/x.jpg", "b/c/d.webp"]
    {
        touch(folder.path(), path);
    }
    let finding = find(folder.path()).unwrap();
    let paths: Vec<&str> = finding.images.iter().map(|image| image.path.as_str()).collect();
    assert_eq!(paths, ["a.tiff", "b/10.jpg", "b/2.PNG", "b/c/d.webp"]);
    assert!(finding.images.iter().all(|image| image.sight.bytes == 1));
}

#[test]
fn a_circle_of_links_ends_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), "a/1.jpg");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/again")).unwrap();
    let finding = find(folder.path()).unwrap();
    assert_eq!(finding.images.len(), 1);
    assert_eq!(finding.unusable.len(), 1);
}

#[test]
fn a_name_that_is_not_utf_8_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), "1.jpg");
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.jpg");
    if fs::write(folder.path().join(name), b"x").is_ok() {
        let finding = find(folder.path()).unwrap();
        assert_eq!(finding.images.len(), 1);
        assert!(finding.unusable[0].reason.contains("rename"), "{finding:?}");
    }
}

#[test]
fn no_pool_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(find(&folder.path().join("none")), Err(FindError::Missing(_))));
    touch(folder.path(), "notes.txt");
    assert!(matches!(find(folder.path()), Err(FindError::NoImages(_))));
    assert!(matches!(find(&folder.path().join("notes.txt")), Err(FindError::NotAFolder(_))));
}
