//! For tests: somebody on this machine who sends a file.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// Longer than anything here takes, on the slowest day.
const DEADLINE: Duration = Duration::from_mins(2);

pub fn content() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

pub fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Answers each request, one after the other, with what `answer` writes, given where the range begins. Gives the
/// folder's URL.
pub fn serve(answer: impl Fn(&mut TcpStream, usize) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
            let head: Vec<String> = head.map(|line| line.to_lowercase()).collect();
            let range = head.iter().find_map(|line| line.strip_prefix("range: bytes="));
            let from = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
            answer(&mut stream, from);
        }
    });
    url
}

/// Sends what is asked for, `at_most` bytes of it. Who gave up meanwhile is no concern of a sender.
pub fn send(stream: &mut TcpStream, bytes: &[u8], from: usize, at_most: usize) {
    let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
    let rest = &bytes[from..];
    let length = rest.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok();
    stream.write_all(&rest[..at_most.min(length)]).ok();
}

/// Answers without a body: a status, and lines of the head, each with its end.
pub fn refuse(stream: &mut TcpStream, status: &str, lines: &str) {
    let answer =
        format!("HTTP/1.1 {status}\r\n{lines}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).ok();
}

/// Looks whenever the bell rings, and now and then, until it is so.
pub fn wait(hear: &Receiver<()>, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come in time");
        let _ = hear.recv_timeout(Duration::from_millis(20));
    }
}
