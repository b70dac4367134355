//! `sluice sessions list`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use sluice_log::storage::FsStorage;

use crate::arguments::SessionsList;
use crate::log::{self, say};
use crate::reading;
use crate::replay::words::plain;
use crate::session;
use crate::unfinished::is_unfinished;

#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    session: String,
    in_use_by: Option<String>,
    /// Of all files.
    bytes: u64,
    /// Why there are no numbers, and what to do.
    wrong: Option<String>,
    #[serde(flatten)]
    numbers: Option<Numbers>,
}

#[derive(Debug, Serialize)]
struct Numbers {
    question: Option<String>,
    pool: Option<String>,
    pool_is_there: bool,
    images: usize,
    positives: u32,
    negatives: u32,
    skipped: u32,
    looks: usize,
    /// Of the looks that count.
    last_answer: Option<String>,
}

pub fn run(arguments: &SessionsList) -> Result<()> {
    let folder = match &arguments.folder {
        Some(folder) => folder.clone(),
        None => session::data_folder()?.join("sessions"),
    };
    let folders = folders_in(&folder, arguments.folder.is_some())?;
    let listed: Vec<Listed> = folders.iter().filter_map(|folder| look_at(folder)).collect();
    if arguments.json {
        return Ok(say(&serde_json::to_string_pretty(&listed)?)?);
    }
    if listed.is_empty() {
        return Ok(say(&format!("There is no session in {}.", folder.display()))?);
    }
    Ok(print(&listed)?)
}

/// Whoever never began a session has no folder of them.
fn folders_in(folder: &Path, must_be_there: bool) -> Result<Vec<PathBuf>> {
    let cant = || format!("can't look into {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_be_there => {
            return Ok(Vec::new());
        }
        entries => entries.with_context(cant)?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.with_context(cant)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort_unstable();
    Ok(folders)
}

/// What is told of a folder; none of one that is no session.
fn look_at(folder: &Path) -> Option<Listed> {
    let (numbers, wrong) = match numbers(folder) {
        Ok(None) => return None,
        Ok(numbers) => (numbers, None),
        Err(error) => (None, Some(format!("{error:#}"))),
    };
    Some(Listed {
        name: name_of(folder),
        session: folder.display().to_string(),
        in_use_by: FsStorage::existing(folder).ok().and_then(|storage| storage.holder()),
        bytes: bytes_of(folder),
        wrong,
        numbers,
    })
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// None of a folder that is no session.
fn numbers(folder: &Path) -> Result<Option<Numbers>> {
    let storage = FsStorage::existing(folder).context("can't look into it")?;
    if !log::is_session(&storage)? {
        return Ok(None);
    }
    if is_unfinished(&name_of(folder)) {
        bail!(
            "no session, but one that a fork or a rescue is making, or had begun when it was interrupted. \
             The same command begins it anew; the folder can be removed"
        );
    }
    let checked = log::checked(&storage, |_| {})?;
    let state = reading::state(&storage, &checked)?;
    let opened = state.opened.as_ref();
    Ok(Some(Numbers {
        question: opened.map(|opened| opened.question.clone()),
        pool: opened.map(|opened| opened.pool.clone()),
        pool_is_there: opened.is_some_and(|opened| Path::new(&opened.pool).is_dir()),
        images: state.images.len(),
        positives: state.counts.positives,
        negatives: state.counts.negatives,
        skipped: state.counts.skipped,
        looks: state.looks.len(),
        last_answer: state.looks.last().map(|look| log::time(look.time_us)),
    }))
}

/// What can't be looked at counts as nothing: the list is of sessions, not of disks.
fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

/// What stands over the columns, and whether numbers stand below it.
const COLUMNS: [(&str, bool); 9] = [
    ("images", true),
    ("yes", true),
    ("no", true),
    ("skip", true),
    ("looks", true),
    ("size", true),
    ("last answer", false),
    ("in use by", false),
    ("question, pool", false),
];

fn cells(listed: &Listed, numbers: &Numbers) -> [String; COLUMNS.len()] {
    let count = |count: u64| HumanCount(count).to_string();
    let or_none = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let gone = if numbers.pool_is_there { "" } else { " (not there)" };
    let question = numbers.question.as_deref().map(plain).unwrap_or_default();
    let pool = numbers.pool.as_deref().map(plain).unwrap_or_default();
    [
        count(numbers.images as u64),
        count(numbers.positives.into()),
        count(numbers.negatives.into()),
        count(numbers.skipped.into()),
        count(numbers.looks as u64),
        HumanBytes(listed.bytes).to_string(),
        or_none(numbers.last_answer.as_deref()),
        or_none(listed.in_use_by.as_deref()),
        format!("{question}  {pool}{gone}"),
    ]
}

fn print(listed: &[Listed]) -> io::Result<()> {
    let name_width = listed.iter().map(|one| plain(&one.name).chars().count()).max();
    let name_width = name_width.unwrap_or_default().max("session".len());
    let rows: Vec<_> =
        listed.iter().map(|one| one.numbers.as_ref().map(|numbers| cells(one, numbers))).collect();
    let widths = COLUMNS.iter().enumerate().map(|(column, (title, _))| {
        let cells = rows.iter().flatten().map(|cells| cells[column].chars().count());
        cells.max().unwrap_or_default().max(title.len())
    });
    let widths: Vec<usize> = widths.collect();
    let line = |name: &str, cells: [&str; COLUMNS.len()]| {
        let padded = cells.iter().zip(&widths).zip(COLUMNS).map(|((cell, &width), (_, right))| {
            if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let padded: Vec<String> = padded.collect();
        say(format!("{name:<name_width$}  {}", padded.join("  ")).trim_end())
    };
    line("session", COLUMNS.map(|(title, _)| title))?;
    for (one, row) in listed.iter().zip(&rows) {
        let (name, wrong) = (plain(&one.name), one.wrong.as_deref().unwrap_or_default());
        match row {
            Some(cells) => line(&name, cells.each_ref().map(String::as_str))?,
            None => say(&format!("{name:<name_width$}  {wrong}"))?,
        }
    }
    Ok(())
}
