//! The whole loop without a browser: folders' names answer, the real learner orders.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use image::{Rgb, RgbImage};
use program::run;
use serde_json::Value;

/// Upright stripes are the rare class, lying ones the common.
fn stripes(folder: &std::path::Path) {
    for number in 0..150_u32 {
        let upright = number % 10 == 3;
        let class = if upright { "upright" } else { "lying" };
        std::fs::create_dir_all(folder.join(class)).unwrap();
        let picture = RgbImage::from_fn(32, 32, |x, y| {
            let along = if upright { x } else { y };
            let noise = (x * 31 + y * 17 + number * 101) * 7919 % 50;
            let value = if (along / 3 + number) % 2 == 0 { 40 } else { 190 };
            Rgb([(value + noise) as u8; 3])
        });
        picture.save(folder.join(class).join(format!("{number:03}.png"))).unwrap();
    }
}

#[test]
fn the_positives_are_found_long_before_chance_would() {
    let pool = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    stripes(pool.path());
    let (pool, to) = (pool.path().to_str().unwrap(), out.path().to_str().unwrap());
    let output =
        run(&["simulate", pool, "--positive", "upright", "--looks", "60", "--out", to, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["images"], &summary["positives"]), (&150.into(), &15.into()));
    // Chance would have found six of the fifteen.
    assert!(summary["found"].as_u64().unwrap() >= 14, "{summary}");
    let curve = std::fs::read_to_string(out.path().join("curve.csv")).unwrap();
    assert_eq!(curve.lines().count(), 61);
    assert!(curve.lines().last().unwrap().starts_with(&format!("60,{},", summary["found"])));
}
