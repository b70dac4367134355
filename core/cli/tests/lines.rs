//! What the program writes about its work: for programs, one JSON object a line, and no noise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::fs::{self, File};

use program::{Server, command, get, make_pool, run, serving};
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn a_line_for_what_a_person_would_want_to_know_and_none_for_an_answer() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 60);
    let kept = session.path().join("lines");
    let folder = session.path().join("session");
    let mut serve = command(&serving(pool.path(), &folder));
    serve.stderr(File::create(&kept).unwrap());
    let server = Server::spawn(serve);
    let mut page = server.page();
    for image in 0..40 {
        page.send_answer(image, "negative").unwrap();
        page.next("ack");
    }
    page.send(&json!({"type": "choose_selector", "id": Uuid::new_v4(), "name": "random"})).unwrap();
    page.next("ack");
    let told = told(&server.address, &json!(40));
    assert!(server.stop());
    // A replay of the log tells the same; only the clock has gone on.
    let replayed = run(&["log", "stat", folder.to_str().unwrap(), "--json"]);
    let mut replayed: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    let replayed = replayed["how_it_goes"].take();
    for (name, value) in told.as_object().unwrap() {
        if !["per_minute", "next_seq", "ranking_age"].contains(&name.as_str()) {
            assert_eq!(&replayed[name], value, "{name}");
        }
    }
    assert_eq!(replayed["looks"], 40);
    let text = fs::read_to_string(&kept).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    let says = |what: &str| lines.iter().find(|line| line["fields"]["message"] == what);
    let open = says("the session is open").expect("it says that it is open");
    assert_eq!((&open["fields"]["images"], &open["fields"]["positives"]), (&json!(60), &json!(0)));
    let chosen = says("a selector was chosen").expect("it says what was chosen");
    assert_eq!(chosen["fields"]["selector"], "random");
    assert!(lines.len() < 10, "{text}");
}

/// The statistics, when they know so many looks.
fn told(address: &str, looks: &Value) -> Value {
    let (_, text) = get(address, "/api/statistics");
    let statistics: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(&statistics["looks"], looks, "every acknowledged answer counts");
    statistics
}
