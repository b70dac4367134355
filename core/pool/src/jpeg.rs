//! JPEGs by libjpeg-turbo, perhaps at a part of their size; and whether one is all there. Decoders fill
//! what is missing with grey and say nothing; a person would answer for a picture that nobody took.

mod warnings;

use image::RgbImage;
use memchr::memmem;
use mozjpeg::{ColorSpace, Decompress};

use crate::DecodeError;
pub(crate) use warnings::Damage;

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

/// The picture at `eighths` of its size, not yet turned upright; `None` for colours that libjpeg does not
/// make red, green and blue of (CMYK).
///
/// # Panics
/// With [`Damage`] where libjpeg gives up on the bytes, or on a part of them.
pub(crate) fn decode(bytes: &[u8], eighths: u8) -> Result<Option<RgbImage>, DecodeError> {
    let broken = |error: std::io::Error| DecodeError::Broken(error.to_string());
    let builder = Decompress::builder().with_err(warnings::listening(ends_padded(bytes)));
    let mut decoder = builder.from_mem(bytes).map_err(broken)?;
    if matches!(decoder.color_space(), ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK) {
        return Ok(None);
    }
    decoder.scale(eighths);
    let mut started = decoder.rgb().map_err(broken)?;
    let (width, height) = (started.width() as u32, started.height() as u32);
    let rgb = started.read_scanlines::<u8>().map_err(broken)?;
    started.finish().map_err(broken)?;
    Ok(RgbImage::from_raw(width, height, rgb))
}

/// Whether there is padding before the end marker, as some cameras fill a sector with it.
fn ends_padded(bytes: &[u8]) -> bool {
    let end = memmem::rfind(bytes, &END_OF_IMAGE).unwrap_or_default();
    matches!(bytes[..end], [.., 0, 0] | [.., 0xFF, 0xFF])
}

/// Whether the picture data begins but never ends (ITU-T T.81, annex B: markers and segments).
pub(crate) fn is_truncated(bytes: &[u8]) -> bool {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return false;
    }
    match scan_data(bytes) {
        // An entropy-coded segment never contains the end marker, so any later one ends the image.
        Some(at) => memmem::rfind(&bytes[at..], &END_OF_IMAGE).is_none(),
        None => true,
    }
}

/// Where the first scan's data begins: behind the headers, which may hold thumbnails of their own.
fn scan_data(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        // Bytes between two segments are odd, and cost no part of the picture.
        if *bytes.get(at)? != 0xFF {
            at += 1;
            continue;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xFF => at += 1,
            // Markers that stand alone.
            0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]);
                at += 2 + usize::from(length);
                if marker == START_OF_SCAN {
                    return (at <= bytes.len()).then_some(at);
                }
            }
        }
    }
}
