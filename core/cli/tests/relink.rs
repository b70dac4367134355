//! `sluice sessions relink`: files that were renamed or moved are found again by what they hold, with their answers;
//! what is in doubt stays as it is, and nothing is written unless a person says so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod made_up;
mod program;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use made_up::{assert_says, files, printed, refused, told, with_artefacts};
use program::{Server, make_pool, serving};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes, on the slowest day.
const DEADLINE: Duration = Duration::from_mins(2);

/// A pool, and a session of it.
struct Scene {
    place: TempDir,
}

impl Scene {
    /// Twelve pictures, of which the first three were answered yes, no and skip; it is known what they hold.
    fn new() -> Self {
        let scene = Self::of(|pool| make_pool(pool, 12));
        scene.serve(12, &["positive", "negative", "skip"], 0);
        scene
    }

    /// A pool that was not served yet.
    fn of(make: impl Fn(&Path)) -> Self {
        let scene = Self { place: tempfile::tempdir().unwrap() };
        fs::create_dir(scene.at("pool")).unwrap();
        make(&scene.at("pool"));
        scene
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.place.path().join(path)
    }

    fn session(&self) -> String {
        self.at("session").to_str().unwrap().to_owned()
    }

    /// Serves it until these images are answered, from a number on, and it is known what so many hold.
    fn serve(&self, contents: usize, answers: &[&str], from: u32) {
        let server = Server::start(&self.at("pool"), &self.at("session"));
        let mut page = server.page();
        for (image, answer) in (from..).zip(answers) {
            page.send_answer(image, answer).unwrap();
            page.next("ack");
        }
        let begun = Instant::now();
        while told(&["sessions", "show", &self.session(), "--json"])["contents"] != contents {
            assert!(begun.elapsed() < DEADLINE, "{contents} contents are never known");
            thread::sleep(Duration::from_millis(50));
        }
        drop(page);
        assert!(server.stop());
    }

    fn rename(&self, from: &str, to: &str) {
        let (from, to) = (self.at("pool").join(from), self.at("pool").join(to));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(from, to).unwrap();
    }

    /// Each of the twelve gets another name, in other folders.
    fn rename_all(&self) {
        for number in 0..12 {
            let to = format!("sub{}/new-{number}.png", number % 3);
            self.rename(&format!("{number:05}.png"), &to);
        }
    }

    fn relink(&self, further: &[&str]) -> String {
        printed(&[&["sessions", "relink", &self.session()], further].concat())
    }

    fn report(&self, further: &[&str]) -> Value {
        told(&[&["sessions", "relink", &self.session(), "--json"], further].concat())
    }

    fn refused(&self, further: &[&str]) -> String {
        refused(&[&["sessions", "relink", &self.session()], further].concat())
    }

    /// What the session says, and not one byte of it is another one.
    fn unchanged<T>(&self, look: impl FnOnce() -> T) -> T {
        let before = files(&self.at("session"));
        let looked = look();
        assert_eq!(files(&self.at("session")), before, "nothing was to be changed");
        looked
    }

    /// Images; yes, no, can't say; those that are set aside.
    fn counts(&self) -> [u64; 5] {
        let stat = told(&["log", "stat", &self.session(), "--json"]);
        ["images", "positives", "negatives", "skipped", "set_aside"]
            .map(|name| stat[name].as_u64().unwrap())
    }

    /// Paths and labels, as they are exported.
    fn labels(&self) -> Vec<String> {
        let to = self.at("labels.csv");
        let file = to.to_str().unwrap();
        let session = self.session();
        printed(&["export", "labels", &session, "--format", "csv", "--to", file, "--replace"]);
        let table = fs::read_to_string(to).unwrap();
        let two = |line: &str| line.split(',').take(2).collect::<Vec<_>>().join(" ");
        table.lines().skip(1).map(two).collect()
    }
}

#[test]
fn renamed_files_are_found_again_and_their_answers_count_for_the_new_names() {
    let scene = Scene::new();
    let text = scene.unchanged(|| scene.relink(&["--yes"]));
    assert_says(&text, &["12 images", "As they were: 12", "every image is where it was"]);
    scene.rename_all();
    let text = scene.unchanged(|| scene.relink(&["--dry-run", "--yes"]));
    assert_says(&text, &["As they were: 0", "Found again under another name: 12", "and more"]);
    assert_says(&text, &["  00000.png -> sub0/new-0.png", "  00009.png -> sub0/new-9.png"]);
    assert_says(&text, &["Would record 12 moves. Nothing was written."]);
    assert!(!text.contains("00010.png") && !text.contains("New files"), "{text}");
    // Nobody sits at a terminal here.
    let text = scene.unchanged(|| scene.relink(&[]));
    let command = format!("`sluice sessions relink '{}' --yes` does it", scene.session());
    assert_says(&text, &["Nothing was recorded.", &command]);
    let report = scene.unchanged(|| scene.report(&[]));
    assert_eq!((&report["recorded"], &report["as_they_were"]), (&json!(false), &json!(0)));
    assert_eq!(report["moves"].as_array().unwrap().len(), 12);
    assert_eq!(report["moves"][11], json!({"old": "00011.png", "new": "sub2/new-11.png"}));

    assert_says(&scene.relink(&["--yes"]), &["Recorded 12 moves"]);
    assert_eq!(scene.counts(), [12, 1, 1, 1, 0]);
    let labels = ["sub0/new-0.png positive", "sub1/new-1.png negative", "sub2/new-2.png skip"];
    assert_eq!(scene.labels(), labels);
    let shown = told(&["sessions", "show", &scene.session(), "--json"]);
    assert_eq!((&shown["images"]["as_they_were"], &shown["contents"]), (&json!(12), &json!(12)));
    // A server finds everything in its place.
    scene.serve(12, &["positive"], 3);
    assert_eq!(scene.counts(), [12, 2, 1, 1, 0]);
    let lines = printed(&["log", "cat", &scene.session(), "--type", "ImagesMoved"]);
    let moved: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(moved["moves"][0], json!({"image": 0, "path": "sub0/new-0.png"}));
    // And back.
    scene.rename("sub0/new-0.png", "00000.png");
    assert_says(&scene.relink(&["--yes"]), &["Recorded 1 move:", "sub0/new-0.png -> 00000.png"]);
    assert_eq!(scene.labels()[0], "00000.png positive");
}

#[test]
fn images_that_joined_under_the_new_names_give_way_to_the_answered_ones() {
    let scene = Scene::new();
    scene.rename_all();
    // Twelve that are there, and three that are gone and were answered.
    scene.serve(15, &[], 0);
    assert_eq!(scene.counts(), [24, 1, 1, 1, 12]);
    let text = scene.relink(&["--yes"]);
    assert_says(
        &text,
        &["Recorded 3 moves", "Gone without an answer, and there as another image: 9"],
    );
    // Three answers, nine to be answered, and no picture twice.
    assert_eq!(scene.counts(), [24, 1, 1, 1, 12]);
    assert_eq!(scene.labels()[0], "sub0/new-0.png positive");
    scene.serve(12, &[], 0);
    assert_eq!(scene.counts(), [24, 1, 1, 1, 12]);
    let stat = told(&["log", "stat", &scene.session(), "--json"]);
    assert_eq!(stat["how_it_goes"]["unlabelled"], 9);
    let text = scene.unchanged(|| scene.relink(&["--yes"]));
    assert_says(&text, &["As they were: 12", "there as another image: 12", "Nothing to record."]);
    let shown = told(&["sessions", "show", &scene.session(), "--json"]);
    assert_eq!((&shown["images"]["known"], &shown["images"]["missing"]), (&json!(12), &json!(0)));
}

#[test]
fn an_image_with_an_answer_of_its_own_gives_way_to_none() {
    let scene = Scene::new();
    scene.rename("00000.png", "x.png");
    scene.rename("00001.png", "y.png");
    scene.serve(14, &["skip"], 12);
    let text = scene.relink(&["--yes"]);
    assert_says(&text, &["has an answer of its own, left as they are: 1\n  00000.png -> x.png"]);
    assert_says(&text, &["Recorded 1 move:", "  00001.png -> y.png"]);
    assert_eq!(scene.counts(), [14, 1, 1, 2, 2]);
    let labels = scene.labels();
    assert_eq!(labels[..2], ["00000.png positive", "y.png negative"]);
    assert!(labels.contains(&"x.png skip".to_owned()), "{labels:?}");
}

#[test]
fn of_several_files_with_one_content_the_name_decides_or_nothing() {
    let copies = |pool: &Path| {
        make_pool(pool, 2);
        for name in ["a1.png", "a2.png"] {
            fs::copy(pool.join("00000.png"), pool.join(name)).unwrap();
        }
        fs::remove_file(pool.join("00000.png")).unwrap();
    };
    let scene = Scene::of(copies);
    scene.serve(3, &["positive", "negative", "skip"], 0);
    // The first and the second one after 00001.png.
    fs::create_dir(scene.at("pool/b")).unwrap();
    for name in ["b/other.png", "b/third.png"] {
        fs::copy(scene.at("pool/a1.png"), scene.at("pool").join(name)).unwrap();
    }
    scene.rename("a1.png", "b/a1.png");
    fs::remove_file(scene.at("pool/a2.png")).unwrap();
    let text = scene.relink(&["--yes"]);
    assert_says(&text, &["Found again under another name: 1\n  a1.png -> b/a1.png"]);
    let doubt = "left as they are: 1\n  a2.png -> b/other.png, b/third.png?";
    assert_says(
        &text,
        &["Of the same content as several", doubt, "New files: 2", "Recorded 1 move:"],
    );
    assert_eq!(scene.labels(), ["00001.png positive", "b/a1.png negative", "a2.png skip"]);
    // With one file left there is no doubt any more.
    fs::remove_file(scene.at("pool/b/third.png")).unwrap();
    assert_says(&scene.relink(&["--yes"]), &["a2.png -> b/other.png", "Recorded 1 move:"]);
}

/// Pictures that are all of one size in bytes.
fn bitmaps(pool: &Path) {
    for number in 0..4 {
        let picture = RgbImage::from_pixel(8, 8, Rgb([number * 60, 10, 20]));
        picture.save(pool.join(format!("{number}.bmp"))).unwrap();
    }
}

#[test]
fn what_was_changed_is_not_found_and_what_changed_places_is_looked_for_when_it_is_said() {
    let scene = Scene::of(bitmaps);
    scene.serve(4, &["positive", "negative", "skip", "negative"], 0);
    RgbImage::from_pixel(9, 9, Rgb([1, 2, 3])).save(scene.at("pool/3.bmp")).unwrap();
    scene.rename("0.bmp", "aside.bmp");
    scene.rename("1.bmp", "0.bmp");
    scene.rename("aside.bmp", "1.bmp");
    let text = scene.unchanged(|| scene.relink(&["--dry-run", "--all"]));
    assert_says(&text, &["As they were: 1", "Found again under another name: 2", "Not found: 1"]);
    assert_says(&text, &["  0.bmp -> 1.bmp", "  1.bmp -> 0.bmp", "  3.bmp"]);
    // One that is sought has the others of its size looked at, too.
    scene.rename("2.bmp", "two.bmp");
    let text = scene.relink(&["--yes"]);
    assert_says(
        &text,
        &["Found again under another name: 3", "2.bmp -> two.bmp", "Recorded 3 moves"],
    );
    let labels = ["1.bmp positive", "0.bmp negative", "two.bmp skip", "3.bmp negative"];
    assert_eq!(scene.labels(), labels);
    scene.serve(4, &[], 0);
    assert_eq!(scene.counts(), [4, 1, 2, 1, 0]);
}

#[test]
fn the_command_that_a_server_tells_finds_what_changed_places() {
    let scene = Scene::of(bitmaps);
    scene.serve(4, &["positive"], 0);
    scene.rename("0.bmp", "../aside.bmp");
    scene.rename("1.bmp", "0.bmp");
    scene.rename("../aside.bmp", "1.bmp");
    let server = Server::start(&scene.at("pool"), &scene.at("session"));
    let mut page = server.page();
    let words = loop {
        let notice = page.next("notice");
        let told = notice["text"].as_str().unwrap().split_once("`sluice sessions relink ");
        if let Some((_, rest)) = told {
            break rest.split('`').next().unwrap().to_owned();
        }
    };
    drop(page);
    assert!(server.stop());
    let program = env!("CARGO_BIN_EXE_sluice");
    let line = format!("'{program}' sessions relink {words} --yes");
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_says(&text, &["  0.bmp -> 1.bmp", "Recorded 1 move:"]);
    assert_eq!(scene.labels(), ["1.bmp positive"]);
}

#[test]
fn contents_are_counted_of_images_that_can_be_read() {
    let scene = Scene::of(|pool| {
        make_pool(pool, 2);
        fs::write(pool.join("broken.png"), "no picture").unwrap();
    });
    scene.serve(2, &["positive"], 0);
    assert_eq!(scene.counts(), [3, 1, 0, 0, 1]);
    let text = printed(&["sessions", "show", &scene.session()]);
    assert_says(&text, &["2 known, of 2 images"]);
}

#[test]
fn names_and_sizes_alone_are_not_believed() {
    let scene = Scene::of(|_| ());
    with_artefacts(&scene.at("pool"), &scene.at("session"));
    fs::write(scene.at("pool/new.png"), "123").unwrap();
    let text = scene.unchanged(|| scene.refused(&["--yes"]));
    assert_says(&text, &["nothing was recorded: 3 images", "never recorded what they hold"]);
    assert_says(&text, &["names and sizes alone are not believed", "`sluice serve '"]);
    let text = printed(&["sessions", "show", &scene.session()]);
    assert_says(&text, &["0 known, of 3 images"]);
    assert!(!text.contains("sessions relink"), "{text}");
    fs::write(scene.at("pool/a.png"), "123").unwrap();
    for name in ["b.png", "c.png"] {
        fs::write(scene.at("pool").join(name), "123").unwrap();
    }
    assert_says(&scene.relink(&[]), &["every image is where it was"]);
}

#[test]
fn a_session_that_a_server_has_open_is_only_looked_at() {
    let scene = Scene::new();
    let server = Server::start(&scene.at("pool"), &scene.at("session"));
    let text = scene.refused(&["--yes"]);
    assert_says(&text, &["nothing was recorded", "a server has this session open", "stop it"]);
    assert_says(&scene.relink(&["--dry-run", "--yes"]), &["every image is where it was"]);
    assert!(server.stop());
    scene.rename("00000.png", "x.png");
    assert_says(&scene.relink(&["--yes"]), &["Recorded 1 move:"]);
}

#[test]
fn the_folder_may_have_moved_too() {
    let scene = Scene::new();
    scene.rename_all();
    fs::rename(scene.at("pool"), scene.at("it's elsewhere")).unwrap();
    let text = scene.unchanged(|| scene.refused(&["--yes"]));
    assert_says(
        &text,
        &["the images are not in", "nothing was recorded", "sessions relink", "DIR"],
    );
    let elsewhere = scene.at("it's elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    let session = scene.at("session");
    assert_says(
        &refused(&serving(Path::new(elsewhere), &session)),
        &["holds other ones", "sluice sessions relink SESSION DIR"],
    );
    let text = scene.relink(&[elsewhere]);
    assert_says(&text, &[r"it'\''s elsewhere' --yes` does it"]);
    let text = scene.relink(&[elsewhere, "--yes"]);
    assert_says(&text, &["Recorded 12 moves", "Go on with `sluice serve '", r"it'\''s elsewhere'"]);
    let server = Server::start(Path::new(elsewhere), &session);
    assert!(server.stop());
    assert_eq!(scene.counts(), [12, 1, 1, 1, 0]);
}
