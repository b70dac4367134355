//! Scans made by hand, one after the other: no clock, and a log that can be full.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use futures::Stream;
use sluice_events::facts::SessionOpened;
use sluice_log::storage::MemoryStorage;
use sluice_log::{
    AppendError, Committed, EventLog, Expect, Head, Log, Options, Place, ReadError, Record,
    SnapshotFolder,
};
use sluice_pool::{DecodeLimits, Found};
use sluice_session::Snapshots;
use tokio::sync::watch;

use super::*;
use crate::metrics::Metrics;
use crate::witness::Witness;

/// No image is to be looked at.
const NOTHING: [u32; 0] = [];

/// A log that takes so many batches more.
struct Limited {
    log: Log<MemoryStorage>,
    takes: Arc<AtomicUsize>,
}

impl EventLog for Limited {
    async fn append(&self, expect: Expect, records: Vec<Record>) -> Result<Committed, AppendError> {
        let left = self.takes.load(Ordering::SeqCst);
        self.takes.store(left.saturating_sub(1), Ordering::SeqCst);
        if left == 0 { Err(AppendError::DiskFull) } else { self.log.append(expect, records).await }
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

/// A session whose folder is a list that the test writes.
struct Scene {
    follower: Follower,
    memory: Memory,
    told: Receiver<Vec<ImageId>>,
    miss: Sender<(ImageId, String)>,
    takes: Arc<AtomicUsize>,
    _session: JoinHandle<()>,
}

fn finding<'a>(files: impl IntoIterator<Item = (&'a str, u64)>) -> Finding {
    let found = |(path, bytes): (&str, u64)| Found {
        path: path.to_owned(),
        sight: Sight { bytes, modified: None },
    };
    Finding { images: files.into_iter().map(found).collect(), ..Finding::default() }
}

impl Scene {
    /// The pool at the start.
    fn of(files: &[(&str, u64)]) -> Self {
        let takes = Arc::new(AtomicUsize::new(usize::MAX));
        let storage = MemoryStorage::default();
        let snapshots = Snapshots::read_ahead(SnapshotFolder::new(storage.clone()));
        let log = Log::open(storage, Options::default()).unwrap();
        let log = Limited { log, takes: Arc::clone(&takes) };
        let (bell, _) = Bell::new();
        let notices = NoticeBoard::default();
        let metrics = Metrics::new();
        let witness = Witness {
            metrics: Arc::new(metrics),
            bell: bell.clone(),
            answer_to_ranking: Arc::default(),
            notices: notices.clone(),
        };
        let (session, thread) = SessionHandle::open(log, snapshots, witness).unwrap();
        let (question, pool, program) = ("?".to_owned(), "pool".to_owned(), "test".to_owned());
        let opened = SessionOpened { question, pool, seed: 1, program };
        session.command_blocking(Command::OpenSession(opened)).unwrap();
        let first = finding(files.iter().copied());
        Difference::between(&[], &first).record(&session).unwrap();
        let paths = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let folder = PoolFolder::new("pool".into(), paths, DecodeLimits::default());
        let ((tell, told), (miss, missing)) = (channel(), channel());
        let follower = Follower { session, folder, notices, missing, tell, bell };
        Self { follower, memory: Memory::new(first), told, miss, takes, _session: thread }
    }

    /// A scan saw these files. Which images are to be looked at.
    fn scan<'a>(&mut self, files: impl IntoIterator<Item = (&'a str, u64)>) -> Vec<u32> {
        for (image, reason) in self.follower.missing.try_iter() {
            self.memory.missed.add(image, reason);
        }
        self.follower.look(&mut self.memory, finding(files));
        let mut told: Vec<u32> = self.told.try_iter().flatten().map(|image| image.0).collect();
        told.sort_unstable();
        told
    }

    /// Paths of the session, those that are set aside with their reason.
    fn images(&self) -> Vec<String> {
        let word = |image: &ImageState| match &image.set_aside {
            Some(reason) => format!("{}: {reason}", image.path),
            None => image.path.clone(),
        };
        let look = move |view: &sluice_session::View<'_>| {
            view.state.images.iter().map(word).collect::<Vec<String>>()
        };
        self.follower.session.read_blocking(look).unwrap()
    }

    fn notices(&self) -> Vec<String> {
        let (notices, _) = self.follower.notices.watch().borrow().since(0);
        notices.into_iter().map(|notice| notice.text).collect()
    }
}

#[test]
fn a_file_counts_when_two_scans_saw_it_the_same() {
    let mut scene = Scene::of(&[("a", 1)]);
    for bytes in [1, 2, 3] {
        assert_eq!(scene.scan([("a", 1), ("b", bytes)]), NOTHING);
    }
    assert_eq!(scene.scan([("a", 1), ("b", 3)]), [1]);
    assert_eq!(scene.images(), ["a", "b"]);
    assert_eq!(scene.scan([("a", 1), ("b", 3)]), NOTHING);
}

#[test]
fn a_file_that_was_changed_is_told_once_whatever_else_goes_on() {
    let mut scene = Scene::of(&[("a", 1), ("b", 1)]);
    assert_eq!(scene.scan([("a", 2), ("b", 1), ("c", 1)]), NOTHING);
    for bytes in 2..6 {
        let told = scene.scan([("a", 2), ("b", 1), ("c", bytes)]);
        assert_eq!(told, if bytes == 2 { vec![0] } else { vec![] });
    }
    assert_eq!(scene.notices().len(), 1);
}

#[test]
fn what_a_full_disk_refused_half_way_joins_later_under_the_right_ids() {
    let mut scene = Scene::of(&[("a", 1), ("b", 1)]);
    scene.scan([("a", 1), ("c", 1)]);
    // That b is gone is taken, and that c joins is not.
    scene.takes.store(1, Ordering::SeqCst);
    assert_eq!(scene.scan([("a", 1), ("c", 1)]), NOTHING);
    assert_eq!(scene.images(), ["a", "b: is no longer in the folder"]);
    scene.takes.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(scene.scan([("a", 1), ("c", 1), ("d", 1)]), [2]);
    assert_eq!(scene.scan([("a", 1), ("c", 1), ("d", 1)]), [3]);
    let paths: Vec<_> = (0..4).map(|id| scene.follower.folder.path(ImageId(id)).unwrap()).collect();
    assert_eq!(paths, ["pool/a", "pool/b", "pool/c", "pool/d"].map(PathBuf::from));
}

#[test]
fn many_images_too_many_for_one_event_and_refused_between_keep_their_paths() {
    let mut scene = Scene::of(&[("a", 1)]);
    // Paths so long that each batch of the log takes a few dozens.
    let names: Vec<String> = (0..100).map(|n| format!("{n:03}{}", "x".repeat(2000))).collect();
    let all = || std::iter::once("a").chain(names.iter().map(String::as_str)).map(|name| (name, 1));
    scene.scan(all());
    scene.takes.store(1, Ordering::SeqCst);
    let first = scene.scan(all());
    assert!(!first.is_empty() && first.len() < 100, "{}", first.len());
    scene.takes.store(usize::MAX, Ordering::SeqCst);
    let rest = scene.scan(all());
    assert_eq!([first, rest].concat(), (1..=100).collect::<Vec<u32>>());
    for (id, path) in (0..).zip(scene.images()) {
        assert_eq!(
            scene.follower.folder.path(ImageId(id)).unwrap(),
            PathBuf::from("pool").join(path)
        );
    }
}

#[test]
fn a_missing_disk_is_told_once_and_files_that_come_back_are_looked_at_when_they_are_whole() {
    let names: Vec<String> = (0..30).map(|n| format!("{n:02}")).collect();
    let all: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 9)).collect();
    let mut scene = Scene::of(&all);
    for _ in 0..3 {
        scene.miss.send((ImageId(7), "is not there".to_owned())).unwrap();
        assert_eq!(scene.scan(all[..5].iter().copied()), NOTHING);
    }
    assert_eq!(scene.notices().len(), 1, "{:?}", scene.notices());
    // The last one is copied back, and is half there.
    let half = all[..29].iter().copied().chain([("29", 4)]);
    scene.miss.send((ImageId(29), "is not there".to_owned())).unwrap();
    assert_eq!(scene.scan(half), NOTHING);
    assert_eq!(scene.scan(all.iter().copied()), [7]);
    assert_eq!(scene.scan(all.iter().copied()), [29]);
    assert!(scene.images().iter().all(|image| !image.contains(':')), "{:?}", scene.images());
    let notices = scene.notices();
    assert_eq!((notices.len(), notices[1].contains("is there again")), (2, true), "{notices:?}");
}

#[test]
fn a_share_that_lists_and_can_not_be_read_sets_nothing_aside() {
    let names: Vec<String> = (0..30).map(|n| format!("{n:02}")).collect();
    let all: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 9)).collect();
    let mut scene = Scene::of(&all);
    for _ in 0..12 {
        for id in 0..30 {
            scene.miss.send((ImageId(id), "is not there: time-out".to_owned())).unwrap();
        }
        scene.scan(all.iter().copied());
    }
    assert!(scene.images().iter().all(|image| !image.contains(':')), "{:?}", scene.images());
    assert_eq!(scene.notices().len(), 1, "{:?}", scene.notices());
    // A single one is the file's own fault.
    for _ in 0..5 {
        scene.miss.send((ImageId(3), "is not there: a bad sector".to_owned())).unwrap();
        scene.scan(all.iter().copied());
    }
    assert_eq!(scene.images()[3], "03: is not there: a bad sector");
}
