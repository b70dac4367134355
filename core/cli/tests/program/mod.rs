//! The real program in a process of its own, and a page that speaks to it.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use sluice_events::message::PROTOCOL;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};
use uuid::Uuid;

/// Longer than anything here takes, on the slowest day.
const DEADLINE: Duration = Duration::from_mins(1);

/// So many small pictures.
pub fn make_pool(folder: &Path, count: u32) {
    for number in 0..count {
        let shade = (number * 37 % 200) as u8;
        let picture = RgbImage::from_fn(16, 16, |x, y| Rgb([shade, (x * 9) as u8, (y * 9) as u8]));
        picture.save(folder.join(format!("{number:05}.png"))).unwrap();
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program runs")
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.args(arguments).env_remove("SLUICE_SETTINGS").current_dir(std::env::temp_dir());
    command.env("SLUICE_CACHE", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// A server in a process of its own.
pub struct Server {
    child: Child,
    pub address: String,
}

/// What serves a pool without a model on a free port.
pub fn serving<'a>(pool: &'a Path, session: &'a Path) -> [&'a str; 7] {
    let (pool, session) = (pool.to_str().unwrap(), session.to_str().unwrap());
    ["serve", pool, "--session", session, "--listen", "127.0.0.1:0", "--no-model"]
}

/// The program, seeing a file system that `prepare`, a line of shell, made for it alone; `$0` is
/// `folder` there. `None` where this system does not let a process have mounts of its own.
pub fn in_its_own_mounts(prepare: &str, folder: &Path, arguments: &[&str]) -> Option<Command> {
    let unshare = |flags: &str| {
        let mut command = Command::new("unshare");
        command.arg(flags);
        command
    };
    let works = |flags: &&str| {
        let mut probe = unshare(flags);
        probe.args(["sh", "-c", "mount -t tmpfs tmpfs /mnt"]).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let Some(flags) = ["-m", "-Urm"].into_iter().find(works) else {
        println!("skipped: mounts of its own are not possible here (unshare -m)");
        return None;
    };
    let mut command = unshare(flags);
    command.args(["sh", "-c", &format!("{prepare} && exec \"$@\"")]).arg(folder);
    command.arg(env!("CARGO_BIN_EXE_sluice")).args(arguments);
    command.env_remove("SLUICE_SETTINGS").current_dir(std::env::temp_dir());
    Some(command)
}

impl Server {
    pub fn start(pool: &Path, session: &Path) -> Self {
        Self::spawn(command(&serving(pool, session)))
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program runs");
        let (send, address) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("http://") {
                    let _ = send.send(address.trim_end_matches('/').to_owned());
                }
            }
        });
        let address = address.recv_timeout(DEADLINE).expect("the server says where it is");
        Self { child, address }
    }

    pub fn page(&self) -> Page {
        let (mut socket, _) = tungstenite::connect(format!("ws://{}/ws", self.address)).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_mut() {
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
        }
        let mut page = Page(socket);
        page.send(&json!({"type": "hello", "protocol": PROTOCOL, "annotator": "tester"})).unwrap();
        page
    }

    /// Starts it and kills it after a moment, however far it came.
    pub fn kill_while_starting(pool: &Path, session: &Path, moment: Duration) {
        let mut command = command(&serving(pool, session));
        let mut child = command.stdout(Stdio::null()).spawn().expect("the program runs");
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// As a loss of power would, but for the disk.
    pub fn kill(self) {
        drop(self);
    }

    /// As Ctrl+C would.
    pub fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.success(),
                None => assert!(Instant::now() < deadline, "it does not end"),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Page(WebSocket<MaybeTlsStream<TcpStream>>);

impl Page {
    pub fn send(&mut self, message: &Value) -> Result<(), tungstenite::Error> {
        self.0.send(Message::text(message.to_string()))
    }

    /// The next message; `None` when the connection has ended.
    pub fn read(&mut self) -> Option<Value> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    pub fn next(&mut self, kind: &str) -> Value {
        loop {
            let message =
                self.read().unwrap_or_else(|| panic!("the connection ended before {kind}"));
            if message["type"] == kind {
                return message;
            }
        }
    }

    pub fn send_answer(&mut self, image: u32, answer: &str) -> Result<Uuid, tungstenite::Error> {
        let id = Uuid::new_v4();
        self.send_answer_as(id, image, answer)?;
        Ok(id)
    }

    pub fn send_answer_as(
        &mut self,
        id: Uuid,
        image: u32,
        answer: &str,
    ) -> Result<(), tungstenite::Error> {
        self.send(&json!({
            "type": "answer", "id": id, "image": image, "answer": answer, "source": "manual",
            "shown_ms": 300, "ranking": null,
        }))
    }
}

/// Status and body.
pub fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}
