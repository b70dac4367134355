//! `sluice export labels`: what is written, and that it is there whole or not at all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::path::PathBuf;

use program::{Page, Server, make_pool, run};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// In the pool's order: answered yes, no, skipped, yes and taken back, no by the clock, not at all.
const NAMES: [&str; 6] = ["a, \"b\" ü.png", "m.png", "s/skip.png", "s/undo.png", "t.png", "u.png"];

/// A pool, and a folder with its session and room for exports.
struct Answered {
    pool: TempDir,
    place: TempDir,
}

fn pool_of(names: &[&str]) -> TempDir {
    let pool = tempfile::tempdir().unwrap();
    make_pool(pool.path(), names.len() as u32);
    for (number, name) in names.iter().enumerate() {
        let to = pool.path().join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(pool.path().join(format!("{number:05}.png")), to).unwrap();
    }
    pool
}

fn send(page: &mut Page, mut message: Value) {
    let id = Uuid::new_v4().to_string();
    message["id"] = json!(id);
    page.send(&message).unwrap();
    while page.next("ack")["id"] != id.as_str() {}
}

fn answer(page: &mut Page, image: usize, answer: &str, source: &str) {
    let seen = json!({"type": "answer", "image": image, "answer": answer, "source": source,
        "shown_ms": 300, "ranking": null});
    send(page, seen);
}

impl Answered {
    fn new() -> Self {
        let answered = Self { pool: pool_of(&NAMES), place: tempfile::tempdir().unwrap() };
        let server = answered.serve();
        let mut page = server.page();
        for (image, said) in ["positive", "negative", "skip", "positive"].iter().enumerate() {
            answer(&mut page, image, said, "manual");
        }
        send(&mut page, json!({"type": "undo"}));
        answer(&mut page, 4, "negative", "timeout");
        assert!(server.stop());
        answered
    }

    fn serve(&self) -> Server {
        Server::start(self.pool.path(), &self.to("session"))
    }

    fn to(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn export(&self, format: &str, name: &str, further: &[&str]) -> Result<String, String> {
        let (session, to) = (self.folder(), self.to(name));
        let to = to.to_str().unwrap();
        let arguments = ["export", "labels", &session, "--format", format, "--to", to];
        let output = run(&[&arguments, further].concat());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    fn exported(&self, format: &str, name: &str, further: &[&str]) -> String {
        self.export(format, name, further).unwrap()
    }

    /// The reason; nothing was left anywhere.
    fn refused(&self, format: &str, name: &str, further: &[&str]) -> String {
        let before = self.beside();
        let said = self.export(format, name, further).unwrap_err();
        assert!(said.contains("sluice: ") && !said.contains("panicked"), "{said}");
        assert_eq!(self.beside(), before, "nothing is left");
        said
    }

    fn beside(&self) -> BTreeSet<PathBuf> {
        fs::read_dir(self.place.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn folder(&self) -> String {
        self.to("session").to_str().unwrap().to_owned()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.to(name)).unwrap()
    }

    /// When the log says that the images were answered.
    fn times(&self) -> HashMap<u64, String> {
        let session = self.folder();
        let output = run(&["log", "cat", &session, "--type", "Labelled", "--type", "Skipped"]);
        let time = |line: &Value| line["time"].as_str().unwrap().to_owned();
        let lines = parsed(&String::from_utf8(output.stdout).unwrap());
        lines.iter().map(|line| (line["image"].as_u64().unwrap(), time(line))).collect()
    }
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_table_says_what_was_answered_and_nothing_else() {
    let answered = Answered::new();
    let time = answered.times();
    let head = "path,label,source,probability,answered_at,seconds\r\n";
    let yes = format!("\"a, \"\"b\"\" ü.png\",positive,manual,,{},0.3\r\n", time[&0]);
    let no = format!("m.png,negative,manual,,{},0.3\r\n", time[&1]);
    let skip = format!("s/skip.png,skip,manual,,{},0.3\r\n", time[&2]);
    let late = format!("t.png,negative,timeout,,{},0.3\r\n", time[&4]);
    let said = answered.exported("csv", "labels.csv", &[]);
    assert_eq!(answered.text("labels.csv"), format!("{head}{yes}{no}{skip}{late}"));
    assert!(said.contains("Wrote 1 positive, 2 negative, 1 skipped to /"), "{said}");
    answered.exported("csv", "again.csv", &[]);
    assert_eq!(answered.text("again.csv"), answered.text("labels.csv"));
    let said = answered.exported("csv", "all.csv", &["--all"]);
    let all = format!("{head}{yes}{no}{skip}s/undo.png,,,,,\r\n{late}u.png,,,,,\r\n");
    assert_eq!(answered.text("all.csv"), all);
    assert!(said.contains(", 2 unlabelled to /"), "{said}");
    let said = answered.exported("csv", "late.csv", &["--only", "timeout,audit"]);
    assert_eq!(answered.text("late.csv"), format!("{head}{late}"));
    assert!(said.contains("; 3 answered otherwise were left out"), "{said}");
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let answered = Answered::new();
    fs::write(answered.to("labels.csv"), "mine").unwrap();
    let said = answered.refused("csv", "labels.csv", &[]);
    assert!(said.contains("exists already; nothing was written") && said.contains("--replace"));
    assert_eq!(answered.text("labels.csv"), "mine");
    // What a killed run left goes; what another run writes stays, and so does what is not ours.
    fs::write(answered.to(".labels.csv.part-1"), "half").unwrap();
    fs::write(answered.to(".labels.csv.part-mine"), "mine").unwrap();
    let other = File::create(answered.to(".labels.csv.part-2")).unwrap();
    other.lock().unwrap();
    answered.exported("csv", "labels.csv", &["--replace"]);
    assert!(answered.text("labels.csv").starts_with("path,label"));
    let left = |end: &str| answered.to(&format!(".labels.csv.part-{end}")).exists();
    assert_eq!((left("1"), left("2"), left("mine")), (false, true, true));
    fs::create_dir(answered.to("sorted")).unwrap();
    fs::write(answered.to("sorted/notes.txt"), "mine").unwrap();
    let said = answered.refused("folders", "sorted", &["--replace"]);
    assert!(said.contains("holds notes.txt, which no export put there"), "{said}");
    assert_eq!(answered.text("sorted/notes.txt"), "mine");
    assert!(answered.refused("csv", "sorted", &["--replace"]).contains("is a folder"));
    let said = answered.refused("csv", "session/log/labels.csv", &[]);
    assert!(said.contains("is in the session's folder"), "{said}");
    assert!(answered.refused("csv", "nowhere/new.csv", &[]).contains("there is no folder"));
    let inside = answered.pool.path().join("sorted");
    let said = answered.refused("folders", inside.to_str().unwrap(), &[]);
    assert!(said.contains("more images of the pool") && !inside.exists(), "{said}");
    assert!(answered.refused("folders", "new", &["--all"]).contains("--all is for csv and jsonl"));
    assert!(answered.refused("csv", "new", &["--copy"]).contains("--copy is for --format folders"));
}

#[test]
fn no_session_and_a_damaged_one() {
    let answered = Answered::new();
    let to = format!("{}.csv", answered.folder());
    let pool = answered.pool.path().to_str().unwrap();
    let output = run(&["export", "labels", pool, "--format", "csv", "--to", &to]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no session in"));
    let segment = answered.to("session/log/00000000000000000000.log");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&segment, bytes).unwrap();
    let said = answered.refused("jsonl", "labels.jsonl", &[]);
    assert!(said.contains("is damaged at byte") && said.contains("Next:"), "{said}");
}

#[test]
fn lines_tell_all_that_was_ever_said() {
    let answered = Answered::new();
    answered.exported("jsonl", "labels.jsonl", &["--all"]);
    let lines = parsed(&answered.text("labels.jsonl"));
    let paths: Vec<&str> = lines.iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!((paths, &lines[5]["history"]), (NAMES.to_vec(), &json!([])));
    let (yes, undone) = (&lines[0], &lines[3]);
    assert_eq!((&yes["label"], &yes["source"]), (&json!("positive"), &json!("manual")));
    assert_eq!((&yes["seconds"], &yes["set_aside"]), (&json!(0.3), &Value::Null));
    let said = &yes["history"][0];
    assert_eq!(said["time"], yes["answered_at"]);
    assert_eq!((&said["annotator"], &said["shown_ms"]), (&json!("tester"), &json!(300)));
    assert_eq!((&undone["label"], &undone["history"][0]["counts"]), (&Value::Null, &json!(false)));
    // Said again, and redone.
    let server = answered.serve();
    let mut page = server.page();
    answer(&mut page, 0, "negative", "manual");
    answer(&mut page, 3, "skip", "manual");
    send(&mut page, json!({"type": "undo"}));
    send(&mut page, json!({"type": "redo"}));
    answered.exported("jsonl", "again.jsonl", &[]);
    let lines = parsed(&answered.text("again.jsonl"));
    let counts = |line: &Value| {
        let history = line["history"].as_array().unwrap().iter();
        history.map(|said| said["counts"] == true).collect::<Vec<_>>()
    };
    assert_eq!((&lines[0]["label"], counts(&lines[0])), (&json!("negative"), vec![true, true]));
    assert_eq!((&lines[3]["label"], counts(&lines[3])), (&json!("skip"), vec![false, true]));
}

#[test]
fn a_session_can_be_exported_while_it_is_served() {
    let served = Answered { pool: pool_of(&[]), place: tempfile::tempdir().unwrap() };
    make_pool(served.pool.path(), 60);
    let server = served.serve();
    let mut page = server.page();
    for image in 0..60 {
        answer(&mut page, image, "negative", "manual");
        if image % 10 == 9 {
            served.exported("csv", "labels.csv", &["--replace"]);
            assert_eq!(served.text("labels.csv").lines().count(), image + 2);
        }
    }
    assert!(server.stop());
}

#[test]
fn folders_that_a_person_made_are_not_replaced() {
    let answered = Answered::new();
    let own = answered.to("own").join("positive/deep");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("mine.jpg"), "mine").unwrap();
    let said = answered.refused("folders", "own", &["--replace"]);
    assert!(said.contains("was not made by an export"), "{said}");
    assert_eq!(fs::read_to_string(own.join("mine.jpg")).unwrap(), "mine");
}

#[test]
fn folders_hold_links_or_copies_and_are_not_there_if_a_file_is_missing() {
    let answered = Answered::new();
    let pool = answered.pool.path().canonicalize().unwrap();
    let expected = [("positive", 0), ("negative", 1), ("skipped", 2), ("negative", 4)];
    let place = |folder: &str, class: &str, name: &str| answered.to(folder).join(class).join(name);
    for folder in ["links", "copies", "links"] {
        let further = if folder == "copies" { "--copy" } else { "--replace" };
        answered.exported("folders", folder, &[further]);
        for (class, image) in expected {
            let (to, from) = (place(folder, class, NAMES[image]), pool.join(NAMES[image]));
            assert_eq!(fs::read(&to).unwrap(), fs::read(&from).unwrap());
            assert_eq!(fs::read_link(&to).ok(), (folder == "links").then_some(from));
        }
        assert!(!place(folder, "positive", NAMES[3]).exists());
        assert!(!format!("{:?}", answered.beside()).contains(".part-"));
    }
    fs::remove_file(pool.join("m.png")).unwrap();
    let said = answered.refused("folders", "new", &[]);
    assert!(said.contains(": m.png (1 in all). Nothing was written"), "{said}");
    // Once it is served, the session knows that the file is gone.
    assert!(answered.serve().stop());
    let said = answered.exported("folders", "new", &[]);
    assert!(said.contains("1 positive, 1 negative") && said.contains("left out: m.png"), "{said}");
    assert!(!place("new", "negative", "m.png").is_symlink());
}

#[test]
fn label_studio_gets_annotations_and_its_config() {
    let answered = Answered::new();
    let said = answered.exported("label-studio", "tasks.json", &[]);
    assert!(said.contains("<View><Image name=\"image\"") && said.contains("DOCUMENT_ROOT="));
    let tasks: Vec<Value> = serde_json::from_str(&answered.text("tasks.json")).unwrap();
    assert_eq!(tasks.len(), 4);
    let pool = answered.pool.path().file_name().unwrap().to_str().unwrap();
    let url = format!("/data/local-files/?d={pool}/a%2C%20%22b%22%20%C3%BC.png");
    assert_eq!(tasks[0]["data"]["image"], url);
    let annotation = &tasks[0]["annotations"][0];
    let chosen = json!({"from_name": "label", "to_name": "image", "type": "choices",
        "value": {"choices": ["Positive"]}});
    assert_eq!(annotation["result"], json!([chosen]));
    assert_eq!(annotation["ground_truth"], false, "as Label Studio would take it for otherwise");
    assert_eq!(tasks[2]["annotations"][0]["was_cancelled"], true);
}

#[test]
fn fiftyone_gets_whole_paths_so_that_names_that_are_alike_stay_apart() {
    let answered = Answered::new();
    let said = answered.exported("fiftyone", "labels.json", &[]);
    assert!(said.contains("labels_path="), "{said}");
    let labels: Value = serde_json::from_str(&answered.text("labels.json")).unwrap();
    let pool = answered.pool.path().canonicalize().unwrap();
    let whole = |path: &str| pool.join(path).to_str().unwrap().to_owned();
    let classes = [("a, \"b\" ü.png", 1), ("m.png", 0), ("s/skip.png", 2), ("t.png", 0)];
    let expected: serde_json::Map<String, Value> =
        classes.iter().map(|(path, class)| (whole(path), json!(class))).collect();
    assert_eq!(labels, json!({"classes": ["negative", "positive", "skip"], "labels": expected}));
    let moved = answered.exported("fiftyone", "moved.json", &["--pool", "/nowhere"]);
    assert!(moved.contains("1 positive"), "{moved}");
    assert!(answered.text("moved.json").contains("\"/nowhere/s/skip.png\""));
}
