//! What a person reads when something is wrong: one line, and the right exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::fs;

use program::{Server, make_pool, run};

/// Exit code, and the one line that was said.
fn refused(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    let said: Vec<&str> = text.lines().filter(|line| line.starts_with("sluice: ")).collect();
    assert_eq!(said.len(), 1, "one line is said:\n{text}");
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code().unwrap(), said[0].to_owned())
}

#[test]
fn a_folder_that_is_missing_empty_or_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let session = folder.path().join("session");
    let session = session.to_str().unwrap();
    let serve =
        |pool: &str| refused(&["serve", pool, "--session", session, "--listen", "127.0.0.1:0"]);
    let missing = folder.path().join("none");
    let (code, text) = serve(missing.to_str().unwrap());
    assert_eq!(code, 1);
    assert!(text.contains("there is no folder"), "{text}");

    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let (code, text) = serve(empty.to_str().unwrap());
    assert_eq!(code, 1);
    assert!(text.contains("no image in"), "{text}");

    let broken = folder.path().join("broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("a.jpg"), b"").unwrap();
    fs::write(broken.join("b.png"), b"rubbish").unwrap();
    let (code, text) = serve(broken.to_str().unwrap());
    assert_eq!(code, 1);
    assert!(text.contains("none of the 2 images") && text.contains("a.jpg, is empty"), "{text}");

    let (code, text) = serve(broken.join("a.jpg").to_str().unwrap());
    assert_eq!(code, 1);
    assert!(text.contains("is not a folder"), "{text}");
}

#[test]
fn a_second_server_on_one_session() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 3);
    let first = Server::start(pool.path(), session.path());
    let (pool, folder) = (pool.path().to_str().unwrap(), session.path().to_str().unwrap());
    let (code, text) = refused(&["serve", pool, "--session", folder, "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(text.contains("in use by another sluice (process"), "{text}");
    first.page().next("statistics");
}

#[test]
fn unknown_settings_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    fs::write(&file, "[server]\nlissen = '127.0.0.1:1'\n").unwrap();
    make_pool(folder.path(), 2);
    let (pool, file) = (folder.path().to_str().unwrap(), file.to_str().unwrap());
    let (code, text) = refused(&["serve", pool, "--settings", file]);
    assert_eq!(code, 2);
    assert!(text.contains("no setting server.lissen; the nearest is server.listen"), "{text}");

    let session = folder.path().join("s");
    let session = session.to_str().unwrap();
    let common = ["serve", pool, "--session", session, "--listen", "127.0.0.1:0"];
    let (code, text) = refused(&[&common[..], &["--selector", "max-probe"]].concat());
    assert_eq!(code, 1);
    assert!(text.contains("no selector max-probe") && text.contains("max-prob"), "{text}");
    let (code, text) = refused(&[&common[..4], &["--listen", "0.0.0.0:0"]].concat());
    assert_eq!(code, 1);
    assert!(text.contains("--token") && text.contains("SSH tunnel"), "{text}");
    let (code, text) = refused(&[&common[..], &["--weights", "w.pt"]].concat());
    assert_eq!(code, 1);
    assert!(text.contains("name it with --network"), "{text}");
    let (code, text) = refused(&[&common[..4], &["--listen", "0.0.0.0:0", "--token", ""]].concat());
    assert_eq!(code, 1);
    assert!(text.contains("give a --token"), "{text}");
    let (code, text) = refused(&["simulate", pool, "--positive", "truck"]);
    assert_eq!(code, 1);
    assert!(text.contains("no folder is named truck"), "{text}");
}

#[test]
fn a_wrong_flag_is_wrong_use() {
    assert_eq!(run(&["serve"]).status.code(), Some(2));
    assert_eq!(run(&["dance"]).status.code(), Some(2));
}

#[test]
fn a_port_that_is_taken() {
    let pool = tempfile::tempdir().unwrap();
    make_pool(pool.path(), 2);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, text) = refused(&["serve", pool.path().to_str().unwrap(), "--listen", &address]);
    assert_eq!(code, 1);
    assert!(text.contains("can't listen on") && text.contains("--listen"), "{text}");
}
