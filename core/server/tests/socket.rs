//! What a page and the server say to each other, over a real WebSocket.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use app::{Place, answer_message, images};
use serde_json::{Value, json};
use sluice_events::message::PROTOCOL;
use sluice_server::{Access, OpenError};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_greeted_with_all_it_needs() {
    let place = Place::with_images(30);
    let app = place.serve().await;
    let mut page = app.stranger().await;
    page.send(json!({"type": "hello", "protocol": PROTOCOL, "annotator": "me"})).await;
    let welcome = page.next("welcome").await;
    assert_eq!((&welcome["question"], &welcome["model"]), (&json!("Is it bright?"), &json!(true)));
    assert_eq!(images(&page.next("queue").await).len(), 24);
    let statistics = page.next("statistics").await;
    assert_eq!((&statistics["images"], &statistics["unlabelled"]), (&json!(30), &json!(30)));
    let plugins = page.next("plugins").await;
    assert_eq!(plugins["selector"], "max-prob");
    let names: Vec<_> =
        plugins["selectors"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(
        names,
        [
            "explore",
            "max-entropy",
            "max-prob",
            "min-entropy",
            "min-prob",
            "random",
            "sequential",
            "similar",
            "spread"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_acknowledged_learned_from_and_there_after_a_restart() {
    let place = Place::with_images(30);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.answer(0, "negative").await;
    page.answer(17, "positive").await;
    page.answer(5, "skip").await;
    // The ranking that knows all three puts the numbers that end with 7 first.
    let queue =
        page.until("queue", |queue| queue["behind"] == 0 && images(queue)[..2] == [7, 27]).await;
    assert!((queue["items"][0]["probability"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    let statistics = page.until("statistics", |s| s["unlabelled"] == 27).await;
    assert_eq!(
        [&statistics["positives"], &statistics["negatives"], &statistics["skipped"]],
        [&json!(1), &json!(1), &json!(1)]
    );
    page.close().await;
    app.stop().await;

    let app = place.serve().await;
    let mut page = app.page().await;
    let statistics = page.next("statistics").await;
    assert_eq!([&statistics["positives"], &statistics["undo_depth"]], [&json!(1), &json!(3)]);
    let id = page.command("undo").await;
    let ack = page.until("ack", |ack| ack["id"] == id.to_string()).await;
    assert_eq!(ack["look"], json!({"image": 5, "answer": "skip", "counts": false, "now": null}));
    let queue = page.until("queue", |queue| images(queue)[0] == 5).await;
    assert!(!images(&queue).contains(&17));
    let id = page.command("redo").await;
    let ack = page.until("ack", |ack| ack["id"] == id.to_string()).await;
    assert_eq!(ack["look"]["image"], 5);
    page.until("queue", |queue| !images(queue).contains(&5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_sent_twice_counts_once() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let mut page = app.page().await;
    let id = Uuid::new_v4();
    page.send(answer_message(id, 3, "positive")).await;
    page.send(answer_message(id, 3, "positive")).await;
    let (first, again) = (page.next("ack").await, page.next("ack").await);
    assert_eq!(first["seq"], again["seq"]);
    let statistics = page.until("statistics", |s| s["positives"] == 1).await;
    assert_eq!(statistics["undo_depth"], 1);
}

/// The page does not know whether its answer arrived: it sends it again, with the same id, on another
/// connection and after the server was started anew.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_sent_again_after_a_lost_connection_or_a_restart_counts_once() {
    let place = Place::with_images(20);
    let ids: Vec<Uuid> = (0..5).map(|_| Uuid::new_v4()).collect();
    let mut seqs = Vec::new();
    for restart in 0..3 {
        let app = place.serve().await;
        for _ in 0..2 {
            let mut page = app.page().await;
            for (id, image) in ids.iter().zip(0..) {
                page.send(answer_message(*id, image, "positive")).await;
            }
            for id in &ids {
                let ack = page.until("ack", |ack| ack["id"] == id.to_string()).await;
                seqs.push(ack["seq"].as_u64().unwrap());
            }
            let statistics = page.until("statistics", |s| s["positives"] == 5).await;
            assert_eq!(statistics["undo_depth"], 5, "restart {restart}");
            page.close().await;
        }
        app.stop().await;
    }
    assert!(seqs.chunks(5).all(|chunk| chunk == &seqs[..5]), "{seqs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_is_refused_with_a_reason_and_the_connection_lives() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let mut page = app.stranger().await;
    page.send(answer_message(Uuid::new_v4(), 1, "positive")).await;
    assert!(page.next("refused").await["why"].as_str().unwrap().contains("hello"));
    page.send(json!({"type": "hello", "protocol": PROTOCOL + 1, "annotator": "me"})).await;
    assert!(page.next("refused").await["why"].as_str().unwrap().contains("reload"));
    page.send(json!({"type": "hello", "protocol": PROTOCOL, "annotator": "me"})).await;
    page.next("welcome").await;
    let id = Uuid::new_v4();
    let mut wrong = answer_message(id, 1, "maybe");
    let rubbish = [
        (Message::text("{"), None),
        (Message::text(r#"{"type":"dance"}"#), None),
        (Message::text(wrong.to_string()), Some(id)),
        (Message::text("x".repeat(100_000)), None),
        (Message::binary(vec![0, 1, 2]), None),
    ];
    for (message, id) in rubbish {
        page.send_raw(message).await;
        let refused = page.next("refused").await;
        assert_eq!(refused["id"], json!(id.map(|id| id.to_string())));
        assert!(refused["why"].as_str().unwrap().contains("nothing was saved"), "{refused}");
    }
    wrong["answer"] = json!("positive");
    wrong["image"] = json!(999);
    page.send(wrong).await;
    assert!(page.next("refused").await["why"].as_str().unwrap().contains("no image number 999"));
    page.command("undo").await;
    assert!(page.next("refused").await["why"].as_str().unwrap().contains("nothing to undo"));
    page.answer(1, "positive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_wants_the_history_is_told_it_and_every_change() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.answer(3, "positive").await;
    assert!(page.kept("history").is_empty(), "nobody had asked");
    page.send(json!({"type": "want_history", "count": 2, "filter": "all"})).await;
    let history = page.next("history").await;
    assert_eq!((&history["filter"], &history["total"]), (&json!("all"), &json!(1)));
    let look = &history["looks"][0];
    assert_eq!((&look["image"], &look["answer"]), (&json!(3), &json!("positive")));
    assert_eq!((&look["source"], &look["corrected"]), (&json!("manual"), &json!(false)));

    page.answer(5, "skip").await;
    page.answer(4, "negative").await;
    let history = page.until("history", |history| history["total"] == 3).await;
    assert_eq!(answers(&history), [json!([4, "negative", false]), json!([5, "skip", false])]);
    // A correction is an answer to an image that has one.
    page.answer(3, "negative").await;
    let corrected = |history: &Value| answers(history)[0] == json!([3, "negative", true]);
    let history = page.until("history", corrected).await;
    assert_eq!((answers(&history).len(), &history["total"]), (2, &json!(3)));
    let id = page.command("undo").await;
    let ack = page.until("ack", |ack| ack["id"] == id.to_string()).await;
    // What was taken back, and what the image has again.
    let look = json!({"image": 3, "answer": "negative", "counts": false, "now": "positive"});
    assert_eq!(ack["look"], look);
    page.until("history", |history| answers(history)[0] == json!([4, "negative", false])).await;
    page.send(json!({"type": "want_history", "count": 9, "filter": "positive"})).await;
    let history = page.until("history", |history| history["filter"] == "positive").await;
    assert_eq!(answers(&history), [json!([3, "positive", false])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_told_no_history_that_it_does_not_want_or_knows() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.send(json!({"type": "want_history", "count": 9, "filter": "positive"})).await;
    page.next("history").await;
    // More answers, but none that it wants to see.
    page.answer(1, "negative").await;
    page.until("statistics", |s| s["negatives"] == 1).await;
    page.answer(2, "negative").await;
    page.until("statistics", |s| s["negatives"] == 2).await;
    assert!(page.kept("history").is_empty());
    page.send(json!({"type": "want_history", "count": 9, "filter": "sideways"})).await;
    let refused = page.next("refused").await;
    assert!(refused["why"].as_str().unwrap().contains("sideways"), "{refused}");
    // What it wanted before stays.
    page.answer(3, "positive").await;
    page.until("history", |history| history["total"] == 1).await;
    page.send(json!({"type": "want_history", "count": 0, "filter": "positive"})).await;
    page.answer(4, "positive").await;
    page.until("statistics", |s| s["positives"] == 2).await;
    page.answer(5, "positive").await;
    page.until("statistics", |s| s["positives"] == 3).await;
    assert!(page.kept("history").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_changes_no_answer() {
    let place = Place::with_images(5);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.answer(1, "positive").await;
    let by_clock = |image: u64| {
        let mut message = answer_message(Uuid::new_v4(), image, "negative");
        message["source"] = json!("timeout");
        message
    };
    page.send(by_clock(1)).await;
    let refused = page.next("refused").await;
    assert_eq!(refused["retry"], false, "{refused}");
    assert!(refused["why"].as_str().unwrap().contains("has an answer"), "{refused}");
    page.send(by_clock(2)).await;
    page.next("ack").await;
    let statistics = page.until("statistics", |s| s["negatives"] == 1).await;
    assert_eq!(statistics["positives"], 1);
}

/// Image, answer, and whether it is a correction.
fn answers(history: &Value) -> Vec<Value> {
    let looks = history["looks"].as_array().unwrap().iter();
    looks.map(|look| json!([look["image"], look["answer"], look["corrected"]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_can_not_pretend_to_be_the_model() {
    let place = Place::with_images(5);
    let app = place.serve().await;
    let mut page = app.page().await;
    let mut message = answer_message(Uuid::new_v4(), 1, "positive");
    message["source"] = json!("model");
    page.send(message).await;
    assert!(page.next("refused").await["why"].as_str().unwrap().contains("by key or by time"));
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_are_set_aside_with_their_reasons() {
    let place = Place::with_images(10);
    let whole = std::fs::read(place.pool.path().join("0001.png")).unwrap();
    place.write("broken.png", &whole[..whole.len() / 2]);
    place.write("empty.jpg", b"");
    place.write("text.jpg", b"this is no picture");
    let app = place.serve().await;
    let mut page = app.page().await;
    let aside = page.until("set_aside", |aside| aside["total"] == 3).await;
    let file = |name: &str| {
        let files = aside["files"].as_array().unwrap();
        files.iter().find(|file| file["path"] == name).unwrap()["reason"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(file("broken.png").contains("cut off"), "{aside}");
    assert_eq!(file("empty.jpg"), "is empty");
    assert!(file("text.jpg").contains("known format"));
    let queue = page.until("queue", |queue| images(queue).len() == 10).await;
    assert!(images(&queue).iter().all(|image| *image < 10));
    let statistics = page.until("statistics", |s| s["set_aside"] == 3).await;
    assert_eq!((&statistics["images"], &statistics["unlabelled"]), (&json!(13), &json!(10)));
    page.close().await;
    app.stop().await;
    // A file that was mended is shown again, one that went away is set aside.
    place.write("empty.jpg", &whole);
    std::fs::remove_file(place.pool.path().join("0003.png")).unwrap();
    let app = place.serve().await;
    let mut page = app.page().await;
    let aside = page.until("set_aside", |aside| aside["total"] == 3).await;
    assert!(aside.to_string().contains("no longer in the folder"), "{aside}");
    assert!(!aside.to_string().contains("empty.jpg"), "{aside}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_the_pool_is_shown_and_broken_files_are_found_all_the_same() {
    let place = Place::with_images(10);
    place.write("empty.jpg", b"");
    let mut options = place.options();
    (options.model, options.selector) = (false, "sequential".to_owned());
    let storage = sluice_log::storage::FsStorage::new(place.session.path()).unwrap();
    let finding = sluice_pool::find(&options.pool).unwrap();
    let service = sluice_server::Service::open(options, &finding, storage).unwrap();
    let app = app::TestApp::start(service, Access::default()).await;
    let mut page = app.page().await;
    page.until("set_aside", |aside| aside["total"] == 1).await;
    page.answer(0, "positive").await;
    page.answer(1, "negative").await;
    let queue = page.until("queue", |queue| queue["behind"] == 0 && images(queue).len() == 8).await;
    assert_eq!(images(&queue), [2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(queue["items"][0]["probability"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_session_is_refused_and_names_the_first() {
    let place = Place::with_images(5);
    let app = place.serve().await;
    let Err(OpenError::Log(refused)) = place.service(place.options()) else {
        panic!("it is in use")
    };
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    app.page().await.answer(1, "positive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pages_see_each_others_answers() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let (mut one, mut other) = (app.page().await, app.page().await);
    one.answer(4, "positive").await;
    other.until("statistics", |s| s["positives"] == 1).await;
    other.until("queue", |queue| !images(queue).contains(&4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_other_images_is_refused() {
    let place = Place::with_images(5);
    place.serve().await.stop().await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::copy(place.pool.path().join("0001.png"), elsewhere.path().join("other.png")).unwrap();
    let mut options = place.options();
    options.pool = elsewhere.path().to_owned();
    let refused = place.service(options);
    assert!(matches!(refused, Err(OpenError::OtherPool { .. })));
}
