//! Every call to the disk fails in turn, in every way that it can: nothing that was acknowledged is
//! lost, nothing that was refused is there, nothing hangs, and the errors are typed. Afterwards the
//! process is killed, or the power goes as well.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod disk;

use std::io::ErrorKind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use disk::power_loss::{Files, Held};
use disk::work::{Said, Script, Step, in_memory, open, payloads, record};
use disk::{Disk, Fault};
use futures::executor::block_on;
use sluice_log::{EventLog, Expect, Log, OpenError};

const DEADLINE: Duration = Duration::from_mins(1);
const AT_THE_END: usize = 64;

const FAULTS: [Fault; 8] = [
    Fault::Once(ErrorKind::Other),
    Fault::Once(ErrorKind::StorageFull),
    Fault::Once(ErrorKind::ReadOnlyFilesystem),
    Fault::Once(ErrorKind::Interrupted),
    Fault::Lasting(ErrorKind::StorageFull, 6),
    Fault::Short,
    Fault::ShortThen(ErrorKind::Other),
    Fault::ShortThen(ErrorKind::StorageFull),
];

fn script(eager_head: bool) -> Script {
    let batches = [vec![30], vec![900, 40], vec![20, 20, 20], vec![1500], vec![60], vec![300]];
    let mut steps: Vec<Step> = batches.into_iter().map(Step::Append).collect();
    steps.insert(3, Step::Reopen);
    Script { segment_limit: 700, eager_head, steps }
}

/// What became of each record that was submitted.
type Outcomes = Vec<(Vec<u8>, Said)>;

/// Does the work, whatever fails. A log that can't be opened is tried again, as a person would; a
/// batch that was not saved is handed in once more.
fn work(disk: &Disk, script: &Script, fault: Fault) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let mut log = persist(disk, script, fault);
    for step in &script.steps {
        let Step::Append(lengths) = step else {
            drop(log);
            log = persist(disk, script, fault);
            continue;
        };
        for _ in 0..2 {
            let number = outcomes.len() as u64;
            let records: Vec<_> =
                lengths.iter().zip(number..).map(|(l, n)| record(n, *l)).collect();
            let outcome = block_on(log.append(Expect::Any, records.clone()));
            if let (Fault::Once(ErrorKind::StorageFull), Err(error)) = (fault, &outcome) {
                let text = error.to_string();
                assert!(text.contains("not saved") || text.contains("unknown"), "{text}");
            }
            let said = Said::of(&outcome);
            outcomes.extend(records.into_iter().map(|record| (record.payload, said)));
            if said == Said::Durable {
                break;
            }
        }
    }
    outcomes
}

fn persist(disk: &Disk, script: &Script, fault: Fault) -> Log<Disk> {
    for _ in 0..10 {
        match open(disk, script.options()) {
            Ok(log) => return log,
            Err(error) => assert_is_typed(&error, fault),
        }
    }
    panic!("{fault:?}: it never opens again");
}

fn assert_is_typed(error: &OpenError, fault: Fault) {
    let (Fault::Once(kind) | Fault::Lasting(kind, _) | Fault::ShortThen(kind)) = fault else {
        panic!("{fault:?} is no reason to refuse: {error}");
    };
    let expected = match kind {
        ErrorKind::StorageFull => matches!(error, OpenError::DiskFull { .. }),
        ErrorKind::ReadOnlyFilesystem => matches!(error, OpenError::ReadOnly { .. }),
        _ => matches!(error, OpenError::Io { .. }),
    };
    let reading = matches!(error, OpenError::Unreadable { .. });
    assert!(expected || reading, "{fault:?}: {error:?}");
}

/// Everything durable is there, nothing that was refused, all in order.
fn check(files: &Files, script: &Script, outcomes: &Outcomes, context: &str) {
    let log = Log::open(in_memory(files), script.options())
        .unwrap_or_else(|error| panic!("{context}: {error}"));
    let mut there = payloads(&log).into_iter().peekable();
    for (payload, said) in outcomes {
        let is_next = there.peek() == Some(payload);
        match said {
            Said::Durable => assert!(is_next, "{context}: an acknowledged record is lost"),
            Said::NotSaved => assert!(!is_next, "{context}: a refused record is there"),
            Said::Unknown => {}
        }
        if is_next {
            there.next();
        }
    }
    assert_eq!(there.next(), None, "{context}: a record that nobody submitted");
    assert!(!log.recovery().head_was_lost, "{context}: HEAD was lost");
}

/// One call fails in one way.
fn one(call: u64, fault: Fault, eager_head: bool) {
    let (script, disk) = (script(eager_head), Disk::default());
    disk.fail(call, fault);
    let outcomes = work(&disk, &script, fault);
    let context = format!("{fault:?} at call {call}");
    check(&disk.files(), &script, &outcomes, &format!("{context}, killed"));
    let mut held = Held::default();
    disk.journal().iter().for_each(|op| held.apply(op));
    let mut state = call;
    let mut draw = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state
    };
    for files in held.after_power_loss(AT_THE_END, &mut draw) {
        check(&files, &script, &outcomes, &format!("{context}, power lost"));
    }
}

fn every_call(eager_head: bool) {
    let calm = Disk::default();
    work(&calm, &script(eager_head), Fault::Short);
    let calls = calm.calls();
    let (report, done) = mpsc::channel();
    thread::spawn(move || {
        for fault in FAULTS {
            for call in 0..calls {
                one(call, fault, eager_head);
            }
            let _ = report.send(fault);
        }
    });
    for fault in FAULTS {
        done.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{fault:?}: it failed or hangs"));
    }
    println!("{calls} calls × {} faults", FAULTS.len());
}

#[test]
fn each_call_fails_in_turn_with_head_written_after_every_batch() {
    every_call(true);
}

#[test]
fn each_call_fails_in_turn_with_head_written_only_at_seals_and_ends() {
    every_call(false);
}

/// Interruptions and short writes are not for callers to see.
#[test]
fn a_write_that_is_short_or_interrupted_is_brought_to_its_end() {
    for fault in [Fault::Short, Fault::Once(ErrorKind::Interrupted)] {
        let calm = Disk::default();
        let log = open(&calm, script(false).options()).unwrap();
        let before = calm.calls();
        block_on(log.append(Expect::Any, vec![record(0, 900)])).unwrap();
        for call in before..calm.calls() {
            let disk = Disk::default();
            let log = open(&disk, script(false).options()).unwrap();
            disk.fail(call, fault);
            block_on(log.append(Expect::Any, vec![record(0, 900)])).expect("it is durable");
            drop(log);
            let log = open(&disk, script(false).options()).unwrap();
            assert_eq!(payloads(&log).len(), 1);
        }
    }
}

/// A disk that is full refuses, says so, and goes on by itself.
#[test]
fn a_full_disk_refuses_and_recovers_by_itself() {
    let disk = Disk::default();
    let log = open(&disk, script(true).options()).unwrap();
    block_on(log.append(Expect::Any, vec![record(0, 50)])).unwrap();
    while log.head().next_seq != 1 || disk.files()["HEAD"].is_empty() {
        thread::yield_now();
    }
    disk.fail(disk.calls() + 20, Fault::Lasting(ErrorKind::StorageFull, 40));
    let mut said = Vec::new();
    for number in 1..100 {
        said.push(Said::of(&block_on(log.append(Expect::Any, vec![record(number, 50)]))));
    }
    let refused = said.iter().filter(|said| **said == Said::NotSaved).count();
    assert!(refused > 5, "{said:?}");
    assert!(!said.contains(&Said::Unknown), "{said:?}");
    assert_eq!(said.last(), Some(&Said::Durable), "{said:?}");
    drop(log);
    let log = open(&disk, script(true).options()).unwrap();
    assert_eq!(payloads(&log).len(), 1 + said.len() - refused);
}
