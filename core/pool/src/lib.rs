//! The images of a folder: found, decoded, turned upright, resized.
//!
//! ```text
//!   folder -> find -> paths in the pool's own order
//!   path -> decode (format by content, limits, orientation) -> Pixels -> resize -> Pixels
//!                                                          '-> encode for a browser
//!   what was computed of a file -> rows, kept in a cache folder, found again by content
//! ```
//!
//! What always holds: the folder is only read; a file that can't be decoded is an error value with a
//! sentence for a person, whatever its bytes are; what is kept can be thrown away at any time.

mod decode;
mod find;
mod jpeg;
mod memory;
mod present;
mod resize;
mod rows;
mod square;
mod squash;

pub use decode::{DecodeError, DecodeLimits, decode, decode_file, longer_side};
pub use find::{FindError, Finding, Found, Sight, Unusable, find};
pub use present::{Presented, present};
pub use resize::{ResizeError, fit_within};
pub use rows::{Extent, Key, Place, RowWriter, Rows};
pub use square::{Square, square};
pub use squash::squash;

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Red, green, blue, row by row: 3 × width × height bytes.
    pub rgb: Vec<u8>,
}
