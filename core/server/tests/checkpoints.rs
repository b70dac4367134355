//! What the network in the background learned outlives the program.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use app::Place;
use sluice_events::facts::{CheckpointMade, Seen, Source};
use sluice_events::{Answer, Command, CommandId, ImageId};
use sluice_learn::{
    Absorbed, Backbone, Checkpoint, Features, LearnError, Learned, Learner, NoFeatures, Pictures,
};
use sluice_log::storage::FsStorage;
use sluice_server::{Background, Service, SessionOptions};
use uuid::Uuid;

const IMAGES: u32 = 240;
const ANSWERS: u32 = 220;

fn options(place: &Place) -> SessionOptions {
    SessionOptions {
        background: Background::Small,
        folder: Some(place.session.path().to_owned()),
        ..place.options()
    }
}

fn open(place: &Place, options: SessionOptions) -> Service {
    let finding = sluice_pool::find(&options.pool).unwrap();
    let storage = FsStorage::new(place.session.path()).unwrap();
    Service::open(options, &finding, storage).unwrap()
}

/// Has learned what the test says, and says when that was asked for; learns nothing.
struct Told {
    learned: Receiver<Checkpoint>,
    asked: Sender<()>,
}

impl Learner for Told {
    fn begin(&mut self, _: u32, _: Backbone, _: Arc<dyn Pictures>) -> Result<(), LearnError> {
        Ok(())
    }

    fn look_again(&mut self, _: u32, _: &[ImageId]) {}

    fn resume(&mut self, _: Checkpoint) {}

    fn absorb(&mut self) -> Absorbed {
        let checkpoint = self.learned.try_recv().ok();
        if checkpoint.is_some() {
            self.asked.send(()).ok();
        }
        Absorbed { checkpoint, ..Absorbed::default() }
    }

    fn learn(&mut self, _: &[(ImageId, bool)], _: &[ImageId]) -> Option<Learned> {
        None
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(NoFeatures)
    }
}

/// A session, and who says what its background has learned.
fn told(place: &Place) -> (Service, Sender<Checkpoint>) {
    told_of(place, channel().0)
}

/// The same; `asked` hears of each that was asked for.
fn told_of(place: &Place, asked: Sender<()>) -> (Service, Sender<Checkpoint>) {
    let (say, learned) = channel();
    let options = SessionOptions { selector: "sequential".to_owned(), ..options(place) };
    let finding = sluice_pool::find(&options.pool).unwrap();
    let storage = FsStorage::new(place.session.path()).unwrap();
    let service =
        Service::with_learner(options, &finding, storage, |_| Box::new(Told { learned, asked }));
    (service.unwrap(), say)
}

fn learned(network: &str, weights: &[u8]) -> Checkpoint {
    Checkpoint { network: network.to_owned(), labels: 60, weights: weights.into() }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut files: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

fn checkpoint(service: &Service) -> Option<CheckpointMade> {
    service.session.read_blocking(|view| view.state.checkpoint.clone()).unwrap()
}

fn wait(what: &str, ready: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(10);
    while !ready() {
        assert!(Instant::now() < deadline, "{what} did not come in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn answer(service: &Service, image: u32) {
    let bright = image % 10 == 7;
    let answer = Command::Answer {
        id: CommandId(Uuid::new_v4()),
        image: ImageId(image),
        answer: if bright { Answer::Positive } else { Answer::Negative },
        source: Source::Manual,
        annotator: String::new(),
        seen: Seen::default(),
    };
    service.session.command_blocking(answer).unwrap();
}

#[test]
fn training_goes_on_after_a_restart_and_a_damaged_file_is_learned_anew() {
    let place = Place::with_images(IMAGES);
    let artefacts = place.session.path().join("artefacts");
    // Nothing trains before the last answer is there.
    let only_answers = SessionOptions { model: false, ..options(&place) };
    let service = open(&place, only_answers);
    (0..ANSWERS).for_each(|image| answer(&service, image));
    service.close();
    let service = open(&place, options(&place));
    wait("a checkpoint", || checkpoint(&service).is_some());
    let kept = checkpoint(&service).unwrap();
    assert_eq!((kept.network.as_str(), kept.labels), ("small", ANSWERS));
    service.close();
    let files: Vec<_> = fs::read_dir(&artefacts).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 1, "the newest only");
    assert_eq!(files[0].metadata().unwrap().len(), kept.bytes);

    // It speaks without having trained.
    let service = open(&place, options(&place));
    wait("its opinion", || service.training.borrow().opinions > 0);
    assert_eq!(checkpoint(&service).as_ref(), Some(&kept), "nothing was trained");
    service.close();

    fs::write(files[0].path(), b"rubbish").unwrap();
    let service = open(&place, options(&place));
    // What is learned anew of the same answers is the same: it is there again, and whole.
    let is_whole = || {
        let bytes = fs::read(files[0].path()).unwrap_or_default();
        *blake3::hash(&bytes).as_bytes() == kept.artefact
    };
    wait("what was damaged", is_whole);
    service.close();
    assert_eq!(fs::read_dir(&artefacts).unwrap().count(), 1, "the newest only");
}

#[test]
fn where_nothing_can_be_kept_it_is_told_and_learning_goes_on() {
    let place = Place::with_images(IMAGES);
    let in_the_way = place.session.path().join("artefacts");
    let service = open(&place, options(&place));
    fs::write(&in_the_way, b"a file of that name").unwrap();
    (0..ANSWERS).for_each(|image| answer(&service, image));
    wait("its opinion", || service.training.borrow().opinions > 0);
    let told = || {
        let (notices, _) = service.notices.watch().borrow().since(0);
        notices.iter().any(|notice| notice.text.contains("can't be kept"))
    };
    wait("a word of it", told);
    assert_eq!(checkpoint(&service), None);
    service.close();
}

#[test]
fn what_the_log_does_not_take_leaves_no_file_and_what_it_names_stays() {
    let place = Place::with_images(3);
    let artefacts = place.session.path().join("artefacts");
    let (service, say) = told(&place);
    let named = |weights: &[u8]| blake3::hash(weights).to_hex().to_string();
    let is_kept = |weights: &[u8]| {
        checkpoint(&service).is_some_and(|made| made.artefact == *blake3::hash(weights).as_bytes())
    };
    say.send(learned("small", b"first")).unwrap();
    wait("the first", || is_kept(b"first"));
    assert_eq!(files(&artefacts), [named(b"first")]);
    // No event is so large. It may be of new weights, or of those that are named already.
    let too_large = "n".repeat(300_000);
    say.send(learned(&too_large, b"second")).unwrap();
    say.send(learned(&too_large, b"first")).unwrap();
    // When a later one is there, these were tried, or made room for it.
    say.send(Checkpoint { labels: 61, ..learned("small", b"first") }).unwrap();
    wait("a later one", || checkpoint(&service).is_some_and(|made| made.labels == 61));
    assert_eq!(files(&artefacts), [named(b"first")]);
    assert_eq!(fs::read(artefacts.join(named(b"first"))).unwrap(), b"first");
    say.send(learned("small", b"third")).unwrap();
    wait("the third", || is_kept(b"third"));
    service.close();
    assert_eq!(files(&artefacts), [named(b"third")], "the newest only");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_hangs_over_a_checkpoint_keeps_no_ranking_waiting_and_a_later_one_is_kept() {
    use rustix::fs::{CWD, Mode, mkfifoat};

    let place = Place::with_images(9);
    let artefacts = place.session.path().join("artefacts");
    let (service, say) = told(&place);
    say.send(learned("small", b"first")).unwrap();
    wait("the first", || checkpoint(&service).is_some());
    // Whoever writes to it waits for somebody who reads.
    let part = artefacts.join("part");
    mkfifoat(CWD, part.as_path(), Mode::RUSR | Mode::WUSR).unwrap();
    say.send(learned("small", b"second")).unwrap();
    for image in 0..4 {
        answer(&service, image);
        let is_known = |view: &sluice_session::View<'_>| {
            let known = view.state.ranking.as_ref().map(|ranking| ranking.learned_from);
            known.is_some_and(|known| known >= view.state.last_relevant)
        };
        wait("a ranking", || service.session.read_blocking(is_known).unwrap());
    }
    // What comes through can't be made durable, so it is not kept.
    assert_eq!(fs::read(&part).unwrap(), b"second");
    say.send(learned("small", b"third")).unwrap();
    let third = blake3::hash(b"third");
    wait("the third", || checkpoint(&service).unwrap().artefact == *third.as_bytes());
    service.close();
    assert_eq!(files(&artefacts), [third.to_hex().to_string()]);
}

#[test]
fn what_is_learned_last_is_kept_when_the_service_is_closed() {
    let place = Place::with_images(3);
    let artefacts = place.session.path().join("artefacts");
    let (absorbed, last) = channel();
    let (service, say) = told_of(&place, absorbed);
    say.send(learned("small", b"last")).unwrap();
    last.recv().unwrap();
    service.close();
    assert_eq!(files(&artefacts), [blake3::hash(b"last").to_hex().to_string()]);
}

#[test]
fn what_a_kill_left_is_removed_at_the_start_and_nothing_else() {
    let place = Place::with_images(3);
    let artefacts = place.session.path().join("artefacts");
    let (service, say) = told(&place);
    say.send(learned("small", b"wanted")).unwrap();
    wait("a checkpoint", || checkpoint(&service).is_some());
    service.close();
    let mut stay = files(&artefacts);
    assert_eq!(stay.len(), 1);
    // Cut off in the middle of a file, and between a file and its event.
    fs::write(artefacts.join("part"), b"half").unwrap();
    fs::write(artefacts.join(blake3::hash(b"orphan").to_hex().as_str()), b"orphan").unwrap();
    fs::write(artefacts.join("notes.txt"), b"of somebody").unwrap();
    let (service, _say) = told(&place);
    service.close();
    stay.push("notes.txt".to_owned());
    stay.sort();
    assert_eq!(files(&artefacts), stay);
}
