//! JPEGs whose data is damaged: never decoded as if nothing were missing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use image::{Rgb, RgbImage};
use mozjpeg::{ColorSpace, Compress};
use sluice_pool::{DecodeError, DecodeLimits, Pixels, decode, square};

/// Noise: damage can't hide where nothing is to be seen. Progressive or in one pass.
fn jpeg(progressive: bool) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 7;
    let picture = RgbImage::from_fn(160, 120, |x, y| Rgb([noise(x, y) as u8, x as u8, y as u8]));
    let mut jpeg = Compress::new(ColorSpace::JCS_RGB);
    jpeg.set_size(160, 120);
    if progressive {
        jpeg.set_progressive_mode();
    } else {
        jpeg.set_fastest_defaults();
    }
    let mut started = jpeg.start_compress(Vec::new()).unwrap();
    started.write_scanlines(picture.as_raw()).unwrap();
    started.finish().unwrap()
}

fn decoded(bytes: &[u8]) -> Result<Pixels, DecodeError> {
    decode(bytes, &DecodeLimits::default())
}

#[test]
fn one_that_is_cut_off_is_not_shown_though_its_end_was_put_back() {
    // A progressive one that lacks its last scans as a whole is all there, and coarse.
    for (progressive, percents) in [(false, 20..100), (true, 30..80)] {
        let whole = jpeg(progressive);
        assert!(decoded(&whole).is_ok());
        for percent in percents {
            let cut = &whole[..whole.len() * percent / 100];
            assert!(matches!(decoded(cut), Err(DecodeError::Truncated)), "{percent} %");
            // Copied from a card that broke, and mended by a program that only looks for the end.
            let mended = decoded(&[cut, &[0xFF, 0xD9]].concat());
            let Err(error @ DecodeError::Damaged) = mended else {
                panic!("progressive: {progressive}, {percent} %: a part is missing")
            };
            assert!(error.to_string().contains("a part of the picture can't be read"), "{error}");
        }
    }
}

#[test]
fn a_piece_that_is_missing_or_overwritten_is_heard_of_at_any_size() {
    let whole = jpeg(false);
    for percent in [30, 50, 70] {
        let mut shorter = whole.clone();
        let at = whole.len() * percent / 100;
        shorter.drain(at..at + 400);
        let error = decoded(&shorter).map(|_| "nothing is missing");
        assert!(matches!(error, Err(DecodeError::Damaged)), "{percent} %: {error:?}");
    }
    // Where the decoder falls into step again within a block, nobody could tell; mostly it does not.
    let mut holed = whole.clone();
    holed[whole.len() / 2..][..200].fill(0x55);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holed.jpg");
    std::fs::write(&path, &holed).unwrap();
    for side in [16, 60, 120] {
        let square = square(&path, side, &DecodeLimits::default(), |_| false);
        assert!(matches!(square, Err(DecodeError::Damaged)), "{side} pixels");
    }
}

#[test]
fn a_code_that_does_not_exist_is_heard_of() {
    let mut spoilt = jpeg(false);
    let middle = spoilt.len() / 2;
    // 32 ones: no table has such a code.
    spoilt[middle..middle + 8].copy_from_slice(&[0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0]);
    assert!(matches!(decoded(&spoilt), Err(DecodeError::Damaged)));
}

#[test]
fn one_in_printers_colours_is_looked_through_too() {
    let mut jpeg = Compress::new(ColorSpace::JCS_CMYK);
    jpeg.set_fastest_defaults();
    jpeg.set_size(160, 120);
    let mut started = jpeg.start_compress(Vec::new()).unwrap();
    let ink = |at: u32| (at.wrapping_mul(2_654_435_761) >> 9) as u8;
    started.write_scanlines(&(0..160 * 120 * 4).map(ink).collect::<Vec<u8>>()).unwrap();
    let whole = started.finish().unwrap();
    assert!(decoded(&whole).is_ok());
    let cut = [&whole[..whole.len() / 2], &[0xFF, 0xD9]].concat();
    assert!(matches!(decoded(&cut), Err(DecodeError::Damaged)));
}

#[test]
fn what_is_no_part_of_the_picture_may_be_odd() {
    let whole = jpeg(false);
    let behind = [&whole[..], &[0, 1, 2, 3, 0xFF, 0xD8, 7]].concat();
    assert!(decoded(&behind).is_ok(), "rubbish behind the end");
    // Others fill a sector before the end, with zeros or with what was there, and put a second picture behind it.
    let (picture, end) = whole.split_at(whole.len() - 2);
    for padding in [&[0; 300][..], b"left from an earlier picture"] {
        let padded = [picture, padding, end, &whole].concat();
        let padded = decoded(&padded).expect("nothing is missing");
        assert_eq!(padded, decoded(&whole).unwrap());
    }
    // Some cameras leave bytes between two segments; libjpeg warns, and nothing is missing.
    let before_tables = whole.windows(2).position(|two| two == [0xFF, 0xDB]).unwrap();
    let between = [&whole[..before_tables], &[0; 5], &whole[before_tables..]].concat();
    assert_eq!(decoded(&between).map(|pixels| pixels.width).ok(), Some(160));
}
