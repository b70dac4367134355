//! Things that a person should know: kept for pages that come later, and never in anybody's way.

use std::sync::Arc;

use sluice_events::message::{Level, Notice};
use tokio::sync::watch;

/// So many are kept.
const KEPT: usize = 8;

/// The newest notices, each with its number, and how many there were in all.
#[derive(Clone, Debug, Default)]
pub struct Pinned {
    newest: Vec<(usize, Notice)>,
    all: usize,
}

impl Pinned {
    /// Those after the first `seen`, and how many there were in all.
    pub fn since(&self, seen: usize) -> (Vec<Notice>, usize) {
        let new = self.newest.iter().filter(|(number, _)| *number >= seen);
        (new.map(|(_, notice)| notice.clone()).collect(), self.all)
    }
}

/// Where notices are pinned. Clones are the same board.
#[derive(Clone, Debug)]
pub struct NoticeBoard(Arc<watch::Sender<Pinned>>);

impl Default for NoticeBoard {
    fn default() -> Self {
        Self(Arc::new(watch::channel(Pinned::default()).0))
    }
}

impl NoticeBoard {
    /// Pins a notice and writes it to the program's log; one that says the same makes room for it.
    pub fn pin(&self, level: Level, text: impl Into<String>) {
        let text = text.into();
        match level {
            Level::Info => tracing::info!("{text}"),
            Level::Warning => tracing::warn!("{text}"),
            Level::Error => tracing::error!("{text}"),
        }
        self.0.send_modify(|pinned| {
            pinned.newest.retain(|(_, notice)| notice.text != text);
            pinned.newest.push((pinned.all, Notice { level, text }));
            pinned.all += 1;
            if pinned.newest.len() > KEPT {
                pinned.newest.remove(0);
            }
        });
    }

    /// Takes down the notice that says this, because it is no longer so: pages that come later are not told it.
    pub fn take_down(&self, text: &str) {
        self.0.send_if_modified(|pinned| {
            let before = pinned.newest.len();
            pinned.newest.retain(|(_, notice)| notice.text != text);
            pinned.newest.len() < before
        });
    }

    /// Follows the board.
    pub fn watch(&self) -> watch::Receiver<Pinned> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What somebody is told who has seen so many, and how many there were.
    fn told(board: &NoticeBoard, seen: usize) -> (Vec<String>, usize) {
        let (new, all) = board.watch().borrow().since(seen);
        (new.into_iter().map(|notice| notice.text).collect(), all)
    }

    #[test]
    fn what_is_taken_down_shifts_nothing_and_what_is_said_again_is_new() {
        let board = NoticeBoard::default();
        for text in ["one", "two", "three"] {
            board.pin(Level::Info, text);
        }
        board.take_down("two");
        board.take_down("what nobody said");
        assert_eq!(told(&board, 0), (vec!["one".to_owned(), "three".to_owned()], 3));
        assert_eq!(told(&board, 1), (vec!["three".to_owned()], 3));
        board.take_down("three");
        assert_eq!(told(&board, 1), (vec![], 3), "the first one was told");
        board.pin(Level::Info, "one");
        assert_eq!(told(&board, 3), (vec!["one".to_owned()], 4));
        assert_eq!(told(&board, 0), (vec!["one".to_owned()], 4));
    }

    #[test]
    fn the_newest_are_kept() {
        let board = NoticeBoard::default();
        for number in 0..10 {
            board.pin(Level::Info, number.to_string());
        }
        let (texts, all) = told(&board, 0);
        assert_eq!((texts.len(), texts[0].as_str(), all), (KEPT, "2", 10));
        assert_eq!(told(&board, 9), (vec!["9".to_owned()], 10));
    }
}
