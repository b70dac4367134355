//! The hash chain that ties each batch to everything before it.

use std::fmt;

use crate::segment::array_at;

/// The first 16 bytes of BLAKE3 over everything up to here.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Chain(pub [u8; 16]);

impl Chain {
    /// The value after a batch with this header (its first 52 bytes) and body.
    #[must_use]
    pub fn after(self, header: &[u8], body: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(header).update(body);
        Self(array_at(hasher.finalize().as_bytes(), 0))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
