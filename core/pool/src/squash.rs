//! Pictures made square, as networks take them: in whole numbers, and to the bit what Pillow's `Image.resize` makes of
//! them with `Resampling.BILINEAR`, first in width, then in height (in one call, newer Pillows choose the order by the
//! shape). Published networks were trained on pictures that were made so, and an exported predictor is given such
//! pictures in Python. The library that resizes for the screen (`resize.rs`) is off by one step in one value of seven,
//! which moves a probability by up to 0.003.
//!
//! One pass along rows, then one along columns: weighted sums with weights in 1/2²², rounded to 8 bits after each. Both
//! are compiled once more for processors with AVX2, which multiply eight whole numbers at once; which one runs is chosen
//! at run time.

use std::borrow::Cow;

use pulp::{Arch, NullaryFnOnce};

use crate::{Pixels, ResizeError};

/// Bits of a weight behind the point; 255 times the sum of all weights still fits 31 bits.
const BITS: u32 = 22;
const HALF: i32 = 1 << (BITS - 1);

/// What one pixel of the result is made of.
struct Source {
    /// The first pixel that counts.
    first: usize,
    /// The weight of that one and of those behind it, in 1/2^[`BITS`].
    weights: Vec<i32>,
}

/// The whole picture, made `side` × `side` pixels whatever its shape was; bilinear, with the filter
/// widened when it shrinks (antialiased).
///
/// # Errors
/// When the pixels are not what their size promises.
pub fn squash(pixels: &Pixels, side: u32) -> Result<Pixels, ResizeError> {
    let Pixels { width, height, rgb } = pixels;
    let (columns, rows) = (*width as usize, *height as usize);
    if columns == 0 || rows == 0 || side == 0 || rgb.len() != columns * rows * 3 {
        let why = format!("{} bytes are no {width} × {height} pixels", rgb.len());
        return Err(ResizeError::new(side, side, why));
    }
    let narrowed = if *width == side {
        Cow::Borrowed(rgb)
    } else {
        let sources = sources(*width, side);
        Cow::Owned(Arch::new().dispatch(AlongRows { rgb, columns, sources: &sources }))
    };
    let made = if *height == side {
        narrowed.into_owned()
    } else {
        let (rgb, sources) = (&*narrowed, sources(*height, side));
        let row_bytes = side as usize * 3;
        Arch::new().dispatch(AlongColumns { rgb, row_bytes, sources: &sources })
    };
    Ok(Pixels { width: side, height: side, rgb: made })
}

/// The triangle around each pixel of the result, as wide as a pixel of the result, and at least as wide as one of the
/// picture.
fn sources(from: u32, to: u32) -> Vec<Source> {
    let scale = f64::from(from) / f64::from(to);
    let reach = scale.max(1.0);
    (0..to)
        .map(|at| {
            let center = (f64::from(at) + 0.5) * scale;
            // What is below nought becomes nought.
            let first = (center - reach + 0.5) as u32;
            let end = ((center + reach + 0.5) as u32).min(from);
            let weight =
                |pixel: u32| (1.0 - ((f64::from(pixel) - center + 0.5) / reach).abs()).max(0.0);
            let sum: f64 = (first..end).map(weight).sum();
            let whole = |pixel| (weight(pixel) / sum * f64::from(1 << BITS) + 0.5) as i32;
            Source { first: first as usize, weights: (first..end).map(whole).collect() }
        })
        .collect()
}

/// A pass along rows of so many columns.
struct AlongRows<'a> {
    rgb: &'a [u8],
    columns: usize,
    sources: &'a [Source],
}

impl NullaryFnOnce for AlongRows<'_> {
    type Output = Vec<u8>;

    /// Two rows at a time: their pixels lie side by side in one vector of eight, which each weight is multiplied with.
    #[expect(clippy::inline_always, reason = "only so it is compiled for each processor")]
    #[inline(always)]
    fn call(self) -> Vec<u8> {
        let Self { rgb, columns, sources } = self;
        let row_bytes = columns * 3;
        let mut made = vec![0; rgb.len() / columns * sources.len()];
        let mut pixels = vec![[0_u8; 8]; columns];
        // With one byte more, so that the last pixel is read like the others, four bytes at once.
        let mut padded = [(); 2].map(|()| vec![0; row_bytes + 1]);
        for (rows, made) in rgb.chunks(row_bytes * 2).zip(made.chunks_mut(sources.len() * 6)) {
            let (one, other) = rows.split_at(row_bytes);
            let other = if other.is_empty() { one } else { other };
            padded[0][..row_bytes].copy_from_slice(one);
            padded[1][..row_bytes].copy_from_slice(other);
            let [one, other] = padded.each_ref().map(|row| row.array_windows::<4>().step_by(3));
            for (pixel, (one, other)) in pixels.iter_mut().zip(one.zip(other)) {
                pixel[..4].copy_from_slice(one);
                pixel[4..].copy_from_slice(other);
            }
            let (first_row, second_row) = made.split_at_mut(sources.len() * 3);
            let mut second_row = second_row.as_chunks_mut::<3>().0.iter_mut();
            for (made, source) in first_row.as_chunks_mut::<3>().0.iter_mut().zip(sources) {
                let mut sums = [HALF; 8];
                for (pixel, weight) in pixels[source.first..].iter().zip(&source.weights) {
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum = add(*sum, i32::from(*value), *weight);
                    }
                }
                let [r, g, b, _, s, h, c, _] = sums.map(rounded);
                *made = [r, g, b];
                if let Some(made) = second_row.next() {
                    *made = [s, h, c];
                }
            }
        }
        made
    }
}

/// A pass along columns, row by row.
struct AlongColumns<'a> {
    rgb: &'a [u8],
    row_bytes: usize,
    sources: &'a [Source],
}

impl NullaryFnOnce for AlongColumns<'_> {
    type Output = Vec<u8>;

    #[expect(clippy::inline_always, reason = "only so it is compiled for each processor")]
    #[inline(always)]
    fn call(self) -> Vec<u8> {
        let Self { rgb, row_bytes, sources } = self;
        let mut made = vec![0; row_bytes * sources.len()];
        let mut sums = vec![HALF; row_bytes];
        for (made, Source { first, weights }) in made.chunks_exact_mut(row_bytes).zip(sources) {
            sums.fill(HALF);
            let rows = rgb[first * row_bytes..].chunks_exact(row_bytes);
            for (row, weight) in rows.zip(weights) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum = add(*sum, i32::from(*value), *weight);
                }
            }
            for (made, sum) in made.iter_mut().zip(&sums) {
                *made = rounded(*sum);
            }
        }
        made
    }
}

/// One more pixel. No sum overflows (see [`BITS`]); to check it would keep the compiler from adding eight at once.
#[inline]
fn add(sum: i32, value: i32, weight: i32) -> i32 {
    sum.wrapping_add(value.wrapping_mul(weight))
}

/// No weight is below nought, so no sum is.
#[inline]
fn rounded(sum: i32) -> u8 {
    (sum >> BITS).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made of its place, as no gradient is: each byte a step of a multiplicative generator.
    fn noise(width: u32, height: u32) -> Pixels {
        let rgb = (1..=width * height * 3).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
        Pixels { width, height, rgb: rgb.collect() }
    }

    /// Of all values, by place: no value can change, and no two change places.
    fn sum(pixels: &Pixels) -> u64 {
        pixels.rgb.iter().zip(1..).map(|(value, place): (&u8, u64)| u64::from(*value) * place).sum()
    }

    /// The sums are those of what Pillow 13 makes of the same bytes.
    #[test]
    fn it_is_what_pillow_makes() {
        for (width, height, side, pillow) in PILLOW {
            let made = squash(&noise(width, height), side).unwrap();
            assert_eq!(sum(&made), pillow, "{width} × {height} to {side}");
        }
    }

    const PILLOW: [(u32, u32, u32, u64); 6] = [
        (7, 5, 3, 47_453),
        (64, 48, 32, 601_874_131),
        (101, 37, 16, 37_642_463),
        (9, 13, 24, 190_892_277),
        (1, 40, 8, 2_359_888),
        (32, 57, 32, 601_851_135),
    ];

    #[test]
    fn what_is_square_already_stays() {
        let pixels = noise(8, 8);
        assert_eq!(squash(&pixels, 8).unwrap(), pixels);
        let white = Pixels { width: 999, height: 3, rgb: vec![255; 999 * 9] };
        assert!(squash(&white, 17).unwrap().rgb.iter().all(|value| *value == 255));
    }

    #[test]
    fn pixels_that_are_not_what_their_size_promises_are_refused() {
        let short = Pixels { width: 4, height: 4, rgb: vec![0; 47] };
        assert!(squash(&short, 2).unwrap_err().to_string().contains("47 bytes are no 4 × 4"));
        assert!(squash(&Pixels { width: 0, height: 4, rgb: Vec::new() }, 2).is_err());
        assert!(squash(&noise(4, 4), 0).is_err());
    }
}
