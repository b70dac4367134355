//! The server is killed in the middle of work, again and again; every acknowledged answer is there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod program;

use std::collections::HashMap;
use std::time::Duration;

use program::{Server, make_pool};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

const IMAGES: u32 = 1500;
const KILLS: u32 = 12;

#[test]
fn no_acknowledged_answer_is_lost_whenever_the_server_is_killed() {
    let (pool, session) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_pool(pool.path(), IMAGES);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut next = 0;
    let mut acknowledged = 0;
    for _ in 0..KILLS {
        let server = Server::start(pool.path(), session.path());
        let mut page = server.page();
        let statistics = page.next("statistics");
        let kept = statistics["undo_depth"].as_u64().unwrap();
        assert!(kept >= acknowledged, "{acknowledged} were acknowledged, {kept} are there");
        assert!(kept <= u64::from(next), "there are answers that nobody gave");
        let looks =
            statistics["positives"].as_u64().unwrap() + statistics["negatives"].as_u64().unwrap();
        assert_eq!(looks, kept, "an answer came twice");
        acknowledged = kept;
        let mut sent: HashMap<Uuid, u32> = HashMap::new();
        let lifetime = Duration::from_micros(random.random_range(500..60_000));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(lifetime);
            server.kill();
        });
        // As fast as the server takes them, up to its end.
        'alive: while next < IMAGES {
            for _ in 0..random.random_range(1..4) {
                let answer = if next % 5 == 0 { "positive" } else { "negative" };
                if next == IMAGES {
                    break;
                }
                let Ok(id) = page.send_answer(next, answer) else { break 'alive };
                sent.insert(id, next);
                next += 1;
            }
            while !sent.is_empty() {
                let Some(message) = page.read() else { break 'alive };
                if message["type"] == "ack" {
                    let id = message["id"].as_str().unwrap().parse().unwrap();
                    assert!(sent.remove(&id).is_some());
                    acknowledged += 1;
                }
            }
        }
        killer.join().unwrap();
    }
    let server = Server::start(pool.path(), session.path());
    let kept = server.page().next("statistics")["undo_depth"].as_u64().unwrap();
    assert!(kept >= acknowledged, "{acknowledged} were acknowledged, {kept} are there");
    assert!(acknowledged > 10, "only {acknowledged} answers came through: the test proves nothing");
    assert!(server.stop(), "a proper stop ends with success");
}
