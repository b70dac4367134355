//! A folder of folders that are named after labels, as `sluice export labels --format folders` makes them: what
//! lies in them are the images, or links to them, with the folders of the pool around.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sluice_events::Answer;
use walkdir::{DirEntry, WalkDir};

use super::ground::{Ground, normal};
use super::problems::{Trouble, listed, shown};
use super::read::{Kind, Rows};
use super::words::{Meaning, Words};

/// Reads the classes.
///
/// # Errors
/// When a folder in it is no known label, there is none, or one can't be read.
pub fn read(folder: &Path, words: &Words, ground: &Ground, rows: &mut Rows) -> Result<()> {
    let mut classes: Vec<(PathBuf, Answer)> = Vec::new();
    let (mut unknown, mut beside) = (Vec::new(), 0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        match words.meaning(&name) {
            _ if !path.is_dir() => beside += 1,
            Meaning::Answer(answer) => classes.push((path, answer)),
            Meaning::NoLabel | Meaning::Unknown => unknown.push(name),
        }
    }
    if !unknown.is_empty() {
        unknown.sort_unstable();
        let names: Vec<&str> = unknown.iter().map(String::as_str).collect();
        bail!(
            "folders in it are no known labels: {}. Say what they mean with --positive and --negative, or take \
             them out",
            listed(&names)
        );
    }
    if classes.is_empty() {
        bail!("no folder in it is named after a label, as positive and negative are");
    }
    if beside > 0 {
        rows.begin(folder.display().to_string(), Kind::Folder, None);
        for _ in 0..beside {
            rows.unlabelled();
        }
    }
    // The same call reads the same, in whatever order the system lists them.
    classes.sort_unstable();
    classes.iter().try_for_each(|(path, answer)| class(path, *answer, ground, rows))
}

fn class(path: &Path, answer: Answer, ground: &Ground, rows: &mut Rows) -> Result<()> {
    // Links in it are relative to where it really is.
    let root = path.canonicalize()?;
    rows.begin(path.display().to_string(), Kind::Folder, Some(root.clone()));
    let files = WalkDir::new(&root).sort_by_file_name().into_iter().filter_entry(is_visible);
    for entry in files {
        let entry = entry?;
        if entry.file_type().is_dir() {
            continue;
        }
        let below = entry.path().strip_prefix(&root).unwrap_or(entry.path());
        let Some(name) = below.to_str() else {
            let what = || format!("the name of {} is not UTF-8", shown(&below.to_string_lossy()));
            rows.trouble(Trouble::BadRow, None, what);
            continue;
        };
        let target = if entry.path_is_symlink() { target(entry.path(), ground) } else { None };
        rows.push(None, name.to_owned(), target, answer);
    }
    Ok(())
}

/// As in a pool.
fn is_visible(entry: &DirEntry) -> bool {
    entry.depth() == 0 || entry.file_name().as_encoded_bytes().first() != Some(&b'.')
}

/// Where a link leads, if it points into the pool. The image need not be there any more.
fn target(link: &Path, ground: &Ground) -> Option<String> {
    let leads_to = link.parent()?.join(fs::read_link(link).ok()?);
    let leads_to = normal(leads_to.to_str()?);
    ground.below(&leads_to)?;
    Some(leads_to)
}
