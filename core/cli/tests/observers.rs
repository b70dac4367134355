//! A session, looked at from outside by programs that know nothing of it: Prometheus, TensorBoard, schemathesis.
//! `make test` fetches them (`get-observers`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use program::{Server, command, get, make_pool};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// A person at work; each answer takes a moment.
const PACE: Duration = Duration::from_millis(150);
/// More than a person answers at that pace before the deadline.
const IMAGES: u32 = 1800;
/// Longer than anything here takes, on the slowest day.
const DEADLINE: Duration = Duration::from_mins(4);

fn fetched(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    assert!(path.exists(), "{} is not there: run `make observers`", path.display());
    path
}

/// A session with a model that somebody answers until it is dropped.
struct Annotated {
    server: Server,
    _pool: TempDir,
    folder: TempDir,
    done: Arc<AtomicBool>,
    person: Option<JoinHandle<()>>,
}

impl Annotated {
    fn begin(further: &[&str]) -> Self {
        let (pool, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make_pool(pool.path(), IMAGES);
        let session = folder.path().join("session");
        let (path, session) = (pool.path().to_str().unwrap(), session.to_str().unwrap());
        let arguments = ["serve", path, "--session", session, "--listen", "127.0.0.1:0"];
        let mut serve = command(&[&arguments, further].concat());
        serve.env("OMP_NUM_THREADS", "1");
        let server = Server::spawn(serve);
        let done = Arc::new(AtomicBool::new(false));
        let (mut page, ended) = (server.page(), Arc::clone(&done));
        let person = thread::spawn(move || {
            let mut looks = 0;
            while !ended.load(Ordering::Relaxed) && looks < IMAGES {
                // Of a length that no older one has.
                let length = 3 + looks as usize % 2;
                page.send(&json!({"type": "want", "count": length})).unwrap();
                let queue = loop {
                    let queue = page.next("queue");
                    if queue["items"].as_array().unwrap().len() == length {
                        break queue;
                    }
                };
                let item = &queue["items"][0];
                thread::sleep(PACE);
                // Now and then a skip, a time that ran out, an answer that is taken back.
                looks += 1;
                let image = item["image"].as_u64().unwrap();
                let answer = match (looks % 17, image % 4) {
                    (0, _) => "skip",
                    (_, 0) => "positive",
                    _ => "negative",
                };
                let source =
                    if looks % 23 == 0 && answer == "negative" { "timeout" } else { "manual" };
                let id = Uuid::new_v4();
                let said = json!({
                    "type": "answer", "id": id, "image": image, "answer": answer, "source": source,
                    "shown_ms": 60 + looks % 7 * 100, "ranking": queue["ranking"],
                });
                if page.send(&said).is_err() {
                    return;
                }
                acknowledged(&mut page, id);
                if looks % 19 == 0 {
                    let undo = Uuid::new_v4();
                    page.send(&json!({"type": "undo", "id": undo})).unwrap();
                    acknowledged(&mut page, undo);
                }
            }
        });
        Self { server, _pool: pool, folder, done, person: Some(person) }
    }

    /// Waits until a model and a network in the background have something to tell.
    fn learned(&self) {
        let begun = Instant::now();
        let lines = [
            "sluice_background_learning_rate ",
            "sluice_agreement_ratio{over=\"all\"}",
            "sluice_forecast_looks{",
        ];
        loop {
            let (_, text) = get(&self.server.address, "/metrics");
            if lines.iter().all(|begin| text.lines().any(|line| line.starts_with(begin))) {
                return;
            }
            assert!(begun.elapsed() < DEADLINE, "nothing is learned:\n{text}");
            thread::sleep(PACE);
        }
    }

    fn session(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The person gets up, and the server is stopped as by Ctrl+C.
    fn end(mut self) -> TempDir {
        self.done.store(true, Ordering::Relaxed);
        self.person.take().unwrap().join().expect("the person could answer");
        assert!(self.server.stop());
        self.folder
    }
}

fn acknowledged(page: &mut program::Page, id: Uuid) {
    let id = Value::from(id.to_string());
    while page.next("ack")["id"] != id {}
}

fn succeeds(command: &mut Command) {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}\n{complained}");
    println!("{said}");
}

/// Every rule, alert and query of the dashboards, asked of a real Prometheus, agrees with the log.
#[test]
fn prometheus_tells_what_the_log_says() {
    let place = fetched(".toolchain/prometheus");
    let annotated = Annotated::begin(&[]);
    annotated.learned();
    let mut check = Command::new("python3");
    check.arg(fetched("config/prometheus/test/check.py"));
    check.args(["--sluice", &annotated.url()]).arg("--session").arg(annotated.session());
    check.arg("--prometheus").arg(place.join("prometheus"));
    check.arg("--promtool").arg(place.join("promtool"));
    check.arg("--reader").arg(fetched("examples/read_log.py")).arg("--model");
    succeeds(&mut check);
    annotated.end();
}

/// What the server says and refuses is what its OpenAPI document says.
#[test]
fn schemathesis_finds_nothing() {
    let schemathesis = fetched(".toolchain/observers/bin/schemathesis");
    let annotated = Annotated::begin(&[]);
    let mut run = Command::new(schemathesis);
    run.arg("run").arg(format!("{}/api/openapi.json", annotated.url()));
    run.args([
        "--max-examples",
        "25",
        "--seed",
        "1",
        "--no-color",
        "--generation-database",
        "none",
    ]);
    run.current_dir(annotated.folder.path());
    succeeds(&mut run);
    annotated.end();
}

/// TensorBoard's own reader finds the scalars, the last of each as the log ends.
#[test]
fn tensorboard_reads_what_it_is_given() {
    let python = fetched(".toolchain/observers/bin/python");
    let board = tempfile::tempdir().unwrap();
    let annotated = Annotated::begin(&["--tensorboard", board.path().to_str().unwrap()]);
    annotated.learned();
    let folder = annotated.end();
    let stat = command(&["log", "stat", folder.path().join("session").to_str().unwrap(), "--json"]);
    let stat: Value = serde_json::from_slice(&{ stat }.output().unwrap().stdout).unwrap();
    let read = r#"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1]); events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))
"#;
    let output = Command::new(python).args(["-c", read]).arg(board.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let scalars: Value = serde_json::from_slice(&output.stdout).unwrap();
    let last = |tag: &str| {
        scalars[tag].as_array().unwrap_or_else(|| panic!("no {tag}")).last().unwrap().clone()
    };
    assert_eq!(last("answers/positives"), json!([stat["looks"], stat["positives"].as_f64()]));
    for tag in [
        "model/loss",
        "model/agreement_all",
        "model/positives_left",
        "background/loss",
        "background/learning_rate",
        "answers/a_minute",
    ] {
        assert!(last(tag)[1].is_number(), "{tag}");
    }
    // It begins with nothing found, and tells that.
    assert_eq!(scalars["answers/positives"][0][1], 0.0);
}
