//! Files that get other names while a session runs: their answers are not lost sight of.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::fs::{self, File};
use std::time::{Duration, Instant, SystemTime};

use app::{DEADLINE, Place, TestApp};
use sluice_server::{Access, Service, SessionOptions};

const OFTEN: Duration = Duration::from_millis(50);

fn open(place: &Place) -> Service {
    let folder = Some(place.session.path().to_owned());
    let options = SessionOptions { folder, rescan: Some(OFTEN), ..place.options() };
    place.service(options).unwrap()
}

/// Says whether a notice tells of images under other names.
fn is_of_names(notice: &serde_json::Value) -> bool {
    notice["text"].as_str().unwrap().contains("sessions relink")
}

/// Waits until the session knows what so many files hold.
fn wait_for_contents(service: &Service, count: usize) {
    let begun = Instant::now();
    loop {
        let known = service.session.read_blocking(|view| view.state.contents_known()).unwrap();
        if known == count {
            return;
        }
        assert!(begun.elapsed() < DEADLINE, "{known} of {count} contents are known");
        std::thread::sleep(OFTEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_get_other_names_are_told_and_nothing_is_moved() {
    let place = Place::with_images(20);
    let service = open(&place);
    tokio::task::block_in_place(|| wait_for_contents(&service, 20));
    let app = TestApp::start(service, Access::default()).await;
    let mut page = app.page().await;
    page.answer(3, "positive").await;
    fs::create_dir(place.pool.path().join("moved")).unwrap();
    for (from, to) in [("0003.png", "moved/1.png"), ("0004.png", "moved/2.png")] {
        fs::rename(place.pool.path().join(from), place.pool.path().join(to)).unwrap();
    }
    // They join as new images at once, and can be answered.
    page.until("statistics", |s| s["images"] == 22 && s["set_aside"] == 2).await;
    let notice = page.until("notice", is_of_names).await;
    let text = notice["text"].as_str().unwrap();
    assert!(text.starts_with("1 of the images that were answered"), "{text}");
    page.answer(21, "negative").await;
    page.close().await;
    app.stop().await;
    // What was read is known after a restart, before anything is read.
    let service = open(&place);
    let contents: Vec<_> = service
        .session
        .read_blocking(|view| view.state.images.iter().map(|image| image.content).collect())
        .unwrap();
    assert_eq!(contents.len(), 22);
    assert!(contents.iter().all(Option::is_some));
    assert_eq!((contents[3], contents[4]), (contents[20], contents[21]));
    tokio::task::spawn_blocking(|| service.close()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answered_file_that_was_broken_is_back_when_it_was_mended_meanwhile() {
    let place = Place::with_images(20);
    let service = open(&place);
    tokio::task::block_in_place(|| wait_for_contents(&service, 20));
    let app = TestApp::start(service, Access::default()).await;
    let mut page = app.page().await;
    page.answer(3, "positive").await;
    let file = place.pool.path().join("0003.png");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    page.until("statistics", |s| s["set_aside"] == 1).await;
    page.close().await;
    app.stop().await;
    let opened = || {
        let service = open(&place);
        let state = service.session.read_blocking(|view| {
            (view.state.images[3].set_aside.is_some(), view.state.counts.positives)
        });
        service.close();
        state.unwrap()
    };
    tokio::task::block_in_place(|| {
        assert_eq!(opened(), (true, 1), "it is as broken as before");
        fs::write(&file, &whole).unwrap();
        assert_eq!(opened(), (false, 1));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_places_are_told_with_the_command_that_finds_them() {
    let place = Place::with_images(20);
    // Files of one size that were written in one tick of the clock are the same to whoever only lists them.
    let older = File::options().write(true).open(place.pool.path().join("0004.png")).unwrap();
    older.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
    let service = open(&place);
    tokio::task::block_in_place(|| wait_for_contents(&service, 20));
    let session = service.session.clone();
    let content =
        |image: usize| session.read_blocking(move |view| view.state.images[image].content).unwrap();
    let held = content(3);
    let app = TestApp::start(service, Access::default()).await;
    let mut page = app.page().await;
    page.answer(3, "positive").await;
    let [one, other] = ["0003.png", "0004.png"].map(|name| place.pool.path().join(name));
    let aside = place.session.path().join("aside.png");
    for (from, to) in [(&one, &aside), (&other, &one), (&aside, &other)] {
        fs::rename(from, to).unwrap();
    }
    let notice = page.until("notice", is_of_names).await;
    let text = notice["text"].as_str().unwrap();
    assert!(text.starts_with("1 of the images that were answered"), "{text}");
    let (folder, pool) = (place.session.path().display(), place.pool.path().display());
    let command = format!("`sluice sessions relink '{folder}' '{pool}' --all`");
    assert!(text.contains(&command), "{text}");
    assert_eq!(content(3), held);
    drop(session);
    page.close().await;
    app.stop().await;
}
