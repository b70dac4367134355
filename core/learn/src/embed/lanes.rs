//! Files to pictures, on all cores.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sluice_events::ImageId;
use sluice_pool::{Key, Square};

use crate::background::give_way;
use crate::{NoPicture, Pictures};

/// Pictures that each decoding thread may be ahead.
const AHEAD: usize = 64;

/// An image that was tried.
type Tried = (ImageId, Result<Square, NoPicture>);

/// Images in order, each decoded unless what it gives is known.
pub(crate) struct Lanes {
    lanes: Vec<Receiver<Tried>>,
    next: usize,
}

impl Lanes {
    /// Starts one thread a core.
    pub fn start(
        order: &[ImageId],
        pictures: &Arc<dyn Pictures>,
        side: u32,
        known: &Arc<HashMap<Key, u32>>,
        stop: &Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut lanes = Vec::with_capacity(threads);
        for lane in 0..threads {
            let (send, receive) = sync_channel(AHEAD);
            let images: Vec<ImageId> = order.iter().skip(lane).step_by(threads).copied().collect();
            let (pictures, known, stop) =
                (Arc::clone(pictures), Arc::clone(known), Arc::clone(stop));
            thread::Builder::new().name(format!("decoder-{lane}")).spawn(move || {
                give_way();
                let known = |key: &Key| known.contains_key(key);
                decode_lane(&images, pictures.as_ref(), side, &known, &send, &stop);
            })?;
            lanes.push(receive);
        }
        Ok(Self { lanes, next: 0 })
    }
}

impl Iterator for Lanes {
    type Item = Tried;

    /// One after the other from each lane: the order of the pool's shuffle again.
    fn next(&mut self) -> Option<Tried> {
        let lane = self.next % self.lanes.len();
        self.next += 1;
        self.lanes[lane].recv().ok()
    }
}

fn decode_lane(
    images: &[ImageId],
    pictures: &dyn Pictures,
    side: u32,
    known: &dyn Fn(&Key) -> bool,
    send: &SyncSender<Tried>,
    stop: &AtomicBool,
) {
    for &image in images {
        // A decoder that panics is one more file that can't be shown, and not the end of the others.
        let square = catch_unwind(AssertUnwindSafe(|| pictures.square(image, side, known)))
            .unwrap_or_else(|_| {
                Err(NoPicture::Broken("is broken: the decoder gave up on it".to_owned()))
            });
        if stop.load(Ordering::Relaxed) || send.send((image, square)).is_err() {
            return;
        }
    }
}
