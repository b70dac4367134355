//! Folders named after what was answered, with links to the images, or copies of them.

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::HumanCount;
use sluice_events::Answer;

use super::progress;
use super::rows::{Counted, Row};
use crate::import;

/// The folders, which are there also where nothing was answered so.
pub const CLASSES: [&str; 3] = ["positive", "negative", "skipped"];
/// So many names are told, and how many more there are.
const NAMED: usize = 10;
/// So many images take a moment to link or copy.
const LONG_IMAGES: u64 = 2000;

/// What is to be where.
pub struct Plan<'a> {
    pool: PathBuf,
    rows: Vec<Row<'a>>,
    /// Images that were set aside, and whose files are gone.
    gone: Vec<&'a str>,
}

impl<'a> Plan<'a> {
    /// Looks for every file before anything is made.
    pub fn new(rows: impl Iterator<Item = Row<'a>>, pool: &Path) -> Result<Self> {
        let shown = pool.display();
        if !pool.is_dir() {
            bail!(
                "the folder of the images, {shown}, is not there; nothing was written. If they moved, name their \
                 folder with --pool"
            );
        }
        let mut plan = Self { pool: pool.to_owned(), rows: Vec::new(), gone: Vec::new() };
        let mut missing = Vec::new();
        for row in rows {
            let path = row.image.path.as_str();
            // A log that somebody else made must not lead out of the new folder.
            if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
                bail!(
                    "the session names an image {}, which no folder has; nothing was written",
                    import::shown(path)
                );
            }
            if fs::metadata(pool.join(path)).is_ok_and(|found| found.is_file()) {
                plan.rows.push(row);
            } else if row.image.set_aside.is_some() {
                plan.gone.push(path);
            } else {
                missing.push(path);
            }
        }
        if !missing.is_empty() {
            bail!(
                "not in {shown}, or not to be read: {} ({} in all). Nothing was written; their answers are safe in \
                 the session. If the images moved, name their folder with --pool; if they are gone for good, serve \
                 the session once, which sets them aside",
                named(&missing),
                HumanCount(missing.len() as u64)
            );
        }
        Ok(plan)
    }

    pub fn counted(&self) -> Counted {
        Counted::of(self.rows.iter().map(Row::answer))
    }

    /// What is left out.
    pub fn told(&self) -> Option<String> {
        let count = HumanCount(self.gone.len() as u64);
        (!self.gone.is_empty()).then(|| {
            format!(
                "Note: {count} answered images had been set aside, and their files are gone; they are left out: {}",
                named(&self.gone)
            )
        })
    }

    /// Fills the new folder.
    pub fn build(&self, folder: &Path, copy: bool) -> Result<()> {
        for class in CLASSES {
            fs::create_dir(folder.join(class))?;
        }
        let message = if copy { "copying" } else { "linking" };
        let bar = progress(self.rows.len() as u64, LONG_IMAGES, message);
        let mut made: HashSet<PathBuf> = HashSet::new();
        for row in &self.rows {
            let to = place(folder, row);
            if let Some(parent) = to.parent().filter(|parent| !made.contains(*parent)) {
                fs::create_dir_all(parent)?;
                made.insert(parent.to_owned());
            }
            let from = self.pool.join(&row.image.path);
            put(&from, &to, copy)
                .with_context(|| format!("{message} {} failed", from.display()))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        if copy {
            self.sync(folder)?;
        }
        Ok(())
    }

    /// Copies are durable before they get their place. Together at the end: the system has written most by then.
    fn sync(&self, folder: &Path) -> Result<()> {
        let bar = progress(self.rows.len() as u64, LONG_IMAGES, "writing to the disk");
        for row in &self.rows {
            File::open(place(folder, row))?.sync_all()?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// The path below the pool stays, so that no two images meet, and an import finds them again.
fn place(folder: &Path, row: &Row<'_>) -> PathBuf {
    let class = match row.answer() {
        Some(Answer::Positive) => CLASSES[0],
        Some(Answer::Negative) => CLASSES[1],
        Some(Answer::Skip) | None => CLASSES[2],
    };
    folder.join(class).join(&row.image.path)
}

fn put(from: &Path, to: &Path, copy: bool) -> Result<()> {
    if !copy {
        symlink(from.canonicalize()?, to).context(
            "a link can't be made here; where the file system knows no links, --copy copies the images",
        )?;
        return Ok(());
    }
    // Copying would write over a file whose name differs by case only, where the file system takes both for one.
    if to.symlink_metadata().is_ok() {
        bail!(
            "the file system takes its name for that of another image; name a place on another one"
        );
    }
    fs::copy(from, to)?;
    Ok(())
}

/// The first of these names, and how many more there are.
fn named(paths: &[&str]) -> String {
    let first: Vec<String> = paths.iter().take(NAMED).map(|path| import::shown(path)).collect();
    let first = first.join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first}, and {} more", HumanCount(more as u64)),
    }
}
