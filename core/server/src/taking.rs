//! The predictor of a running session, taken along by whoever asks: the engine's thread, which owns the learner,
//! answers between two rounds.

use std::sync::mpsc::{Receiver, Sender, channel};

use sluice_learn::{Learner, Predictor, PredictorError};
use tokio::sync::oneshot;

use crate::bell::Bell;
use crate::open::Service;

type Answer = Result<Predictor, PredictorError>;

/// Why there is no predictor to take along.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The learner has none.
    #[error(transparent)]
    Predictor(#[from] PredictorError),
    /// The engine ended.
    #[error("the session is closed")]
    Closed,
}

/// Where it is asked for.
pub(crate) struct Counter {
    ask: Sender<oneshot::Sender<Answer>>,
    bell: Bell,
}

/// Where it is answered.
pub(crate) struct Orders(Receiver<oneshot::Sender<Answer>>);

/// Both ends.
pub(crate) fn counter(bell: Bell) -> (Counter, Orders) {
    let (ask, orders) = channel();
    (Counter { ask, bell }, Orders(orders))
}

impl Orders {
    /// Answers all who wait.
    pub fn serve(&self, learner: &dyn Learner) {
        for who in self.0.try_iter() {
            // Who has gone needs none.
            let _ = who.send(learner.predictor());
        }
    }
}

impl Service {
    /// What the model would say of any picture, as data: the predictor of the newest ranking.
    ///
    /// # Errors
    /// When nothing was learned, weights can't be read again, or the engine ended.
    pub async fn predictor(&self) -> Result<Predictor, TakeError> {
        let (say, answer) = oneshot::channel();
        self.counter.ask.send(say).map_err(|_| TakeError::Closed)?;
        self.counter.bell.ring();
        Ok(answer.await.map_err(|_| TakeError::Closed)??)
    }
}
