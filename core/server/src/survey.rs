//! Instead of a learner, where no model is wanted: looks through the whole pool once, in the
//! background, so that files that can't be shown are set aside all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use sluice_events::ImageId;
use sluice_learn::{Absorbed, Backbone, Features, LearnError, Learned, Learner, Pictures};

/// Pictures are only decoded, so their size does not matter.
const SIDE: u32 = 8;

/// Learns nothing.
#[derive(Default)]
pub(crate) struct Survey {
    failed: Option<Receiver<(ImageId, String)>>,
    stop: Arc<AtomicBool>,
}

impl Drop for Survey {
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
        if self.failed.is_some() {
            return Ok(());
        }
        let (send, failed) = channel();
        let stop = Arc::clone(&self.stop);
        thread::Builder::new().name("survey".into()).spawn(move || {
            for image in (0..images).map(ImageId).take_while(|_| !stop.load(Ordering::Relaxed)) {
                if let Err(reason) = pictures.square(image, SIDE, &|_| false) {
                    if send.send((image, reason)).is_err() {
                        return;
                    }
                    pictures.ready();
                }
            }
        })?;
        self.failed = Some(failed);
        Ok(())
    }

    fn absorb(&mut self) -> Absorbed {
        let failed = self.failed.iter().flat_map(Receiver::try_iter).collect();
        Absorbed { failed, ..Absorbed::default() }
    }

    fn learn(&mut self, _: &[(ImageId, bool)], _: &[ImageId]) -> Option<Learned> {
        None
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(NoFeatures)
    }
}

struct NoFeatures;

impl Features for NoFeatures {
    fn dim(&self) -> usize {
        0
    }

    fn gather(&self, _: &[ImageId]) -> Vec<f32> {
        Vec::new()
    }
}
