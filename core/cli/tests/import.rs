//! `sluice import`: labels of each kind of file, and that nothing is written while anything is in doubt.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod labelled;
mod program;

use std::fs;
use std::os::unix::fs::symlink;

use labelled::{Session, assert_says, counts, refusal};
use program::{Server, run};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// What Python 3.11 makes of `{'/readonlydir/b/00002.png': True, '/readonlydir/b/00003.png': False}`, by protocol.
const ANNOTATIONS: [(&str, &str); 2] = [
    (
        "4",
        "8004953d000000000000007d94288c182f726561646f6e6c796469722f622f30303030322e706e6794888c182f726561646f6e6c7964\
         69722f622f30303030332e706e679489752e",
    ),
    (
        "2",
        "80027d71002858180000002f726561646f6e6c796469722f622f30303030322e706e6771018858180000002f726561646f6e6c796469\
         722f622f30303030332e706e67710289752e",
    ),
];
/// And of `['/readonlydir/b/00004.png', '/readonlydir/b/00002.png']`: the second was answered later.
const SKIPPED: &str = "8004953b000000000000005d94288c182f726561646f6e6c796469722f622f30303030342e706e67948c182f726561646f6e6c796469722f622f30303030322e706e6794652e";
/// `{3: True}`, of the tool's early days.
const NUMBERED: &str = "80049507000000000000007d944b0388732e";
/// `{pathlib.PurePosixPath('/readonlydir/b/00002.png'): True}`.
const OBJECTS: &str = "80049548000000000000007d948c07706174686c6962948c0d50757265506f73697850617468949394288c012f948c0b726561646f6e6c79646972948c0162948c0930303030322e706e67947494529488732e";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn labels_of_every_kind_of_file() {
    let session = Session::new();
    let table = session
        .file("t.csv", "\u{feff}Image;Label;path\r\n3;yes;a/00003.png\r\n4;0;a/00004.png\r\n");
    let said = session.told("import", &[&table]);
    assert_says(&said, &["Imported 2 labels (1 yes, 1 no, 0 can't say) as step 1", "--step 1`"]);
    assert_eq!(session.counts(), [2, 2, 1]);
    let table = session.file("wide.txt", utf16("file\tclass\na\\00005.png\tSkipped\n"));
    session.told("import", &[&table]);
    assert_eq!(session.counts(), [2, 2, 2]);

    let line = r#"{"path":"b/00000.png","label":"positive","source":"manual","seconds":1.5,"history":[{"answer":"skip"}]}"#;
    let lines =
        session.file("l.jsonl", format!("{line}\n\n{{\"path\":\"b/00001.png\",\"label\":null}}\n"));
    let said = session.told("import", &[&lines]);
    assert_says(&said, &["JSON lines, with a label: 1, without: 1"]);
    assert_eq!(session.counts(), [3, 2, 2]);

    let skipped = session.file("skipped.pickle", bytes(SKIPPED));
    for (protocol, annotations) in ANNOTATIONS {
        let annotations = session.file("annotations.pickle", bytes(annotations));
        let said = session.told("import", &[&annotations, &skipped]);
        assert_says(&said, &["begin with /readonlydir, which is taken for the pool"]);
        assert_says(&said, &["skipped first and answered later: the answer counts: 1"]);
        assert_eq!(session.counts(), [4, 3, 3], "protocol {protocol}");
        assert_says(&session.told("revoke", &["--list"]), &["annotations.pickle, skipped.pickle"]);
        if protocol != "2" {
            session.told("revoke", &[]);
            assert_eq!(session.counts(), [3, 2, 2]);
        }
    }

    let sorted = session.files.path().join("sorted");
    fs::create_dir_all(sorted.join("Yes/elsewhere")).unwrap();
    fs::create_dir_all(sorted.join("dogs/b")).unwrap();
    symlink(session.pool.path().join("b/00005.png"), sorted.join("Yes/elsewhere/link.png"))
        .unwrap();
    fs::copy(session.pool.path().join("b/00001.png"), sorted.join("dogs/b/00001.png")).unwrap();
    let sorted = sorted.to_str().unwrap();
    assert_says(&session.refused("import", &[sorted]), &["no known labels: dogs", "--negative"]);
    let said = session.told("import", &[sorted, "--negative", "dogs"]);
    assert_says(&said, &["Imported 2 labels (1 yes, 1 no, 0 can't say)"]);
    assert_eq!(session.counts(), [5, 4, 3]);

    let before = session.stat();
    let said = session.told("import", &[sorted, "--negative", "dogs"]);
    assert_says(&said, &["with the same: 2", "Nothing to import"]);
    assert_eq!(session.stat(), before, "what is there already is not written again");
}

#[test]
fn what_was_exported_comes_back() {
    let session = Session::new();
    for (format, name) in [("csv", "e.csv"), ("jsonl", "e.jsonl"), ("folders", "e")] {
        let to = session.files.path().join(name);
        let to = to.to_str().unwrap();
        let all: &[&str] = if format == "folders" { &[] } else { &["--all"] };
        let export = ["export", "labels", session.folder(), "--format", format, "--to", to];
        assert!(run(&[&export[..], all].concat()).status.success(), "{format}");
        let other = tempfile::tempdir().unwrap();
        assert!(Server::start(session.pool.path(), other.path()).stop());
        let folder = other.path().to_str().unwrap();
        let output = run(&["import", folder, to]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(counts(folder), [1, 1, 1], "{format}");
    }
}

#[test]
fn what_is_in_doubt_stops_it() {
    let session = Session::new();
    let [skipped, numbered, objects] = [SKIPPED, NUMBERED, OBJECTS].map(bytes);
    let cases: [(&str, &[u8], &[&str]); 16] = [
        ("a.csv", b"", &["it is empty"]),
        (
            "a.csv",
            b"where,label\na/00003.png,yes\n",
            &["no column of paths", "where, label", "file_name"],
        ),
        (
            "a.csv",
            b"path,says\na/00003.png,yes\n",
            &["no column of labels", "path, says", "category"],
        ),
        (
            "a.csv",
            b"path,label\n\na/00003.png,yes\na/00004.png,maybe\n",
            &["a.csv:4: \"maybe\" of a/00004.png"],
        ),
        (
            "a.csv",
            b"path,label\r\n\r\na/00003.png,yes,7\r\n",
            &["a.csv:3: 3 fields, but the header has 2"],
        ),
        (
            "a.csv",
            b"path,label\na/00003.png,yes\n./a/00003.png,no\n",
            &["a.csv:3", "is no here, but yes in", "a.csv:2"],
        ),
        (
            "a.csv",
            b"path,label\na/00003.png,yes\na/\xe9.png,no\n",
            &["line 3, byte 30", "(hexadecimal e9)", "UTF-8", "iconv"],
        ),
        ("a.csv", b"p\0a\0t\0h\0", &["line 1 has a zero byte"]),
        ("a.csv", b"\xff\xfep\0a", &["ends in the middle of a character"]),
        ("a.json", b"[{\"path\": \"a/00003.png\"}]", &["one JSON array", "jq -c"]),
        (
            "a.jsonl",
            b"{\"path\": \"a/00003.png\", \"label\": 1}\n{\"path\": ",
            &["a.jsonl:2: no JSON object"],
        ),
        (
            "a.jsonl",
            b"{\"path\": \"a/00003.png\", \"score\": 1}\n",
            &["no object has a label", "path, score"],
        ),
        ("a.pickle", &skipped, &["neither yes nor no", "skipped.pickle"]),
        ("a.pickle", &numbered, &["numbers its images"]),
        ("a.pickle", &objects, &["a Python object (pathlib.PurePosixPath)", "python3 -c"]),
        ("a.pickle", &skipped[..40], &["it is not whole"]),
    ];
    for (name, content, parts) in cases {
        let said = session.refused("import", &[&session.file(name, content)]);
        assert_says(&said, &[parts, &["nothing was imported"]].concat());
        assert_says(&said, &["sluice: "]);
    }
    let missing = session.files.path().join("none.csv");
    assert_says(
        &session.refused("import", &[missing.to_str().unwrap()]),
        &["none.csv can't be read: No such file"],
    );
    let empty = session.files.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert_says(&session.refused("import", &[empty.to_str().unwrap()]), &["named after a label"]);
    // One file in doubt stops the others, too; own words come first.
    let (good, cats) = (
        session.file("good.csv", "path,label\na/00003.png,yes\n"),
        session.file("cats.csv", "path,label\na/00004.png,Cat\n"),
    );
    assert_says(&session.refused("import", &[&good, &cats]), &["Labels that are not known: 1"]);
    assert_says(
        &session.refused("import", &[&good, "--positive", "x", "--negative", "X"]),
        &["can't be yes and no"],
    );
    session.told("import", &[&good, &cats, "--negative", "yes,no", "--positive", "cat"]);
    assert_eq!(session.counts(), [2, 2, 1]);
}

#[test]
fn what_fits_no_image_is_told_and_left_out() {
    let session = Session::new();
    fs::remove_file(session.pool.path().join("b/00005.png")).unwrap();
    assert!(session.serve().stop());
    let rows = [
        "a/00003.png,1",
        "a/00003.png,1",
        "gone.png,1",
        "../x.png,0",
        "/x/00004.png,0",
        "b/00005.png,0",
        "b/00000.png,",
    ];
    let long = format!("{},yes", "x/".repeat(1_000_000));
    let table = session.file("t.csv", format!("path,label\n{}\n{long}\n", rows.join("\n")));
    let dry = session.told("import", &[&table, "--dry-run"]);
    assert_says(&dry, &["match no image of the pool, left out: 2", "t.csv:4: gone.png"]);
    assert_says(
        &dry,
        &["outside the pool, left out: 2", "t.csv:5: ../x.png", "t.csv:6: /x/00004.png"],
    );
    assert_says(
        &dry,
        &["set aside, left out: 1", "t.csv:7: b/00005.png", "more than once, counted once: 1"],
    );
    assert_says(
        &dry,
        &["without: 1", "Would import 1 label (1 yes, 0 no, 0 can't say). Nothing was written"],
    );
    assert_eq!(session.counts(), [1, 1, 1]);
    let report: Value = serde_json::from_str(&session.told("import", &[&table, "--json"])).unwrap();
    assert_eq!(report["problems"]["outside"]["count"], 2);
    assert_eq!(report["problems"]["no_image"]["first"][0]["line"], 4);
    assert_eq!((&report["to_write"]["positives"], &report["step"]), (&1.into(), &1.into()));
    assert_eq!(session.counts(), [2, 1, 1]);
}

#[test]
fn rubbish_is_refused() {
    let session = Session::new();
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let whole = bytes(ANNOTATIONS[0].1);
    for round in 0..24 {
        let length = random.random_range(20..400);
        let rubbish: Vec<u8> = (0..length).map(|_| random.random_range(0..=255_u8)).collect();
        for name in ["r.csv", "r.jsonl", "r.pickle", "r"] {
            let file = session.file(name, &rubbish);
            refusal(&session.run("import", &[&file, "--dry-run"]));
        }
        // Nearly a pickle.
        let mut near = whole.clone();
        let place = random.random_range(0..near.len());
        near[place] = random.random_range(0..=255_u8);
        let file = session.file("near.pickle", near);
        let output = session.run("import", &[&file, "--dry-run"]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some_and(|code| code <= 1), "round {round}: {text}");
        assert!(output.status.success() || text.contains("sluice: "), "round {round}: {text}");
    }
}

#[test]
fn what_a_model_said_is_nobodys_answer() {
    let session = Session::new();
    let table = session.file(
        "m.csv",
        "path,label,source\na/00003.png,positive,model\na/00004.png,negative,manual\n",
    );
    let said = session.told("import", &[&table]);
    assert_says(
        &said,
        &["a model gave, left out: they are nobody's answers: 1", "Imported 1 label "],
    );
    let line =
        |path: &str| format!("{{\"path\":\"{path}\",\"label\":\"yes\",\"source\":\"model\"}}\n");
    let lines = session.file("m.jsonl", line("a/00005.png"));
    let said = session.told("import", &[&lines]);
    assert_says(&said, &["nobody's answers: 1", "Nothing to import"]);
}

#[test]
fn labels_of_which_none_fits_are_a_failure() {
    let session = Session::new();
    let table = session.file("n.csv", "path,label\nelsewhere/1.png,yes\n");
    let said = session.refused("import", &[&table]);
    assert_says(&said, &["no label here is of an image", "--base DIR"]);
}

/// A file that was whole, with a few bytes of rubbish in it: never a panic, and never half of it.
#[test]
fn whole_files_with_rubbish_in_them_are_read_or_refused() {
    let session = Session::new();
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let rows: Vec<String> = (0..9).map(|n| format!("a/{n:05}.png,yes,\"x\"\n")).collect();
    let lines: Vec<String> =
        (0..9).map(|n| format!("{{\"path\":\"a/{n:05}.png\",\"label\":true}}\n")).collect();
    let whole =
        [("r.csv", format!("path,label,more\n{}", rows.concat())), ("r.jsonl", lines.concat())];
    for (name, whole) in &whole {
        for _ in 0..25 {
            let mut bytes = whole.clone().into_bytes();
            for _ in 0..random.random_range(1..5) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = *b"\",;\n\t{}[]:\\0 \x7f".get(random.random_range(0..14)).unwrap();
            }
            let file = session.file(name, &bytes);
            let output = session.run("import", &[&file, "--dry-run"]);
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 1)) && !text.contains("panicked"),
                "{text}"
            );
        }
    }
}
