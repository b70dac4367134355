//! The power goes at every moment of a log's work, and the disk keeps any part of what was not synced
//! (the model is in `disk`). Whatever is left opens, holds everything that was acknowledged and
//! nothing that was not submitted, in order, and goes on; also when the power goes again while it is
//! being opened.
//!
//! `SLUICE_CRASH_STATES=1000000 cargo test -p sluice-log --test crash` looks at more.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod disk;

use disk::power_loss::{Files, Held};
use disk::work::{Promises, Script, Step, keeps_its_promise, run};
use disk::{Disk, Op};

/// States that are looked at, over both tests.
const STATES: usize = 120_000;
/// Combinations of unsynced sectors, lengths and names at one moment.
const AT_A_MOMENT: usize = 256;
/// Every so many states, the log is opened on one and the power goes again meanwhile.
const AGAIN_EVERY: usize = 97;

/// A small generator: the same states in every run.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A few batches of a few records, small and large, over several segments.
    fn script(&mut self, eager_head: bool) -> Script {
        let segment_limit = [200, 1500, 6000][self.below(3) as usize];
        let steps = (0..3 + self.below(5))
            .map(|_| match self.below(5) {
                0 => Step::Reopen,
                _ => Step::Append(
                    (0..=self.below(3)).map(|_| 8 + self.below(1400) as usize).collect(),
                ),
            })
            .collect();
        Script { segment_limit, eager_head, steps }
    }
}

struct Explored {
    states: usize,
    draw: Draw,
}

impl Explored {
    /// Every moment of a piece of work that began with `before` on the disk.
    fn every_moment(&mut self, script: &Script, before: &Files, kept: &[Vec<u8>], depth: u32) {
        let disk = Disk::holding(before);
        let promises = run(script, &disk, kept);
        let mut held = Held::holding(before);
        for (calls, op) in disk.journal().iter().enumerate() {
            self.moment(&held, script, &promises, calls, depth);
            held.apply(op);
        }
        self.moment(&held, script, &promises, disk.journal_len(), depth);
    }

    fn moment(
        &mut self,
        held: &Held,
        script: &Script,
        promises: &Promises,
        calls: usize,
        depth: u32,
    ) {
        let mut draw = || self.draw.next();
        let states = held.after_power_loss(AT_A_MOMENT, &mut draw);
        for files in states {
            self.states += 1;
            let kept = keeps_its_promise(&files, script.options(), promises, calls).unwrap_or_else(
                |broken| panic!("{broken}\nafter call {calls} of {script:?}\n{files:?}"),
            );
            if depth == 0 && self.states.is_multiple_of(AGAIN_EVERY) {
                let steps = vec![Step::Append(vec![700])];
                let again = Script { steps, ..script.clone() };
                self.every_moment(&again, &files, &promises.payloads[..kept], 1);
            }
        }
    }
}

fn explore(eager_head: bool) {
    let wanted = std::env::var("SLUICE_CRASH_STATES").ok().and_then(|n| n.parse().ok());
    let wanted = wanted.unwrap_or(STATES) / 2;
    let mut explored = Explored { states: 0, draw: Draw(u64::from(eager_head)) };
    let mut scripts = 0;
    while explored.states < wanted {
        let script = explored.draw.script(eager_head);
        explored.every_moment(&script, &Files::new(), &[], 0);
        scripts += 1;
    }
    println!("{} states of {scripts} sequences of work, 0 promises broken", explored.states);
}

/// The tests above must be able to fail: on a disk that forgets to sync, they do.
#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    let forgets: [fn(&Op) -> bool; 3] = [
        |op| matches!(op, Op::Sync { .. }),
        |op| matches!(op, Op::SyncFolder { folder } if folder == "log"),
        |op| matches!(op, Op::SyncFolder { folder } if folder.is_empty()),
    ];
    let steps = vec![Step::Append(vec![100]), Step::Append(vec![100]), Step::Append(vec![100])];
    let script = Script { segment_limit: 200, eager_head: true, steps };
    for forgotten in forgets {
        let disk = Disk::default();
        let promises = run(&script, &disk, &[]);
        let mut held = Held::default();
        disk.journal().iter().filter(|op| !forgotten(op)).for_each(|op| held.apply(op));
        let states = held.after_power_loss(AT_A_MOMENT, &mut || 0x1234_5678_9abc_def0);
        let broken = states.iter().filter(|files| {
            keeps_its_promise(files, script.options(), &promises, disk.journal_len()).is_err()
        });
        assert!(broken.count() > 0, "nobody noticed");
    }
}

#[test]
fn power_loss_with_head_written_after_every_batch() {
    explore(true);
}

#[test]
fn power_loss_with_head_written_only_at_seals_and_ends() {
    explore(false);
}
