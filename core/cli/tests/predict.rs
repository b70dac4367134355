//! `sluice predict`: what a model says of a folder, whole or not at all, and gone on with.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod colours;
mod made_up;
mod program;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use colours::{Session, make_pictures};
use made_up::{assert_says, printed, refused};
use parquet::file::reader::SerializedFileReader;
use parquet::record::Field;
use program::{command, in_its_own_mounts};
use serde_json::Value;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_mins(2);
/// So many pictures take a moment.
const MANY: u32 = 600;

/// Path, probability, problem.
type Row = (String, Option<f32>, Option<String>);

/// A predictor that a session has exported; made once.
fn model() -> &'static str {
    static MODEL: OnceLock<String> = OnceLock::new();
    MODEL.get_or_init(|| {
        let session = Session::new();
        session.answer(16);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("predict");
        fs::create_dir_all(&folder).unwrap();
        let model = folder.join("model.safetensors").to_str().unwrap().to_owned();
        export(&session, &model);
        model
    })
}

fn export(session: &Session, to: &str) {
    let export = ["export", "model", session.name(), "--format", "safetensors", "--to", to];
    printed(&[&export[..], &["--replace", "--background", "off"]].concat());
}

/// Pictures, and room beside them.
struct Pictures {
    folder: TempDir,
    place: TempDir,
}

impl Pictures {
    fn new(count: u32) -> Self {
        let [folder, place] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        make_pictures(folder.path(), 0..count);
        Self { folder, place }
    }

    fn name(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn to(&self, name: &str) -> String {
        self.place.path().join(name).to_str().unwrap().to_owned()
    }

    /// What is said to a person.
    fn predict(&self, who: &str, name: &str, more: &[&str]) -> String {
        let to = self.to(name);
        printed(&[&["predict", who, self.name(), "--to", &to][..], more].concat())
    }

    /// The reason; the place holds what it held.
    fn refused(&self, who: &str, name: &str, more: &[&str]) -> String {
        let before = made_up::files(self.place.path());
        let to = self.to(name);
        let said = refused(&[&["predict", who, self.name(), "--to", &to][..], more].concat());
        assert!(said.contains("sluice: ") && !said.contains("panicked"), "{said}");
        assert_eq!(made_up::files(self.place.path()), before, "something was left: {said}");
        said
    }

    fn table(&self, name: &str) -> Vec<Row> {
        let mut table = csv::Reader::from_path(self.to(name)).unwrap();
        assert_eq!(table.headers().unwrap(), vec!["path", "probability", "problem"]);
        let row = |row: csv::StringRecord| {
            let problem = Some(row[2].to_owned()).filter(|problem| !problem.is_empty());
            (row[0].to_owned(), row[1].parse().ok(), problem)
        };
        table.records().map(|record| row(record.unwrap())).collect()
    }

    /// Begins, and kills it in the middle.
    fn kill_half_way(&self, name: &str) -> PathBuf {
        let to = self.to(name);
        let journal = PathBuf::from(format!("{to}.unfinished"));
        let mut command = command(&["predict", model(), self.name(), "--to", &to]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while fs::read(&journal).map_or(0, |kept| lines(&kept)) < 40 {
            assert!(begun.elapsed() < DEADLINE, "it keeps nothing");
            sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!Path::new(&to).exists(), "it was done before it could be killed");
        assert!(lines(&fs::read(&journal).unwrap()) <= MANY as usize);
        journal
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.to(name)).unwrap()
    }
}

fn lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

fn of_parquet(path: &str) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let text = |field: &Field| match field {
        Field::Str(text) => Some(text.clone()),
        Field::Null => None,
        other => panic!("{other}"),
    };
    let row = |row: parquet::record::Row| {
        let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
        let probability = match fields[1] {
            Field::Float(probability) => Some(*probability),
            Field::Null => None,
            other => panic!("{other}"),
        };
        (text(fields[0]).unwrap(), probability, text(fields[2]))
    };
    reader.into_iter().map(|found| row(found.unwrap())).collect()
}

#[test]
fn a_session_says_what_its_exported_predictor_says() {
    let pictures = Pictures::new(30);
    let session = Session::new();
    session.answer(16);
    let exported = pictures.to("own.safetensors");
    export(&session, &exported);
    let said = pictures.predict(session.name(), "session.csv", &["--background", "off"]);
    assert_says(&said, &["Wrote the probabilities of 30 images to /"]);
    pictures.predict(&exported, "file.csv", &["--device", "cpu"]);
    let (of_session, of_file) = (pictures.table("session.csv"), pictures.table("file.csv"));
    assert_eq!((of_session.len(), of_file.len()), (30, 30));
    for (number, (one, other)) in of_session.iter().zip(&of_file).enumerate() {
        assert_eq!(one.0, format!("{number:05}.png"));
        let [one, other] = [one, other].map(|row| row.1.unwrap());
        assert!((one - other).abs() <= 1e-6, "{number}: {one}, {other}");
        assert_eq!(one > 0.5, colours::is_red(number as u32), "{number}: {one}");
    }
    // The folder of images names the session, too, if that is its own; this one is elsewhere.
    let said = pictures.refused(session.pool.path().to_str().unwrap(), "none.csv", &[]);
    assert_says(&said, &["there is no session in"]);
    let server = session.serve();
    let said = pictures.refused(session.name(), "none.csv", &["--background", "off"]);
    assert_says(&said, &["in use by another sluice"]);
    assert!(server.stop());
    let inside = session.folder.path().join("none.csv");
    let to = ["predict", session.name(), pictures.name(), "--to", inside.to_str().unwrap()];
    assert_says(&refused(&to), &["is in the session's folder", "nothing was written"]);
}

#[test]
fn every_format_holds_the_same_rows() {
    let pictures = Pictures::new(20);
    let root = pictures.folder.path();
    fs::create_dir(root.join("deep")).unwrap();
    fs::rename(root.join("00003.png"), root.join("deep/a, \"b\" ü.png")).unwrap();
    fs::write(root.join("00005.png"), "rubbish").unwrap();
    fs::write(root.join("00007.png"), "").unwrap();
    let nameless = root.join(OsStr::from_bytes(b"00009\xff.png"));
    fs::rename(root.join("00009.png"), &nameless).unwrap();
    let said = pictures.predict(model(), "a.csv", &[]);
    assert_says(&said, &["of 17 images", "3 files have none", "00005.png is no image of"]);
    let table = pictures.table("a.csv");
    assert_eq!(table.len(), 20);
    assert!(table.is_sorted_by(|one, next| one.0 < next.0), "{table:?}");
    let by_path: BTreeMap<&str, &Row> = table.iter().map(|row| (row.0.as_str(), row)).collect();
    assert!(by_path["deep/a, \"b\" ü.png"].1.is_some());
    assert_eq!(by_path["00007.png"].2.as_deref(), Some("is empty"));
    let (path, _, problem) = by_path["00009\u{fffd}.png"];
    assert!(problem.as_ref().unwrap().contains("not UTF-8"), "{path}: {problem:?}");
    let is_one_of_both = |row: &&Row| row.1.is_some() != row.2.is_some();
    assert_eq!(table.iter().filter(is_one_of_both).count(), 20);

    pictures.predict(model(), "a.jsonl", &[]);
    let text = fs::read_to_string(pictures.to("a.jsonl")).unwrap();
    let row = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let probability = line["probability"].as_f64().map(|p| p as f32);
        let problem = line["problem"].as_str().map(str::to_owned);
        (line["path"].as_str().unwrap().to_owned(), probability, problem)
    };
    assert_eq!(text.lines().map(row).collect::<Vec<Row>>(), table);
    // The ending says nothing, the format does.
    pictures.predict(model(), "a.table", &["--format", "parquet"]);
    assert_eq!(of_parquet(&pictures.to("a.table")), table);
    assert!(!pictures.place.path().join("a.table.unfinished").exists());
}

#[test]
fn what_was_killed_goes_on_and_gives_the_same_bytes() {
    let pictures = Pictures::new(MANY);
    fs::write(pictures.folder.path().join("00011.png"), "rubbish").unwrap();
    pictures.predict(model(), "whole.csv", &[]);
    let journal = pictures.kill_half_way("a.csv");
    let said = pictures.predict(model(), "a.csv", &[]);
    assert_says(&said, &["Going on: ", " of 600 were done", "of 599 images"]);
    assert!(pictures.bytes("a.csv") == pictures.bytes("whole.csv"), "interrupted, it differs");
    assert!(!journal.exists());

    // The last line is torn, and one of the first pictures is another one by now.
    let journal = pictures.kill_half_way("b.csv");
    let kept = fs::read(&journal).unwrap();
    fs::write(&journal, &kept[..kept.len() - 3]).unwrap();
    let changed = pictures.folder.path().join("00001.png");
    fs::copy(pictures.folder.path().join("00000.png"), &changed).unwrap();
    assert_says(&pictures.predict(model(), "b.csv", &[]), &["Going on: "]);
    pictures.predict(model(), "whole.csv", &["--replace"]);
    assert!(pictures.bytes("b.csv") == pictures.bytes("whole.csv"), "something old was kept");
    let (before, now) = (pictures.table("a.csv"), pictures.table("b.csv"));
    let other: Vec<usize> = (0..before.len()).filter(|at| before[*at] != now[*at]).collect();
    assert_eq!(other.first(), Some(&1));
    assert!(now[1].1.unwrap() > 0.5, "a green picture has become a red one");
}

#[test]
fn what_another_model_said_is_not_gone_on_with() {
    let pictures = Pictures::new(5);
    let journal = pictures.to("a.csv.unfinished");
    let head = |folder: &str| {
        let program = env!("CARGO_PKG_VERSION");
        format!(
            "{{\"sluice\":\"predictions\",\"version\":2,\"program\":\"{program}\",\"predictor\":\"00\",\
             \"device\":\"cpu\",\"batch\":1,\"folder\":\"{folder}\",\"images\":\"00\"}}\n"
        )
    };
    fs::write(&journal, head(pictures.name())).unwrap();
    let said = pictures.refused(model(), "a.csv", &[]);
    let holds = "a.csv.unfinished holds what another model said of these or other images";
    assert_says(&said, &[holds, "nothing was changed", "name another file with --to"]);
    let said = pictures.predict(model(), "a.csv", &["--replace"]);
    assert_says(&said, &["Beginning anew: ", "held what another model said"]);
    assert!(!Path::new(&journal).exists());
    // What was begun and has not even a whole first line.
    fs::write(&journal, &head("")[..30]).unwrap();
    let said = pictures.predict(model(), "a.csv", &["--replace"]);
    assert!(!said.contains("anew") && !said.contains("Going on"), "{said}");
    fs::write(&journal, "my own notes\n").unwrap();
    let said = pictures.refused(model(), "a.csv", &["--replace"]);
    assert_says(&said, &["is in the way", "holds something else"]);
    fs::write(&journal, "").unwrap();
    let held = File::open(&journal).unwrap();
    held.lock().unwrap();
    let said = pictures.refused(model(), "a.csv", &["--replace"]);
    assert_says(&said, &["another sluice is at work"]);
}

#[test]
fn what_may_be_readable_another_time_is_asked_again() {
    let pictures = Pictures::new(6);
    let large = pictures.folder.path().join("00002.png");
    image::RgbImage::new(1100, 1000).save(&large).unwrap();
    let settings = pictures.to("settings.toml");
    fs::write(&settings, "[images]\nmax_megapixels = 1\n").unwrap();
    let journal = PathBuf::from(pictures.to("a.csv.unfinished"));
    for more in [vec![], vec!["--replace"]] {
        let more = [vec!["--settings", settings.as_str()], more].concat();
        let said = pictures.predict(model(), "a.csv", &more);
        assert_says(&said, &["of 5 images", "Another time, 1 of these may be readable"]);
        assert_says(&said, &["a.csv.unfinished, and the same command with --replace goes on"]);
        assert!(journal.exists());
    }
    let said = pictures.predict(model(), "a.csv", &["--replace"]);
    assert_says(&said, &["Going on: 5 of 6 were done", "of 6 images"]);
    assert!(!journal.exists());
    pictures.predict(model(), "whole.csv", &[]);
    assert!(pictures.bytes("a.csv") == pictures.bytes("whole.csv"), "asked again, it differs");
}

#[test]
fn what_is_no_model_is_told_for_what_it_is() {
    let pictures = Pictures::new(3);
    let good = fs::read(model()).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = pictures.to(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let rubbish = file("rubbish.safetensors", b"this is no predictor, but a text of some length");
    let said = pictures.refused(&rubbish, "a.csv", &[]);
    assert_says(
        &said,
        &["is neither a session nor a predictor; nothing was written", "export model"],
    );
    for (length, says) in
        [(good.len() - 1, "no whole"), (good.len() / 2, "no whole"), (500, "no whole")]
    {
        let cut = file("cut.safetensors", &good[..length]);
        assert_says(&pictures.refused(&cut, "a.csv", &[]), &["can't be asked", says]);
    }
    let cut = file("cut.safetensors", &good[..5]);
    assert_says(&pictures.refused(&cut, "a.csv", &[]), &["neither a session nor a predictor"]);
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  "#;
    let tensors = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat();
    let said = pictures.refused(&file("tensors.safetensors", &tensors), "a.csv", &[]);
    assert_says(&said, &["does not say what to do with them"]);
    let said = pictures.refused(&file("a.onnx", b"\x08\x08\x12\x06sluice"), "a.csv", &[]);
    assert_says(&said, &["ONNX's format", "reads safetensors only", "examples/predictor"]);
    let said = pictures.refused(&file("a.pt", b"PK\x03\x04 and so on"), "a.csv", &[]);
    assert_says(&said, &["TorchScript", "reads safetensors only", "examples/predictor"]);
    let said = pictures.refused(&pictures.to("nowhere"), "a.csv", &[]);
    assert_says(&said, &["can't look at", "nothing was written"]);
    let session = Session::new();
    session.answer(1);
    let said = pictures.refused(session.name(), "a.csv", &["--background", "off"]);
    assert_says(&said, &["needs a yes and a no", "Nothing was written"]);
}

#[test]
fn what_is_there_stays_and_is_taken_for_no_image() {
    let pictures = Pictures::new(4);
    fs::write(pictures.to("a.csv"), "mine").unwrap();
    let said = pictures.refused(model(), "a.csv", &[]);
    assert_says(&said, &["exists already; nothing was written", "--replace"]);
    assert_says(
        &pictures.refused(model(), "a.txt", &[]),
        &["does not say which format", "--format"],
    );
    assert_says(&pictures.refused(model(), "nowhere/a.csv", &[]), &["there is no folder"]);

    // In place of the model.
    let asked = pictures.to("m.safetensors");
    fs::copy(model(), &asked).unwrap();
    let said = pictures.refused(&asked, "m.safetensors", &["--replace"]);
    let says = "m.safetensors is the model that is asked; nothing was written. Name another file";
    assert_says(&said, &[says]);

    // Among the images.
    let within = |name: &str| pictures.folder.path().join(name).to_str().unwrap().to_owned();
    let picture = within("00002.png");
    let predict = ["predict", model(), pictures.name(), "--format", "csv", "--replace", "--to"];
    let before = fs::read(&picture).unwrap();
    let said = refused(&[&predict[..], &[picture.as_str()]].concat());
    assert_says(&said, &["is one of the images; nothing was written"]);
    assert!(fs::read(&picture).unwrap() == before);
    let table = within("a.csv");
    for _ in 0..2 {
        let said = printed(&[&predict[..], &[table.as_str()]].concat());
        assert_says(&said, &["of 4 images"]);
    }
    let files = made_up::files(pictures.folder.path());
    assert_eq!(files.len(), 5, "{:?}", files.keys());
}

#[test]
fn a_folder_without_a_picture_is_no_success() {
    let pictures = Pictures::new(0);
    assert_says(&pictures.refused(model(), "a.csv", &[]), &["no image in", "nothing was written"]);
    for name in ["a.png", "b.jpg"] {
        fs::write(pictures.folder.path().join(name), "rubbish").unwrap();
    }
    let said = pictures.refused(model(), "a.csv", &[]);
    assert_says(&said, &["none of the 2 images", "a.png is no image", "Nothing was written"]);
    let to = pictures.to("a.csv");
    let missing = pictures.to("missing");
    let said = refused(&["predict", model(), &missing, "--to", &to]);
    assert_says(&said, &["there is no folder", "nothing was written"]);
}

/// A disk of 16 kB takes some of it.
#[test]
fn a_full_disk_is_told_and_takes_nothing_away() {
    let pictures = Pictures::new(400);
    let to = pictures.to("a.csv");
    let predict = ["predict", model(), pictures.name(), "--to", &to];
    let prepare = "mount -t tmpfs -o size=16k tmpfs \"$0\"";
    let Some(mut command) = in_its_own_mounts(prepare, pictures.place.path(), &predict) else {
        return;
    };
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_says(&text, &["a.csv is not written", "a.csv.unfinished", "the same command goes on"]);
    assert_says(&text, &["can't write", "No space left"]);
}
