//! Things that a person should know: kept for pages that come later, and never in anybody's way.

use std::sync::Arc;

use sluice_events::message::{Level, Notice};
use tokio::sync::watch;

/// So many are kept.
const KEPT: usize = 8;

/// The newest notices, and how many there were before them.
#[derive(Clone, Debug, Default)]
pub struct Pinned {
    before: usize,
    newest: Vec<Notice>,
}

impl Pinned {
    /// Those after the first `seen`, and how many there are in all.
    pub fn since(&self, seen: usize) -> (Vec<Notice>, usize) {
        let new = self.newest.iter().skip(seen.saturating_sub(self.before)).cloned().collect();
        (new, self.before + self.newest.len())
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
            if let Some(same) = pinned.newest.iter().position(|notice| notice.text == text) {
                pinned.newest.remove(same);
                pinned.before += 1;
            }
            pinned.newest.push(Notice { level, text });
            if pinned.newest.len() > KEPT {
                pinned.newest.remove(0);
                pinned.before += 1;
            }
        });
    }

    /// Follows the board.
    pub fn watch(&self) -> watch::Receiver<Pinned> {
        self.0.subscribe()
    }
}
