//! One writer at a time.

use crate::error::OpenError;
use crate::storage::Storage;

/// Takes the session folder, or says who has it.
pub(crate) fn take<S: Storage>(storage: &S) -> Result<S::Lock, OpenError> {
    storage.lock().map_err(|refused| match refused {
        Ok(holder) if holder.is_empty() => OpenError::Locked { holder: "unknown process".into() },
        Ok(holder) => OpenError::Locked { holder },
        Err(source) => OpenError::Io { what: "take the session's LOCK file".into(), source },
    })
}
