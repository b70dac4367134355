//! Images and places that are not as they should be, with the learner that people use.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::fs;
use std::io::Write;

use app::{Page, Place, TestApp, images};
use image::codecs::gif::GifEncoder;
use image::{Delay, Frame, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use sluice_log::storage::FsStorage;
use sluice_server::{Access, Service, SessionOptions};

async fn serve(place: &Place, options: SessionOptions) -> TestApp {
    let finding = sluice_pool::find(&options.pool).unwrap();
    let storage = FsStorage::new(place.session.path()).unwrap();
    TestApp::start(Service::open(options, &finding, storage).unwrap(), Access::default()).await
}

/// Until every image that can be shown has features; the notices that came on the way.
async fn features(page: &mut Page, images: u64) -> Vec<String> {
    let complete = |t: &Value| t["embedded"] == images && t["to_embed"] == images;
    page.until("training", complete).await;
    page.kept("notice").iter().map(|notice| notice["text"].as_str().unwrap().to_owned()).collect()
}

/// A JPEG whose head says 20,000 × 20,000 pixels.
fn enormous(small: &[u8]) -> Vec<u8> {
    let mut jpeg = small.to_vec();
    let frame = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).expect("a baseline JPEG");
    let side = 20_000_u16.to_be_bytes();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[side[0], side[1], side[0], side[1]]);
    jpeg
}

fn moving() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for light in [40, 90, 140] {
        let frame = RgbaImage::from_pixel(40, 30, Rgba([light, light, 20, 255]));
        encoder
            .encode_frame(Frame::from_parts(frame, 0, 0, Delay::from_numer_denom_ms(50, 1)))
            .unwrap();
    }
    drop(encoder);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_every_unlikely_kind_are_shown_or_set_aside_and_learning_goes_on() {
    let place = Place::with_images(30);
    RgbImage::from_pixel(1, 1, image::Rgb([9, 9, 9]))
        .save(place.pool.path().join("tiny.png"))
        .unwrap();
    let mut jpeg = std::io::Cursor::new(Vec::new());
    let noise = RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 37 + y * 91) as u8; 3]));
    noise.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    place.write("half.jpg", &jpeg[..jpeg.len() / 2]);
    place.write("enormous.jpg", &enormous(&jpeg));
    place.write("moving.gif", &moving());
    place.write("empty.webp", b"");
    let app = serve(&place, place.options()).await;
    let mut page = app.page().await;
    // What was deleted after the scan, while features may still be computed.
    fs::remove_file(place.pool.path().join("0029.png")).unwrap();
    let reason = |aside: &Value, path: &str| {
        let files = aside["files"].as_array().unwrap().clone();
        files.into_iter().find(|file| file["path"] == path).map(|file| file["reason"].to_string())
    };
    let unusable = ["enormous.jpg", "half.jpg", "empty.webp"];
    let are_aside = |aside: &Value| unusable.iter().all(|path| reason(aside, path).is_some());
    let aside = page.until("set_aside", are_aside).await;
    assert!(reason(&aside, "enormous.jpg").unwrap().contains("megapixels"), "{aside}");
    assert!(reason(&aside, "tiny.png").is_none() && reason(&aside, "moving.gif").is_none());
    for image in [0, 1, 2] {
        page.answer(image, "negative").await;
    }
    page.answer(7, "positive").await;
    // The moving picture is bright, too.
    let is_learned = |queue: &Value| {
        let first = &images(queue)[..3];
        queue["items"][0]["probability"].is_number() && [17, 27].iter().all(|b| first.contains(b))
    };
    page.until("queue", is_learned).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_one_kind_alone_are_no_reason_to_stop_and_the_first_other_one_is_learned_from() {
    let place = Place::with_images(60);
    let app = serve(&place, place.options()).await;
    let mut page = app.page().await;
    features(&mut page, 60).await;
    for image in (0..60).filter(|image| image % 10 != 7).take(45) {
        page.answer(image, "negative").await;
    }
    let queue = page.until("queue", |queue| queue["behind"] == 0).await;
    assert!(queue["items"][0]["probability"].is_null(), "there is nothing to learn from yet");
    page.answer(7, "positive").await;
    let scored = |queue: &Value| queue["items"][0]["probability"].is_number();
    let queue = page.until("queue", scored).await;
    assert_eq!(queue["items"][0]["image"].as_u64().unwrap() % 10, 7, "{queue}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_can_t_be_written_is_told_once_and_features_come_all_the_same() {
    let place = Place::with_images(40);
    let mut in_the_way = tempfile::NamedTempFile::new().unwrap();
    in_the_way.write_all(b"a file where the folder should be").unwrap();
    let mut options = place.options();
    options.cache = Some(sluice_pool::Place {
        folder: in_the_way.path().join("features"),
        most_bytes: 1 << 30,
    });
    let app = serve(&place, options).await;
    let mut page = app.page().await;
    let mut told = features(&mut page, 40).await;
    told.retain(|text| text.contains("can't be kept"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("kept in memory"), "{told:?}");
    page.answer(1, "negative").await;
    page.answer(7, "positive").await;
    page.until("queue", |queue| queue["items"][0]["probability"].is_number()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_which_most_is_gone_for_good_is_learned_of_what_is_left() {
    let place = Place::with_images(64);
    let app = serve(&place, place.options()).await;
    app.page().await.close().await;
    app.stop().await;
    for number in 0..44 {
        fs::remove_file(place.pool.path().join(format!("{number:04}.png"))).unwrap();
    }
    let mut options = place.options();
    options.rescan = Some(std::time::Duration::from_millis(50));
    let app = serve(&place, options).await;
    let mut page = app.page().await;
    features(&mut page, 20).await;
    page.answer(50, "negative").await;
    page.answer(47, "positive").await;
    let is_learned = |queue: &Value| queue["items"][0]["probability"].is_number();
    let queue = page.until("queue", is_learned).await;
    assert_eq!(images(&queue)[0], 57);
}
