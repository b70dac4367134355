//! A folder that changes while a session runs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use app::{ByNumber, DEADLINE, Place, TestApp, images};
use serde_json::{Value, json};
use sluice_server::Access;

const OFTEN: Duration = Duration::from_millis(50);

async fn follow(place: &Place) -> TestApp {
    let mut options = place.options();
    options.rescan = Some(OFTEN);
    TestApp::start(place.service(options).unwrap(), Access::default()).await
}

fn counts(statistics: &Value) -> [u64; 3] {
    ["images", "unlabelled", "set_aside"].map(|key| statistics[key].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_join_are_shown_ranked_and_there_after_a_restart() {
    let place = Place::with_images(20);
    let later = Place::with_images(28);
    let app = follow(&place).await;
    let mut page = app.page().await;
    page.answer(0, "negative").await;
    page.answer(17, "positive").await;
    for number in 20..28 {
        let name = format!("{number:04}.png");
        fs::copy(later.pool.path().join(&name), place.pool.path().join(&name)).unwrap();
    }
    place.write("notes.txt", b"no image");
    place.write("torn.png", b"not a picture");
    page.until("statistics", |s| counts(s) == [29, 26, 1]).await;
    // The new one that is likeliest comes among the first, and can be looked at and answered.
    page.send(json!({"type": "want", "count": 40})).await;
    let is_there = |queue: &Value| images(queue).len() == 26 && images(queue)[..2] == [7, 27];
    page.until("queue", is_there).await;
    let (status, head, _) = app.get("/images/27", &[]).await;
    assert_eq!(status, 200, "{head}");
    page.answer(27, "positive").await;
    page.close().await;
    app.stop().await;
    let app = place.serve().await;
    let mut page = app.page().await;
    page.until("statistics", |s| counts(s) == [29, 25, 1] && s["positives"] == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_go_are_set_aside_and_come_back_with_their_answers() {
    let place = Place::with_images(30);
    let app = follow(&place).await;
    let mut page = app.page().await;
    page.answer(3, "positive").await;
    let kept = tempfile::tempdir().unwrap();
    for number in [3, 4] {
        let name = format!("{number:04}.png");
        fs::copy(place.pool.path().join(&name), kept.path().join(&name)).unwrap();
        fs::remove_file(place.pool.path().join(&name)).unwrap();
    }
    page.until("statistics", |s| counts(s) == [30, 28, 2] && s["positives"] == 1).await;
    for number in [3, 4] {
        let name = format!("{number:04}.png");
        fs::copy(kept.path().join(&name), place.pool.path().join(&name)).unwrap();
    }
    page.until("statistics", |s| counts(s) == [30, 29, 0] && s["positives"] == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_sets_nothing_aside_and_is_told_once() {
    let place = Place::with_images(30);
    let away = place.pool.path().with_extension("away");
    let app = follow(&place).await;
    let mut page = app.page().await;
    fs::rename(place.pool.path(), &away).unwrap();
    let says = |what: &'static str| {
        move |notice: &Value| {
            notice["level"] == "warning" && notice["text"].as_str().unwrap().contains(what)
        }
    };
    let notice = page.until("notice", says("there is no folder")).await;
    assert!(says("Is a disk missing?")(&notice), "{notice}");
    let (status, head, _) = app.get("/images/5", &[]).await;
    assert_eq!(status, 404, "{head}");
    page.send(json!({"type": "unreadable", "image": 6})).await;
    // Most of it gone is the same thing.
    fs::create_dir(place.pool.path()).unwrap();
    fs::copy(away.join("0001.png"), place.pool.path().join("0001.png")).unwrap();
    page.until("notice", says("29 of its 30 images")).await;
    fs::remove_dir_all(place.pool.path()).unwrap();
    fs::rename(&away, place.pool.path()).unwrap();
    place.write("more.png", &fs::read(place.pool.path().join("0007.png")).unwrap());
    page.until("statistics", |s| counts(s) == [31, 31, 0]).await;
    page.until("notice", |n| n["text"].as_str().unwrap().contains("is there again")).await;
    let aside = page.kept("set_aside").into_iter().filter(|aside| aside["total"] != 0);
    assert_eq!(aside.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_were_missed_while_the_folder_was_away_are_looked_at_when_it_is_back() {
    let place = Place::with_images(30);
    let away = place.pool.path().with_extension("away");
    let mut options = place.options();
    options.rescan = Some(OFTEN);
    let (begin, begins) = channel();
    let seen = Arc::new(AtomicUsize::new(0));
    let service = place.service_with(options, ByNumber::waiting(begins, &seen)).unwrap();
    let app = TestApp::start(service, Access::default()).await;
    let mut page = app.page().await;
    fs::rename(place.pool.path(), &away).unwrap();
    begin.send(()).unwrap();
    // It has looked, and found nothing: there is a ranking.
    page.until("queue", |queue| !queue["ranking"].is_null()).await;
    assert_eq!(seen.load(Ordering::Relaxed), 0);
    fs::rename(&away, place.pool.path()).unwrap();
    let all_are_seen = async {
        while seen.load(Ordering::Relaxed) < 30 {
            tokio::time::sleep(OFTEN).await;
        }
    };
    tokio::time::timeout(DEADLINE, all_are_seen).await.expect("all are looked at");
    place.write("more.png", &fs::read(place.pool.path().join("0007.png")).unwrap());
    page.until("statistics", |s| counts(s) == [31, 31, 0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_still_written_waits_and_one_that_was_changed_is_told() {
    let place = Place::with_images(20);
    let whole = fs::read(place.pool.path().join("0007.png")).unwrap();
    let app = follow(&place).await;
    let mut page = app.page().await;
    // It grows with every scan: it is not taken for a broken one.
    for end in 1..20 {
        place.write("slow.png", &whole[..whole.len() * end / 20]);
        tokio::time::sleep(OFTEN / 4).await;
    }
    place.write("slow.png", &whole);
    page.until("statistics", |s| counts(s) == [21, 21, 0]).await;
    let longer: Vec<u8> = whole.iter().copied().chain([0; 100]).collect();
    place.write("0007.png", &longer);
    let notice = page.until("notice", |n| n["level"] == "info").await;
    assert!(notice["text"].as_str().unwrap().starts_with("1 of the images"), "{notice}");
    // Also one that is as long as before.
    place.write("0008.png", &fs::read(place.pool.path().join("0008.png")).unwrap());
    page.until("notice", |n| n["level"] == "info" && n["text"] == notice["text"]).await;
}
