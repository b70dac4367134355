//! The model labels the rest, and what it labelled is taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use app::{Page, Place, TestApp, answer_message};
use serde_json::{Value, json};
use uuid::Uuid;

/// An image is positive with these percents, by the last digit of its number.
const BY_DIGIT: [u32; 10] = [30, 40, 50, 60, 70, 80, 90, 100, 90, 80];

/// What would happen, once the model has learned.
async fn preview(page: &mut Page, thresholds: Value) -> Value {
    loop {
        page.send(json!({"type": "want_finish", "thresholds": thresholds})).await;
        let told = page.next("finish").await;
        if told["unscored"] == 0 {
            return told;
        }
    }
}

async fn outcome(page: &mut Page, id: Uuid) -> Value {
    let is_it = |message: &Value| message["id"] == id.to_string();
    page.until("ack", is_it).await
}

async fn refused(page: &mut Page, thresholds: Value) -> String {
    let id = Uuid::new_v4();
    page.send(json!({"type": "finish", "id": id, "thresholds": thresholds})).await;
    let refused = page.until("refused", |refused| refused["id"] == id.to_string()).await;
    refused["why"].as_str().unwrap().to_owned()
}

async fn counts(page: &mut Page, positives: u32, negatives: u32) {
    page.until("statistics", |s| s["positives"] == positives && s["negatives"] == negatives).await;
}

async fn begun() -> (Place, TestApp, Page) {
    let place = Place::with_images(100);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.answer(7, "positive").await;
    page.answer(0, "negative").await;
    (place, app, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_labels_what_it_is_sure_of_and_all_of_it_is_taken_back() {
    let (place, app, mut page) = begun().await;
    let thresholds = json!({"above": 0.85, "below": 0.45});
    let told = preview(&mut page, thresholds.clone()).await;
    // Of ten digits, three become yes and two no, less what was answered.
    assert_eq!((&told["positives"], &told["negatives"]), (&json!(29), &json!(19)));
    assert_eq!(told["between"], 50);
    for (edge, percent) in [("least_positive", 90), ("least_negative", 40)] {
        let first = &told[edge][0];
        let digit = first["image"].as_u64().unwrap() % 10;
        assert_eq!(BY_DIGIT[digit as usize], percent, "{first}");
    }
    let id = Uuid::new_v4();
    for _ in 0..2 {
        // Twice, as after a lost connection.
        page.send(json!({"type": "finish", "id": id, "thresholds": thresholds})).await;
        outcome(&mut page, id).await;
    }
    counts(&mut page, 30, 20).await;
    page.send(json!({"type": "want_history", "count": 5, "filter": "model"})).await;
    let history = page.next("history").await;
    assert_eq!(history["total"], 48);
    let first = &history["looks"][0];
    assert_eq!((&first["source"], &first["answer"]), (&json!("model"), &json!("negative")));
    // A person knows better.
    page.answer(16, "negative").await;
    let told = preview(&mut page, Value::Null).await;
    let steps = told["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "sent twice is one step");
    assert_eq!((&steps[0]["labels"], &steps[0]["positives"]), (&json!(48), &json!(29)));
    page.close().await;
    app.stop().await;

    let app = place.serve().await;
    let mut page = app.page().await;
    counts(&mut page, 29, 21).await;
    let id = Uuid::new_v4();
    page.send(json!({"type": "revoke", "id": id, "bulk": steps[0]["bulk"]})).await;
    outcome(&mut page, id).await;
    counts(&mut page, 1, 2).await;
    let (_, _, labels) = app.get("/api/labels.csv", &[]).await;
    let labels = String::from_utf8(labels).unwrap();
    assert_eq!(labels.lines().count(), 4, "{labels}");
    let again = Uuid::new_v4();
    page.send(json!({"type": "revoke", "id": again, "bulk": steps[0]["bulk"]})).await;
    let refused = page.until("refused", |refused| refused["id"] == again.to_string()).await;
    assert!(refused["why"].as_str().unwrap().contains("was taken back"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_labelled_teaches_it_nothing_and_leaves_the_queue() {
    let (_place, app, mut page) = begun().await;
    preview(&mut page, Value::Null).await;
    let id = Uuid::new_v4();
    let thresholds = json!({"above": null, "below": 0.75});
    page.send(json!({"type": "finish", "id": id, "thresholds": thresholds})).await;
    outcome(&mut page, id).await;
    // Five digits of ten, and one was answered.
    counts(&mut page, 1, 50).await;
    let learned = |training: &Value| training["model"].as_u64().is_some_and(|model| model > 1);
    page.until("training", learned).await;
    let left = page
        .until("queue", |queue| {
            let items = queue["items"].as_array().unwrap();
            items.iter().all(|item| BY_DIGIT[item["image"].as_u64().unwrap() as usize % 10] > 75)
        })
        .await;
    assert!(!left["items"].as_array().unwrap().is_empty());
    let (_, _, metrics) = app.get("/metrics", &[]).await;
    let metrics = String::from_utf8(metrics).unwrap();
    let line = "sluice_answers_total{answer=\"negative\",source=\"model\"} 49";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_that_mean_nothing_label_nothing() {
    let (_place, _app, mut page) = begun().await;
    preview(&mut page, Value::Null).await;
    for (thresholds, why) in [
        (json!({"above": null, "below": null}), "name a threshold"),
        (json!({"above": 0.4, "below": 0.4}), "must be less likely"),
        (json!({"above": 1.5, "below": null}), "is a probability"),
        (json!({"above": null, "below": 0.1}), "no image is that likely"),
    ] {
        let told = refused(&mut page, thresholds.clone()).await;
        assert!(
            told.contains(why) && told.contains("nothing was labelled"),
            "{thresholds}: {told}"
        );
    }
    page.send(json!({"type": "want_finish", "thresholds": {"above": 0.1, "below": 0.9}})).await;
    page.next("refused").await;
    page.send(json!({"type": "finish", "id": Uuid::new_v4(), "thresholds": {"abov": 1}})).await;
    page.next("refused").await;
    counts(&mut page, 1, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_there_is_nobody_to_label() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.send(json!({"type": "want_finish", "thresholds": null})).await;
    let told = page.next("finish").await;
    assert_eq!((&told["unscored"], &told["expected"]), (&json!(20), &Value::Null));
    let why = refused(&mut page, json!({"above": 0.5, "below": null})).await;
    assert!(why.contains("there is no model"), "{why}");
    // Answering goes on.
    page.send(answer_message(Uuid::new_v4(), 3, "positive")).await;
    page.next("ack").await;
}
