//! `sluice finish`: the model labels the rest, without a page.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod made_up;
mod program;

use std::path::Path;

use image::{Rgb, RgbImage};
use made_up::{printed, refused, told};
use program::{Server, command};
use serde_json::Value;
use tempfile::TempDir;

const IMAGES: u32 = 40;

/// Every fourth picture is red, the others are green.
fn make_pool(folder: &Path) {
    for number in 0..IMAGES {
        let (on, off) = (150 + (number % 7 * 10) as u8, (number % 5 * 9) as u8);
        let color = if number % 4 == 0 { [on, off, 20] } else { [off, on, 20] };
        let picture = RgbImage::from_fn(16, 16, |x, y| {
            let [r, g, b] = color;
            Rgb([r, g, b.wrapping_add((x * y) as u8 / 2)])
        });
        picture.save(folder.join(format!("{number:05}.png"))).unwrap();
    }
}

struct Session {
    pool: TempDir,
    folder: TempDir,
}

impl Session {
    fn new() -> Self {
        let (pool, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make_pool(pool.path());
        Self { pool, folder }
    }

    fn name(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn serve(&self) -> Server {
        let (pool, session) = (self.pool.path().to_str().unwrap(), self.name());
        let arguments =
            ["serve", pool, "--session", session, "--listen", "127.0.0.1:0", "--background", "off"];
        Server::spawn(command(&arguments))
    }

    /// So many pictures in the pool's own order.
    fn answer(&self, count: u32) {
        let server = self.serve();
        let mut page = server.page();
        for image in 0..count {
            let answer = if image.is_multiple_of(4) { "positive" } else { "negative" };
            let id = page.send_answer(image, answer).unwrap().to_string();
            assert_eq!(page.next("ack")["id"], id.as_str());
        }
        drop(page);
        assert!(server.stop());
    }

    fn finish<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["finish", self.name(), "--background", "off"], more].concat()
    }

    fn counts(&self) -> (Value, Value) {
        let stat = told(&["log", "stat", self.name(), "--json"]);
        (stat["positives"].clone(), stat["negatives"].clone())
    }
}

#[test]
fn it_says_what_would_happen_and_does_it_when_it_is_told_to() {
    let session = Session::new();
    session.answer(16);
    let would = told(&session.finish(&["--json"]));
    let sum = |would: &Value| {
        ["positives", "negatives", "between"].map(|side| would[side].as_u64().unwrap()).iter().sum()
    };
    assert_eq!((sum(&would), &would["unscored"]), (24_u64, &Value::from(0)), "{would}");
    assert_eq!(would["labelled"], Value::Null);
    assert_eq!(session.counts(), (4.into(), 12.into()), "nothing was said to be done");

    let said = printed(&session.finish(&["--above", "0.5", "--below", "0.4999", "--yes"]));
    assert!(said.contains("Labelled 24 images as step 1"), "{said}");
    let (positives, negatives) = session.counts();
    assert_eq!(positives.as_u64().unwrap() + negatives.as_u64().unwrap(), u64::from(IMAGES));
    // Red and green are told apart, or the model is none.
    assert_eq!(positives, 10);
    let to = session.folder.path().with_extension("csv");
    let to = to.to_str().unwrap();
    let export =
        ["export", "labels", session.name(), "--format", "csv", "--only", "model", "--to", to];
    printed(&export);
    let rows = std::fs::read_to_string(to).unwrap();
    std::fs::remove_file(to).unwrap();
    assert_eq!(rows.lines().count(), 25, "{rows}");
    assert!(rows.lines().nth(1).unwrap().contains(",model,0."), "{rows}");

    printed(&["revoke", session.name(), "--step", "1"]);
    assert_eq!(session.counts(), (4.into(), 12.into()));
}

#[test]
fn what_it_can_not_do_is_said_and_labels_nothing() {
    let session = Session::new();
    session.answer(1);
    let said = refused(&session.finish(&["--yes"]));
    assert!(
        said.contains("needs a yes and a no") && said.contains("Nothing was labelled"),
        "{said}"
    );
    session.answer(8);
    let said = refused(&session.finish(&["--above", "0.2", "--below", "0.3", "--yes"]));
    assert!(said.contains("must be less likely"), "{said}");
    let server = session.serve();
    let said = refused(&session.finish(&["--yes"]));
    assert!(said.contains("in use by another sluice"), "{said}");
    assert!(server.stop());
    assert_eq!(session.counts(), (2.into(), 6.into()));
    let moved = session.pool.path().with_extension("moved");
    std::fs::rename(session.pool.path(), &moved).unwrap();
    let said = refused(&session.finish(&["--yes"]));
    assert!(said.contains("--pool"), "{said}");
    let there = told(&session.finish(&["--json", "--pool", moved.to_str().unwrap()]));
    assert_eq!(there["unscored"], 0);
    std::fs::rename(&moved, session.pool.path()).unwrap();
}
