//! What wakes the engine.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Wakes the engine. Ringing twice before it wakes is ringing once.
#[derive(Clone)]
pub struct Bell(SyncSender<()>);

impl Bell {
    /// A bell, and what hears it.
    pub fn new() -> (Self, Receiver<()>) {
        let (ring, hear) = sync_channel(1);
        (Self(ring), hear)
    }

    /// Rings.
    pub fn ring(&self) {
        // A full channel has a ring waiting in it.
        let _ = self.0.try_send(());
    }
}
