//! `sluice replay`: what it tells of any point is what the log says, and nothing in the session's folder changes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod made_up;
mod program;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use made_up::{Count, SEGMENT, assert_says, files, printed, refused, told, write};
use program::{Server, command, make_pool, run};
use serde_json::{Value, json};
use uuid::Uuid;

/// Answers of all kinds, corrections, undo and redo; the server is killed, and the end of its log torn.
#[test]
fn the_state_at_every_record_is_what_the_log_says_also_after_a_kill() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 12);
    let server = Server::start(pool.path(), session.path());
    let mut page = server.page();
    let mut acknowledged = 0;
    for (number, image) in [0, 1, 2, 3, 1, 4, 2, 5, 6, 0].into_iter().enumerate() {
        page.send_answer(image, ["positive", "negative", "skip"][number % 3]).unwrap();
        page.next("ack");
        acknowledged += 1;
        let again: &[&str] = match number {
            3 => &["undo"],
            6 => &["undo", "undo", "redo", "redo"],
            9 => &["undo", "redo", "undo"],
            _ => &[],
        };
        for kind in again {
            page.send(&json!({"type": kind, "id": Uuid::new_v4()})).unwrap();
            page.next("ack");
        }
    }
    server.kill();
    let folder = session.path().to_str().unwrap();
    let segment = session.path().join(SEGMENT);
    let mut bytes = fs::read(&segment).unwrap();
    bytes.extend([0x53, 0x4c, 0x42, 0x54, 9, 9]);
    fs::write(&segment, bytes).unwrap();
    let before = files(session.path());
    let lines = printed(&["log", "cat", folder]);
    let events: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers = events.iter().filter(|e| e["type"] == "Labelled" || e["type"] == "Skipped");
    assert_eq!(answers.count(), acknowledged);
    let mut count = Count::default();
    for event in &events {
        count.take(event);
        let moment = told(&["replay", folder, "--json", "--until", &event["seq"].to_string()]);
        assert_eq!((&moment["seq"], &moment["seq_time"]), (&event["seq"], &event["time"]));
        count.check(&moment);
    }
    // The end is what everybody else tells of it.
    let stat = told(&["log", "stat", folder, "--json"]);
    assert_eq!(told(&["replay", folder, "--json"])["how_it_goes"], stat["how_it_goes"]);
    let played = printed(&["replay", folder, "--speed", "0"]);
    assert!(!played.contains('\u{1b}'), "no colours where there is no terminal");
    assert_eq!(files(session.path()), before, "nothing was changed");
}

#[test]
fn a_point_is_a_number_a_time_or_a_time_since_the_beginning() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let folder = session.path().to_str().unwrap();
    let at = |until: &str| {
        let output = command(&["replay", folder, "--json", "--until", until])
            .env("TZ", "CET-1")
            .output()
            .unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["seq"].as_u64()
    };
    for (until, seq) in [("8", 8), ("+10s", 8), ("+3s", 5), ("+0s", 1), ("+10m", 8), ("+2d", 11)] {
        assert_eq!(at(until), Some(seq), "{until}");
    }
    assert_eq!(at("2023-11-14T22:13:24Z"), Some(6));
    assert_eq!(at("2023-11-14T23:13:24+01:00"), Some(6));
    assert_eq!(at("2023-11-14T23:13:24"), Some(6), "of this machine's time zone");
    let until = |until: &str| refused(&["replay", folder, "--until", until]);
    assert_says(&until("12"), &["no record 12", "2023-11-14T22:13:20Z", "11", "22:23:27Z"]);
    assert_says(&until("2023-11-14T22:13:19Z"), &["had not begun", "2023-11-14T22:13:20Z"]);
    let text = refused(&["replay", folder, "--speed", "0", "--from", "9", "--until", "8"]);
    assert_says(&text, &["nothing to play"]);
    let wrong = run(&["replay", folder, "--until", "soon"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert_says(&String::from_utf8(wrong.stderr).unwrap(), &["+10m"]);
}

#[test]
fn a_moment_is_told_with_its_model_ranking_and_forecast() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let folder = session.path().to_str().unwrap();
    let moment = told(&["replay", folder, "--json", "--until", "+4s"]);
    assert_eq!((&moment["model"]["model"], &moment["ranking"]["ranking"]), (&json!(1), &json!(1)));
    let first = moment["ranking"]["first"].as_array().unwrap();
    assert_eq!(first.len(), 10);
    assert_eq!((&first[2]["path"], &first[2]["image"]), (&json!("02.png"), &json!(2)));
    assert!(moment["how_it_goes"]["forecast"]["positives_left"]["likely"].is_number());
    assert_eq!(moment["since_beginning_seconds"], 4.0);
    let text = printed(&["replay", folder, "--until", "+4s"]);
    assert_says(&text, &["Is it?", "1 yes, 1 no, 1 skipped", "0:00:04.0 after the beginning"]);
    assert_says(&text, &["3 yes and 4 no, loss 0.2500", "number 1 by max-prob", "0.600  02.png"]);
    assert_says(&text, &["forecast", "positives are left", "foretold 1 of the last 2 answers"]);
    let text = printed(&["replay", folder]);
    assert_says(&text, &["4 yes, 1 no, 0 skipped", "record       11"]);
}

/// Words of a line, whatever stands between them.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_happened_is_played_line_by_line() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let folder = session.path().to_str().unwrap();
    let before = files(session.path());
    let play = |more: &[&str]| {
        let played = printed(&[&["replay", folder][..], more].concat());
        played.lines().map(words).collect::<Vec<String>>()
    };
    let played = play(&["--speed", "0"]);
    let expected = [
        "0:00:00.0 \"Is it?\" is asked of /nowhere/pool",
        "0:00:00.0 12 images join the pool",
        "0:00:01.0 model 1 of 3 yes and 4 no, loss 0.2500",
        "0:00:01.0 ranking 1 of 12 images by max-prob, first 0.950 00.png",
        "0:00:02.0 yes 0.950 1 yes 0 no 0 skipped 00.png",
        "0:00:03.0 no 0.900 1 yes 1 no 0 skipped 01.png",
        "0:00:04.0 skip - 1 yes 1 no 1 skipped 02.png",
        "0:00:05.0 undo - 1 yes 1 no 0 skipped 02.png (skip)",
        "0:00:06.0 yes - 2 yes 1 no 0 skipped 02.png",
        "0:10:06.0 yes - 3 yes 0 no 0 skipped 01.png (was no)",
        "0:10:07.0 step 1 begins: 2 labels of labels.csv",
        "0:10:07.0 step 1: 2 labels; 4 yes 1 no 0 skipped",
    ];
    assert_eq!(played, expected);
    assert_eq!(play(&["--speed", "0", "--from", "5", "--until", "+6s"]), expected[5..9]);
    assert_eq!(play(&["--speed", "0", "--from", "2023-11-14T22:13:23Z"]), expected[5..]);
    // As it happened, only faster: the pause takes 5 ms, or 6 ms and nothing is said of it.
    let told = "0:00:06.0 a pause of 0:10:00.0, shortened to 5 s".to_owned();
    let shortened = play(&["--speed", "1000"]);
    assert_eq!((shortened.len(), &shortened[9]), (expected.len() + 1, &told));
    assert_eq!(play(&["--speed", "100000", "--pauses"]), expected);
    let begun = Instant::now();
    play(&["--speed", "20"]);
    assert!(begun.elapsed() >= Duration::from_millis(600), "it has its time");
    assert_eq!(files(session.path()), before, "nothing was changed");
}

/// Between two lines there is a quarter of an hour; nobody waits for the end of it.
#[test]
fn ctrl_c_ends_it_at_once() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    // A test that runs in the background may have inherited that the signal is ignored.
    let mut playing = Command::new("env");
    playing.args(["--default-signal=INT", env!("CARGO_BIN_EXE_sluice"), "replay"]);
    playing.arg(session.path()).args(["--speed", "0.001"]).env_remove("SLUICE_SETTINGS");
    let mut playing =
        playing.current_dir(std::env::temp_dir()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(playing.stdout.take().unwrap()).lines();
    assert_says(&lines.next().unwrap().unwrap(), &["Is it?"]);
    let interrupted = Command::new("kill").args(["-INT", &playing.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = playing.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not end");
        thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.signal(), Some(libc::SIGINT));
}

#[test]
fn before_the_damage_a_replay_goes_on_and_behind_it_says_what_is_wrong() {
    let session = tempfile::tempdir().unwrap();
    write(session.path(), &made_up::session());
    let folder = session.path().to_str().unwrap();
    let whole = told(&["replay", folder, "--json", "--until", "+3s"]);
    let segment = session.path().join(SEGMENT);
    let mut bytes = fs::read(&segment).unwrap();
    let name = bytes.windows(10).position(|window| window == b"labels.csv").unwrap();
    bytes[name] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let before = files(session.path());
    // Record 10, the last but one, is lost.
    for point in ["+3s", "5"] {
        assert_eq!(
            told(&["replay", folder, "--json", "--until", point])["last_looks"],
            whole["last_looks"]
        );
    }
    assert_eq!(told(&["replay", folder, "--json", "--until", "9"])["seq"], 9);
    printed(&["replay", folder, "--speed", "0", "--until", "9"]);
    for more in [&[][..], &["--until", "10"], &["--until", "+2d"], &["--speed", "0"]] {
        let text = refused(&[&["replay", folder][..], more].concat());
        assert_says(&text, &[SEGMENT, "is damaged at byte", "sluice log salvage"]);
    }
    assert_eq!(files(session.path()), before, "nothing was changed");
}
