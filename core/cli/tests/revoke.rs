//! `sluice import` beside answers that there are, and `sluice revoke`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod labelled;
mod program;

use labelled::{Session, assert_says, refusal};
use program::run;

#[test]
fn other_answers_are_kept_or_replaced_as_is_said_and_come_back() {
    let session = Session::new();
    let table =
        session.file("labels.csv", "path,label\na/00000.png,no\na/00001.png,no\na/00003.png,yes\n");
    let said = session.refused("import", &[&table]);
    assert_says(&said, &["a/00000.png is yes (manual), but no in", "labels.csv:2"]);
    assert_says(&said, &["another answer already: 1", "--conflicts keep", "--conflicts replace"]);
    assert_says(&session.refused("import", &[&table, "--dry-run"]), &["another answer already: 1"]);

    let said = session.told("import", &[&table, "--conflicts", "keep"]);
    assert_says(&said, &["Imported 1 label (1 yes, 0 no, 0 can't say) as step 1; `sluice revoke "]);
    assert_eq!(session.counts(), [2, 1, 1]);
    session.told("import", &[&table, "--conflicts", "replace"]);
    assert_eq!(session.counts(), [1, 2, 1]);

    assert_says(
        &session.told("revoke", &[]),
        &["Revoked step 2 (labels.csv): 1 label is gone", "stay"],
    );
    assert_eq!(session.counts(), [2, 1, 1]);
    assert_says(&session.refused("revoke", &["--step", "2"]), &["step 2 was revoked already"]);
    assert_says(&session.refused("revoke", &["--step", "9"]), &["there is no step 9", "--list"]);
    session.told("revoke", &["--step", "1"]);
    assert_eq!(session.counts(), [1, 1, 1]);
    assert_says(&session.refused("revoke", &[]), &["no step of many labels counts"]);
    let list = session.told("revoke", &["--list"]);
    assert_eq!(list.matches("labels.csv; revoked").count(), 2, "{list}");
}

#[test]
fn a_session_that_a_server_has_open_is_only_looked_at() {
    let session = Session::new();
    let table = session.file("t.csv", "path,label\na/00003.png,yes\n");
    session.told("import", &[&table]);
    let more = session.file("more.csv", "path,label\na/00004.png,yes\n");
    let server = session.serve();
    for arguments in
        [&["import", session.folder(), more.as_str()][..], &["revoke", session.folder()]]
    {
        assert_says(
            &refusal(&run(arguments)),
            &["nothing was", "a server has this session open", "stop it"],
        );
    }
    assert_says(&session.told("import", &[&more, "--dry-run"]), &["Would import 1 label"]);
    assert_says(&session.told("revoke", &["--list"]), &["t.csv"]);
    assert!(server.stop());
    assert_eq!(session.counts(), [2, 1, 1]);
    session.told("import", &[&more]);
    assert_eq!(session.counts(), [3, 1, 1]);
}
