//! One writer at a time.

use crate::error::OpenError;
use crate::storage::{LockError, Locked, Storage};

/// Takes the session folder, or says who has it.
pub(crate) fn take<S: Storage>(storage: &S) -> Result<Locked<S::Lock>, OpenError> {
    storage.lock().map_err(|refused| match refused {
        LockError::Held(holder) => OpenError::Locked { holder },
        LockError::Io(source) => OpenError::io("take the session's LOCK file", source),
    })
}
