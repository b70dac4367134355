//! Files to square pictures, on all cores.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sluice_pool::{DecodeError, DecodeLimits, Square, square};

/// A picture, made the size of each of the inputs: red, green, blue bytes, row by row.
pub type Squares = Vec<Vec<u8>>;

/// What every thread knows.
pub struct Task {
    pub folder: PathBuf,
    /// Of the inputs, pixels.
    pub sides: Vec<u32>,
    pub limits: DecodeLimits,
}

/// Files in order, each decoded.
pub struct Lanes {
    lanes: Vec<Receiver<Result<Squares, DecodeError>>>,
    next: usize,
}

impl Lanes {
    /// Starts one thread a core. All of them together are so many pictures `ahead`, or a few more. They end when
    /// nobody takes what they made.
    pub fn start(paths: &[&str], task: &Arc<Task>, ahead: usize) -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut lanes = Vec::with_capacity(threads);
        for lane in 0..threads {
            let (send, receive) = sync_channel(ahead.div_ceil(threads));
            let own = paths.iter().skip(lane).step_by(threads);
            let files: Vec<PathBuf> = own.map(|path| task.folder.join(path)).collect();
            let task = Arc::clone(task);
            let name = format!("decoder-{lane}");
            thread::Builder::new().name(name).spawn(move || decode(&files, &task, &send))?;
            lanes.push(receive);
        }
        Ok(Self { lanes, next: 0 })
    }
}

impl Iterator for Lanes {
    type Item = Result<Squares, DecodeError>;

    /// One after the other from each lane: the order of the paths again.
    fn next(&mut self) -> Option<Self::Item> {
        let lane = self.next % self.lanes.len();
        self.next += 1;
        self.lanes[lane].recv().ok()
    }
}

fn decode(files: &[PathBuf], task: &Task, send: &SyncSender<Result<Squares, DecodeError>>) {
    for file in files {
        // A decoder that panics is one more file that can't be read, and not the end of the others.
        let squares = catch_unwind(AssertUnwindSafe(|| squares(file, task)));
        let squares = squares
            .unwrap_or_else(|_| Err(DecodeError::Broken("the decoder gave up on it".to_owned())));
        if send.send(squares).is_err() {
            return;
        }
    }
}

fn squares(file: &Path, task: &Task) -> Result<Squares, DecodeError> {
    let made = |side: &u32| -> Result<Vec<u8>, DecodeError> {
        match square(file, *side, &task.limits, |_| false)? {
            Square::Made { rgb, .. } => Ok(rgb),
            Square::Known { .. } => unreachable!("nothing is known"),
        }
    };
    task.sides.iter().map(made).collect()
}
