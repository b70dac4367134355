//! The session's thread on a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::Stream;
use futures::executor::block_on;
use sluice_events::command::{FittedModel, MadeRanking};
use sluice_events::facts::{FoundImage, PluginRef, Ranked, Seen, SessionOpened, Source};
use sluice_events::plugin::Values;
use sluice_events::{Answer, Command, CommandId, Event, ImageId, ModelId, RankingId};
use sluice_log::storage::{MemoryStorage, Storage};
use sluice_log::{
    AppendError, Committed, EventLog, Expect, Head, Log, NoSnapshots, Options, Place, ReadError,
    Record, SnapshotFolder,
};
use sluice_session::{CommandError, Observer, Refusal, SessionHandle, Snapshots, restore};
use tokio::sync::watch;
use uuid::Uuid;

struct Nobody;

impl Observer for Nobody {
    fn committed(&mut self, _: &Event, _: Duration) {}
    fn ranked(&mut self, _: Duration) {}
    fn closed(&mut self, _: &AppendError) {}
}

fn open(storage: &MemoryStorage) -> (SessionHandle, std::thread::JoinHandle<()>) {
    let snapshots = Snapshots::read_ahead(SnapshotFolder::new(storage.clone()));
    let log = Log::open(storage.clone(), Options::default()).expect("the log opens");
    SessionHandle::open(log, snapshots, Nobody).expect("the session opens")
}

fn close((session, thread): (SessionHandle, std::thread::JoinHandle<()>)) {
    drop(session);
    thread.join().expect("the session's thread ends in peace");
}

fn begin(session: &SessionHandle, images: u32) {
    let opened =
        SessionOpened { question: "?".into(), pool: "p".into(), seed: 1, program: "test".into() };
    session.command_blocking(Command::OpenSession(opened)).unwrap();
    let images =
        (0..images).map(|i| FoundImage { path: format!("{i:04}.png"), bytes: 1 }).collect();
    session.command_blocking(Command::AddImages(images)).unwrap();
}

fn answer(image: u32, answer: Answer) -> Command {
    let seen = Seen { ranking: Some(RankingId(1)), shown_ms: 700, ..Seen::default() };
    Command::Answer {
        id: CommandId(Uuid::now_v7()),
        image: ImageId(image),
        answer,
        source: Source::Manual,
        annotator: "me".into(),
        seen,
    }
}

fn selector() -> PluginRef {
    PluginRef { name: "max-prob".into(), version: "0.1.0".into(), hash: [1; 32] }
}

#[test]
fn answers_survive_closing_and_opening() {
    let storage = MemoryStorage::default();
    let session = open(&storage);
    begin(&session.0, 10);
    session.0.command_blocking(answer(3, Answer::Positive)).unwrap();
    session.0.command_blocking(answer(4, Answer::Skip)).unwrap();
    let before = session.0.read_blocking(|view| view.state.clone()).unwrap();
    close(session);
    let session = open(&storage);
    let after = session.0.read_blocking(|view| view.state.clone()).unwrap();
    assert_eq!(before, after);
    let undone =
        session.0.command_blocking(Command::Undo { id: CommandId(Uuid::now_v7()) }).unwrap();
    assert_eq!(undone.look.unwrap().image, ImageId(4));
    close(session);
}

#[test]
fn the_same_command_twice_is_one_event() {
    let session = open(&MemoryStorage::default());
    begin(&session.0, 10);
    let command = answer(1, Answer::Negative);
    let first = session.0.command_blocking(command.clone()).unwrap();
    let again = session.0.command_blocking(command).unwrap();
    assert_eq!(first.seq, again.seq);
    assert_eq!(session.0.read_blocking(|view| view.state.looks.len()).unwrap(), 1);
    close(session);
}

#[test]
fn an_answer_carries_what_its_ranking_had_said() {
    let session = open(&MemoryStorage::default());
    begin(&session.0, 10);
    let ranked = |image, p| Ranked { image: ImageId(image), probability: Some(p) };
    let made = MadeRanking {
        learned_from: 1,
        model: Some(FittedModel {
            positives: 1,
            negatives: 1,
            loss: 0.5,
            features: "patches".into(),
        }),
        selector: selector(),
        parameters: Values::new(),
        candidates: 10,
        scored: 10,
        order: vec![ranked(7, 0.9), ranked(2, 0.4)],
        outlook: Vec::new(),
    };
    session.0.command_blocking(Command::RecordRanking(made)).unwrap();
    let queue = session.0.read_blocking(|view| view.state.queue(view.order, 4)).unwrap();
    let images: Vec<u32> = queue.items.iter().map(|item| item.image.0).collect();
    assert_eq!(images, [7, 2, 0, 1]);
    session.0.command_blocking(answer(2, Answer::Negative)).unwrap();
    let look = session.0.read_blocking(|view| view.state.looks[0].clone()).unwrap();
    assert_eq!(look.probability, Some(0.4));
    let (model, behind) =
        session.0.read_blocking(|view| (view.state.model.clone(), view.state.behind())).unwrap();
    assert_eq!((model.unwrap().model, behind), (ModelId(1), 1));
    close(session);
}

#[test]
fn many_senders_at_once_lose_nothing() {
    let storage = MemoryStorage::default();
    let session = open(&storage);
    begin(&session.0, 400);
    std::thread::scope(|scope| {
        for lane in 0..4 {
            let session = &session.0;
            scope.spawn(move || {
                for i in 0..100 {
                    session.command_blocking(answer(lane * 100 + i, Answer::Negative)).unwrap();
                }
            });
        }
    });
    let counts = session.0.read_blocking(|view| view.state.counts).unwrap();
    assert_eq!((counts.negatives, counts.candidates), (400, 0));
    close(session);
}

#[test]
fn refusals_say_why() {
    let session = open(&MemoryStorage::default());
    begin(&session.0, 3);
    let refused = session.0.command_blocking(answer(9, Answer::Positive));
    assert_eq!(refused, Err(CommandError::Refused(Refusal::UnknownImage(ImageId(9)))));
    let refused = session.0.command_blocking(Command::Undo { id: CommandId(Uuid::now_v7()) });
    assert_eq!(refused, Err(CommandError::Refused(Refusal::NothingToUndo)));
    close(session);
}

#[test]
fn a_log_of_a_newer_program_is_shown_but_not_written() {
    let storage = MemoryStorage::default();
    let session = open(&storage);
    begin(&session.0, 3);
    close(session);
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    let newer =
        Record { seq: 0, time_us: 1, event_type: 999, schema_version: 1, payload: vec![1, 2] };
    block_on(log.append(Expect::Any, vec![newer])).unwrap();
    drop(log);
    let session = open(&storage);
    let refused = session.0.command_blocking(answer(1, Answer::Positive));
    assert_eq!(refused, Err(CommandError::Refused(Refusal::NewerLog(999))));
    assert_eq!(session.0.read_blocking(|view| view.state.images.len()).unwrap(), 3);
    close(session);
}

/// A log that can be told to fail.
struct Failing {
    log: Log<MemoryStorage>,
    full: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
}

impl EventLog for Failing {
    async fn append(&self, expect: Expect, records: Vec<Record>) -> Result<Committed, AppendError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(AppendError::DiskFull);
        }
        if self.broken.swap(false, Ordering::SeqCst) {
            return Err(AppendError::UnknownOutcome { why: "the disk is gone".into() });
        }
        self.log.append(expect, records).await
    }

    fn read(
        &self,
        from: u64,
        to: Option<u64>,
    ) -> impl Stream<Item = Result<Record, ReadError>> + Send {
        self.log.read(from, to)
    }

    fn head(&self) -> Head {
        self.log.head()
    }

    fn watch(&self) -> watch::Receiver<Head> {
        self.log.watch()
    }

    fn place(&self) -> Place {
        self.log.place()
    }

    fn was_at(&self, place: &Place) -> bool {
        self.log.was_at(place)
    }
}

/// Commands that are decided together stand and fall together, also those that are refused because of
/// one before them; what was not saved leaves no trace.
#[test]
fn what_the_log_refuses_has_not_happened() {
    let full = Arc::new(AtomicBool::new(false));
    let log = Log::open(MemoryStorage::default(), Options::default()).unwrap();
    let log = Failing { log, full: Arc::clone(&full), broken: Arc::default() };
    let (session, thread) =
        SessionHandle::open(log, Snapshots::read_ahead(NoSnapshots), Nobody).unwrap();
    begin(&session, 5);
    session.command_blocking(answer(0, Answer::Positive)).unwrap();
    let before = session.read_blocking(|view| view.state.clone()).unwrap();

    full.store(true, Ordering::SeqCst);
    // While the session's thread looks on, commands gather behind it.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (reached, holding) = std::sync::mpsc::channel();
    let holder = session.clone();
    let hold = std::thread::spawn(move || {
        holder.read_blocking(move |_| {
            reached.send(()).unwrap();
            held.recv().unwrap();
        })
    });
    holding.recv().unwrap();
    let undo = || Command::Undo { id: CommandId(Uuid::now_v7()) };
    let lined_up: Vec<_> =
        [undo(), undo()].map(|command| block_on(session.submit(command)).unwrap()).into();
    release.send(()).unwrap();
    hold.join().unwrap().unwrap();
    for submitted in lined_up {
        // The second would be refused ('nothing to undo') if the first had happened.
        let outcome = block_on(submitted.outcome());
        assert_eq!(outcome, Err(CommandError::NotSaved(AppendError::DiskFull)));
    }
    assert_eq!(session.read_blocking(|view| view.state.clone()).unwrap(), before);

    full.store(false, Ordering::SeqCst);
    session.command_blocking(undo()).unwrap();
    assert_eq!(
        session.command_blocking(undo()),
        Err(CommandError::Refused(Refusal::NothingToUndo))
    );
    close((session, thread));
}

/// After a failed write nobody can know what the disk holds: nothing more is taken, all is still shown.
#[test]
fn a_log_that_failed_takes_nothing_more_and_is_still_shown() {
    let broken = Arc::new(AtomicBool::new(false));
    let log = Log::open(MemoryStorage::default(), Options::default()).unwrap();
    let log = Failing { log, full: Arc::default(), broken: Arc::clone(&broken) };
    let (send, closed) = std::sync::mpsc::channel();
    let (session, thread) =
        SessionHandle::open(log, Snapshots::read_ahead(NoSnapshots), Told(send)).unwrap();
    begin(&session, 5);
    session.command_blocking(answer(0, Answer::Positive)).unwrap();
    broken.store(true, Ordering::SeqCst);
    let unknown = session.command_blocking(answer(1, Answer::Positive));
    let why = "the disk is gone".to_owned();
    assert_eq!(
        unknown,
        Err(CommandError::NotSaved(AppendError::UnknownOutcome { why: why.clone() }))
    );
    for image in 2..4 {
        let refused = session.command_blocking(answer(image, Answer::Positive));
        assert_eq!(refused, Err(CommandError::NotSaved(AppendError::Closed { why: why.clone() })));
    }
    assert_eq!(closed.try_iter().count(), 1, "it is told once");
    let shown = session.read_blocking(|view| (view.state.looks.len(), view.closed.is_some()));
    assert_eq!(shown.unwrap(), (1, true));
    close((session, thread));
}

struct Told(std::sync::mpsc::Sender<()>);

impl Observer for Told {
    fn committed(&mut self, _: &Event, _: Duration) {}
    fn ranked(&mut self, _: Duration) {}
    fn closed(&mut self, _: &AppendError) {
        self.0.send(()).unwrap();
    }
}

#[test]
fn closing_leaves_a_snapshot_that_the_next_opening_uses() {
    let storage = MemoryStorage::default();
    let session = open(&storage);
    begin(&session.0, 1200);
    let submitted: Vec<_> = (0..1200)
        .map(|i| block_on(session.0.submit(answer(i, Answer::Negative))).unwrap())
        .collect();
    for one in submitted {
        block_on(one.outcome()).unwrap();
    }
    let before = session.0.read_blocking(|view| view.state.clone()).unwrap();
    // Whoever still has a handle is told that it is over.
    block_on(session.0.close());
    assert_eq!(session.0.command_blocking(answer(3, Answer::Skip)), Err(CommandError::Closed));
    close(session);
    assert_eq!(storage.list("snapshots").unwrap().len(), 1);
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    let mut snapshots = Snapshots::read_ahead(SnapshotFolder::new(storage));
    let restored = restore(&log, &mut snapshots).unwrap();
    assert_eq!((restored.state, restored.replayed), (before, 0));
}
