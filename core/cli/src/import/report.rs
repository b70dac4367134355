//! What a person is told of an import: what was read, what is wrong with it, and what comes of it.

use anyhow::Result;
use serde::Serialize;
use sluice_events::{Answer, BulkId};

use super::plan::{Conflict, Plan};
use super::problems::{Problems, Trouble, place, shown};
use super::read::{Input, Rows};
use super::words::word;
use crate::arguments::{Conflicts, Import};
use crate::tell::say;

/// As `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    session: String,
    dry_run: bool,
    files: &'a [Input],
    problems: &'a Problems,
    images: usize,
    new: usize,
    already: usize,
    conflicts: usize,
    first_conflicts: &'a [Conflict],
    to_write: Amounts,
    /// Why nothing is written, if that is so.
    stopped: Option<String>,
    /// The step that the labels became.
    step: Option<BulkId>,
    /// Labels of that step: it may have been begun by an earlier call.
    whole: u32,
}

/// Labels that are to be written.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Amounts {
    positives: usize,
    negatives: usize,
    skipped: usize,
}

impl<'a> Report<'a> {
    /// Of what was read, and what is to become of it.
    pub fn new(arguments: &Import, rows: &'a Rows, plan: &'a Plan) -> Self {
        let mut to_write = Amounts::default();
        for label in &plan.labels {
            match label.answer {
                Answer::Positive => to_write.positives += 1,
                Answer::Negative => to_write.negatives += 1,
                Answer::Skip => to_write.skipped += 1,
            }
        }
        Self {
            session: arguments.folder.session.display().to_string(),
            dry_run: arguments.dry_run,
            files: &rows.inputs,
            problems: &rows.problems,
            images: plan.images,
            new: plan.new,
            already: plan.already,
            conflicts: plan.conflicts,
            first_conflicts: &plan.first_conflicts,
            to_write,
            stopped: stopped(arguments, rows, plan),
            step: None,
            whole: 0,
        }
    }

    /// Why nothing is written, and what to do about it.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// The labels were written.
    pub fn done(&mut self, step: BulkId, whole: u32) {
        self.whole = whole;
        self.step = Some(step);
    }

    /// As JSON.
    pub fn print_json(&self) -> Result<()> {
        say(&serde_json::to_string_pretty(self)?);
        Ok(())
    }

    /// For a person.
    pub fn print(&self) {
        for input in self.files {
            tell_file(input);
        }
        for (trouble, amount) in self.problems.by_kind() {
            say(&format!("{}: {}", capitalised(trouble), amount.count));
            for told in &amount.first {
                say(&format!("  {told}"));
            }
            and_more(amount.count, amount.first.len());
        }
        let Self { images, new, already, conflicts, .. } = self;
        say(&format!(
            "Images that have a label here: {images}. Without an answer until now: {new}; with the same: \
             {already}; with another: {conflicts}"
        ));
        for Conflict { path, answer, source, file, line, says } in self.first_conflicts {
            let (is, says, by) = (word(*answer), word(*says), format!("{source:?}").to_lowercase());
            say(&format!("  {} is {is} ({by}), but {says} in {}", shown(path), place(file, *line)));
        }
        and_more(self.conflicts as u64, self.first_conflicts.len());
        if self.stopped.is_none() {
            self.tell_what_comes();
        }
    }

    /// What was written, and how it is taken back.
    pub fn tell_done(&self) {
        if let Some(BulkId(step)) = self.step {
            let (labels, session) = (self.labels(), &self.session);
            let written = self.to_write.positives + self.to_write.negatives + self.to_write.skipped;
            let of = match self.whole as usize {
                whole if whole > written => format!("the {whole} labels of this step"),
                _ => "them".to_owned(),
            };
            say(&format!(
                "Imported {labels} as step {step}; `sluice revoke {session} --step {step}` takes {of} back."
            ));
        }
    }

    fn tell_what_comes(&self) {
        let Amounts { positives, negatives, skipped } = self.to_write;
        if positives + negatives + skipped > 0 {
            if self.dry_run {
                say(&format!("Would import {}. Nothing was written.", self.labels()));
            }
        } else if self.images > 0 {
            say("Nothing to import: every image that has a label here has an answer already.");
        } else if self.files.iter().any(|file| file.labels > 0) {
            say(
                "Nothing to import: no label here is of an image that can be labelled. If the paths begin in \
                 another folder, name it with --base DIR.",
            );
        } else {
            say("Nothing to import: there is no label here.");
        }
    }

    fn labels(&self) -> String {
        let Amounts { positives, negatives, skipped } = self.to_write;
        let all = positives + negatives + skipped;
        let labels = if all == 1 { "label" } else { "labels" };
        format!("{all} {labels} ({positives} yes, {negatives} no, {skipped} can't say)")
    }
}

/// Why nothing is written, if that is so.
fn stopped(arguments: &Import, rows: &Rows, plan: &Plan) -> Option<String> {
    let stopping = rows.problems.by_kind().filter(|(trouble, _)| trouble.stops());
    let why: Vec<String> = stopping
        .map(|(trouble, amount)| format!("{}: {}", trouble.title(), amount.count))
        .collect();
    if !why.is_empty() {
        return Some(format!(
            "nothing was imported ({}). Put that right in the files, or say what words mean with --positive and \
             --negative, and give the command again",
            why.join(", ")
        ));
    }
    if plan.images == 0 && !rows.labels.is_empty() {
        return Some(
            "nothing was imported: no label here is of an image that can be labelled. If the paths begin in another \
             folder, name it with --base DIR"
                .to_owned(),
        );
    }
    if plan.conflicts > 0 && arguments.conflicts == Conflicts::Stop {
        return Some(format!(
            "nothing was imported (images that have another answer already: {}). Say --conflicts keep to leave \
             these as they are and import the rest, or --conflicts replace to let the new labels take their place",
            plan.conflicts
        ));
    }
    None
}

fn tell_file(input: &Input) {
    let file = shown(&input.file);
    say(&format!(
        "{file}: {}, with a label: {}, without: {}",
        input.kind.title(),
        input.labels,
        input.unlabelled
    ));
    if let Some(beginning) = &input.begins_with {
        let beginning = if beginning.is_empty() { "/" } else { beginning.as_str() };
        say(&format!("  its paths begin with {}, which is taken for the pool", shown(beginning)));
    }
    if let Some(folder) = &input.begins_in {
        say(&format!("  its paths begin in {}", shown(folder)));
    }
}

fn and_more(count: u64, told: usize) {
    let more = count.saturating_sub(told as u64);
    if more > 0 {
        say(&format!("  and {more} more"));
    }
}

fn capitalised(trouble: Trouble) -> String {
    let title = trouble.title();
    let (first, rest) = title.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}
