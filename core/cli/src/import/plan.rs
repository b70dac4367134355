//! What is to be written: the labels on which the files agree, compared with the answers that there are.

use blake3::Hasher;
use serde::Serialize;
use sluice_events::facts::BulkLabel;
use sluice_events::{Answer, ImageId, Source};
use sluice_session::State;

use super::matching::Fate;
use super::problems::{Trouble, place, shown};
use super::read::{Kind, Row, Rows};
use super::words::word;
use crate::arguments::Conflicts;

/// So many conflicts are told.
const TOLD: usize = 10;

/// An image that has another answer than the files say.
#[derive(Debug, Serialize)]
pub struct Conflict {
    /// Its path in the pool.
    pub path: String,
    /// The answer that it has.
    pub answer: Answer,
    /// Who gave it.
    pub source: Source,
    /// Where another is said.
    pub file: String,
    /// In which line.
    pub line: Option<u64>,
    /// What is said there.
    pub says: Answer,
}

/// What an import comes to.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is to be written, by image, ascending.
    pub labels: Vec<BulkLabel>,
    /// BLAKE3 of what the files say of which image, whatever the answers are by now: the same when the same call
    /// is given again.
    pub hash: [u8; 32],
    /// Images that the files agree on.
    pub images: usize,
    /// Those without an answer.
    pub new: usize,
    /// Those that have this answer.
    pub already: usize,
    /// Those that have another.
    pub conflicts: usize,
    /// The first of these.
    pub first_conflicts: Vec<Conflict>,
}

impl Plan {
    /// Of what was read and found. Notes what is wrong among the problems.
    pub fn new(state: &State, rows: &mut Rows, fates: &[Fate], what: Conflicts) -> Self {
        let mut plan = Self::default();
        let mut hasher = Hasher::new();
        let said = by_image(state, rows, fates);
        for of_one in said.chunk_by(|(image, _), (other, _)| image == other) {
            let image = of_one[0].0;
            let Some(number) = agreed(state, rows, image, of_one) else { continue };
            let Some(known) = state.image(image) else { continue };
            let row = &rows.labels[number];
            hasher.update(known.path.as_bytes()).update(&[0, letter(row.answer)]);
            plan.images += 1;
            match known.given {
                None => plan.new += 1,
                // Whoever labelled by hand knows better than the model did.
                Some(given) if given.source == Source::Model => plan.new += 1,
                Some(given) if given.answer == row.answer => {
                    plan.already += 1;
                    continue;
                }
                Some(given) => {
                    plan.conflict(&known.path, given.answer, given.source, row, rows);
                    if what != Conflicts::Replace {
                        continue;
                    }
                }
            }
            plan.labels.push(BulkLabel { image, answer: row.answer, probability: None });
        }
        plan.hash = *hasher.finalize().as_bytes();
        plan
    }

    fn conflict(&mut self, path: &str, answer: Answer, source: Source, row: &Row, rows: &Rows) {
        self.conflicts += 1;
        if self.first_conflicts.len() < TOLD {
            self.first_conflicts.push(Conflict {
                path: path.to_owned(),
                answer,
                source,
                file: row.file(&rows.inputs),
                line: row.line,
                says: row.answer,
            });
        }
    }
}

/// Never changed: an import that was interrupted is found again by the hash.
fn letter(answer: Answer) -> u8 {
    match answer {
        Answer::Positive => b'y',
        Answer::Negative => b'n',
        Answer::Skip => b's',
    }
}

/// Images that can take a label, with the numbers of the rows that speak of them.
fn by_image(state: &State, rows: &mut Rows, fates: &[Fate]) -> Vec<(ImageId, usize)> {
    let Rows { inputs, labels, problems } = rows;
    let mut said = Vec::with_capacity(labels.len());
    for ((row, fate), number) in labels.iter().zip(fates).zip(0..) {
        let trouble = match *fate {
            Fate::Outside => Trouble::Outside,
            Fate::NoImage => Trouble::NoImage,
            Fate::Image(image)
                if state.image(image).is_none_or(|image| image.set_aside.is_some()) =>
            {
                Trouble::SetAside
            }
            Fate::Image(image) => {
                said.push((image, number));
                continue;
            }
        };
        problems.add(trouble, || row.told(inputs, shown(&row.path)));
    }
    said.sort_unstable();
    said
}

/// The first row of what is said of one image, if all say the same.
fn agreed(
    state: &State,
    rows: &mut Rows,
    image: ImageId,
    said: &[(ImageId, usize)],
) -> Option<usize> {
    let Rows { inputs, labels, problems } = rows;
    let path = || state.image(image).map(|image| shown(&image.path)).unwrap_or_default();
    // The older tool may show an image again that was skipped, but none that was answered: the answer is the newer
    // word.
    let of_tool = |row: &Row| inputs.get(row.input).is_some_and(|input| input.kind == Kind::Pickle);
    let is_skip = |row: &Row| of_tool(row) && row.answer == Answer::Skip;
    let is_answer = |row: &Row| of_tool(row) && row.answer != Answer::Skip;
    let answered = said.iter().any(|(_, number)| is_answer(&labels[*number]));
    let mut first: Option<usize> = None;
    for &(_, number) in said {
        let row = &labels[number];
        if answered && is_skip(row) {
            problems.add(Trouble::SkippedBefore, || row.told(inputs, path()));
            continue;
        }
        let Some(before) = first.map(|first| &labels[first]) else {
            first = Some(number);
            continue;
        };
        if before.answer != row.answer {
            problems.add(Trouble::Contradiction, || {
                let (here, there) = (word(row.answer), word(before.answer));
                let elsewhere = place(&before.file(inputs), before.line);
                row.told(inputs, format!("{} is {here} here, but {there} in {elsewhere}", path()))
            });
            return None;
        }
        problems.add(Trouble::Twice, || row.told(inputs, path()));
    }
    first
}
