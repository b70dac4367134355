//! `sluice log`, and what a person is told when something is wrong with a session folder: in each case
//! what is safe, what is not, and the command to run next.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use program::{Server, in_its_own_mounts, make_pool, run, serving};
use serde_json::Value;
use tempfile::TempDir;

const ANSWERS: u32 = 30;
const SEGMENT: &str = "log/00000000000000000000.log";

/// A pool, and a session of it with thirty answers; the ids of their commands in order.
struct Answered {
    pool: TempDir,
    session: TempDir,
    commands: Vec<String>,
}

impl Answered {
    fn new() -> Self {
        let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make_pool(pool.path(), ANSWERS + 10);
        let server = Server::start(pool.path(), session.path());
        let commands = answer(&server, 0..ANSWERS);
        assert!(server.stop());
        Self { pool, session, commands }
    }

    fn folder(&self) -> &str {
        self.session.path().to_str().unwrap()
    }

    /// What serving it says, when it is refused.
    fn refused(&self) -> String {
        refused(&serving(self.pool.path(), self.session.path()))
    }
}

fn answer(server: &Server, images: std::ops::Range<u32>) -> Vec<String> {
    let mut page = server.page();
    let mut ids = Vec::new();
    for image in images {
        let answer = if image % 5 == 0 { "positive" } else { "negative" };
        let id = page.send_answer(image, answer).unwrap().to_string();
        assert_eq!(page.next("ack")["id"], id.as_str());
        ids.push(id);
    }
    ids
}

/// What a command prints.
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn events(folder: &str) -> Vec<Value> {
    let lines = printed(&["log", "cat", folder]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one line that is said, when a command fails.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    let said: Vec<&str> = text.lines().filter(|line| line.starts_with("sluice: ")).collect();
    assert_eq!(said.len(), 1, "one line is said:\n{text}");
    said[0].to_owned()
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "\"{part}\" is missing in: {text}");
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

#[test]
fn cat_stat_and_verify_agree_with_what_was_answered() {
    let answered = Answered::new();
    let events = events(answered.folder());
    let labelled: Vec<&Value> = events.iter().filter(|event| event["type"] == "Labelled").collect();
    let commands: Vec<&str> = labelled.iter().map(|e| e["command"].as_str().unwrap()).collect();
    assert_eq!(commands, answered.commands);
    for (event, image) in labelled.iter().zip(0..) {
        assert_eq!(event["image"], image);
        assert_eq!(event["label"], if image % 5 == 0 { "positive" } else { "negative" });
    }
    for (event, seq) in events.iter().zip(0..) {
        assert_eq!(event["seq"], seq);
    }

    let stat: Value =
        serde_json::from_str(&printed(&["log", "stat", answered.folder(), "--json"])).unwrap();
    assert_eq!(stat["records"], events.len());
    assert_eq!(stat["events"]["Labelled"]["records"], ANSWERS);
    assert_eq!((&stat["positives"], &stat["negatives"]), (&6.into(), &24.into()));
    assert_eq!(stat["durable_up_to"], events.len());
    let text = printed(&["log", "stat", answered.folder()]);
    assert_says(&text, &["6 yes, 24 no", "in use       no", "Labelled"]);
    let text = printed(&["log", "verify", answered.folder()]);
    assert_says(&text, &["Whole:", "every event is understood", "HEAD  knows the log to its end"]);

    let some = printed(&["log", "cat", answered.folder(), "--type", "Labelled", "--from", "5"]);
    let expected = events.iter().skip(5).filter(|event| event["type"] == "Labelled").count();
    assert_eq!(some.lines().count(), expected);
    let text = refused(&["log", "cat", answered.folder(), "--type", "Labeled"]);
    assert_says(&text, &["no event type Labeled", "Labelled"]);
    assert_says(
        &refused(&["log", "cat", "/nowhere"]),
        &["can't look into /nowhere", "No such file"],
    );
    assert_says(&refused(&["log", "cat", "/bin/sh"]), &["/bin/sh is a file"]);
    // A folder of images may have a folder named log.
    let images = tempfile::tempdir().unwrap();
    fs::create_dir(images.path().join("log")).unwrap();
    fs::write(images.path().join("log/1.jpg"), "").unwrap();
    let text = refused(&["log", "cat", images.path().to_str().unwrap()]);
    assert_says(&text, &["no session in"]);
}

/// Another program, written from the documents, reads the same.
#[test]
fn an_independent_reader_agrees() {
    let answered = Answered::new();
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/read_log.py");
    let read = || {
        let output =
            Command::new("python3").arg(&reader).arg(answered.session.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(read(), events(answered.folder()));
    // Also what a killed writer leaves; damage in what is not known to be durable is damage.
    let path = answered.session.path().join(SEGMENT);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0x53, 0x4c, 0x42, 0x54, 9, 9]);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(read(), events(answered.folder()));
    fs::remove_file(answered.session.path().join("HEAD")).unwrap();
    let in_the_middle = bytes.len() / 2;
    bytes[in_the_middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let output =
        Command::new("python3").arg(&reader).arg(answered.session.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(answered.refused().contains("is damaged"));
}

#[test]
fn the_log_can_be_read_while_a_server_writes_it() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 400);
    let server = Server::start(pool.path(), session.path());
    let folder = session.path().to_str().unwrap();
    let answering = std::thread::scope(|scope| {
        let answering = scope.spawn(|| answer(&server, 0..400));
        let mut seen = 0;
        while !answering.is_finished() {
            let now = events(folder).len();
            assert!(now >= seen, "what was there stays");
            seen = now;
            printed(&["log", "verify", folder]);
        }
        answering.join().unwrap()
    });
    let text = printed(&["log", "stat", folder]);
    assert_says(&text, &[&format!("in use       process {}", server.process())]);
    let there = events(folder).iter().filter(|event| event["type"] == "Labelled").count();
    assert_eq!(there, answering.len());
}

#[test]
fn damage_is_named_and_rescued_and_answering_goes_on() {
    let answered = Answered::new();
    let path = answered.session.path().join(SEGMENT);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, &bytes).unwrap();

    let text = answered.refused();
    assert_says(&text, &[SEGMENT, "is damaged at byte", "lost, all before are whole"]);
    assert_says(&text, &["nothing was changed", "Next:", "sluice log salvage", answered.folder()]);
    let output = run(&["log", "verify", answered.folder()]);
    assert_eq!(output.status.code(), Some(1));
    assert_says(&String::from_utf8(output.stdout).unwrap(), &["records are whole", "Lost: record"]);

    // What is whole before the damage can be looked at.
    let output = run(&["log", "cat", answered.folder()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().lines().count() > 10);

    let new = tempfile::tempdir().unwrap();
    let rescued = new.path().join("it's rescued.v1");
    let to = rescued.to_str().unwrap();
    let within = answered.session.path().join("rescued");
    let text = refused(&["log", "salvage", answered.folder(), "--to", within.to_str().unwrap()]);
    assert_says(&text, &["is inside the session"]);
    let text = printed(&["log", "salvage", answered.folder(), "--to", to]);
    assert_says(&text, &["Rescued", "Lost: record", "is as it was", "sluice serve"]);
    assert_says(&text, &[r"it'\''s rescued.v1'`"]);
    assert_eq!(fs::read(&path).unwrap(), bytes, "the original is as it was");
    let text = refused(&["log", "salvage", answered.folder(), "--to", to]);
    assert_says(&text, &["exists already", "nothing was changed"]);

    // Numbers and images are what they were, and the rest can be answered.
    let events = events(to);
    let lost = events.iter().filter(|event| event["type"] == "RecordLost").count();
    assert!((1..=2).contains(&lost), "{lost}");
    for event in events.iter().filter(|event| event["type"] == "Labelled") {
        let image = event["image"].as_u64().unwrap();
        assert_eq!(event["command"], answered.commands[image as usize].as_str());
    }
    let server = Server::start(answered.pool.path(), &rescued);
    let mut page = server.page();
    let looks = page.next("statistics")["undo_depth"].as_u64().unwrap();
    assert_says(page.next("notice")["text"].as_str().unwrap(), &["rescued", "Lost records: "]);
    assert!(looks >= u64::from(ANSWERS) - 2);
    answer(&server, ANSWERS..ANSWERS + 5);
    assert!(server.stop());
}

/// The record with the names of all images is the largest of a young log, and so the likeliest to be
/// hit: the answers stay, and the images are asked for again.
#[test]
fn answers_survive_the_loss_of_the_names_of_their_images() {
    let answered = Answered::new();
    let path = answered.session.path().join(SEGMENT);
    let mut bytes = fs::read(&path).unwrap();
    let name = bytes.windows(9).position(|window| window == b"00007.png").unwrap();
    bytes[name] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let new = tempfile::tempdir().unwrap();
    let rescued = new.path().join("rescued");
    let text = printed(&["log", "salvage", answered.folder(), "--to", rescued.to_str().unwrap()]);
    assert_says(&text, &["Lost: record 1:"]);
    let server = Server::start(answered.pool.path(), &rescued);
    let mut page = server.page();
    let statistics = page.next("statistics");
    assert_eq!(statistics["undo_depth"], ANSWERS);
    assert_eq!(statistics["unlabelled"], ANSWERS + 10);
    let notice = page.next("notice");
    assert_says(notice["text"].as_str().unwrap(), &["names are lost: 30", "asked for again"]);
    assert!(server.stop());
}

#[test]
fn a_missing_segment_a_foreign_file_and_a_newer_log() {
    let answered = Answered::new();
    let path = answered.session.path().join(SEGMENT);
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let text = answered.refused();
    assert_says(&text, &[SEGMENT, "is missing", "are lost", "backup", "sluice log salvage"]);
    let new = answered.pool.path().join("new");
    let text = refused(&["log", "salvage", answered.folder(), "--to", new.to_str().unwrap()]);
    assert_says(&text, &["no record is whole"]);
    assert!(!new.exists());
    fs::write(&path, &whole).unwrap();

    let foreign = answered.session.path().join("log/notes.txt");
    fs::write(&foreign, "hello").unwrap();
    let text = answered.refused();
    assert_says(&text, &["log/notes.txt does not belong", "nothing was changed", "Next:", "mv -n"]);
    fs::remove_file(foreign).unwrap();

    let mut newer = whole;
    newer[8..10].copy_from_slice(&9_u16.to_le_bytes());
    let sum = crc32c::crc32c(&newer[..76]);
    newer[76..80].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, newer).unwrap();
    let text = answered.refused();
    assert_says(&text, &["log format 9", "up to 1", "safe", "Next: start the newer sluice"]);
}

#[test]
fn a_session_in_use() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 3);
    let first = Server::start(pool.path(), session.path());
    let text = refused(&serving(pool.path(), session.path()));
    let holder = format!("in use by another sluice (process {})", first.process());
    assert_says(&text, &[&holder, "safe there", "Next: stop that one first", "--session"]);
    first.page().next("statistics");
}

#[test]
fn a_copy_that_was_made_while_it_was_in_use() {
    let (pool, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), ANSWERS);
    let session = place.path().join("session");
    let server = Server::start(pool.path(), &session);
    answer(&server, 0..10);
    let (whole, torn, behind) =
        (place.path().join("whole"), place.path().join("torn"), place.path().join("behind"));
    copy(&session, &whole);
    copy(&session, &torn);
    let early = fs::read(session.join(SEGMENT)).unwrap();
    answer(&server, 10..20);
    // `HEAD` is copied when it knows more than the segment that was copied before.
    wait_for_head(&session, 10 + 3);
    copy(&session, &behind);
    fs::write(behind.join(SEGMENT), &early).unwrap();
    let segment = fs::read(torn.join(SEGMENT)).unwrap();
    fs::write(torn.join(SEGMENT), &segment[..segment.len() - 5]).unwrap();

    for half in [&torn, &behind] {
        for _ in 0..2 {
            let text = refused(&serving(pool.path(), half));
            assert_says(&text, &["a copy that was made while it was in use", "not whole"]);
            assert_says(&text, &["may hold more", "copy the folder again", "sluice log salvage"]);
        }
    }
    let copied = Server::start(pool.path(), &whole);
    let mut page = copied.page();
    let notice = page.next("notice");
    assert_says(notice["text"].as_str().unwrap(), &["is a copy", "not here"]);
    assert!(copied.stop());
    assert!(server.stop());
    // A copy of a session that was closed is a session.
    let closed = place.path().join("closed");
    copy(&session, &closed);
    let text = printed(&["log", "verify", closed.to_str().unwrap()]);
    assert_says(&text, &["Whole:"]);
}

fn wait_for_head(session: &Path, next_seq: u64) {
    let since = std::time::Instant::now();
    let folder = session.to_str().unwrap();
    loop {
        let stat = printed(&["log", "stat", folder, "--json"]);
        let stat: Value = serde_json::from_str(&stat).unwrap();
        if stat["durable_up_to"].as_u64() >= Some(next_seq) {
            return;
        }
        assert!(since.elapsed().as_secs() < 60, "HEAD was never written");
    }
}

#[test]
fn a_folder_that_can_only_be_read() {
    let answered = Answered::new();
    let prepare = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\"";
    let folder = answered.session.path();
    let serve = serving(answered.pool.path(), folder);
    let Some(mut command) = in_its_own_mounts(prepare, folder, &serve) else { return };
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_says(&text, &["can't be written to", "its answers are safe", "none can be added"]);
    assert_says(&text, &["Next: give yourself write access", "cp -r", "sluice log cat"]);
    // What it names works.
    let cat = ["log", "cat", answered.folder()];
    let read = in_its_own_mounts(prepare, folder, &cat).unwrap().output().unwrap();
    assert!(read.status.success());
    assert!(read.stdout.len() > 1000);
}

/// A disk of 300 kB fills up while somebody answers, and has room again.
#[test]
fn a_disk_that_fills_up() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 1500);
    let prepare =
        "mount -t tmpfs -o size=300k tmpfs \"$0\" && head -c 150000 /dev/zero > \"$0/ballast\"";
    let serve = serving(pool.path(), session.path());
    let Some(command) = in_its_own_mounts(prepare, session.path(), &serve) else { return };
    let server = Server::spawn(command);
    let inside = |name: &str| -> PathBuf {
        let root = format!("/proc/{}/root", server.process());
        Path::new(&root).join(session.path().join(name).strip_prefix("/").unwrap())
    };
    let mut page = server.page();
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    let mut freed_at = None;
    for image in 0..1500 {
        let id = page.send_answer(image, "negative").unwrap().to_string();
        let message = loop {
            let message = page.read().expect("the server goes on");
            if message["id"] == id.as_str() {
                break message;
            }
        };
        if message["type"] == "ack" {
            acknowledged.push(id);
            if freed_at.is_some_and(|freed| acknowledged.len() > freed + 50) {
                break;
            }
        } else {
            let text = message["why"].as_str().unwrap_or_default().to_owned();
            assert_says(&text, &["the disk is full", "not saved", "everything before it is"]);
            refused.push(id);
            if refused.len() == 20 {
                fs::remove_file(inside("ballast")).unwrap();
                freed_at = Some(acknowledged.len());
            }
        }
    }
    assert!(refused.len() >= 20, "the disk never filled up");
    let freed_at = freed_at.expect("it was freed");
    assert!(acknowledged.len() > freed_at + 50, "it does not go on by itself");
    assert!(freed_at > 100, "it was full at once");
    let folder = inside("");
    let there: Vec<String> = events(folder.to_str().unwrap())
        .iter()
        .filter(|event| event["type"] == "Labelled")
        .map(|event| event["command"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(there, acknowledged, "what was acknowledged, in order, and nothing else");
    println!("{} acknowledged, {} refused, 0 lost", acknowledged.len(), refused.len());
}
