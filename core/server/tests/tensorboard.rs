//! What TensorBoard is given.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use app::{Place, TestApp};
use sluice_server::{Access, OpenError, SessionOptions};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_leaves_a_file_of_events_a_run() {
    let place = Place::with_images(30);
    let folder = place.session.path().join("board/run");
    for run in 1..=2 {
        let options = SessionOptions { tensorboard: Some(folder.clone()), ..place.options() };
        let app = TestApp::start(place.service(options).unwrap(), Access::default()).await;
        let mut page = app.page().await;
        page.answer(7 * run, "positive").await;
        page.answer(3 * run, "negative").await;
        page.close().await;
        app.stop().await;
        let files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
        assert_eq!(files.len() as u64, run);
        let holds = |name: &str| {
            files.iter().all(|file| {
                let bytes = std::fs::read(file).unwrap();
                bytes.windows(name.len()).any(|window| window == name.as_bytes())
            })
        };
        // Ended at once: the last second is there, too.
        assert!(holds("answers/positives") && holds("brain.Event:2"), "{files:?}");
    }
}

#[test]
fn a_folder_that_takes_nothing_is_told_before_anything_is_changed() {
    let place = Place::with_images(3);
    let in_the_way = place.session.path().join("board");
    std::fs::write(&in_the_way, "a file").unwrap();
    let options = SessionOptions { tensorboard: Some(in_the_way), ..place.options() };
    let error = place.service(options).err().expect("it can't be opened");
    assert!(matches!(error, OpenError::TensorBoard { .. }));
    assert!(error.to_string().contains("--tensorboard"), "{error}");
    let begun = std::fs::read_dir(place.session.path().join("log")).map_or(0, Iterator::count);
    assert_eq!(begun, 0, "no session was begun");
}
