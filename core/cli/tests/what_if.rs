//! `sluice replay --selector`: what if another one had ordered.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod colours;
mod made_up;
mod program;

use std::fs;

use colours::Session;
use made_up::{assert_says, files, printed, refused, told};
use serde_json::json;

#[test]
fn the_same_answers_in_another_order() {
    let session = Session::new();
    session.answer(32);
    let before = files(session.folder.path());
    let picture = session.pool.path().with_extension("svg");
    let out = picture.to_str().unwrap();
    let asked = ["replay", session.name(), "--selector", "max-prob", "--out", out];
    let compared = told(&[&asked[..], &["--json"]].concat());
    assert_eq!((&compared["images"], &compared["positives"]), (&json!(32), &json!(8)));
    let last = &compared["looks"][4];
    // It was answered in the pool's own order: the last red one is the 29th.
    assert_eq!((&last["share"], &last["as_it_was"]), (&json!(99), &json!(29)));
    // Red is easily learned.
    let what_if = last["what_if"].as_u64().unwrap();
    assert!((8..20).contains(&what_if), "{compared}");
    let drawn = fs::read_to_string(&picture).unwrap();
    fs::remove_file(&picture).unwrap();
    assert_says(&drawn, &["<svg", "as it was", "max-prob"]);
    let least = printed(&["replay", session.name(), "--selector", "min-prob"]);
    assert_says(&least, &["32 answered images, 8 of them positive", "the same images"]);
    assert!(files(session.folder.path()) == before, "a replay writes nothing");
}

#[test]
fn what_can_not_be_compared_is_said() {
    let session = Session::new();
    session.answer(1);
    let asked = ["replay", session.name(), "--selector", "random"];
    assert_says(&refused(&asked), &["of 1 answered images that are there, 1 are positive"]);
    session.answer(8);
    assert_says(&refused(&["replay", session.name(), "--selector", "nobody"]), &["nobody"]);
    let moved = session.pool.path().with_extension("moved");
    fs::rename(session.pool.path(), &moved).unwrap();
    assert_says(&refused(&asked), &["--pool"]);
    fs::rename(&moved, session.pool.path()).unwrap();
}
