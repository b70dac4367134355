//! The state as bytes and back, for snapshots.

use crate::state::State;

/// Version of [`State`] and of what [`apply`](State::apply) makes of events. A change to either needs
/// a new number, so that no snapshot of another version is used; the test `golden_snapshot` notices.
pub const PROJECTION: u32 = 1;

/// As bytes; `None` if that can't be done.
pub fn encode(state: &State) -> Option<Vec<u8>> {
    postcard::to_stdvec(state).ok()
}

/// From the bytes of [`encode`]; `None` if they are not.
pub fn decode(bytes: &[u8]) -> Option<State> {
    postcard::from_bytes(bytes).ok()
}
