//! A session with a few answers, for tests of what labels many images at once.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::fs;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Server, make_pool, run};

/// A session of twelve images in the folders a and b; of the first three one is yes, one no, one skipped.
pub struct Session {
    pub pool: TempDir,
    pub folder: TempDir,
    pub files: TempDir,
}

impl Session {
    pub fn new() -> Self {
        let [pool, folder, files] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        for name in ["a", "b"] {
            fs::create_dir(pool.path().join(name)).unwrap();
            make_pool(&pool.path().join(name), 6);
        }
        let session = Self { pool, folder, files };
        let server = session.serve();
        let mut page = server.page();
        for (image, answer) in ["positive", "negative", "skip"].iter().enumerate() {
            page.send_answer(image as u32, answer).unwrap();
            page.next("ack");
        }
        assert!(server.stop());
        session
    }

    pub fn serve(&self) -> Server {
        Server::start(self.pool.path(), self.folder.path())
    }

    pub fn folder(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.files.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn run(&self, command: &str, further: &[&str]) -> Output {
        run(&[&[command, self.folder()], further].concat())
    }

    /// What is said when it succeeds.
    pub fn told(&self, command: &str, further: &[&str]) -> String {
        let output = self.run(command, further);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{further:?}: {text}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What is said when it fails: the report, and the one line behind it. The session is as it was.
    pub fn refused(&self, command: &str, further: &[&str]) -> String {
        let before = self.stat();
        let output = self.run(command, further);
        let said = refusal(&output);
        assert_eq!(self.stat(), before, "something was written: {said}");
        said
    }

    pub fn stat(&self) -> Value {
        stat(self.folder())
    }

    pub fn counts(&self) -> [u64; 3] {
        counts(self.folder())
    }
}

pub fn stat(session: &str) -> Value {
    let output = run(&["log", "stat", session, "--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Yes, no, can't say.
pub fn counts(session: &str) -> [u64; 3] {
    let stat = stat(session);
    ["positives", "negatives", "skipped"].map(|name| stat[name].as_u64().unwrap())
}

pub fn refusal(output: &Output) -> String {
    let (report, text) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    let said: Vec<&str> = text.lines().filter(|line| line.starts_with("sluice: ")).collect();
    assert_eq!(said.len(), 1, "one line is said:\n{text}");
    format!("{report}{}", said[0])
}

pub fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "\"{part}\" is missing in: {text}");
    }
}
