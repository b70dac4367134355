//! That the network in the background has spoken does not mean yet that the model has listened.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use app::{DEADLINE, Place};
use sluice_events::command::FittedModel;
use sluice_events::facts::Seen;
use sluice_events::{Answer, Command, CommandId, ImageId, Source};
use sluice_learn::{
    Absorbed, Backbone, Checkpoint, Features, LearnError, Learned, Learner, NoFeatures, Pictures,
};
use sluice_server::Service;
use uuid::Uuid;

/// Says of every image what the network in the background said last, and takes its time.
struct Slow {
    spoken: Arc<AtomicU32>,
    goes_on: Receiver<()>,
}

impl Learner for Slow {
    fn begin(&mut self, _: u32, _: Backbone, _: Arc<dyn Pictures>) -> Result<(), LearnError> {
        Ok(())
    }

    fn look_again(&mut self, _: u32, _: &[ImageId]) {}

    fn resume(&mut self, _: Checkpoint) {}

    fn absorb(&mut self) -> Absorbed {
        Absorbed { opinions: self.spoken.load(Ordering::Relaxed), ..Absorbed::default() }
    }

    fn learn(&mut self, labels: &[(ImageId, bool)], candidates: &[ImageId]) -> Option<Learned> {
        let spoken = self.spoken.load(Ordering::Relaxed);
        if spoken > 0 {
            self.goes_on.recv_timeout(DEADLINE).ok()?;
        }
        let (positives, negatives, features) = (1, labels.len() as u32 - 1, "slow".to_owned());
        let model = FittedModel { positives, negatives, loss: 0.3, features };
        let probabilities = vec![spoken as f32 / 2.0; candidates.len()];
        Some(Learned { model, probabilities, calibrated: true, training: false })
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(NoFeatures)
    }
}

fn wait(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "{what}");
        sleep(Duration::from_millis(10));
    }
}

/// What the model said last of the first image of the order.
fn said(service: &Service) -> Option<f32> {
    let first = service.session.read_blocking(|view| {
        let ranking = view.state.ranking.as_ref()?;
        ranking.first.first()?.probability
    });
    first.unwrap()
}

#[test]
fn what_was_said_is_heard_once_the_model_thinks_so() {
    let place = Place::with_images(10);
    let (go_on, goes_on) = channel();
    let spoken = Arc::new(AtomicU32::new(0));
    let learner = Slow { spoken: Arc::clone(&spoken), goes_on };
    let service = place.service_with(place.options(), learner).unwrap();
    for (image, answer) in [(0, Answer::Positive), (1, Answer::Negative)] {
        let id = CommandId(Uuid::new_v4());
        let (source, annotator, seen) = (Source::Manual, String::new(), Seen::default());
        let image = ImageId(image);
        let answer = Command::Answer { id, image, answer, source, annotator, seen };
        service.session.command_blocking(answer).unwrap();
    }
    wait("the model learns", || said(&service) == Some(0.0));
    assert_eq!(service.heard(), 0);

    spoken.store(1, Ordering::Relaxed);
    wait("the network speaks", || service.training.borrow().opinions == 1);
    assert_eq!((service.heard(), said(&service)), (0, Some(0.0)), "nobody has listened yet");
    go_on.send(()).unwrap();
    wait("the model listens", || service.heard() == 1);
    assert_eq!(said(&service), Some(0.5));
    service.close();
}
