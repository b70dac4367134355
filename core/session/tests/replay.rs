//! A session that is shown as it was: who reads is shown the moment that is wanted, and nothing is written.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use futures::executor::block_on;
use sluice_events::facts::{FoundImage, Seen, SessionOpened, Source};
use sluice_events::{Answer, Command, CommandId, Event, ImageId};
use sluice_log::storage::{MemoryStorage, Storage};
use sluice_log::{AppendError, Log, NoSnapshots, Options};
use sluice_session::{CommandError, Observer, Reel, Refusal, SessionHandle, Snapshots};
use tokio::sync::watch;
use uuid::Uuid;

struct Nobody;

impl Observer for Nobody {
    fn committed(&mut self, _: &Event, _: Duration) {}
    fn ranked(&mut self, _: Duration) {}
    fn closed(&mut self, _: &AppendError) {}
}

fn answer(image: u32) -> Command {
    Command::Answer {
        id: CommandId(Uuid::new_v4()),
        image: ImageId(image),
        answer: Answer::Positive,
        source: Source::Manual,
        annotator: "me".into(),
        seen: Seen::default(),
    }
}

/// Opened, ten images, and an answer to each: twelve events.
fn session() -> MemoryStorage {
    let storage = MemoryStorage::default();
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    let snapshots = Snapshots::read_ahead(NoSnapshots);
    let (session, thread) = SessionHandle::open(log, snapshots, Nobody).unwrap();
    let (question, pool, program) = ("?".into(), "p".into(), "test".into());
    let opened = SessionOpened { question, pool, seed: 1, program };
    session.command_blocking(Command::OpenSession(opened)).unwrap();
    let found = |number| FoundImage { path: format!("{number}.png"), bytes: 1 };
    session.command_blocking(Command::AddImages((0..10).map(found).collect())).unwrap();
    for image in 0..10 {
        session.command_blocking(answer(image)).unwrap();
    }
    drop(session);
    thread.join().unwrap();
    storage
}

/// The moments that were gone to.
type Moved = Arc<Mutex<Vec<u64>>>;

fn replay(storage: &MemoryStorage) -> (SessionHandle, watch::Sender<u64>, JoinHandle<()>, Moved) {
    let reel = Reel::read(storage.clone(), 12).unwrap();
    let moved = Moved::default();
    let seen = Arc::clone(&moved);
    let see = move |view: &sluice_session::View<'_>| {
        seen.lock().unwrap().push(view.state.next_seq);
    };
    let (session, want, thread) = SessionHandle::replay(reel, see).unwrap();
    (session, want, thread, moved)
}

fn reached(session: &SessionHandle, next_seq: u64) {
    block_on(session.durable().wait_for(|durable| *durable == next_seq)).unwrap();
}

fn looks(session: &SessionHandle) -> usize {
    session.read_blocking(|view| view.state.looks.len()).unwrap()
}

#[test]
fn who_reads_is_shown_the_moment_that_is_wanted() {
    let (session, want, thread, moved) = replay(&session());
    assert_eq!((*session.durable().borrow(), looks(&session)), (12, 10));
    for next_seq in [2, 7, 6, 12, 3, 3, 9] {
        want.send_replace(next_seq);
        reached(&session, next_seq);
        assert_eq!(looks(&session) as u64, next_seq - 2);
        let last = session.read_blocking(|view| view.state.looks.last().map(|look| look.time_us));
        let now = session.read_blocking(|view| view.now_us).unwrap();
        if let Some(last_us) = last.unwrap() {
            assert_eq!(now, last_us, "the clock is that of the moment");
        }
    }
    assert_eq!(moved.lock().unwrap().first(), Some(&12), "the end is seen at first");
    assert_eq!(moved.lock().unwrap().last(), Some(&9));
    drop(session);
    thread.join().unwrap();
}

#[test]
fn of_many_wishes_the_last_one_is_what_comes_of_them() {
    let (session, want, thread, moved) = replay(&session());
    for round in 0..1000 {
        want.send_replace(2 + round % 10);
    }
    want.send_replace(5);
    reached(&session, 5);
    assert_eq!(looks(&session), 3);
    assert!(moved.lock().unwrap().len() <= 1002);
    // Whoever wanted something has gone: the moment stays.
    drop(want);
    assert_eq!(looks(&session), 3);
    drop(session);
    thread.join().unwrap();
}

#[test]
fn commands_are_refused_for_good_and_nothing_is_written() {
    let storage = session();
    let files = |storage: &MemoryStorage| {
        let mut names = storage.list("log").unwrap();
        names.extend(["HEAD", "LOCK"].map(String::from));
        names.sort();
        names.into_iter().map(|name| (storage.read(&name).ok(), name)).collect::<Vec<_>>()
    };
    let before = files(&storage);
    let (session, want, thread, _) = replay(&storage);
    want.send_replace(4);
    reached(&session, 4);
    for command in [answer(9), Command::Undo { id: CommandId(Uuid::new_v4()) }] {
        let refused = session.command_blocking(command);
        assert_eq!(refused, Err(CommandError::Refused(Refusal::Replay)));
    }
    assert!(Refusal::Replay.is_final());
    assert_eq!(Refusal::Replay.to_string(), "this is a replay: nothing is written");
    assert_eq!(looks(&session), 2);
    block_on(session.close());
    assert_eq!(session.command_blocking(answer(9)), Err(CommandError::Closed));
    thread.join().unwrap();
    assert_eq!(files(&storage), before);
}
