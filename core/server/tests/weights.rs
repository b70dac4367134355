//! Weights that are found, and weights that are fetched, while somebody answers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use app::{Page, Place, TestApp, images};
use serde_json::{Value, json};
use sluice_server::Access;
use sluice_server::weights::WeightsPlaces;
use tempfile::TempDir;
use uuid::Uuid;

const NETWORK: &str = "mobilenet-v3-small";
const FILE: &str = "mobilenet_v3_small-047dcff4.pth";
/// No weights, but its SHA-256 begins as that of the published file.
const CONTENT: &[u8] = b"not weights, but of their hash: 4208066823";

/// Sends `content` to whoever asks, the head at once and the rest when the gate's other end is gone: it stays open
/// then, because a fetch whose patience ended meanwhile comes again.
fn mirror(content: &'static [u8], gate: Receiver<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/models/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let first = BufReader::new(stream.try_clone().unwrap()).lines().next();
            let Some(Ok(first)) = first else { continue };
            assert!(first.starts_with(&format!("GET /models/{FILE} ")));
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
            stream.write_all(head.as_bytes()).ok();
            let _ = gate.recv();
            stream.write_all(content).ok();
            finish(&stream);
        }
    });
    url
}

fn finish(stream: &TcpStream) {
    let _ = stream.shutdown(std::net::Shutdown::Write);
}

async fn serve(place: &Place, weights: WeightsPlaces) -> TestApp {
    let mut options = place.options();
    options.weights = weights;
    TestApp::start(place.service(options).unwrap(), Access::default()).await
}

fn fetching_to(folder: &TempDir, mirror: String) -> WeightsPlaces {
    WeightsPlaces { folder: Some(folder.path().to_owned()), mirror, ..WeightsPlaces::default() }
}

async fn metrics(app: &TestApp) -> String {
    let (_, _, body) = app.get("/metrics", &[]).await;
    String::from_utf8(body).unwrap()
}

async fn choose(page: &mut Page) {
    let id = Uuid::new_v4();
    page.send(json!({"type": "choose_network", "id": id, "name": NETWORK})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_fetched_once_while_answers_go_on() {
    let (place, folder) = (Place::with_images(10), tempfile::tempdir().unwrap());
    let (shut, gate) = channel();
    let app = serve(&place, fetching_to(&folder, mirror(CONTENT, gate))).await;
    let mut page = app.page().await;
    choose(&mut page).await;
    let training = page.until("training", |t| t["fetching"]["of"].is_number()).await;
    assert_eq!(training["fetching"]["network"], NETWORK);
    let text = metrics(&app).await;
    let size = format!("sluice_weights_size_bytes {}", CONTENT.len());
    for line in ["sluice_weights_fetched_bytes 0", size.as_str()] {
        assert!(text.lines().any(|l| l == line), "no line {line} in\n{text}");
    }
    page.answer(1, "positive").await;
    page.answer(2, "negative").await;
    page.until("queue", |queue| queue["behind"] == 0 && queue["items"][0]["image"] == 7).await;
    drop(shut);
    page.until("training", |t| t["fetching"].is_null()).await;
    assert_eq!(std::fs::read(folder.path().join(FILE)).unwrap(), CONTENT);
    assert!(!metrics(&app).await.contains("sluice_weights_"), "nothing is fetched any more");
    // The choice stays, and the next session finds the file.
    page.close().await;
    app.stop().await;
    let app = serve(&place, fetching_to(&folder, "http://127.0.0.1:9/".to_owned())).await;
    let mut page = app.page().await;
    assert_eq!(page.next("plugins").await["network"], NETWORK);
    page.until("training", |t| t["embedded"] == 10 && t["fetching"].is_null()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_and_an_offline_machine_leave_the_features_in_use_and_are_told() {
    let (place, folder) = (Place::with_images(10), tempfile::tempdir().unwrap());
    let (shut, gate) = channel();
    drop(shut);
    let app = serve(&place, fetching_to(&folder, mirror(b"something else", gate))).await;
    let mut page = app.page().await;
    choose(&mut page).await;
    let says =
        |what: &'static str| move |notice: &Value| notice["text"].as_str().unwrap().contains(what);
    let notice = page.until("notice", says("could not be fetched")).await;
    assert!(says("another file")(&notice) && says("the features in use stay")(&notice), "{notice}");
    assert!(says("What came is not kept")(&notice), "{notice}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    page.until("plugins", |plugins| plugins["network"] == "patches").await;
    page.close().await;
    app.stop().await;
    let offline = WeightsPlaces { offline: true, ..fetching_to(&folder, String::new()) };
    let app = serve(&place, offline).await;
    let mut page = app.page().await;
    choose(&mut page).await;
    let notice = page.until("notice", says("nothing is fetched offline")).await;
    assert!(says("https://download.pytorch.org/models/")(&notice), "{notice}");
    page.answer(1, "positive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_another_program_fetched_is_found() {
    let (place, folder) = (Place::with_images(10), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join(FILE), CONTENT).unwrap();
    let elsewhere = vec![folder.path().to_owned()];
    let app = serve(&place, WeightsPlaces { elsewhere, ..WeightsPlaces::default() }).await;
    let mut page = app.page().await;
    choose(&mut page).await;
    page.until("plugins", |plugins| plugins["network"] == NETWORK).await;
    page.answer(1, "positive").await;
    // What learned of the answer had followed the choice before.
    let knows = |queue: &Value| queue["behind"] == 0 && !images(queue).contains(&1);
    page.until("queue", knows).await;
    assert_eq!(app.page().await.next("plugins").await["network"], NETWORK, "the choice stays");
}
