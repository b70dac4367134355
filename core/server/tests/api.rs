//! The face for scripts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use app::{Place, TestApp, answer_message};
use serde_json::{Value, json};
use uuid::Uuid;

async fn json(app: &TestApp, path: &str) -> (u16, Value) {
    let (status, head, body) = app.get(path, &[]).await;
    assert!(head.contains("content-type: application/json"), "{path}: {head}");
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_document_lists_is_there() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.answer(7, "positive").await;
    let (status, document) = json(&app, "/api/openapi.json").await;
    assert_eq!(status, 200);
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 8, "{paths:?}");
    for (path, operations) in paths {
        assert_eq!(operations.as_object().unwrap().keys().collect::<Vec<_>>(), ["get"]);
        let (status, _, _) = app.get(path, &[]).await;
        assert_eq!(status, 200, "{path}");
    }
    let (status, problem) = json(&app, "/api/nothing").await;
    assert_eq!(status, 404);
    assert!(problem["error"].as_str().unwrap().contains("/api/openapi.json"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_and_charts_are_those_of_the_page() {
    let place = Place::with_images(40);
    let app = place.serve().await;
    let mut page = app.page().await;
    for (image, answer) in [(7, "positive"), (3, "negative"), (17, "positive"), (5, "skip")] {
        page.answer(image, answer).await;
    }
    let id = page.command("undo").await;
    page.until("ack", |ack| ack["id"] == id.to_string()).await;
    page.send(json!({"type": "want_charts", "wanted": true})).await;
    let settled = |s: &Value| s["looks"] == 3 && s["ranking_age"] == 0;
    let mut told = page.until("statistics", settled).await;
    let charts = page.until("charts", |charts| charts["looks"] == json!([1, 2, 3])).await;
    let (_, statistics) = json(&app, "/api/statistics").await;
    // What was told a moment before may be of an older ranking.
    if told["next_seq"] != statistics["next_seq"] {
        told = page.until("statistics", |s| s["next_seq"] == statistics["next_seq"]).await;
    }
    told.as_object_mut().unwrap().remove("type");
    assert_eq!(told, statistics);
    assert_eq!(
        statistics["answered"][0],
        json!({"answer": "positive", "source": "manual", "images": 2})
    );
    assert_eq!(statistics["active_seconds"], 1.5);
    let (_, all) = json(&app, "/api/charts").await;
    assert_eq!((&all["looks"], &all["positives"]), (&charts["looks"], &json!([1, 1, 2])));
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_come_to_those_who_want_them_and_as_long_as_they_do() {
    let place = Place::with_images(30);
    let app = place.serve().await;
    let (mut wants, mut other) = (app.page().await, app.page().await);
    wants.send(json!({"type": "want_charts", "wanted": true})).await;
    wants.answer(7, "positive").await;
    wants.until("charts", |charts| charts["positives"] == json!([1])).await;
    wants.send(json!({"type": "want_charts", "wanted": false})).await;
    wants.answer(3, "negative").await;
    wants.until("statistics", |s| s["looks"] == 2).await;
    // Anything that is sent is answered in order: what was to come before has come.
    wants.send(json!({"type": "want", "count": 3})).await;
    wants.until("queue", |queue| queue["items"].as_array().unwrap().len() == 3).await;
    assert!(wants.kept("charts").iter().all(|charts| charts["looks"] != json!([1, 2])));
    other.until("statistics", |s| s["looks"] == 2).await;
    assert!(other.kept("charts").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_in_pages_and_as_a_table() {
    let place = Place::with_images(30);
    let odd = place.pool.path().join("a, \"odd\" name.png");
    std::fs::rename(place.pool.path().join("0000.png"), odd).unwrap();
    let app = place.serve().await;
    let mut page = app.page().await;
    for image in 0..25 {
        page.answer(image, if image % 5 == 0 { "positive" } else { "negative" }).await;
    }
    // A correction counts once, with the last answer.
    page.answer(4, "skip").await;
    let mut images = Vec::new();
    let mut from = Some(0);
    while let Some(at) = from {
        let (status, labels) = json(&app, &format!("/api/labels?limit=10&from={at}")).await;
        assert_eq!(status, 200);
        images.extend(labels["labels"].as_array().unwrap().clone());
        from = labels["next"].as_u64();
    }
    let numbers: Vec<u64> = images.iter().map(|label| label["image"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..25).collect::<Vec<u64>>());
    assert_eq!((&images[4]["answer"], &images[5]["answer"]), (&json!("skip"), &json!("positive")));
    assert!(images[5]["time"].as_str().unwrap().starts_with("20"));
    let (status, head, table) = app.get("/api/labels.csv", &[]).await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/csv"), "{head}");
    let mut reader = csv::Reader::from_reader(table.as_slice());
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 25);
    for (row, label) in rows.iter().zip(&images) {
        for (field, head) in row.iter().zip(&heads) {
            let expected = match &label[head] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(field, expected, "{head}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_in_words() {
    let place = Place::with_images(3);
    let app = place.serve().await;
    for query in ["limit=0", "limit=10001", "limit=x", "from=-1", "from=99999999999"] {
        let (status, problem) = json(&app, &format!("/api/labels?{query}")).await;
        assert_eq!(status, 400, "{query}");
        assert!(!problem["error"].as_str().unwrap().is_empty(), "{query}");
    }
    let (status, labels) = json(&app, "/api/labels?from=4294967295").await;
    assert_eq!((status, labels), (200, json!({"labels": [], "next": null})));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted_as_long_as_it_waits() {
    let place = Place::with_images(30);
    let app = place.serve().await;
    let mut page = app.page().await;
    for image in 0..20 {
        page.send(answer_message(Uuid::new_v4(), image, "negative")).await;
    }
    // The connection goes while some may be under way.
    page.close().await;
    let mut page = app.page().await;
    page.answer(25, "negative").await;
    let metrics = async |line: &str| {
        let (_, _, text) = app.get("/metrics", &[]).await;
        String::from_utf8(text).unwrap().lines().any(|l| l == line)
    };
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while !metrics("sluice_answers_waiting 0").await || !metrics("sluice_connections 1").await {
        assert!(tokio::time::Instant::now() < deadline, "something waits for ever");
        tokio::task::yield_now().await;
    }
}
