//! `sluice sessions`: every session is listed, whatever is wrong with another one; a fork is whole or not there,
//! and the original stays as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod made_up;
mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use futures::executor::block_on;
use made_up::{
    BEGUN_US, SEGMENT, answer, assert_says, copy, damage, files, labelled, printed, refused, told,
    with_artefacts, write,
};
use program::{Server, command, make_pool};
use serde_json::{Value, json};
use sluice_events::{Label, codec};
use sluice_log::storage::FsStorage;
use sluice_log::{EventLog, Expect, Log, Options, Record};

/// What a command prints to somebody whose data are there.
fn printed_in(data: &Path, arguments: &[&str]) -> String {
    let output = command(arguments).env("XDG_DATA_HOME", data).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn listed(data: &Path) -> BTreeMap<String, Value> {
    let text = printed_in(data, &["sessions", "list", "--json"]);
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().map(|one| (one["name"].as_str().unwrap().to_owned(), one)).collect()
}

#[test]
fn every_session_is_listed_whatever_is_wrong_with_others() {
    let (pool, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let list = ["sessions", "list"];
    assert_says(&printed_in(data.path(), &list), &["There is no session in", "sluice/sessions"]);
    make_pool(pool.path(), 1100);
    let sessions = data.path().join("sluice/sessions");
    let at = |name: &str| sessions.join(name);
    // Enough that a snapshot is kept.
    let server = Server::start(pool.path(), &at("long"));
    answer(&mut server.page(), 0..1050);
    assert!(server.stop());
    assert!(fs::read_dir(at("long/snapshots")).unwrap().count() > 0, "there is no snapshot");
    let server = Server::start(pool.path(), &at("open"));
    answer(&mut server.page(), 0..10);
    for name in ["damaged", "other.unfinished"] {
        copy(&at("long"), &at(name));
    }
    damage(&at("damaged"));
    fs::create_dir_all(at("no session/log")).unwrap();
    let before = files(&at("long"));

    let all = listed(data.path());
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(names, ["damaged", "long", "open", "other.unfinished"]);
    let (long, open) = (&all["long"], &all["open"]);
    assert_eq!((&long["positives"], &long["negatives"]), (&json!(210), &json!(840)));
    assert_eq!((&long["looks"], &long["images"]), (&json!(1050), &json!(1100)));
    assert_eq!((&open["positives"], &open["looks"]), (&json!(2), &json!(10)));
    assert_eq!((&long["pool_is_there"], &long["in_use_by"]), (&json!(true), &Value::Null));
    assert_eq!(open["in_use_by"], format!("process {}", server.process()));
    assert!(long["last_answer"].is_string() && long["wrong"].is_null());
    let on_disk: usize = before.values().map(Vec::len).sum();
    assert_eq!(long["bytes"], on_disk);
    let wrong = |name: &str| all[name]["wrong"].as_str().unwrap().to_owned();
    assert_says(&wrong("damaged"), &["is damaged at byte", "sluice log salvage"]);
    assert!(all["damaged"]["looks"].is_null());
    assert_says(&wrong("other.unfinished"), &["no session", "can be removed"]);
    assert_eq!(files(&at("long")), before, "nothing was changed");

    // A snapshot of another log, or one that is not whole, is as good as none.
    assert!(server.stop());
    copy(&at("long/snapshots"), &at("open"));
    for snapshot in fs::read_dir(at("long/snapshots")).unwrap() {
        let path = snapshot.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    fs::remove_dir_all(pool.path()).unwrap();
    let again = listed(data.path());
    for (name, looks) in [("long", 1050), ("open", 10)] {
        assert_eq!(
            (&again[name]["looks"], &again[name]["pool_is_there"]),
            (&json!(looks), &json!(false))
        );
    }
    let text = printed_in(data.path(), &list);
    assert_says(&text, &["1,050", "(not there)", "damaged", "sluice log salvage"]);
    let within = sessions.to_str().unwrap();
    assert_eq!(printed(&["sessions", "list", "--in", within]), text);
    assert_says(&refused(&["sessions", "list", "--in", "/nowhere"]), &["can't look into /nowhere"]);
}

#[test]
fn a_session_is_shown_with_what_is_there_of_its_images() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = session.path().to_str().unwrap();
    let names = with_artefacts(pool.path(), session.path());
    fs::write(pool.path().join("a.png"), "123").unwrap();
    fs::write(pool.path().join("b.png"), "1234").unwrap();
    let shown = told(&["sessions", "show", folder, "--json"]);
    let expected = json!({
        "is_there": true, "known": 3, "as_they_were": 1, "changed": 1, "missing": 1,
    });
    assert_eq!(shown["images"], expected);
    assert_eq!(shown["artefacts"], json!([{"file": names[1], "bytes": 7}]));
    assert_eq!(shown["first_answer"], "2023-11-14T22:13:21Z");
    let advice = format!("sluice serve NEWFOLDER --session '{folder}'");
    let text = printed(&["sessions", "show", folder]);
    assert_says(&text, &["1 of 3 images", "1 have another size, 1 are missing", &advice]);
    assert_says(&text, &[&names[1], "training goes on from it", "yes          1 by hand"]);
    for name in ["b.png", "c.png"] {
        fs::write(pool.path().join(name), "123").unwrap();
    }
    let text = printed(&["sessions", "show", folder]);
    assert!(text.contains("3 of 3 images") && !text.contains("NEWFOLDER"), "{text}");
    fs::remove_dir_all(pool.path()).unwrap();
    assert_says(&printed(&["sessions", "show", folder]), &["the folder is not there", &advice]);

    let other = tempfile::tempdir().unwrap();
    write(other.path(), &made_up::session());
    let text = printed(&["sessions", "show", other.path().to_str().unwrap()]);
    assert_says(&text, &["step 1", "2 labels of labels.csv", "number 1 by max-prob"]);
}

#[test]
fn a_fork_has_the_history_up_to_a_point_and_goes_on_by_itself() {
    let (pool, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 40);
    let (session, new) = (place.path().join("session"), place.path().join("it's new"));
    let (folder, to) = (session.to_str().unwrap(), new.to_str().unwrap());
    let server = Server::start(pool.path(), &session);
    let mut page = server.page();
    answer(&mut page, 0..20);
    let lines = printed(&["log", "cat", folder]);
    let lines: Vec<&str> = lines.lines().collect();
    // The original is in use, and goes on.
    let text = printed(&["sessions", "fork", folder, "--to", to, "--until", "12"]);
    assert_says(&text, &["Forked 13 records", "is as it was", "--session '", r"it'\''s new'"]);
    answer(&mut page, 20..25);
    assert!(server.stop());
    let before = files(&session);
    assert_eq!(printed(&["log", "cat", to]).lines().collect::<Vec<_>>(), lines[..13]);
    let id = |folder: &str| told(&["log", "stat", folder, "--json"])["log_id"].clone();
    assert_ne!(id(folder), id(to));
    let kept = files(&new);
    let inside = format!("{folder}/fork");
    for (to, says) in [(to, "exists already"), (inside.as_str(), "is inside the session")] {
        let text = refused(&["sessions", "fork", folder, "--to", to]);
        assert_says(&text, &[says, "nothing was changed"]);
    }
    assert_eq!(files(&new), kept);
    let server = Server::start(pool.path(), &new);
    answer(&mut server.page(), 30..35);
    assert!(server.stop());
    let cat = printed(&["log", "cat", to, "--type", "Labelled"]);
    let answers = |lines: &[&str]| lines.iter().filter(|l| l.contains("\"Labelled\"")).count();
    assert_eq!(cat.lines().count(), answers(&lines[..13]) + 5);
    let other = place.path().join("other");
    let fork = |more: &[&str]| {
        let common = ["sessions", "fork", folder, "--to", other.to_str().unwrap()];
        refused(&[&common[..], more].concat())
    };
    assert_says(&fork(&["--until", "5000"]), &["no record 5000"]);
    assert_eq!(files(&session), before, "the original is as it was");
    damage(&session);
    for more in [&[][..], &["--until", "1"]] {
        assert_says(&fork(more), &["is damaged at byte", "sluice log salvage"]);
    }
    let left = fs::read_dir(place.path()).unwrap().count();
    assert_eq!(left, 2, "the session and its fork, and nothing that was begun");
}

#[test]
fn a_fork_has_the_artefacts_that_its_events_name() {
    let (pool, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (session, new) = (place.path().join("session"), place.path().join("new"));
    let names = with_artefacts(pool.path(), &session);
    let fork = |until: &str, to: &Path| {
        let (session, to) = (session.to_str().unwrap(), to.to_str().unwrap());
        printed(&["sessions", "fork", session, "--to", to, "--until", until])
    };
    assert!(!fork("4", &new).contains("no longer kept"));
    assert_eq!(fs::read(new.join("artefacts").join(&names[1])).unwrap(), b"weights");
    let earlier = place.path().join("earlier");
    assert_says(&fork("3", &earlier), &["begins anew", "no longer kept"]);
    assert!(!earlier.join("artefacts").exists());
    assert!(!fork("2", &place.path().join("earliest")).contains("no longer kept"));
}

/// Enough that a fork takes a moment.
const RECORDS: u32 = 60_000;

/// However far it came.
#[test]
fn a_fork_that_is_killed_is_not_there() {
    let place = tempfile::tempdir().unwrap();
    let (session, new) = (place.path().join("session"), place.path().join("new"));
    let begun = place.path().join("new.unfinished");
    let log = Log::open(FsStorage::new(&session).unwrap(), Options::default()).unwrap();
    for first in (0..RECORDS).step_by(2000) {
        let record = |image| {
            let encoded = codec::encode(&labelled(image, Label::Negative, None)).unwrap();
            let (event_type, schema_version) = (encoded.event_type, encoded.schema_version);
            Record {
                seq: 0,
                time_us: BEGUN_US,
                event_type,
                schema_version,
                payload: encoded.payload,
            }
        };
        block_on(log.append(Expect::Any, (first..first + 2000).map(record).collect())).unwrap();
    }
    drop(log);
    let (folder, to) = (session.to_str().unwrap(), new.to_str().unwrap());
    let mut killed = 0;
    for _ in 0..50 {
        if killed == 3 {
            break;
        }
        let _ = fs::remove_dir_all(&begun);
        let mut forking = command(&["sessions", "fork", folder, "--to", to]);
        let mut forking = forking.stdout(Stdio::null()).spawn().unwrap();
        while !begun.join(SEGMENT).exists() && forking.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        forking.kill().unwrap();
        forking.wait().unwrap();
        if new.exists() {
            // It was quicker than the kill.
            assert_eq!(told(&["log", "stat", to, "--json"])["records"], RECORDS);
            fs::remove_dir_all(&new).unwrap();
        } else {
            killed += u32::from(begun.exists());
        }
    }
    assert!(killed > 0, "none was killed in the middle: the test proves nothing");
    // What is left of it is begun anew.
    fs::create_dir_all(begun.join("log")).unwrap();
    printed(&["sessions", "fork", folder, "--to", to]);
    assert!(!begun.exists());
    let cat = |folder| printed(&["log", "cat", folder]);
    assert!(cat(folder) == cat(to), "the same records");
}
