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

/// What an entry of a table takes in the host, bytes.
const TABLE_ENTRY: usize = size_of::<usize>();
/// Modules, memories and tables that a component may be made of; an interpreter brings some forty.
const PARTS: usize = 200;

/// A guest wanted more than it may have; ends the call.
#[derive(Debug, thiserror::Error)]
#[error("more memory was asked for than a plugin may have")]
pub(crate) struct TooMuchMemory;

/// Counts what one call holds.
pub(crate) struct Budget {
    memory_left: usize,
    /// What the last growth took, given back if it fails.
    last: usize,
}

impl Budget {
    pub fn new(limits: &Limits) -> Self {
        Self { memory_left: limits.memory_bytes(), last: 0 }
    }

    /// Bytes that may still be taken.
    pub fn memory_left(&self) -> usize {
        self.memory_left
    }

    fn take(&mut self, bytes: usize) -> wasmtime::Result<bool> {
        self.memory_left = self.memory_left.checked_sub(bytes).ok_or(TooMuchMemory)?;
        self.last = bytes;
        Ok(true)
    }

    fn give_back(&mut self) {
        self.memory_left += std::mem::take(&mut self.last);
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.take(desired.saturating_sub(current))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.give_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.take(desired.saturating_sub(current).saturating_mul(TABLE_ENTRY))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.give_back();
        Ok(())
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
