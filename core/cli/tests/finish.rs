//! `sluice finish`: the model labels the rest, without a page.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod colours;
mod made_up;
mod program;

use colours::{IMAGES, Session};
use made_up::{printed, refused, told};
use serde_json::Value;

/// The command.
fn finish<'a>(session: &'a Session, more: &[&'a str]) -> Vec<&'a str> {
    [&["finish", session.name(), "--background", "off"], more].concat()
}

fn counts(session: &Session) -> (Value, Value) {
    let stat = told(&["log", "stat", session.name(), "--json"]);
    (stat["positives"].clone(), stat["negatives"].clone())
}

#[test]
fn it_says_what_would_happen_and_does_it_when_it_is_told_to() {
    let session = Session::new();
    session.answer(16);
    let would = told(&finish(&session, &["--json"]));
    let sum = |would: &Value| {
        ["positives", "negatives", "between"].map(|side| would[side].as_u64().unwrap()).iter().sum()
    };
    assert_eq!((sum(&would), &would["unscored"]), (24_u64, &Value::from(0)), "{would}");
    assert_eq!(would["labelled"], Value::Null);
    assert_eq!(counts(&session), (4.into(), 12.into()), "nothing was said to be done");

    let said = printed(&finish(&session, &["--above", "0.5", "--below", "0.4999", "--yes"]));
    assert!(said.contains("Labelled 24 images as step 1"), "{said}");
    let (positives, negatives) = counts(&session);
    assert_eq!(positives.as_u64().unwrap() + negatives.as_u64().unwrap(), u64::from(IMAGES));
    // Red and green are told apart, or the model is none.
    assert_eq!(positives, 10);
    let to = session.folder.path().with_extension("csv");
    let to = to.to_str().unwrap();
    let export =
        ["export", "labels", session.name(), "--format", "csv", "--only", "model", "--to", to];
    printed(&export);
    let rows = std::fs::read_to_string(to).unwrap();
    std::fs::remove_file(to).unwrap();
    assert_eq!(rows.lines().count(), 25, "{rows}");
    assert!(rows.lines().nth(1).unwrap().contains(",model,0."), "{rows}");

    printed(&["revoke", session.name(), "--step", "1"]);
    assert_eq!(counts(&session), (4.into(), 12.into()));
}

#[test]
fn what_it_can_not_do_is_said_and_labels_nothing() {
    let session = Session::new();
    session.answer(1);
    let said = refused(&finish(&session, &["--yes"]));
    assert!(
        said.contains("needs a yes and a no") && said.contains("Nothing was labelled"),
        "{said}"
    );
    session.answer(8);
    let said = refused(&finish(&session, &["--above", "0.2", "--below", "0.3", "--yes"]));
    assert!(said.contains("must be less likely"), "{said}");
    let server = session.serve();
    let said = refused(&finish(&session, &["--yes"]));
    assert!(said.contains("in use by another sluice"), "{said}");
    assert!(server.stop());
    assert_eq!(counts(&session), (2.into(), 6.into()));
    let moved = session.pool.path().with_extension("moved");
    std::fs::rename(session.pool.path(), &moved).unwrap();
    let said = refused(&finish(&session, &["--yes"]));
    assert!(said.contains("--pool"), "{said}");
    let there = told(&finish(&session, &["--json", "--pool", moved.to_str().unwrap()]));
    assert_eq!(there["unscored"], 0);
    std::fs::rename(&moved, session.pool.path()).unwrap();
}
