//! The server is killed in the middle of work, again and again; every acknowledged answer is there,
//! once, and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::collections::HashSet;
use std::time::Duration;

use program::{Page, Server, make_pool, run};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use uuid::Uuid;

/// `SLUICE_KILLS=5000 cargo test --workspace --test kill` kills more often.
const KILLS: u32 = 200;
/// Answers between two kills, at most.
const BURST: u32 = 40;

#[test]
fn no_acknowledged_answer_is_lost_whenever_the_server_is_killed() {
    let kills = std::env::var("SLUICE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), 2000);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    // Commands in the order in which they were sent, and those that were acknowledged.
    let (mut sent, mut acknowledged) = (Vec::new(), HashSet::new());
    for _ in 0..kills {
        if random.random_range(0..4) == 0 {
            // Also while it is opening what the last one left.
            let moment = Duration::from_micros(random.random_range(0..150_000));
            Server::kill_while_starting(pool.path(), session.path(), moment);
        }
        let server = Server::start(pool.path(), session.path());
        let mut page = server.page();
        let kept = page.next("statistics")["undo_depth"].as_u64().unwrap();
        assert!(kept >= acknowledged.len() as u64, "acknowledged answers are lost");
        assert!(kept <= sent.len() as u64, "there are answers that nobody gave");
        let lifetime = Duration::from_micros(random.random_range(0..30_000));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(lifetime);
            server.kill();
        });
        answer_until_it_dies(&mut page, &mut random, &mut sent, &mut acknowledged);
        killer.join().unwrap();
    }
    let server = Server::start(pool.path(), session.path());
    server.page().next("statistics");
    assert!(server.stop(), "a proper stop ends with success");
    let folder = session.path().to_str().unwrap();
    assert!(run(&["log", "verify", folder]).status.success());
    let kept = kept(folder);
    let twice = kept.len() - kept.iter().collect::<HashSet<_>>().len();
    let lost = acknowledged.difference(&kept.iter().copied().collect()).count();
    println!(
        "{kills} kills, {} answers sent, {} acknowledged, {} kept: {lost} lost, {twice} twice",
        sent.len(),
        acknowledged.len(),
        kept.len()
    );
    assert_eq!((lost, twice), (0, 0));
    let mut order = sent.iter();
    assert!(kept.iter().all(|id| order.any(|sent| sent == id)), "they are not in order");
    assert!(acknowledged.len() as u32 > kills, "too few came through: the test proves nothing");
    assert!(sent.len() > acknowledged.len(), "no answer was cut off: the test proves nothing");
}

/// As fast as the server takes them.
fn answer_until_it_dies(
    page: &mut Page,
    random: &mut ChaCha8Rng,
    sent: &mut Vec<Uuid>,
    acknowledged: &mut HashSet<Uuid>,
) {
    for _ in 0..BURST {
        let mut waiting = HashSet::new();
        for _ in 0..random.random_range(1..4) {
            let answer = ["positive", "negative", "skip"][random.random_range(0..3)];
            // Counted as sent even if only a part of it was.
            let id = Uuid::new_v4();
            sent.push(id);
            if page.send_answer_as(id, random.random_range(0..2000), answer).is_err() {
                return;
            }
            waiting.insert(id);
        }
        while !waiting.is_empty() {
            let Some(message) = page.read() else { return };
            if message["type"] == "ack" {
                let id = message["id"].as_str().unwrap().parse().unwrap();
                assert!(waiting.remove(&id));
                acknowledged.insert(id);
            }
        }
    }
}

/// The answers in the log, in its order.
fn kept(folder: &str) -> Vec<Uuid> {
    let output = run(&["log", "cat", folder, "--type", "Labelled", "--type", "Skipped"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.map(|event| event["command"].as_str().unwrap().parse().unwrap()).collect()
}
