//! `sluice export model`: three files that are there whole or not at all, and the same for the same answers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod colours;
mod made_up;
mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use colours::{Session, answer};
use made_up::{assert_says, files, printed, refused};
use serde_json::Value;
use tempfile::TempDir;

const FORMATS: [(&str, &str); 3] =
    [("torchscript", "m.pt"), ("safetensors", "m.safetensors"), ("onnx", "m.onnx")];
/// Longer than a small network takes to train, on the slowest day.
const DEADLINE: Duration = Duration::from_mins(10);

/// A session with four yes and twelve no, and room for what is exported.
struct Learned {
    session: Session,
    place: TempDir,
}

impl Learned {
    fn new() -> Self {
        let learned = Self { session: Session::new(), place: tempfile::tempdir().unwrap() };
        learned.session.answer(16);
        learned
    }

    fn to(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn command(&self, format: &str, to: &Path, more: &[&str]) -> Vec<String> {
        let to = to.to_str().unwrap();
        let export = ["export", "model", self.session.name(), "--format", format, "--to", to];
        let all = [&export[..], &["--background", "off"], more].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    fn export(&self, format: &str, name: &str, more: &[&str]) -> String {
        let command = self.command(format, &self.to(name), more);
        printed(&command.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The reason; nothing was left anywhere, and nothing changed.
    fn refused(&self, format: &str, to: &Path, more: &[&str]) -> String {
        let before = files(self.place.path());
        let command = self.command(format, to, more);
        let said = refused(&command.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(said.contains("sluice: ") && !said.contains("panicked"), "{said}");
        assert_eq!(files(self.place.path()), before, "something was left or changed: {said}");
        said
    }

    /// By their names.
    fn exported(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.to(folder);
        let files = files(&root).into_iter();
        files.map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes)).collect()
    }
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    let learned = Learned::new();
    for (format, name) in FORMATS {
        for turn in ["first", "second"] {
            let folder = format!("{format}-{turn}");
            fs::create_dir(learned.to(&folder)).unwrap();
            let said = learned.export(format, &format!("{folder}/{name}"), &[]);
            let beside = [format!("{name}.json"), format!("{name}.md")];
            assert_says(&said, &["Wrote /", name, &beside[0], &beside[1], "P(positive)"]);
        }
        let [first, second] =
            ["first", "second"].map(|turn| learned.exported(&format!("{format}-{turn}")));
        let names: Vec<&str> = first.keys().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(names, [name, &format!("{name}.json"), &format!("{name}.md")]);
        for (path, bytes) in &first {
            assert!(second[path] == *bytes, "{} of {format} differs", path.display());
        }
    }
    // Its name does not matter to what is in it.
    learned.export("torchscript", "other.pt", &[]);
    let named = |name: &str| fs::read(learned.to(name)).unwrap();
    assert!(named("other.pt") == named("torchscript-first/m.pt"), "the name is kept in the file");
}

#[test]
fn each_format_is_what_it_says_and_is_described() {
    let learned = Learned::new();
    for (format, name) in FORMATS {
        learned.export(format, name, &[]);
        let described = fs::read(learned.to(&format!("{name}.json"))).unwrap();
        let described: Value = serde_json::from_slice(&described).unwrap();
        assert_eq!([&described["file"], &described["file_format"]], [name, format]);
        let predictor = &described["predictor"];
        let side = predictor["inputs"][0]["side"].as_u64().unwrap();
        assert_eq!(predictor["inputs"][0]["name"], format!("picture_{side}"));
        assert_eq!(predictor["parts"][0]["way"], "patches");
        assert_eq!(predictor["about"]["positives"], "4");
        assert!(described["preparation"].as_array().unwrap().len() >= 4);
        let card = fs::read_to_string(learned.to(&format!("{name}.md"))).unwrap();
        let labels = "4 images are labelled yes, 12 no, 0 were skipped";
        assert_says(&card, &["# Is this a positive?", "40 images, of which 0 ", labels]);
        assert_says(&card, &["| yes | by hand | 4 |", "| no | by hand | 12 |"]);
        assert_says(&card, &["Nothing is promised", "active learning", "BILINEAR", name]);
        assert_says(&card, &["| seed | 1 |", "| network | none (patches) |", "max-prob"]);
    }
    let read = |name: &str| fs::read(learned.to(name)).unwrap();
    assert!(read("m.pt").starts_with(b"PK\x03\x04"), "TorchScript is a zip archive");
    let tensors = read("m.safetensors");
    let length = u64::from_le_bytes(*tensors.first_chunk().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&tensors[8..8 + length]).unwrap();
    assert!(header["features.filters"]["shape"].is_array(), "{header}");
    let onnx = read("m.onnx");
    let says = |word: &[u8]| onnx.windows(word.len()).any(|window| window == word);
    assert!(says(b"probability") && says(b"learned_from"));
}

#[test]
fn what_is_in_the_way_is_told_before_anything_is_computed() {
    let learned = Learned::new();
    // What has the name of the model, but for the ending, is none of its business.
    for name in ["m.json", "m.md"] {
        fs::write(learned.to(name), "mine").unwrap();
    }
    for (name, mine) in [("m.onnx.json", "mine"), ("m.onnx.md", "mine, too")] {
        fs::write(learned.to(name), mine).unwrap();
        let said = learned.refused("onnx", &learned.to("m.onnx"), &[]);
        assert_says(&said, &["exists already; nothing was written", "--replace"]);
        learned.export("onnx", "m.onnx", &["--replace"]);
        assert_ne!(fs::read_to_string(learned.to(name)).unwrap(), mine);
        for name in ["m.onnx", "m.onnx.json", "m.onnx.md"] {
            fs::remove_file(learned.to(name)).unwrap();
        }
    }
    for name in ["m.json", "m.md"] {
        assert_eq!(fs::read_to_string(learned.to(name)).unwrap(), "mine");
    }
    let said = learned.refused("onnx", &learned.to("m.pt"), &[]);
    assert_says(&said, &["another format than onnx", "nothing was written"]);
    let said = learned.refused("onnx", &learned.to("m.md"), &[]);
    assert_says(&said, &["the description or the card", "nothing was written"]);
    let inside = learned.session.folder.path().join("log/m.onnx");
    let said = learned.refused("onnx", &inside, &[]);
    assert_says(&said, &["is in the session's folder"]);
    let said = learned.refused("onnx", &learned.to("nowhere/m.onnx"), &[]);
    assert_says(&said, &["there is no folder"]);

    let server = learned.session.serve();
    let said = learned.refused("onnx", &learned.to("m.onnx"), &[]);
    assert_says(&said, &["in use by another sluice"]);
    assert!(server.stop());
    let settings = learned.session.pool.path().with_extension("toml");
    fs::write(&settings, "[model]\nenabled = false\n").unwrap();
    let without = ["--settings", settings.to_str().unwrap()];
    let said = learned.refused("onnx", &learned.to("m.onnx"), &without);
    assert_says(&said, &["there is no model", "Nothing was written"]);
    fs::remove_file(&settings).unwrap();
    let session = learned.session.pool.path().with_extension("moved");
    fs::rename(learned.session.pool.path(), &session).unwrap();
    let said = learned.refused("onnx", &learned.to("m.onnx"), &[]);
    assert_says(&said, &["--pool", "Nothing was written"]);
    learned.export("onnx", "m.onnx", &["--pool", session.to_str().unwrap()]);
    fs::rename(&session, learned.session.pool.path()).unwrap();
}

#[test]
fn who_has_learned_nothing_has_nothing_to_export() {
    let learned = Learned { session: Session::new(), place: tempfile::tempdir().unwrap() };
    learned.session.answer(1);
    let said = learned.refused("safetensors", &learned.to("m.safetensors"), &[]);
    assert_says(&said, &["needs a yes and a no", "Nothing was written"]);
}

/// A network that is chosen and not there is no reason to export another model in its place.
#[test]
fn a_network_that_is_not_there_is_told() {
    let learned = Learned::new();
    let network = ["--network", "small-cnn", "--offline"];
    let said = learned.refused("onnx", &learned.to("m.onnx"), &network);
    assert_says(&said, &["uses the network small-cnn", "can't be used here", "--weights"]);
}

#[test]
fn where_everything_is_answered_the_model_is_there_all_the_same() {
    let learned = Learned { session: Session::of(40), place: tempfile::tempdir().unwrap() };
    let server = learned.session.serve_with("off");
    answer(&server, 40);
    assert!(server.stop());
    let model = learned.to("m.safetensors");
    let (session, model) = (learned.session.name(), model.to_str().unwrap());
    let off = ["--background", "off"];
    let export = ["export", "model", session, "--format", "safetensors", "--to", model];
    printed(&[&export[..], &off].concat());
    let table = learned.to("all.csv");
    let pool = learned.session.pool.path().to_str().unwrap();
    printed(&["predict", model, pool, "--to", table.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(table).unwrap().lines().count(), 41);
}

#[test]
fn a_network_that_trained_in_the_background_is_taken_along() {
    let learned = Learned { session: Session::of(120), place: tempfile::tempdir().unwrap() };
    let server = learned.session.serve_with("small");
    answer(&server, 88);
    let begun = Instant::now();
    let kept = ["log", "cat", learned.session.name(), "--type", "CheckpointMade"];
    while printed(&kept).is_empty() {
        assert!(begun.elapsed() < DEADLINE, "it does not train");
        sleep(Duration::from_millis(100));
    }
    assert!(server.stop());
    let model = learned.to("m.safetensors");
    let (session, model) = (learned.session.name(), model.to_str().unwrap());
    let small = ["--background", "small"];
    let export = ["export", "model", session, "--format", "safetensors", "--to", model];
    printed(&[&export[..], &small].concat());
    let described = fs::read(learned.to("m.safetensors.json")).unwrap();
    let described: Value = serde_json::from_slice(&described).unwrap();
    let parts = described["predictor"]["parts"].as_array().unwrap();
    let names: Vec<&str> = parts.iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["features", "background"]);
    assert_eq!(parts[1]["way"], "network");
    let card = fs::read_to_string(learned.to("m.safetensors.md")).unwrap();
    assert_says(&card, &["small, which trained in the background", "The ranges are wide"]);

    // The same bytes, also where nothing is kept but the session.
    fs::create_dir(learned.to("again")).unwrap();
    let (again, cache) = (learned.to("again/m.safetensors"), learned.to("no-cache"));
    let there = ["--to", again.to_str().unwrap(), "--cache", cache.to_str().unwrap()];
    printed(&[&export[..5], &there, &small].concat());
    for ending in ["", ".json", ".md"] {
        let read = |at: &str| fs::read(learned.to(&format!("{at}m.safetensors{ending}"))).unwrap();
        assert!(read("") == read("again/"), "m.safetensors{ending} differs");
    }

    // Both say the same.
    let pool = learned.session.pool.path().to_str().unwrap();
    let say = |who: &str, name: &str| {
        let to = learned.to(name);
        printed(&[&["predict", who, pool, "--to", to.to_str().unwrap()][..], &small].concat());
        let table = fs::read_to_string(to).unwrap();
        let second = |line: &str| line.split(',').nth(1).unwrap().parse::<f32>().unwrap();
        table.lines().skip(1).map(second).collect::<Vec<f32>>()
    };
    let (of_file, of_session) = (say(model, "file.csv"), say(session, "session.csv"));
    assert_eq!(of_file.len(), 120);
    let apart = of_file.iter().zip(&of_session).map(|(one, other)| (one - other).abs());
    assert!(apart.fold(0.0, f32::max) <= 1e-6, "{of_file:?}, {of_session:?}");
    let red = |image: usize| colours::is_red(image as u32);
    let right = of_file.iter().enumerate().filter(|(image, p)| (**p > 0.5) == red(*image));
    assert!(right.count() > 100, "{of_file:?}");
}
