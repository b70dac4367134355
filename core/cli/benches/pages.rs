//! What it costs that pages look on: answers of one page to a session that nobody else looks at, and to one whose
//! statistics and charts twenty pages are shown. Both in turn, three times; the middle of each. Run by run the same
//! answers, at a pace that no person reaches.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]
#![allow(dead_code, reason = "it shares the tests' program")]

#[path = "../tests/program/mod.rs"]
mod program;

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use program::{Server, command, make_pool, serving};
use serde_json::json;

const IMAGES: u32 = 2000;
const ANSWERS: u32 = 400;
const PACE: Duration = Duration::from_millis(50);
const PAGES: usize = 20;

struct Cost {
    p50_ms: f64,
    p99_ms: f64,
    /// Processor time of the server for an answer, ms.
    processor_ms: f64,
    /// What each page that looks on was sent, bytes a second.
    sent: f64,
}

fn main() {
    let pool = tempfile::tempdir().unwrap();
    make_pool(pool.path(), IMAGES);
    println!(
        "pages: {ANSWERS} answers, {} a second, log on this disk, no model",
        1000 / PACE.as_millis()
    );
    println!("pages looking on  durable p50 ms  p99 ms  processor ms an answer  kB/s a page");
    let mut all: Vec<Vec<Cost>> = vec![Vec::new(), Vec::new()];
    for _ in 0..3 {
        for (costs, pages) in all.iter_mut().zip([0, PAGES]) {
            costs.push(run(pool.path(), pages));
        }
    }
    let middles: Vec<Cost> = all.iter().map(|costs| middle(costs)).collect();
    for (cost, pages) in middles.iter().zip([0, PAGES]) {
        println!(
            "{pages:>16}  {:>14.2}  {:>6.2}  {:>22.2}  {:>11.1}",
            cost.p50_ms,
            cost.p99_ms,
            cost.processor_ms,
            cost.sent / 1000.0
        );
    }
    let ratio = |of: fn(&Cost) -> f64| of(&middles[1]) / of(&middles[0]);
    println!(
        "ratio             {:>14.2}  {:>6.2}  {:>22.2}",
        ratio(|cost| cost.p50_ms),
        ratio(|cost| cost.p99_ms),
        ratio(|cost| cost.processor_ms)
    );
}

fn run(pool: &std::path::Path, pages: usize) -> Cost {
    let session = tempfile::tempdir().unwrap();
    let mut serve = command(&serving(pool, session.path()));
    serve.stderr(Stdio::null());
    let server = Server::spawn(serve);
    let (done, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let lookers: Vec<_> = (0..pages)
        .map(|_| {
            let mut page = server.page();
            page.send(&json!({"type": "want_charts", "wanted": true})).unwrap();
            let (done, sent) = (Arc::clone(&done), Arc::clone(&sent));
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed)
                    && let Some(message) = page.read()
                {
                    sent.fetch_add(message.to_string().len() as u64, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut page = server.page();
    let before = processor_ms(server.process());
    let begun = Instant::now();
    let mut times: Vec<f64> = (0..ANSWERS)
        .map(|image| {
            let due = begun + PACE * image;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let asked = Instant::now();
            page.send_answer(image, "negative").unwrap();
            page.next("ack");
            asked.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let seconds = begun.elapsed().as_secs_f64();
    let processor = processor_ms(server.process()) - before;
    done.store(true, Ordering::Relaxed);
    server.kill();
    for looker in lookers {
        looker.join().unwrap();
    }
    times.sort_by(f64::total_cmp);
    Cost {
        p50_ms: times[times.len() / 2],
        p99_ms: times[times.len() * 99 / 100],
        processor_ms: processor / f64::from(ANSWERS),
        sent: sent.load(Ordering::Relaxed) as f64 / pages.max(1) as f64 / seconds,
    }
}

/// The middle of each figure.
fn middle(costs: &[Cost]) -> Cost {
    let of = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<f64> = costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Cost {
        p50_ms: of(|cost| cost.p50_ms),
        p99_ms: of(|cost| cost.p99_ms),
        processor_ms: of(|cost| cost.processor_ms),
        sent: of(|cost| cost.sent),
    }
}

/// Processor time of a process so far: the scheduler counts it in ns, by thread.
fn processor_ms(process: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let spent = threads.filter_map(|thread| {
        let path = thread.ok()?.path().join("schedstat");
        fs::read_to_string(path).ok()?.split_whitespace().next()?.parse::<f64>().ok()
    });
    spent.sum::<f64>() / 1e6
}
