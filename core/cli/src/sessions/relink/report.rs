//! What a person is told: what was found of the images that are not where they were, what is in doubt, and what comes
//! of it.

use std::path::Path;

use anyhow::Result;
use indicatif::HumanCount;
use serde::Serialize;
use sluice_log::quoted;

use super::contents::Unreadable;
use super::matching::{Matching, Pair};
use super::places::Places;
use crate::arguments::SessionsRelink;
use crate::replay::words::plain;
use crate::tell::say;

/// So many of a kind are told.
const TOLD: usize = 10;

/// As `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Report {
    session: String,
    /// Where it was looked.
    folder: String,
    dry_run: bool,
    /// Images that have a name.
    images: usize,
    as_they_were: usize,
    moves: Vec<Move>,
    /// Several files hold the same, or several images did.
    ambiguous: Vec<Ambiguous>,
    /// The file is an image with an answer of its own.
    refused: Vec<Move>,
    /// Without an answer, and what they held is there as another image.
    needless: usize,
    not_found: Vec<String>,
    /// Not where they were, and it was never recorded what they held.
    never_recorded: usize,
    new_files: usize,
    unreadable: Vec<Unreadable>,
    /// Why nothing can be found, if that is so.
    stopped: Option<String>,
    recorded: bool,
    /// The command that records the moves.
    #[serde(skip)]
    command: String,
    /// Another folder was looked at than that of the session.
    #[serde(skip)]
    is_elsewhere: bool,
}

#[derive(Debug, Serialize)]
struct Move {
    old: String,
    new: String,
}

#[derive(Debug, Serialize)]
struct Ambiguous {
    images: Vec<String>,
    files: Vec<String>,
}

impl Report {
    /// Of what was looked at.
    pub fn new(
        arguments: &SessionsRelink,
        pool: &Path,
        places: &Places<'_>,
        matching: &Matching,
        unreadable: Vec<Unreadable>,
    ) -> Self {
        let image = |image| places.image(image).path.clone();
        let file = |file: usize| places.files[file].path.clone();
        let pairs = |pairs: &[Pair]| {
            let moved = |pair: &Pair| Move { old: image(pair.image), new: file(pair.file) };
            pairs.iter().map(moved).collect::<Vec<Move>>()
        };
        let ambiguous = matching.doubts.iter().map(|doubt| Ambiguous {
            images: doubt.images.iter().map(|id| image(*id)).collect(),
            files: doubt.files.iter().map(|number| file(*number)).collect(),
        });
        let named = places.named().count();
        let as_they_were = named - places.sought().count();
        Self {
            session: arguments.folder.session.display().to_string(),
            folder: pool.display().to_string(),
            dry_run: arguments.dry_run,
            images: named,
            as_they_were,
            moves: pairs(&matching.found),
            ambiguous: ambiguous.collect(),
            refused: pairs(&matching.refused),
            needless: matching.needless,
            not_found: matching.missing.iter().map(|id| image(*id)).collect(),
            never_recorded: matching.unknown,
            new_files: new_files(places, matching),
            unreadable,
            stopped: stopped(arguments, pool, matching, named - as_they_were),
            recorded: false,
            command: command(arguments),
            is_elsewhere: arguments.pool.is_some(),
        }
    }

    /// Why nothing can be found, and what to do.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// The moves were recorded.
    pub fn done(&mut self) {
        self.recorded = true;
    }

    /// As JSON.
    pub fn print_json(&self) -> Result<()> {
        say(&serde_json::to_string_pretty(self)?);
        Ok(())
    }

    /// For a person.
    pub fn print(&self) {
        let (images, as_they_were) = (count(self.images), count(self.as_they_were));
        say(&format!("{images} images, looked for in {}", plain(&self.folder)));
        say(&format!("As they were: {as_they_were}"));
        let moves = |moves: &[Move]| {
            let line = |moved: &Move| format!("{} -> {}", plain(&moved.old), plain(&moved.new));
            moves.iter().take(TOLD).map(line).collect::<Vec<String>>()
        };
        tell("Found again under another name", self.moves.len(), moves(&self.moves));
        let doubts = self.ambiguous.iter().take(TOLD).map(Ambiguous::told).collect();
        let title = "Of the same content as several, left as they are";
        tell(title, self.ambiguous.iter().map(|doubt| doubt.images.len()).sum(), doubts);
        let title = "Found as another image that has an answer of its own, left as they are";
        tell(title, self.refused.len(), moves(&self.refused));
        let title = "Gone without an answer, and there as another image";
        tell(title, self.needless, Vec::new());
        let missing = self.not_found.iter().take(TOLD).map(|path| plain(path)).collect();
        tell("Not found", self.not_found.len(), missing);
        let title = "Not where they were, and what they hold was never recorded";
        tell(title, self.never_recorded, Vec::new());
        tell("New files", self.new_files, Vec::new());
        let unreadable = self.unreadable.iter().take(TOLD);
        let line = |file: &Unreadable| format!("{}: {}", plain(&file.path), file.reason);
        tell("Files that can't be read", self.unreadable.len(), unreadable.map(line).collect());
    }

    /// What came of it, or how it comes to it.
    pub fn tell_end(&self) {
        if self.stopped.is_some() {
            return;
        }
        let moves = match self.moves.len() {
            0 => return self.tell_nothing(),
            1 => "1 move".to_owned(),
            more => format!("{} moves", count(more)),
        };
        if self.recorded {
            say(&format!(
                "Recorded {moves}: the answers of these images count under the new names. When files are moved back, \
                 the same command finds them again."
            ));
            self.tell_next();
        } else if self.dry_run {
            say(&format!("Would record {moves}. Nothing was written."));
        } else {
            say(&format!("Nothing was recorded. {} does it.", self.command));
        }
    }

    fn tell_nothing(&self) {
        if self.as_they_were == self.images {
            say("Nothing to record: every image is where it was.");
            self.tell_next();
        } else {
            say("Nothing to record.");
        }
    }

    /// The session goes on in another folder.
    fn tell_next(&self) {
        if self.is_elsewhere {
            let (folder, session) = (quoted(&self.folder), quoted(&self.session));
            say(&format!("Go on with `sluice serve '{folder}' --session '{session}'`."));
        }
    }
}

impl Ambiguous {
    fn told(&self) -> String {
        let listed = |paths: &[String]| {
            let mut first: Vec<String> = paths.iter().take(3).map(|path| plain(path)).collect();
            if paths.len() > first.len() {
                first.push(format!("{} more", count(paths.len() - first.len())));
            }
            first.join(", ")
        };
        format!("{} -> {}?", listed(&self.images), listed(&self.files))
    }
}

fn count(number: usize) -> String {
    HumanCount(number as u64).to_string()
}

/// How many there are of a kind, if there are any, and the first of them.
fn tell(title: &str, all: usize, first: Vec<String>) {
    if all == 0 {
        return;
    }
    say(&format!("{title}: {}", count(all)));
    let told = first.len();
    for line in first {
        say(&format!("  {line}"));
    }
    // Several images may stand in one line.
    if told == TOLD && all > told {
        say("  and more");
    }
}

/// Files that are no image of the session, and will not be one by this.
fn new_files(places: &Places<'_>, matching: &Matching) -> usize {
    let mut is_image: Vec<bool> =
        (0..places.files.len()).map(|file| places.owner_of(file).is_some()).collect();
    for left in matching.found.iter().filter_map(|pair| places.file_of(pair.image)) {
        is_image[left] = false;
    }
    for pair in &matching.found {
        is_image[pair.file] = true;
    }
    is_image.into_iter().filter(|is_image| !is_image).count()
}

/// Why nothing can be found, if of none of the images that are sought it is known what they held.
fn stopped(
    arguments: &SessionsRelink,
    pool: &Path,
    matching: &Matching,
    sought: usize,
) -> Option<String> {
    if sought == 0 || matching.unknown < sought {
        return None;
    }
    let pool = quoted(&pool.display().to_string());
    let session = quoted(&arguments.folder.session.display().to_string());
    Some(format!(
        "nothing was recorded: {} images are not where they were, and it was never recorded what they hold, so no \
         file can be known for one of them; names and sizes alone are not believed. Put the files back where they \
         were, open the session once with `sluice serve '{pool}' --session '{session}'`, and when `sluice sessions \
         show` tells that all contents are known, move them and give this command again",
        count(sought)
    ))
}

/// The same command, with `--yes`.
fn command(arguments: &SessionsRelink) -> String {
    let quote = |path: &Path| format!(" '{}'", quoted(&path.display().to_string()));
    let session = quote(&arguments.folder.session);
    let pool = arguments.pool.as_deref().map(quote).unwrap_or_default();
    let all = if arguments.all { " --all" } else { "" };
    format!("`sluice sessions relink{session}{pool}{all} --yes`")
}
