//! What the commands that go through a whole session cost with 1,000,000 answers, each followed by the model and the
//! ranking that it led to for every tenth: seconds and the peak of memory of the real program, once each, files in the
//! page cache. What a replay in the page costs: until the page is told of the first moment, and of any other.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]
#![allow(dead_code, reason = "it shares the tests' program")]

#[path = "../tests/program/mod.rs"]
mod program;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use futures::executor::block_on;
use program::{Page, Server, command};
use serde_json::{Value, json};
use sluice_events::facts::{
    FoundImage, ImagesFound, Labelled, ModelTrained, PluginRef, Ranked, RankingMade, Seen,
    SessionOpened,
};
use sluice_events::plugin::Values;
use sluice_events::{CommandId, Event, ImageId, Label, ModelId, RankingId, Source, codec, outlook};
use sluice_log::storage::FsStorage;
use sluice_log::{EventLog, Expect, Log, Options, Record};
use uuid::Uuid;

const ANSWERS: u32 = 1_000_000;
/// A ranking follows each so many answers.
const RANKED_EVERY: u32 = 10;
const PATHS_IN_A_RECORD: u32 = 2000;
const BATCH: usize = 1000;
/// Moments that a replay goes to.
const MOMENTS: u64 = 100;
const BEGUN_US: u64 = 1_700_000_000_000_000;

fn main() {
    let place = tempfile::tempdir().unwrap();
    let (answered, new) = (place.path().join("answered"), place.path().join("new"));
    write(&answered, place.path(), true);
    write(&new, place.path(), false);
    let table = place.path().join("labels.csv");
    write_table(&table);
    println!("labels: a session of {ANSWERS} answers, files in the page cache");
    println!("{:<34} {:>8} {:>8} {:>10}", "command", "s", "peak MB", "written MB");
    let row = |name: &str, arguments: &[&str], written: Option<PathBuf>| {
        let (seconds, peak) = run(arguments, place.path());
        let megabytes = written.map_or(0.0, |path| size(&path) as f64 / 1e6);
        println!("{name:<34} {seconds:>8.2} {peak:>8.0} {megabytes:>10.1}");
    };
    let (old, fresh) = (answered.to_str().unwrap(), new.to_str().unwrap());
    for format in ["csv", "jsonl", "label-studio", "fiftyone"] {
        let to = place.path().join(format);
        let arguments = ["export", "labels", old, "--format", format, "--to", to.to_str().unwrap()];
        row(&format!("export labels --format {format}"), &arguments, Some(to.clone()));
    }
    row("replay, to the end", &["replay", old], None);
    row("replay --speed 0", &["replay", old, "--speed", "0"], None);
    row("log stat", &["log", "stat", old], None);
    row("sessions show", &["sessions", "show", old], None);
    let fork = place.path().join("fork");
    row(
        "sessions fork",
        &["sessions", "fork", old, "--to", fork.to_str().unwrap()],
        Some(fork.clone()),
    );
    let labels = table.to_str().unwrap();
    row("import --dry-run", &["import", fresh, labels, "--dry-run"], None);
    row("import", &["import", fresh, labels], None);
    row("import again (nothing is new)", &["import", fresh, labels], None);
    row("revoke", &["revoke", fresh], None);
    replay_in_the_page(old);
}

/// Its rows.
fn replay_in_the_page(session: &str) {
    let begun = Instant::now();
    let mut command = command(&["replay", session, "--serve", "--listen", "127.0.0.1:0"]);
    command.env("SLUICE_LOG", "error");
    let server = Server::spawn(command);
    let mut page = server.page();
    page.next("statistics");
    let opened = begun.elapsed().as_secs_f64();
    let first = peak_mb(server.process());
    println!("{:<34} {opened:>8.2} {first:>8.0} {:>10.1}", "replay --serve, first moment", 0.0);
    let last = u64::from(ANSWERS);
    let moments: Vec<u64> = (0..MOMENTS).map(|turn| turn * 618_034 % last + 1).collect();
    let steps = (1..=MOMENTS).map(|step| last / 2 + step);
    let mut go = |to: u64| {
        let begun = Instant::now();
        page.send(&json!({"type": "replay", "wish": {"seek": to}})).unwrap();
        told_of(&mut page, to);
        begun.elapsed().as_secs_f64()
    };
    let anywhere: Vec<f64> = moments.into_iter().map(&mut go).collect();
    go(last / 2);
    let onwards: Vec<f64> = steps.map(&mut go).collect();
    for (what, mut seconds) in [("  anywhere", anywhere), ("  to the next event", onwards)] {
        seconds.sort_by(f64::total_cmp);
        let (p50, longest) = (seconds[seconds.len() / 2], seconds[seconds.len() - 1]);
        let peak = peak_mb(server.process());
        println!("{what:<34} {p50:>8.4} {peak:>8.0}            (longest {longest:.4} s)");
    }
    drop(page);
    assert!(server.stop());
}

/// Reads until the page is told of the moment after this event.
fn told_of(page: &mut Page, seq: u64) {
    let is_it = |stands: &Value| stands["moment"]["seq"] == seq;
    while !is_it(&page.next("replay")) {}
}

/// The most memory that a process has had, MB.
fn peak_mb(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Seconds, and the peak of memory, MB.
fn run(arguments: &[&str], place: &Path) -> (f64, f64) {
    let begun = Instant::now();
    let measured = Command::new("python3")
        .arg("-c")
        .arg(
            "import resource,subprocess,sys;c=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode;\
             print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);sys.exit(c)",
        )
        .arg(env!("CARGO_BIN_EXE_sluice"))
        .args(arguments)
        .current_dir(place)
        .env("SLUICE_LOG", "error")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert!(measured.status.success(), "{arguments:?}");
    let kilobytes: f64 = String::from_utf8(measured.stdout).unwrap().trim().parse().unwrap();
    (seconds, kilobytes / 1024.0)
}

fn size(path: &Path) -> u64 {
    if path.is_file() {
        return path.metadata().unwrap().len();
    }
    fs::read_dir(path).unwrap().map(|entry| size(&entry.unwrap().path())).sum()
}

fn path(image: u32) -> String {
    format!("{:03}/{image:07}.jpg", image / 5000)
}

fn is_positive(image: u32) -> bool {
    image.is_multiple_of(20)
}

fn write_table(path_of_table: &Path) {
    let mut table = BufWriter::new(File::create(path_of_table).unwrap());
    table.write_all(b"path,label\n").unwrap();
    for image in 0..ANSWERS {
        let label = if is_positive(image) { "yes" } else { "no" };
        writeln!(table, "{},{label}", path(image)).unwrap();
    }
    table.flush().unwrap();
}

/// A session of so many images, with answers or without.
fn write(folder: &Path, pool: &Path, answers: bool) {
    let log = Log::open(FsStorage::new(folder).unwrap(), Options::default()).unwrap();
    let mut writer = Writer { log, batch: Vec::new(), seq: 0 };
    writer.event(&Event::SessionOpened(SessionOpened {
        question: "Is it one?".into(),
        pool: pool.to_str().unwrap().into(),
        seed: 1,
        program: "bench".into(),
    }));
    for first in (0..ANSWERS).step_by(PATHS_IN_A_RECORD as usize) {
        let images = first..(first + PATHS_IN_A_RECORD).min(ANSWERS);
        let images = images.map(|image| FoundImage { path: path(image), bytes: 9000 }).collect();
        writer.event(&Event::ImagesFound(ImagesFound { first: Some(ImageId(first)), images }));
    }
    for image in (0..ANSWERS).take_while(|_| answers) {
        if image.is_multiple_of(RANKED_EVERY) {
            writer.ranking(u64::from(image / RANKED_EVERY) + 1);
        }
        writer.event(&answer(image));
    }
    writer.flush();
}

fn answer(image: u32) -> Event {
    let ranking = u64::from(image / RANKED_EVERY) + 1;
    let seen = Seen {
        ranking: Some(RankingId(ranking)),
        position: Some(image % RANKED_EVERY),
        model: Some(ModelId(ranking)),
        probability: Some((image % 997) as f32 / 997.0),
        shown_ms: 600,
    };
    Event::Labelled(Labelled {
        command: CommandId(Uuid::from_u128(u128::from(image) + 1)),
        image: ImageId(image),
        label: if is_positive(image) { Label::Positive } else { Label::Negative },
        source: Source::Manual,
        annotator: "bench".into(),
        seen,
    })
}

struct Writer {
    log: Log<FsStorage>,
    batch: Vec<Record>,
    seq: u64,
}

impl Writer {
    fn event(&mut self, event: &Event) {
        let encoded = codec::encode(event).unwrap();
        let large = encoded.payload.len() > 10_000;
        self.batch.push(Record {
            seq: self.seq,
            time_us: BEGUN_US + self.seq * 300_000,
            event_type: encoded.event_type,
            schema_version: encoded.schema_version,
            payload: encoded.payload,
        });
        self.seq += 1;
        if self.batch.len() >= BATCH || large {
            self.flush();
        }
    }

    fn ranking(&mut self, number: u64) {
        let learned_from = self.seq - 1;
        self.event(&Event::ModelTrained(ModelTrained {
            model: ModelId(number),
            learned_from,
            positives: 1,
            negatives: 1,
            loss: 0.3,
            features: "patches".into(),
        }));
        let first = (0..32).map(|place| Ranked {
            image: ImageId((number as u32 * RANKED_EVERY + place) % ANSWERS),
            probability: Some(0.9 - place as f32 / 100.0),
        });
        self.event(&Event::RankingMade(RankingMade {
            ranking: RankingId(number),
            model: Some(ModelId(number)),
            learned_from,
            selector: PluginRef { name: "max-prob".into(), version: "1".into(), hash: [7; 32] },
            parameters: Values::new(),
            candidates: ANSWERS,
            scored: ANSWERS,
            first: first.collect(),
            outlook: outlook::outlook(&[0.01, 0.2, 0.7]),
        }));
    }

    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if let Some(first) = batch.first().map(|record| record.seq) {
            block_on(self.log.append(Expect::Next(first), batch)).unwrap();
        }
    }
}
