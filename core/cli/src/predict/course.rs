//! Pictures to probabilities, chunk by chunk.
//!
//! A chunk is what is asked about at once: a sum of floats depends on what else is added up beside it, if only in its
//! last digits, and these must not tell where a run was interrupted. So a chunk is asked again as a whole, and it is of
//! the same files as before: the journal goes on only for the same list of files, in chunks of the same length.

use std::io::IsTerminal;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sluice_learn::{Inference, Input};
use sluice_pool::{DecodeError, DecodeLimits, Found};

use super::journal::Journal;
use super::lanes::{Lanes, Squares, Task};
use super::rows::Said;

/// All that it takes.
pub struct Course<'a> {
    pub inference: &'a Inference,
    pub folder: &'a Path,
    /// In the order of their paths.
    pub images: &'a [Found],
    pub limits: DecodeLimits,
}

/// What came of it.
pub struct Outcome {
    /// Of each image, in their order.
    pub said: Vec<Said>,
    /// Of so many files it may be another thing the next time, though they stay as they are.
    pub passing: usize,
}

/// What is said of a file, and whether that stays so as long as the file does.
struct Looked {
    said: Said,
    lasts: bool,
}

impl Course<'_> {
    /// Of each image. What the journal knows is not asked again; what is new goes there.
    pub fn run(&self, journal: &mut Journal) -> Result<Outcome> {
        let mut said: Vec<Option<Said>> =
            self.images.iter().map(|image| journal.known(image)).collect();
        let chunks = self.unfinished(&said);
        let bar = self.bar(chunks.iter().map(ExactSizeIterator::len).sum())?;
        let mut lanes = self.lanes(&chunks)?;
        let mut passing = 0;
        for chunk in chunks {
            let squares: Vec<_> = lanes.by_ref().take(chunk.len()).collect();
            let looked = self.ask(squares)?;
            if looked.len() < chunk.len() {
                bail!("the threads that decode ended");
            }
            let lasting = self.images[chunk.clone()].iter().zip(&looked);
            let lasting = lasting.filter(|(_, looked)| looked.lasts);
            journal.add(lasting.map(|(image, looked)| (image, &looked.said)))?;
            passing += looked.iter().filter(|looked| !looked.lasts).count();
            bar.inc(chunk.len() as u64);
            for (place, looked) in chunk.zip(looked) {
                said[place] = Some(looked.said);
            }
        }
        bar.finish_and_clear();
        let complete: Option<Vec<Said>> = said.into_iter().collect();
        let said = complete.context("some images were passed by, which must not be")?;
        Ok(Outcome { said, passing })
    }

    /// Chunks of which something is missing.
    fn unfinished(&self, said: &[Option<Said>]) -> Vec<Range<usize>> {
        let (all, batch) = (said.len(), self.inference.batch().max(1));
        let chunks = (0..all).step_by(batch).map(|from| from..all.min(from + batch));
        chunks.filter(|chunk| said[chunk.clone()].iter().any(Option::is_none)).collect()
    }

    fn lanes(&self, chunks: &[Range<usize>]) -> Result<Lanes> {
        let images = chunks.iter().flat_map(|chunk| &self.images[chunk.clone()]);
        let paths: Vec<&str> = images.map(|image| image.path.as_str()).collect();
        let sides = self.inference.inputs().iter().map(|Input { side, .. }| *side).collect();
        let task = Task { folder: self.folder.to_owned(), sides, limits: self.limits };
        // While one chunk is asked about, the next one is decoded.
        let ahead = 2 * self.inference.batch();
        Lanes::start(&paths, &Arc::new(task), ahead).context("can't start a thread for decoding")
    }

    /// Only a terminal shows it.
    fn bar(&self, unfinished: usize) -> Result<ProgressBar> {
        if !std::io::stderr().is_terminal() {
            return Ok(ProgressBar::hidden());
        }
        let images = self.images.len();
        let style = ProgressStyle::with_template(
            "{msg} {wide_bar} {human_pos} of {human_len}, {per_sec:1}, {eta} left",
        );
        let bar = ProgressBar::new(images as u64).with_style(style?);
        bar.set_message(format!("asking ({})", self.inference.device()));
        bar.set_position((images - unfinished) as u64);
        // What was done before says nothing of the pace.
        bar.reset_eta();
        Ok(bar)
    }

    /// Of each of these pictures.
    fn ask(&self, squares: Vec<Result<Squares, DecodeError>>) -> Result<Vec<Looked>> {
        let mut pictures = vec![Vec::new(); self.inference.inputs().len()];
        let mut problems = Vec::with_capacity(squares.len());
        for squares in squares {
            match squares {
                Ok(squares) => {
                    for (of_input, square) in pictures.iter_mut().zip(squares) {
                        of_input.push(square);
                    }
                    problems.push(None);
                }
                Err(error) => problems.push(Some(error)),
            }
        }
        let mut probabilities = self.probabilities(&pictures)?.into_iter();
        let looked = problems.into_iter().map(|problem| match problem {
            None => of_picture(probabilities.next()),
            Some(problem) => self.of_problem(&problem),
        });
        looked.collect()
    }

    /// For each of the inputs the same pictures.
    fn probabilities(&self, pictures: &[Vec<Vec<u8>>]) -> Result<Vec<f32>> {
        if pictures.iter().all(Vec::is_empty) {
            return Ok(Vec::new());
        }
        // libtorch's errors are panics.
        let asked = catch_unwind(AssertUnwindSafe(|| self.inference.probabilities(pictures)));
        asked.ok().with_context(|| {
            format!(
                "libtorch failed on {} (the lines above say why), perhaps for lack of memory; `--device cpu` takes the \
                 processor's",
                self.inference.device()
            )
        })
    }

    /// Where the folder itself is gone, so is its disk: the other files would be no better.
    fn of_problem(&self, problem: &DecodeError) -> Result<Looked> {
        if matches!(problem, DecodeError::Missing(_)) && !self.folder.is_dir() {
            bail!("{} is not there any more", self.folder.display());
        }
        Ok(Looked { said: Err(problem.to_string()), lasts: is_of_content(problem) })
    }
}

/// Whether a file is no better as long as it stays as it is. One that is gone may come back, and what may be read, and
/// how large, can be changed.
fn is_of_content(problem: &DecodeError) -> bool {
    use DecodeError::{Broken, Empty, Truncated, UnknownFormat};
    matches!(problem, Broken(_) | Empty | Truncated | UnknownFormat)
}

fn of_picture(probability: Option<f32>) -> Result<Looked> {
    let probability = probability.context("libtorch gave fewer answers than it was asked for")?;
    let said = if (0.0..=1.0).contains(&probability) {
        Ok(probability)
    } else {
        Err(format!("has no probability: the model says {probability}"))
    };
    Ok(Looked { said, lasts: true })
}
