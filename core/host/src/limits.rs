//! What a guest may use, in one place.

use wasmtime::ResourceLimiter;

/// What a guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time of one call, as a backstop to `fuel`.
    pub deadline_ms: u64,
    /// Memory of one call, all of a component's memories together.
    pub memory_mib: usize,
    /// Instructions of one call, about; the same everywhere, so that a limit that is hit here is hit
    /// in a replay.
    pub fuel: u64,
    /// Size of a component's file.
    pub file_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline_ms: 2000, memory_mib: 512, fuel: 20_000_000_000, file_bytes: 64 << 20 }
    }
}

impl Limits {
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_mib << 20
    }
}

/// Functions that a guest may have in its tables.
const TABLE_ELEMENTS: usize = 1_000_000;
/// Modules, memories and tables that a component may be made of; an interpreter brings some twenty.
const PARTS: usize = 200;

/// A guest wanted more than it may have; ends the call.
#[derive(Debug, thiserror::Error)]
#[error("more memory was asked for than a plugin may have")]
pub(crate) struct TooMuchMemory;

/// Counts what one call holds.
pub(crate) struct Budget {
    memory_left: usize,
}

impl Budget {
    pub fn new(limits: &Limits) -> Self {
        Self { memory_left: limits.memory_bytes() }
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        self.memory_left = self.memory_left.checked_sub(more).ok_or(TooMuchMemory)?;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS {
            return Err(TooMuchMemory.into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}
