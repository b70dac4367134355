//! How many files a second become square pictures, on one core: `cargo bench --bench squares -- FOLDER SIDE`.
//! Without a folder, large photographs are made for it. `examples/compare/pictures` runs it beside PIL.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement fails loudly")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::{Rgb, RgbImage};
use sluice_pool::{DecodeLimits, Square, find, square};

/// The best of so many rounds counts: what the machine can do when nobody disturbs it.
const ROUNDS: usize = 3;

/// Some photographs of 12 megapixels: smooth shapes with grain.
fn make_photographs(folder: &Path) {
    for number in 0..4_u32 {
        let photograph = RgbImage::from_fn(4000, 3000, |x, y| {
            let grain = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 13;
            let shape = |period: f64, phase: u32| {
                let at = f64::from(x + phase * number) / period + f64::from(y) / (period * 1.7);
                (100.0 + 80.0 * at.sin()) as u8 + (grain % 32) as u8
            };
            Rgb([shape(170.0, 11), shape(90.0, 23), shape(310.0, 5)])
        });
        photograph.save(folder.join(format!("{number}.jpg"))).unwrap();
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let own = tempfile::tempdir().unwrap();
    let folder = arguments.next().map_or_else(
        || {
            make_photographs(own.path());
            own.path().to_owned()
        },
        PathBuf::from,
    );
    let side: u32 = arguments.next().map_or(224, |side| side.parse().expect("a side in pixels"));
    let images = find(&folder).expect("a folder of images").images;
    let limits = DecodeLimits::default();
    let mut best = f64::INFINITY;
    let mut failed = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        failed = 0;
        for image in &images {
            match square(&folder.join(&image.path), side, &limits, |_| false) {
                Ok(Square::Made { rgb, .. }) => assert_eq!(rgb.len(), (side * side * 3) as usize),
                Ok(Square::Known { .. }) => unreachable!("nothing is known"),
                Err(_) => failed += 1,
            }
        }
        best = best.min(begun.elapsed().as_secs_f64());
    }
    let good = images.len() - failed;
    println!(
        "{{\"what\": \"sluice\", \"side\": {side}, \"files\": {good}, \"per_second\": {:.1}}}",
        good as f64 / best
    );
}
