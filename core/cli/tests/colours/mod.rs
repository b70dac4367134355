//! A pool that a model can learn: every fourth picture is red, the others are green; and a session of it.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::ops::Range;
use std::path::Path;

use image::{Rgb, RgbImage};
use tempfile::TempDir;

use crate::program::{Server, command};

pub const IMAGES: u32 = 40;

pub fn is_red(image: u32) -> bool {
    image.is_multiple_of(4)
}

/// Pictures of these numbers.
pub fn make_pictures(folder: &Path, numbers: Range<u32>) {
    for number in numbers {
        let (on, off) = (150 + (number % 7 * 10) as u8, (number % 5 * 9) as u8);
        let [red, green, blue]: [u8; 3] =
            if is_red(number) { [on, off, 20] } else { [off, on, 20] };
        let picture = RgbImage::from_fn(16, 16, |x, y| {
            Rgb([red, green, blue.wrapping_add((x * y) as u8 / 2)])
        });
        picture.save(folder.join(format!("{number:05}.png"))).unwrap();
    }
}

pub struct Session {
    pub pool: TempDir,
    pub folder: TempDir,
}

impl Session {
    pub fn new() -> Self {
        Self::of(IMAGES)
    }

    /// With so many pictures.
    pub fn of(images: u32) -> Self {
        let (pool, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make_pictures(pool.path(), 0..images);
        Self { pool, folder }
    }

    pub fn name(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// With a model, and nothing in the background.
    pub fn serve(&self) -> Server {
        self.serve_with("off")
    }

    /// With a model, and this in the background.
    pub fn serve_with(&self, background: &str) -> Server {
        let (pool, session) = (self.pool.path().to_str().unwrap(), self.name());
        let serve = ["serve", pool, "--session", session, "--listen", "127.0.0.1:0"];
        Server::spawn(command(&[&serve[..], &["--background", background]].concat()))
    }

    /// So many pictures in the pool's own order: red is yes.
    pub fn answer(&self, count: u32) {
        let server = self.serve();
        answer(&server, count);
        assert!(server.stop());
    }
}

/// So many pictures in the pool's own order: red is yes.
pub fn answer(server: &Server, count: u32) {
    let mut page = server.page();
    for image in 0..count {
        let answer = if is_red(image) { "positive" } else { "negative" };
        let id = page.send_answer(image, answer).unwrap().to_string();
        assert_eq!(page.next("ack")["id"], id.as_str());
    }
}
