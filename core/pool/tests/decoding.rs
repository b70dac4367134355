//! Good files of many formats, and files that must be set aside.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use mozjpeg::{ColorSpace, Compress};
use sluice_pool::{
    DecodeError, DecodeLimits, Pixels, Square, decode, decode_file, fit_within, present, square,
    squash,
};

/// Red on the left, blue on the right, and a gradient downwards.
fn picture() -> RgbImage {
    RgbImage::from_fn(40, 20, |x, y| {
        let light = (100 + y * 5) as u8;
        if x < 20 { Rgb([light, 0, 0]) } else { Rgb([0, 0, light]) }
    })
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(picture());
    match format {
        ImageFormat::Hdr | ImageFormat::OpenExr => picture.into_rgb32f().write_to(&mut out, format),
        ImageFormat::Ico => picture.into_rgba8().write_to(&mut out, format),
        ImageFormat::Farbfeld => picture.into_rgba16().write_to(&mut out, format),
        _ => picture.write_to(&mut out, format),
    }
    .expect("the test picture can be written");
    out.into_inner()
}

fn decoded(bytes: &[u8]) -> Result<Pixels, DecodeError> {
    decode(bytes, &DecodeLimits::default())
}

fn is_red(pixels: &Pixels, x: u32, y: u32) -> bool {
    let at = ((y * pixels.width + x) * 3) as usize;
    pixels.rgb[at] > 60 && pixels.rgb[at] > 2 * pixels.rgb[at + 2]
}

#[test]
fn every_format_that_photos_and_scanners_produce() {
    use ImageFormat::*;
    for format in [Jpeg, Png, Gif, Bmp, Tiff, WebP, Pnm, Tga, Ico, Qoi, Farbfeld, Hdr, OpenExr] {
        // A Targa file has no signature, so only its name could tell.
        let pixels = decoded(&encoded(format));
        if format == Tga {
            assert!(matches!(pixels, Err(DecodeError::UnknownFormat)));
            continue;
        }
        let pixels = pixels.unwrap_or_else(|error| panic!("{format:?}: {error}"));
        assert_eq!((pixels.width, pixels.height), (40, 20), "{format:?}");
        assert!(is_red(&pixels, 5, 10) && !is_red(&pixels, 35, 10), "{format:?}");
    }
}

#[test]
fn a_jpeg_is_turned_as_its_exif_says() {
    // APP1 with one EXIF entry: orientation 6, turn right.
    let exif =
        b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let plain = encoded(ImageFormat::Jpeg);
    let turned = [&plain[..2], exif, &plain[2..]].concat();
    let pixels = decoded(&turned).expect("it decodes");
    assert_eq!((pixels.width, pixels.height), (20, 40));
    assert!(is_red(&pixels, 10, 5) && !is_red(&pixels, 10, 35));
}

#[test]
fn files_that_are_cut_off_are_never_shown() {
    // A PNG ends with a chunk of 12 bytes that carries no picture, a WebP with a byte that makes its length even, a
    // GIF with a few that say that there is no more.
    let formats = [
        (ImageFormat::Jpeg, 0),
        (ImageFormat::Png, 12),
        (ImageFormat::Bmp, 0),
        (ImageFormat::Tiff, 0),
        (ImageFormat::WebP, 1),
        (ImageFormat::Gif, 12),
    ];
    for (format, end) in formats {
        let whole = encoded(format);
        for length in 0..whole.len() - end {
            assert!(decoded(&whole[..length]).is_err(), "{format:?}: decoded {length} bytes");
        }
    }
}

#[test]
fn a_jpeg_with_something_behind_its_end_is_whole() {
    let longer = [encoded(ImageFormat::Jpeg), b"a camera's own notes".to_vec()].concat();
    assert!(decoded(&longer).is_ok());
}

#[test]
fn rubbish_gets_a_reason_and_no_panic() {
    assert!(matches!(decoded(b""), Err(DecodeError::Empty)));
    assert!(matches!(decoded(b"hello, this is a text"), Err(DecodeError::UnknownFormat)));
    let png = encoded(ImageFormat::Png);
    for at in 0..png.len() {
        let mut broken = png.clone();
        broken[at] ^= 0x55;
        // Whatever comes of it, it comes as a value.
        let _ = decoded(&broken);
    }
}

#[test]
fn a_file_that_is_gone_is_missing_and_one_that_must_not_be_read_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let limits = DecodeLimits::default();
    let (gone, below_a_file) = (folder.path().join("a.png"), folder.path().join("b.png/c.png"));
    std::fs::write(folder.path().join("b.png"), b"a file").unwrap();
    for path in [gone, below_a_file] {
        let error = square(&path, 8, &limits, |_| false).unwrap_err();
        assert!(matches!(error, DecodeError::Missing(_)), "{error}");
        assert!(matches!(decode_file(&path, &limits), Err(DecodeError::Missing(_))));
        assert!(matches!(present(&path, None, &limits), Err(DecodeError::Missing(_))));
    }
    let error = square(folder.path(), 8, &limits, |_| false).unwrap_err();
    assert!(matches!(error, DecodeError::Io(_)), "{error}");
}

#[test]
fn absurd_sizes_are_refused_before_memory_is_taken() {
    // A PNG header that promises 60,000 x 60,000 pixels.
    let mut png = encoded(ImageFormat::Png);
    png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let refused = decoded(&png).expect_err("too large");
    assert!(matches!(refused, DecodeError::TooManyPixels { width: 60_000, .. }), "{refused}");
    let limits = DecodeLimits { pixels: 100, ..DecodeLimits::default() };
    assert!(matches!(
        decode(&encoded(ImageFormat::Png), &limits),
        Err(DecodeError::TooManyPixels { .. })
    ));
}

/// PNG's checksum, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8)
            .fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg()))
    })
}

#[test]
fn resizing_keeps_the_shape_or_squashes_as_asked() {
    let pixels = decoded(&encoded(ImageFormat::Png)).unwrap();
    let squashed = squash(&pixels, 8).unwrap();
    assert_eq!((squashed.width, squashed.height, squashed.rgb.len()), (8, 8, 192));
    assert!(is_red(&squashed, 1, 4) && !is_red(&squashed, 6, 4));
    let fitted = fit_within(&pixels, 10).unwrap();
    assert_eq!((fitted.width, fitted.height), (10, 5));
    assert_eq!(fit_within(&pixels, 100).unwrap(), pixels);
}

#[test]
fn browsers_get_what_they_can_show() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, format| {
        let path = folder.path().join(name);
        std::fs::write(&path, encoded(format)).unwrap();
        path
    };
    let limits = DecodeLimits::default();
    let jpeg = write("a.jpg", ImageFormat::Jpeg);
    let original = present(&jpeg, Some(100), &limits).unwrap();
    assert_eq!(
        (original.content_type, &original.bytes),
        ("image/jpeg", &std::fs::read(&jpeg).unwrap())
    );
    let reduced = present(&jpeg, Some(16), &limits).unwrap();
    assert_eq!(decoded(&reduced.bytes).unwrap().width, 16);
    let tiff = present(&write("a.tif", ImageFormat::Tiff), None, &limits).unwrap();
    assert_eq!(tiff.content_type, "image/png");
    assert_eq!(decoded(&tiff.bytes).unwrap().width, 40);
}

/// A JPEG in the colours that printers use, 40 × 20, without ink on its right half.
fn printed() -> Vec<u8> {
    let mut jpeg = Compress::new(ColorSpace::JCS_CMYK);
    jpeg.set_size(40, 20);
    let mut started = jpeg.start_compress(Vec::new()).unwrap();
    // As Adobe's programs write it: 255 is no ink.
    let line: Vec<u8> =
        (0..40).flat_map(|x| [255, if x < 20 { 0 } else { 255 }, 255, 255]).collect();
    started.write_scanlines(&line.repeat(20)).unwrap();
    started.finish().unwrap()
}

#[test]
fn grey_printed_and_deep_pictures_become_red_green_and_blue() {
    let (mut grey, mut deep) = (Cursor::new(Vec::new()), Cursor::new(Vec::new()));
    let picture = DynamicImage::ImageRgb8(picture());
    picture.to_luma8().write_to(&mut grey, ImageFormat::Jpeg).unwrap();
    picture.to_rgb16().write_to(&mut deep, ImageFormat::Png).unwrap();
    let grey = decoded(grey.get_ref()).expect("greyscale decodes");
    assert!(grey.rgb.as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b));
    assert!(is_red(&decoded(deep.get_ref()).expect("16 bit decodes"), 5, 10));
    let printed = decoded(&printed()).expect("CMYK decodes");
    assert_eq!((printed.width, printed.height), (40, 20));
    assert_ne!(printed.rgb[..3], printed.rgb[printed.rgb.len() - 3..]);
}

#[test]
fn a_large_jpeg_is_decoded_in_part_and_looks_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let wave = |at: u32, length: f64| (128.0 + 120.0 * (f64::from(at) / length).sin()) as u8;
    let large =
        RgbImage::from_fn(1000, 700, |x, y| Rgb([wave(x, 60.0), wave(y, 90.0), wave(x + y, 70.0)]));
    let path = folder.path().join("large.jpg");
    large.save(&path).unwrap();
    let limits = DecodeLimits::default();
    for side in [1, 32, 100, 224, 500, 900] {
        let Square::Made { rgb: reduced, .. } = square(&path, side, &limits, |_| false).unwrap()
        else {
            panic!("nothing is known");
        };
        assert_eq!(reduced.len(), (side * side * 3) as usize);
        let pixels = Pixels { width: 1000, height: 700, rgb: large.as_raw().clone() };
        let whole = squash(&pixels, side).unwrap();
        let apart = reduced.iter().zip(&whole.rgb).map(|(a, b)| u32::from(a.abs_diff(*b)));
        let mean = f64::from(apart.sum::<u32>()) / reduced.len() as f64;
        assert!(mean < 3.0, "{side} pixels: {mean} steps of 255 apart");
    }
    let shown = present(&path, Some(100), &limits).unwrap();
    let shown = decoded(&shown.bytes).unwrap();
    assert_eq!((shown.width, shown.height), (100, 70));
}

#[test]
fn a_jpeg_that_is_broken_half_way_is_a_value_not_a_panic() {
    let whole = encoded(ImageFormat::Jpeg);
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0xA5;
        if let Ok(pixels) = decoded(&broken) {
            assert_eq!(pixels.rgb.len(), (pixels.width * pixels.height * 3) as usize);
        }
    }
}
