//! Reads the files that are to be imported: what they say, row by row, and what is wrong with them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use sluice_events::Answer;

use super::ground::Ground;
use super::problems::{Problems, Told, Trouble, shown};
use super::words::{Meaning, Words};
use super::{classes, lines, pickles, table, text};

/// What a column or key of paths is called; the first that is there counts.
pub const PATHS: [&str; 8] =
    ["path", "file", "filename", "file_name", "filepath", "image_path", "image", "name"];
/// What a column or key of labels is called; the first that is there counts.
pub const LABELS: [&str; 7] =
    ["label", "answer", "class", "category", "target", "annotation", "value"];
/// More than any list of labels has.
const MOST_BYTES: u64 = 1 << 30;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Table,
    Lines,
    Folder,
    Pickle,
}

impl Kind {
    /// For a person.
    pub fn title(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::Lines => "JSON lines",
            Self::Folder => "a folder",
            Self::Pickle => "a pickle of the older tool",
        }
    }
}

/// A file that was read; of a folder of classes, each class.
#[derive(Debug, Serialize)]
pub struct Input {
    /// As it was named.
    pub file: String,
    /// What it is.
    pub kind: Kind,
    /// Labels that it gives.
    pub labels: u64,
    /// What it holds without a label.
    pub unlabelled: u64,
    /// The folder that its paths begin in, if it is not the pool's.
    pub begins_in: Option<String>,
    /// What its paths begin with, which is taken for the pool.
    pub begins_with: Option<String>,
    /// The folder that it lies in.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}

/// One label.
#[derive(Debug)]
pub struct Row {
    /// The place of its file among the [`Rows::inputs`].
    pub input: usize,
    /// The line; in a pickle the entry; none where a file in a folder is the label.
    pub line: Option<u64>,
    /// As it is written; for a file in a folder of classes, from the class on.
    pub path: String,
    /// Where a link leads that points into the pool.
    pub target: Option<String>,
    /// What is said.
    pub answer: Answer,
}

impl Row {
    /// The file that it is in.
    pub fn file(&self, inputs: &[Input]) -> String {
        let file = inputs.get(self.input).map_or("", |input| &input.file);
        match self.line {
            Some(_) => file.to_owned(),
            None => format!("{file}/{}", self.path),
        }
    }

    /// What is to be told of it.
    pub fn told(&self, inputs: &[Input], what: String) -> Told {
        Told { file: self.file(inputs), line: self.line, what }
    }
}

/// The column that says who gave a label.
pub const SOURCE: &str = "source";

/// Whether a label is the word of a model.
pub fn is_of_model(source: &str, word: &str) -> bool {
    source.trim().eq_ignore_ascii_case("model") && !word.trim().is_empty()
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Rows {
    /// The files, in their order.
    pub inputs: Vec<Input>,
    /// Their labels, in the same order.
    pub labels: Vec<Row>,
    /// What is wrong.
    pub problems: Problems,
}

impl Rows {
    /// What follows is of this file, which lies in that folder.
    pub fn begin(&mut self, file: String, kind: Kind, folder: Option<PathBuf>) {
        let (begins_in, begins_with) = (None, None);
        let (labels, unlabelled) = (0, 0);
        self.inputs.push(Input { file, kind, labels, unlabelled, begins_in, begins_with, folder });
    }

    /// A label.
    pub fn push(
        &mut self,
        line: Option<u64>,
        path: String,
        target: Option<String>,
        answer: Answer,
    ) {
        if let Some(input) = self.inputs.last_mut() {
            input.labels += 1;
            self.labels.push(Row { input: self.inputs.len() - 1, line, path, target, answer });
        }
    }

    /// A label that a model gave: what one said is no answer to learn from.
    pub fn of_model(&mut self, line: u64, path: &str) {
        self.trouble(Trouble::OfModel, Some(line), || shown(path));
    }

    /// A label, as it is written.
    pub fn word(&mut self, words: &Words, line: u64, path: &str, word: &str) {
        match words.meaning(word) {
            Meaning::NoLabel => self.unlabelled(),
            _ if path.is_empty() => {
                self.trouble(Trouble::BadRow, Some(line), || "a label without a path".to_owned());
            }
            Meaning::Answer(answer) => self.push(Some(line), path.to_owned(), None, answer),
            Meaning::Unknown => self.trouble(Trouble::UnknownLabel, Some(line), || {
                format!("\"{}\" of {}", shown(word), shown(path))
            }),
        }
    }

    /// Something without a label.
    pub fn unlabelled(&mut self) {
        if let Some(input) = self.inputs.last_mut() {
            input.unlabelled += 1;
        }
    }

    /// Something is wrong.
    pub fn trouble(&mut self, trouble: Trouble, line: Option<u64>, what: impl FnOnce() -> String) {
        let Self { inputs, problems, .. } = self;
        problems.add(trouble, || {
            let file = inputs.last().map(|input| input.file.clone()).unwrap_or_default();
            Told { file, line, what: what() }
        });
    }
}

/// Reads them all.
///
/// # Errors
/// When one can't be read as a whole; what is wrong with single rows is among the problems.
pub fn all(files: &[PathBuf], words: &Words, ground: &Ground) -> Result<Rows> {
    let mut rows = Rows::default();
    for file in files {
        one(file, words, ground, &mut rows).with_context(|| {
            let file = shown(&file.display().to_string());
            format!("nothing was imported, because {file} can't be read")
        })?;
    }
    Ok(rows)
}

fn one(file: &Path, words: &Words, ground: &Ground, rows: &mut Rows) -> Result<()> {
    if file.metadata()?.is_dir() {
        return classes::read(file, words, ground, rows);
    }
    let bytes = content(file)?;
    let kind = kind(file, &bytes);
    let within = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = within.unwrap_or(Path::new(".")).canonicalize().ok();
    rows.begin(file.display().to_string(), kind, folder);
    match kind {
        Kind::Table => table::read(&text::decoded(bytes)?, words, rows),
        Kind::Lines => lines::read(&text::decoded(bytes)?, words, rows),
        Kind::Pickle | Kind::Folder => pickles::read(file, &bytes, rows),
    }
}

fn content(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("it is larger than {MOST_BYTES} bytes; import it in parts");
    }
    Ok(bytes)
}

/// By its name; by how it begins, if the name says nothing.
fn kind(file: &Path, bytes: &[u8]) -> Kind {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("pickle" | "pkl") => Kind::Pickle,
        Some("jsonl" | "ndjson" | "json") => Kind::Lines,
        Some("csv" | "tsv") => Kind::Table,
        _ if bytes.first() == Some(&pickles::PROTOCOL) => Kind::Pickle,
        _ if bytes.trim_ascii_start().first() == Some(&b'{') => Kind::Lines,
        _ => Kind::Table,
    }
}
