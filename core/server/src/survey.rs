//! Instead of a learner, where no model is wanted: looks through the whole pool once, in the
//! background, so that files that can't be shown are set aside all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use sluice_events::ImageId;
use sluice_learn::{
    Absorbed, Backbone, Checkpoint, Features, LearnError, Learned, Learner, NoFeatures, NoPicture,
    Pictures,
};

/// Pictures are only decoded, so their size does not matter.
const SIDE: u32 = 8;

/// Learns nothing.
#[derive(Default)]
pub(crate) struct Survey {
    at_work: Option<AtWork>,
}

/// The thread's handle; dropping it ends the thread.
struct AtWork {
    more: Sender<Vec<ImageId>>,
    failed: Receiver<(ImageId, NoPicture)>,
    stop: Arc<AtomicBool>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Learner for Survey {
    fn begin(
        &mut self,
        images: u32,
        _backbone: Backbone,
        pictures: Arc<dyn Pictures>,
    ) -> Result<(), LearnError> {
        if self.at_work.is_some() {
            return Ok(());
        }
        let (send, failed) = channel();
        let (more, to_come) = channel::<Vec<ImageId>>();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        thread::Builder::new().name("survey".into()).spawn(move || {
            let images = (0..images).map(ImageId).chain(to_come.into_iter().flatten());
            for image in images.take_while(|_| !stopped.load(Ordering::Relaxed)) {
                if let Err(why) = pictures.square(image, SIDE, &|_| false) {
                    if send.send((image, why)).is_err() {
                        return;
                    }
                    pictures.ready();
                }
            }
        })?;
        self.at_work = Some(AtWork { more, failed, stop });
        Ok(())
    }

    fn look_again(&mut self, _: u32, which: &[ImageId]) {
        if let Some(at_work) = &self.at_work {
            at_work.more.send(which.to_vec()).ok();
        }
    }

    fn resume(&mut self, _: Checkpoint) {}

    fn absorb(&mut self) -> Absorbed {
        let failed = self.at_work.iter().flat_map(|at_work| at_work.failed.try_iter()).collect();
        Absorbed { failed, ..Absorbed::default() }
    }

    fn learn(&mut self, _: &[(ImageId, bool)], _: &[ImageId]) -> Option<Learned> {
        None
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(NoFeatures)
    }
}
