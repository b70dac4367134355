//! JPEGs by libjpeg-turbo, perhaps at a part of their size; and whether one is all there. Decoders fill
//! what is missing with grey and say nothing; a person would answer for a picture that nobody took.

mod warnings;

use std::io::{self, BufRead, BufReader};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use image::RgbImage;
use memchr::memmem;
use mozjpeg::{ColorSpace, Decompress};

use crate::DecodeError;
use warnings::Unwound;

const START_OF_SCAN: u8 = 0xDA;
/// Headers of frames; three of these numbers mean something else.
const FRAMES: RangeInclusive<u8> = 0xC0..=0xCF;
const NO_FRAMES: [u8; 3] = [0xC4, 0xC8, 0xCC];
/// Huffman's and arithmetic codes.
const PROGRESSIVE: [u8; 2] = [0xC2, 0xCA];
const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

/// libjpeg decodes blocks of so many bytes with care, and hears of codes that don't exist; all at once, it is quicker and
/// takes such codes for something.
const WITH_CARE: usize = 511;

/// The picture at `eighths` of its size, not yet turned upright; `None` for colours that libjpeg does not
/// make red, green and blue of (CMYK): these are only looked through.
///
/// # Errors
/// Where a part of it makes no sense, or it can't be decoded.
pub(crate) fn decode(bytes: &[u8], eighths: u8) -> Result<Option<RgbImage>, DecodeError> {
    let quickly = || {
        let decoder = Decompress::builder().with_err(warnings::listening(true));
        read(decoder.from_mem(bytes), eighths)
    };
    match guarded(quickly) {
        Err(Unwound::LeftOver) => {
            let with_care = || {
                let decoder = Decompress::builder().with_err(warnings::listening(false));
                read(decoder.from_reader(BufReader::with_capacity(WITH_CARE, bytes)), eighths)
            };
            guarded(with_care)
        }
        outcome => outcome,
    }
    .unwrap_or_else(|unwound| match unwound {
        Unwound::Damage | Unwound::LeftOver => Err(DecodeError::Damaged),
        Unwound::GaveUp(words) => Err(DecodeError::Broken(words)),
    })
}

/// libjpeg tells errors by unwinding.
fn guarded<R>(decode: impl FnOnce() -> R) -> Result<R, Unwound> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|panic| match panic.downcast::<Unwound>() {
        Ok(unwound) => *unwound,
        Err(panic) => resume_unwind(panic),
    })
}

fn read<R: BufRead>(
    decoder: io::Result<Decompress<R>>,
    eighths: u8,
) -> Result<Option<RgbImage>, DecodeError> {
    let broken = |error: io::Error| DecodeError::Broken(error.to_string());
    let mut decoder = decoder.map_err(broken)?;
    if matches!(decoder.color_space(), ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK) {
        let mut started = decoder.to_colorspace(ColorSpace::JCS_CMYK).map_err(broken)?;
        started.read_scanlines::<[u8; 4]>().map_err(broken)?;
        return started.finish().map(|()| None).map_err(broken);
    }
    decoder.scale(eighths);
    let mut started = decoder.rgb().map_err(broken)?;
    let (width, height) = (started.width() as u32, started.height() as u32);
    let rgb = started.read_scanlines::<u8>().map_err(broken)?;
    started.finish().map_err(broken)?;
    Ok(RgbImage::from_raw(width, height, rgb))
}

/// Bytes that it takes to decode a picture of so many pixels at `eighths` of its size. Of several scans libjpeg keeps
/// every coefficient until the last one has come.
pub(crate) fn memory(bytes: &[u8], pixels: u64, eighths: u8) -> u64 {
    let scaled = pixels * u64::from(eighths) * u64::from(eighths) / 64 * 3;
    let Some(Headers { is_progressive, components, in_first_scan, .. }) = headers(bytes) else {
        return scaled;
    };
    let has_several_scans = is_progressive || in_first_scan < components;
    let coefficients = if has_several_scans { pixels * u64::from(components) * 2 } else { 0 };
    // Four colours are decoded at their full size, once to look through them, then to be shown.
    let of_printers = if components > 3 { pixels * 7 } else { 0 };
    scaled + coefficients + of_printers
}

/// Whether the picture data begins but never ends (ITU-T T.81, annex B: markers and segments).
pub(crate) fn is_truncated(bytes: &[u8]) -> bool {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return false;
    }
    match headers(bytes).map(|headers| headers.end) {
        // An entropy-coded segment never contains the end marker, so any later one ends the image.
        Some(at) => memmem::rfind(&bytes[at..], &END_OF_IMAGE).is_none(),
        None => true,
    }
}

/// What stands before the first scan's data.
struct Headers {
    /// Where the data begins: behind the headers, which may hold thumbnails of their own.
    end: usize,
    is_progressive: bool,
    /// Colours of the picture, and of its first scan.
    components: u8,
    in_first_scan: u8,
}

/// `None` where no scan begins.
fn headers(bytes: &[u8]) -> Option<Headers> {
    let (mut at, mut is_progressive, mut components) = (2, false, 3);
    loop {
        // Bytes between two segments are odd, and cost no part of the picture.
        if *bytes.get(at)? != 0xFF {
            at += 1;
            continue;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xFF => at += 1,
            // Markers that stand alone, and none at all.
            0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                is_progressive |= PROGRESSIVE.contains(&marker);
                if FRAMES.contains(&marker) && !NO_FRAMES.contains(&marker) {
                    components = *bytes.get(at + 9)?;
                }
                let in_first_scan = *bytes.get(at + 4)?;
                let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]);
                at += 2 + usize::from(length);
                if marker == START_OF_SCAN {
                    let headers = Headers { end: at, is_progressive, components, in_first_scan };
                    return (at <= bytes.len()).then_some(headers);
                }
            }
        }
    }
}
