//! The routes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use app::{Place, TestApp};
use image::GenericImageView;
use sluice_server::Access;

#[tokio::test(flavor = "multi_thread")]
async fn images_by_id_with_a_strong_tag() {
    let place = Place::with_images(3);
    let app = place.serve().await;
    let (status, head, body) = app.get("/images/1", &[]).await;
    assert_eq!((status, body), (200, std::fs::read(place.pool.path().join("0001.png")).unwrap()));
    assert!(head.contains("content-type: image/png"));
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    let (status, _, body) = app.get("/images/1", &[&format!("If-None-Match: {tag}")]).await;
    assert_eq!((status, body.len()), (304, 0));
    let (status, _, body) = app.get("/images/1?max=16", &[]).await;
    assert_eq!((status, image::load_from_memory(&body).unwrap().dimensions()), (200, (16, 16)));
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_that_browsers_do_not_show_come_as_png() {
    let place = Place::with_images(1);
    image::RgbImage::new(9, 5).save(place.pool.path().join("scan.tif")).unwrap();
    let app = place.serve().await;
    let (status, head, body) = app.get("/images/1", &[]).await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: image/png"), "{head}");
    assert_eq!(image::load_from_memory(&body).unwrap().dimensions(), (9, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reached_by_its_path() {
    let place = Place::with_images(1);
    let app = place.serve().await;
    for path in [
        "/images/9",
        "/images/x",
        "/images/../Cargo.toml",
        "/images/0000.png",
        "/0000.png",
        "/../../etc/passwd",
    ] {
        let (status, _, body) = app.get(path, &[]).await;
        assert!(status == 404 || status == 400, "{path}: {status}");
        assert!(!body.starts_with(b"\x89PNG"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_its_headers() {
    let place = Place::with_images(1);
    let app = place.serve().await;
    let (status, head, body) = app.get("/", &[]).await;
    assert_eq!(status, 200);
    assert!(String::from_utf8(body).unwrap().contains("<title>Sluice</title>"));
    assert!(head.contains("content-security-policy: default-src 'self'"));
    assert!(head.contains("x-content-type-options: nosniff"));
    assert_eq!(app.get("/healthz", &[]).await.0, 200);
    assert_eq!(app.get("/readyz", &[]).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_answers_and_time_them() {
    let place = Place::with_images(20);
    let app = place.serve().await;
    let mut page = app.page().await;
    page.answer(7, "positive").await;
    page.answer(1, "negative").await;
    page.answer(2, "skip").await;
    page.until("queue", |queue| queue["behind"] == 0).await;
    let (_, _, body) = app.get("/metrics", &[]).await;
    let text = String::from_utf8(body).unwrap();
    for line in [
        r#"sluice_answers_total{answer="positive",source="manual"} 1"#,
        r#"sluice_answers_total{answer="skip",source="manual"} 1"#,
        "sluice_answer_to_durable_seconds_count 3",
        "sluice_answer_to_ranking_seconds_count 3",
        "sluice_pool_images{state=\"unlabelled\"} 17",
        "sluice_pool_images{state=\"positive\"} 1",
        "sluice_answers_received_total 3",
        "sluice_answers_waiting 0",
        "sluice_looks 3",
        "sluice_connections 1",
        "# HELP sluice_undos_total Looks taken back.",
        "# TYPE sluice_answer_to_durable_seconds histogram",
    ] {
        assert!(text.lines().any(|l| l == line), "no line {line} in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_hosts_and_origins_are_kept_out() {
    let place = Place::with_images(1);
    let app = place.serve().await;
    assert_eq!(app.get("/", &["Host: evil.example"]).await.0, 403);
    assert_eq!(app.get("/", &["Host: localhost:1234"]).await.0, 200);
    assert_eq!(app.get("/ws", &["Origin: http://evil.example"]).await.0, 403);
    let own = format!("Origin: http://{}", app.address);
    assert_eq!(app.get("/healthz", &[&own]).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for_once() {
    let place = Place::with_images(1);
    let access = Access { token: Some("let-me-in".to_owned()), any_host: false };
    let app = TestApp::start(place.service(place.options()).unwrap(), access).await;
    assert_eq!(app.get("/", &[]).await.0, 401);
    assert_eq!(app.get("/images/0", &[]).await.0, 401);
    assert_eq!(app.get("/?token=wrong", &[]).await.0, 401);
    let (status, head, _) = app.get("/?token=let-me-in", &[]).await;
    assert_eq!(status, 303);
    assert!(
        head.contains("set-cookie: sluice_token=let-me-in; httponly; samesite=strict"),
        "{head}"
    );
    assert_eq!(app.get("/", &["Cookie: sluice_token=let-me-in"]).await.0, 200);
    assert_eq!(app.get("/", &["Cookie: sluice_token=let-me-out"]).await.0, 401);
    assert_eq!(app.get("/metrics", &["Authorization: Bearer let-me-in"]).await.0, 200);
}
