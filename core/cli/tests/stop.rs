//! Stopping ends the program, whatever it is doing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use program::{Server, make_pool};

/// A pipe in a picture's place reads like a disk that hangs: nothing comes, and there is no end.
#[test]
fn a_read_that_does_not_come_back_keeps_nobody() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 10);
    let server = Server::start(pool.path(), session.path());
    let picture = pool.path().join("00003.png");
    fs::remove_file(&picture).unwrap();
    assert!(Command::new("mkfifo").arg(&picture).status().unwrap().success());
    let mut line = TcpStream::connect(&server.address).unwrap();
    write!(line, "GET /images/3 HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    // It can be opened for writing without waiting as soon as somebody reads it.
    let begun = Instant::now();
    let _pipe = loop {
        match OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&picture) {
            Ok(pipe) => break pipe,
            Err(error) => assert!(begun.elapsed() < Duration::from_mins(1), "{error}"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert!(server.stop());
}
