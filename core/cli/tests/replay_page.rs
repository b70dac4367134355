//! `sluice replay --serve`: the page is told what the log says of each moment, also of a log that is torn, damaged or in
//! use, and no file of the session changes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod made_up;
mod program;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use made_up::{SEGMENT, assert_says, files, told, write};
use program::{Page, Server, command, get, make_pool, run};
use serde_json::{Value, json};
use uuid::Uuid;

fn replay(session: &Path, more: &[&str]) -> Server {
    let folder = session.to_str().unwrap();
    let asked = ["replay", folder, "--serve", "--listen", "127.0.0.1:0"];
    Server::spawn(command(&[&asked[..], more].concat()))
}

/// When each file of a folder was changed, and the folder itself.
fn times(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut times = BTreeMap::new();
    let parent = |path: &PathBuf| path.parent().unwrap().to_owned();
    for path in files(folder).into_keys().flat_map(|path| [parent(&path), path]) {
        let changed = path.metadata().unwrap().modified().unwrap();
        times.insert(path, changed);
    }
    times
}

fn without_type(mut message: Value) -> Value {
    message.as_object_mut().unwrap().remove("type");
    message
}

/// Goes to the moment after this event; what is told of it.
fn seek(page: &mut Page, seq: u64) -> Value {
    page.send(&json!({"type": "replay", "wish": {"seek": seq}})).unwrap();
    loop {
        let statistics = page.next("statistics");
        if statistics["next_seq"] == seq + 1 {
            return without_type(statistics);
        }
    }
}

#[test]
fn the_page_is_told_what_the_command_line_tells_of_each_moment() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let folder = session.path().to_str().unwrap();
    // Killed while it wrote.
    let mut segment = OpenOptions::new().append(true).open(session.path().join(SEGMENT)).unwrap();
    segment.write_all(&[0x53, 0x4c, 0x42, 0x54, 9, 9]).unwrap();
    drop(segment);
    let (before, changed) = (files(session.path()), times(session.path()));
    let server = replay(session.path(), &["--until", "8"]);
    let mut page = server.page();
    let welcome = page.next("welcome");
    assert_eq!(
        (&welcome["question"], &welcome["pool"]),
        (&json!("Is it?"), &json!("/nowhere/pool"))
    );
    assert_eq!(welcome["replay"]["steps"], json!([10]));
    let stands = page.next("replay");
    assert_eq!((&stands["moment"]["seq"], &stands["playing"]), (&json!(8), &json!(false)));
    assert_eq!((&stands["pause"], &stands["next"]["image"]), (&json!(600.0), &json!(1)));
    for seq in (0..12).rev().chain(1..12) {
        let told = told(&["replay", folder, "--json", "--until", &seq.to_string()]);
        assert_eq!(seek(&mut page, seq), told["how_it_goes"], "at {seq}");
    }
    // The pictures are where they were, and nothing is there.
    assert_eq!(get(&server.address, "/images/3").0, 404);
    page.send_answer(3, "positive").unwrap();
    assert_eq!(page.next("refused")["why"], "this is a replay: nothing is written");
    drop(page);
    assert!(server.stop());
    assert!(files(session.path()) == before, "a file was changed");
    assert_eq!(times(session.path()), changed);
}

#[test]
fn it_plays_from_the_first_look_to_the_end_in_its_own_time() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let server = replay(session.path(), &["--speed", "1000000"]);
    let mut page = server.page();
    let stands = page.next("replay");
    assert_eq!(stands["speed"], json!(1e6));
    let end = loop {
        let stands = page.next("replay");
        if stands["playing"] == false && stands["moment"]["seq"] == 11 {
            break stands;
        }
    };
    assert_eq!((&end["moment"]["looks"], &end["next"]), (&json!(5), &json!(null)));
    // From a moment that is named it plays as well.
    let server = replay(session.path(), &["--until", "8", "--speed", "0.001"]);
    let stands = server.page().next("replay");
    assert_eq!((&stands["playing"], &stands["moment"]["seq"]), (&json!(true), &json!(8)));
    // Without a speed it waits for somebody.
    let server = replay(session.path(), &[]);
    let stands = server.page().next("replay");
    assert_eq!((&stands["playing"], &stands["moment"]["seq"]), (&json!(false), &json!(3)));
}

#[test]
fn what_can_not_be_asked_for_is_said() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let folder = session.path().to_str().unwrap();
    let wrong = |more: &[&str]| {
        let output = run(&[&["replay", folder, "--serve"][..], more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let text = wrong(&["--selector", "explore"]);
    assert_says(&text, &["--serve shows what was", "--selector", "would have been"]);
    assert_says(&wrong(&["--network", "resnet18"]), &["give one of them"]);
    assert_says(&wrong(&["--speed", "0"]), &["a --speed above 0"]);
    assert_says(&wrong(&["--json"]), &["--json"]);
    for (more, why) in [
        (&["--open"][..], "--open opens the page"),
        (&["--no-token"][..], "--no-token lets everybody into the page"),
        (&["--pool", "/nowhere"][..], "--pool says where the images are"),
        (&["--pool", "/nowhere", "--speed", "0"][..], "with --serve, --selector or --network only"),
    ] {
        let output = run(&[&["replay", folder][..], more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert_says(&String::from_utf8(output.stderr).unwrap(), &[why]);
    }
    let output = run(&["replay", folder, "--serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert_says(&String::from_utf8(output.stderr).unwrap(), &["give a --token"]);
    let output = run(&["replay", folder, "--serve", "--until", "12"]);
    assert_says(&String::from_utf8(output.stderr).unwrap(), &["there is no record 12"]);
}

#[test]
fn what_is_whole_of_a_damaged_log_is_shown_and_the_damage_told() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let segment = session.path().join(SEGMENT);
    let mut bytes = fs::read(&segment).unwrap();
    let name = bytes.windows(10).position(|window| window == b"labels.csv").unwrap();
    bytes[name] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let before = files(session.path());
    let server = replay(session.path(), &[]);
    let mut page = server.page();
    // Record 10, the last but one, is lost.
    assert_eq!(seek(&mut page, 9)["looks"], 4);
    let mut page = server.page();
    assert_eq!(
        page.next("welcome")["replay"]["moments"].as_array().unwrap().last().unwrap()["seq"],
        9
    );
    let notice = page.next("notice");
    assert_says(notice["text"].as_str().unwrap(), &["is damaged at byte", "sluice log salvage"]);
    drop(server);
    assert!(files(session.path()) == before);
}

#[test]
fn a_session_is_replayed_while_its_server_goes_on() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 12);
    let live = Server::start(pool.path(), session.path());
    let mut page = live.page();
    for image in 0..4 {
        page.send_answer(image, "negative").unwrap();
        page.next("ack");
    }
    let server = replay(session.path(), &["--until", "+1h"]);
    let mut replayed = server.page();
    assert_eq!(replayed.next("replay")["moment"]["looks"], 4);
    page.send_answer(5, "positive").unwrap();
    page.next("ack");
    // What is written meanwhile is seen by who begins anew.
    assert_eq!(replayed_looks(&server), 4);
    assert!(server.stop());
    assert_eq!(replayed_looks(&replay(session.path(), &["--until", "+1h"])), 5);
    page.send(&json!({"type": "undo", "id": Uuid::new_v4()})).unwrap();
    page.next("ack");
    assert!(live.stop());
    assert!(run(&["log", "verify", session.path().to_str().unwrap()]).status.success());
}

fn replayed_looks(server: &Server) -> u64 {
    server.page().next("statistics")["looks"].as_u64().unwrap()
}
