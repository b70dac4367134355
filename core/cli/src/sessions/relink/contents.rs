//! What the files hold that may be images which are not where they were. Other files are not read.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sluice_pool::Key;

use super::places::Places;

/// Files that are read at the same time: enough that a disk or a network share always has something to do.
const READERS: usize = 4;

/// A file that could have been one, and can't be read.
#[derive(Debug, Serialize)]
pub struct Unreadable {
    pub path: String,
    pub reason: String,
}

/// Reads them, or all files.
pub fn read(places: &mut Places<'_>, pool: &Path, all: bool) -> Vec<Unreadable> {
    let files = places.files;
    let candidates = places.candidates(all);
    let bytes = candidates.iter().map(|file| files[*file].sight.bytes).sum();
    let bar = progress(bytes);
    let (next, mut unreadable) = (AtomicUsize::new(0), Vec::new());
    thread::scope(|scope| {
        let (send, received) = channel();
        for _ in 0..READERS {
            let (send, next, candidates) = (send.clone(), &next, &candidates);
            scope.spawn(move || {
                while let Some(&file) = candidates.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let read = Key::of_content_at(&pool.join(&files[file].path));
                    if send.send((file, read)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (file, read) in received {
            bar.inc(files[file].sight.bytes);
            match read {
                Ok((content, _)) => places.contents[file] = Some(content.bytes()),
                Err(error) => {
                    let (path, reason) = (files[file].path.clone(), error.to_string());
                    unreadable.push(Unreadable { path, reason });
                }
            }
        }
    });
    bar.finish_and_clear();
    unreadable.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    unreadable
}

/// Only a terminal shows it.
fn progress(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("reading {bar:40} {bytes} of {total_bytes}, {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
