//! Files to square pictures, as networks take them, unless what they give is known already.

use std::fs;
use std::path::Path;

use crate::decode::{Detail, decode_to, read_within};
use crate::{DecodeError, DecodeLimits, Key, memory, squash};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Square {
    /// It is known, so it was not decoded, perhaps not even read.
    Known {
        /// The key that is known.
        key: Key,
        /// One more that it will be known by.
        also: Option<Key>,
    },
    /// It was decoded.
    Made {
        /// Red, green, blue bytes, row by row.
        rgb: Vec<u8>,
        /// What it can be known by from now on: its content, and its path, size and time of change.
        keys: [Key; 2],
    },
}

/// The whole picture in a file made `side` × `side` pixels, as [`squash`] does, decoding no more of it
/// than that takes.
///
/// # Errors
/// As [`decode_file`](crate::decode_file).
pub fn square(
    path: &Path,
    side: u32,
    limits: &DecodeLimits,
    known: impl Fn(&Key) -> bool,
) -> Result<Square, DecodeError> {
    let file = Key::of_file(path, &fs::metadata(path)?);
    if known(&file) {
        return Ok(Square::Known { key: file, also: None });
    }
    let bytes = read_within(path, limits)?;
    let content = Key::of_content(&bytes);
    if known(&content) {
        return Ok(Square::Known { key: content, also: Some(file) });
    }
    let (pixels, _turn) = decode_to(&bytes, limits, Detail::Shorter(side), memory::turn)?;
    let broken = |error: crate::ResizeError| DecodeError::Broken(error.to_string());
    let rgb = squash(&pixels, side).map_err(broken)?.rgb;
    Ok(Square::Made { rgb, keys: [content, file] })
}
