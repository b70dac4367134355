//! How a session stands: what `/metrics` and TensorBoard are told of it at once.

use sluice_events::message::{CyclePoint, ModelPoint, Statistics};
use sluice_session::View;

/// Of one moment.
pub(crate) struct Standing {
    pub statistics: Statistics,
    /// The newest model.
    pub model: Option<ModelPoint>,
    /// The newest cycle of training in the background.
    pub cycle: Option<CyclePoint>,
}

impl Standing {
    pub fn of(view: &View<'_>) -> Self {
        let state = view.state;
        Self {
            statistics: state.statistics(view.now_us),
            model: state.tally.models.newest().copied(),
            cycle: state.tally.cycles.newest().copied(),
        }
    }
}
