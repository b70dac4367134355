//! A file as a browser can show it.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageFormat};

use crate::decode::{Detail, decode_to, read_within};
use crate::{DecodeError, DecodeLimits, Pixels, ResizeError, fit_within, longer_side};

/// Quality of reduced versions, of 100.
const JPEG_QUALITY: u8 = 88;

/// Bytes for a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// MIME type.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The original bytes where browsers show the format, else PNG; with `longest`, a version with no
/// side longer than that (JPEG), where the original is larger.
///
/// # Errors
/// When the file can't be read, or has to be decoded and can't.
pub fn present(
    path: &Path,
    longest: Option<u32>,
    limits: &DecodeLimits,
) -> Result<Presented, DecodeError> {
    let bytes = read_within(path, limits)?;
    let shown_as = image::guess_format(&bytes).ok().and_then(shown_by_browsers);
    let longest = longest.unwrap_or(u32::MAX);
    if let Some(content_type) = shown_as
        && (longest == u32::MAX
            || longer_side(Cursor::new(&bytes)).is_some_and(|side| side <= longest))
    {
        return Ok(Presented { content_type, bytes });
    }
    let broken = |error: ResizeError| DecodeError::Broken(error.to_string());
    let (pixels, ()) = decode_to(&bytes, limits, Detail::Longer(longest), |_| ())?;
    let reduced = fit_within(&pixels, longest).map_err(broken)?;
    let mut out = Cursor::new(Vec::new());
    let content_type = if shown_as.is_some() {
        write(JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY), &reduced)?;
        "image/jpeg"
    } else {
        write(PngEncoder::new(&mut out), &reduced)?;
        "image/png"
    };
    Ok(Presented { content_type, bytes: out.into_inner() })
}

fn write(encoder: impl ImageEncoder, pixels: &Pixels) -> Result<(), DecodeError> {
    encoder
        .write_image(&pixels.rgb, pixels.width, pixels.height, ExtendedColorType::Rgb8)
        .map_err(|error| DecodeError::Broken(error.to_string()))
}

fn shown_by_browsers(format: ImageFormat) -> Option<&'static str> {
    use ImageFormat::{Bmp, Gif, Ico, Jpeg, Png, WebP};
    matches!(format, Bmp | Gif | Ico | Jpeg | Png | WebP).then(|| format.to_mime_type())
}
