//! Bytes of a file to pixels: the format by content, within limits, turned upright.

use std::fs::File;
use std::io::{self, BufRead, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use crate::{Pixels, jpeg};

/// What a file may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Size of the file.
    pub file_bytes: u64,
    /// Width × height.
    pub pixels: u64,
    /// Memory while decoding.
    pub memory_bytes: u64,
}

impl From<io::Error> for DecodeError {
    /// Of a file that is opened or read. Which errors a disk gives that is pulled out, or a network that hangs,
    /// nobody can list; those that are about the file itself are few.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory => Self::Io(error),
            _ => Self::Missing(error),
        }
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { file_bytes: 512 << 20, pixels: 200_000_000, memory_bytes: 2 << 30 }
    }
}

/// Why a file can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It can't be had now: it is gone, or its disk is, or the system is short of something.
    #[error("is not there: {0}")]
    Missing(#[source] io::Error),
    /// It is there, and must not be read.
    #[error("can't be read: {0}")]
    Io(#[source] io::Error),
    /// It holds no byte.
    #[error("is empty")]
    Empty,
    /// It is too large a file.
    #[error("is a file of {megabytes} MB; {limit_megabytes} MB is the most that is read")]
    FileTooLarge {
        /// Its size, MB.
        megabytes: u64,
        /// The most, MB.
        limit_megabytes: u64,
    },
    /// It is too large a picture.
    #[error(
        "is {width} × {height} pixels; {limit_megapixels} megapixels is the most that is decoded"
    )]
    TooManyPixels {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// The most, million pixels.
        limit_megapixels: u64,
    },
    /// Its content is no image format that is known.
    #[error("is no image of a known format, whatever its name says")]
    UnknownFormat,
    /// It ends too early.
    #[error("is cut off: the picture's data ends too early")]
    Truncated,
    /// A part of its data makes no sense; a decoder would put grey or rubbish there.
    #[error(
        "is damaged: a part of the picture can't be read; copy it again from where it came from"
    )]
    Damaged,
    /// Its content is broken.
    #[error("is broken: {0}")]
    Broken(String),
}

/// How much of a picture is needed. JPEGs can be decoded at a half, a quarter or an eighth of their
/// size, which saves most of the work; the result is never smaller than what is asked for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Every pixel.
    Full,
    /// So many pixels along the shorter side.
    Shorter(u32),
    /// So many pixels along the longer side.
    Longer(u32),
}

impl Detail {
    /// Eighths of its size at which a picture still has this detail.
    fn eighths(self, width: u32, height: u32) -> u8 {
        let (has, needed) = match self {
            Self::Full => return 8,
            Self::Shorter(side) => (width.min(height), side),
            Self::Longer(side) => (width.max(height), side),
        };
        let enough = |eighths: &u8| u64::from(has) * u64::from(*eighths) >= u64::from(needed) * 8;
        [1, 2, 4].into_iter().find(enough).unwrap_or(8)
    }
}

/// Reads and decodes a file; of an animation the first picture.
///
/// # Errors
/// Why it can't be shown, as half a sentence whose subject is the file.
pub fn decode_file(path: &Path, limits: &DecodeLimits) -> Result<Pixels, DecodeError> {
    decode(&read_within(path, limits)?, limits)
}

/// The bytes of a file that is not too large.
pub(crate) fn read_within(path: &Path, limits: &DecodeLimits) -> Result<Vec<u8>, DecodeError> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limits.file_bytes {
        return Err(DecodeError::FileTooLarge {
            megabytes: size / 1_000_000,
            limit_megabytes: limits.file_bytes / 1_000_000,
        });
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Longer side of a picture, pixels, from its header alone; `None` where that can't be told.
pub fn longer_side(file: impl BufRead + Seek) -> Option<u32> {
    let reader = ImageReader::new(file).with_guessed_format().ok()?;
    reader.into_dimensions().ok().map(|(width, height)| width.max(height))
}

/// Decodes the bytes of a file.
///
/// # Errors
/// As [`decode_file`].
pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Pixels, DecodeError> {
    decode_to(bytes, limits, Detail::Full, |_| ()).map(|(pixels, ())| pixels)
}

/// [`decode`], perhaps at a part of the picture's size. `reserve` is told how many bytes it is going to take; what it
/// gives comes with the pixels.
pub(crate) fn decode_to<T>(
    bytes: &[u8],
    limits: &DecodeLimits,
    detail: Detail,
    reserve: impl FnOnce(u64) -> T,
) -> Result<(Pixels, T), DecodeError> {
    // A decoder that panics on strange bytes is a bug there, and one more broken file here.
    catch_unwind(AssertUnwindSafe(|| decode_unguarded(bytes, limits, detail, reserve)))
        .unwrap_or_else(|_| Err(DecodeError::Broken("the decoder gave up on it".to_owned())))
}

fn decode_unguarded<T>(
    bytes: &[u8],
    limits: &DecodeLimits,
    detail: Detail,
    reserve: impl FnOnce(u64) -> T,
) -> Result<(Pixels, T), DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| DecodeError::Broken(error.to_string()))?;
    let format = reader.format().ok_or(DecodeError::UnknownFormat)?;
    let mut memory = image::Limits::default();
    memory.max_alloc = Some(limits.memory_bytes);
    reader.limits(memory);
    let mut decoder = reader.into_decoder().map_err(meaning)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.pixels {
        let limit_megapixels = limits.pixels / 1_000_000;
        return Err(DecodeError::TooManyPixels { width, height, limit_megapixels });
    }
    if width == 0 || height == 0 {
        return Err(DecodeError::Empty);
    }
    if format == ImageFormat::Jpeg && jpeg::is_truncated(bytes) {
        return Err(DecodeError::Truncated);
    }
    let (pixels, eighths) = (u64::from(width) * u64::from(height), detail.eighths(width, height));
    let needed = if format == ImageFormat::Jpeg {
        jpeg::memory(bytes, pixels, eighths)
    } else {
        decoder.total_bytes() + pixels * 3
    };
    let reserved = reserve(needed);
    let orientation = decoder.orientation().map_err(meaning)?;
    let by_libjpeg =
        (format == ImageFormat::Jpeg).then(|| jpeg::decode(bytes, eighths)).transpose()?.flatten();
    let mut picture = match by_libjpeg {
        Some(rgb) => DynamicImage::ImageRgb8(rgb),
        None => DynamicImage::from_decoder(decoder).map_err(meaning)?,
    };
    picture.apply_orientation(orientation);
    let rgb = picture.into_rgb8();
    let pixels = Pixels { width: rgb.width(), height: rgb.height(), rgb: rgb.into_raw() };
    Ok((pixels, reserved))
}

fn meaning(error: ImageError) -> DecodeError {
    match error {
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated
        }
        ImageError::Unsupported(_) => DecodeError::UnknownFormat,
        other => DecodeError::Broken(other.to_string()),
    }
}
