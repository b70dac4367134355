//! Smaller pictures for the screen, with SIMD.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::Pixels;

/// A picture could not be resized.
#[derive(Debug, thiserror::Error)]
#[error("can't be resized to {width} × {height}: {why}")]
pub struct ResizeError {
    width: u32,
    height: u32,
    why: String,
}

impl ResizeError {
    pub(crate) fn new(width: u32, height: u32, why: String) -> Self {
        Self { width, height, why }
    }
}

/// The whole picture in its own shape, with no side longer than `longest`; never enlarged.
///
/// # Errors
/// When the pixels are not what their size promises.
pub fn fit_within(pixels: &Pixels, longest: u32) -> Result<Pixels, ResizeError> {
    let side = pixels.width.max(pixels.height);
    if side <= longest {
        return Ok(pixels.clone());
    }
    let scaled = |length: u32| {
        ((u64::from(length) * u64::from(longest) + u64::from(side) / 2) / u64::from(side)).max(1)
            as u32
    };
    resize(pixels, scaled(pixels.width), scaled(pixels.height))
}

fn resize(pixels: &Pixels, width: u32, height: u32) -> Result<Pixels, ResizeError> {
    if (pixels.width, pixels.height) == (width, height) {
        return Ok(pixels.clone());
    }
    let fail = |why: &dyn std::fmt::Display| ResizeError::new(width, height, why.to_string());
    let from = ImageRef::new(pixels.width, pixels.height, &pixels.rgb, PixelType::U8x3)
        .map_err(|error| fail(&error))?;
    let mut to = Image::new(width, height, PixelType::U8x3);
    let bilinear = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&from, &mut to, &bilinear).map_err(|error| fail(&error))?;
    Ok(Pixels { width, height, rgb: to.into_vec() })
}
