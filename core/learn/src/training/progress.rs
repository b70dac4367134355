//! How the steps of a cycle go.

/// How a cycle's steps went.
pub(super) struct Trained {
    /// Mean of the last ones, nats; NaN where there were none.
    pub loss: f64,
    pub highest_rate: f64,
}

/// Mean of the last values, roughly (an exponential average).
#[derive(Default)]
pub(super) struct Recent(Option<f64>);

impl Recent {
    pub fn add(&mut self, value: f64) {
        self.0 = Some(self.0.map_or(value, |mean| 0.95 * mean + 0.05 * value));
    }

    pub fn mean(&self) -> f64 {
        self.0.unwrap_or(f64::NAN)
    }
}
