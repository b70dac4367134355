//! What the learner is made of, and what is told of it as soon as it was asked.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use app::{ByNumber, DEADLINE, Place};
use sluice_events::ImageId;
use sluice_events::command::FittedModel;
use sluice_learn::{
    Absorbed, Backbone, Checkpoint, Features, LearnError, Learned, Learner, NoFeatures, Pictures,
};
use sluice_log::storage::FsStorage;
use sluice_server::{Service, SessionOptions};

/// Has the background train as soon as it learns, and then says nothing more until it may.
struct Asks {
    goes_on: Receiver<()>,
    has_asked: bool,
}

impl Learner for Asks {
    fn begin(&mut self, _: u32, _: Backbone, _: Arc<dyn Pictures>) -> Result<(), LearnError> {
        Ok(())
    }

    fn look_again(&mut self, _: u32, _: &[ImageId]) {}

    fn resume(&mut self, _: Checkpoint) {}

    fn absorb(&mut self) -> Absorbed {
        if self.has_asked {
            self.goes_on.recv().ok();
        }
        Absorbed::default()
    }

    fn learn(&mut self, _: &[(ImageId, bool)], candidates: &[ImageId]) -> Option<Learned> {
        self.has_asked = true;
        let features = "none".to_owned();
        let model = FittedModel { positives: 1, negatives: 1, loss: 0.3, features };
        let probabilities = vec![0.5; candidates.len()];
        Some(Learned { model, probabilities, calibrated: false, training: true })
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

#[test]
fn that_the_background_was_asked_is_told_before_it_is_looked_at_again() {
    let place = Place::with_images(5);
    let (go_on, goes_on) = channel();
    let learner = Asks { goes_on, has_asked: false };
    let service = place.service_with(place.options(), learner).unwrap();
    wait("it trains", || service.training.borrow().in_background);
    assert_eq!(service.metrics.background_training.get(), 1);
    drop(go_on);
    wait("it has ended", || !service.training.borrow().in_background);
    assert_eq!(service.metrics.background_training.get(), 0);
    service.close();
}

#[test]
fn the_learner_is_made_of_the_seed_that_the_session_began_with() {
    let place = Place::with_images(3);
    for seed in [7, 8] {
        let options = SessionOptions { seed, ..place.options() };
        let storage = FsStorage::new(place.session.path()).unwrap();
        let finding = sluice_pool::find(&options.pool).unwrap();
        let (say, made_of) = channel();
        let learner = move |seed: u64| {
            say.send(seed).unwrap();
            Box::new(ByNumber::default()) as Box<dyn Learner>
        };
        let service = Service::with_learner(options, &finding, storage, learner).unwrap();
        assert_eq!(made_of.recv(), Ok(7));
        service.close();
    }
}
