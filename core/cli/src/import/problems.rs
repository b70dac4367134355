//! What is wrong with rows: counted by kind, and the first of each kind told.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// So many of a kind are told.
const TOLD: usize = 5;
/// Characters that are shown of what a file says.
const LONGEST: usize = 200;

/// What can be wrong, what stops an import first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    BadRow,
    UnknownLabel,
    Contradiction,
    Outside,
    NoImage,
    SetAside,
    OfModel,
    Twice,
    SkippedBefore,
}

impl Trouble {
    /// Whether somebody has to look before anything is written.
    pub fn stops(self) -> bool {
        matches!(self, Self::BadRow | Self::UnknownLabel | Self::Contradiction)
    }

    /// The kind's name, for a person.
    pub fn title(self) -> &'static str {
        match self {
            Self::BadRow => "rows that can't be read",
            Self::UnknownLabel => "labels that are not known",
            Self::Contradiction => "images that are said to be two things",
            Self::Outside => "paths outside the pool, left out",
            Self::NoImage => "paths that match no image of the pool, left out",
            Self::SetAside => "labels of images that were set aside, left out",
            Self::OfModel => "labels that a model gave, left out: they are nobody's answers",
            Self::Twice => "labels that are there more than once, counted once",
            Self::SkippedBefore => {
                "images that were skipped first and answered later: the answer counts"
            }
        }
    }
}

/// One of them.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The file that it is in.
    pub file: String,
    /// Its line; in a pickle the entry; none where the file itself is meant.
    pub line: Option<u64>,
    /// What is there.
    pub what: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", place(&self.file, self.line), self.what)
    }
}

/// All of a kind.
#[derive(Debug, Default, Serialize)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Told>,
}

/// Everything that is wrong.
#[derive(Debug, Default, Serialize)]
pub struct Problems(BTreeMap<Trouble, Amount>);

impl Problems {
    /// Counts one; `told` is asked only while there is room.
    pub fn add(&mut self, trouble: Trouble, told: impl FnOnce() -> Told) {
        let amount = self.0.entry(trouble).or_default();
        amount.count += 1;
        if amount.first.len() < TOLD {
            amount.first.push(told());
        }
    }

    /// What stops an import first.
    pub fn by_kind(&self) -> impl Iterator<Item = (Trouble, &Amount)> {
        self.0.iter().map(|(trouble, amount)| (*trouble, amount))
    }
}

/// Where something is written.
pub fn place(file: &str, line: Option<u64>) -> String {
    let file = shown(file);
    line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"))
}

/// As one line can show it: a file may hold anything.
pub fn shown(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

/// The first of these names, in one line.
pub fn listed(names: &[&str]) -> String {
    let most = 2 * TOLD;
    let mut first: Vec<String> = names.iter().take(most).map(|name| shown(name)).collect();
    if names.len() > most {
        first.push(format!("and {} more", names.len() - most));
    }
    first.join(", ")
}
