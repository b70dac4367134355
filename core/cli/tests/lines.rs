//! What the program writes about its work: for programs, one JSON object a line, and no noise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::fs::{self, File};

use program::{Server, command, make_pool, serving};
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
    assert!(server.stop());
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
