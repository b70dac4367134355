//! What the network in the background learned outlives the program.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use app::Place;
use sluice_events::facts::{CheckpointMade, Seen, Source};
use sluice_events::{Answer, Command, CommandId, ImageId};
use sluice_log::storage::FsStorage;
use sluice_server::{Background, Service, SessionOptions};
use uuid::Uuid;

const IMAGES: u32 = 240;
const ANSWERS: u32 = 220;

fn open(place: &Place, artefacts: &Path) -> Service {
    let options = SessionOptions {
        background: Background::Small,
        artefacts: Some(artefacts.to_owned()),
        ..place.options()
    };
    let finding = sluice_pool::find(&options.pool).unwrap();
    let storage = FsStorage::new(place.session.path()).unwrap();
    Service::open(options, &finding, storage).unwrap()
}

fn checkpoint(service: &Service) -> Option<CheckpointMade> {
    service.session.read_blocking(|view| view.state.checkpoint.clone()).unwrap()
}

fn wait(what: &str, ready: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(3);
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
    let service = open(&place, &artefacts);
    (0..ANSWERS).for_each(|image| answer(&service, image));
    wait("a checkpoint", || checkpoint(&service).is_some());
    let kept = checkpoint(&service).unwrap();
    assert_eq!((kept.network.as_str(), kept.labels), ("small", ANSWERS));
    service.close();
    let files: Vec<_> = fs::read_dir(&artefacts).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 1, "the newest only");
    assert_eq!(files[0].metadata().unwrap().len(), kept.bytes);

    // It speaks without having trained.
    let service = open(&place, &artefacts);
    wait("its opinion", || service.training.borrow().opinions > 0);
    assert_eq!(checkpoint(&service).as_ref(), Some(&kept), "nothing was trained");
    service.close();

    fs::write(files[0].path(), b"rubbish").unwrap();
    let service = open(&place, &artefacts);
    wait("another checkpoint", || checkpoint(&service).as_ref() != Some(&kept));
    service.close();
    assert_eq!(fs::read_dir(&artefacts).unwrap().count(), 1, "the newest only");
}

#[test]
fn where_nothing_can_be_kept_it_is_told_and_learning_goes_on() {
    let place = Place::with_images(IMAGES);
    let in_the_way = place.session.path().join("artefacts");
    let service = open(&place, &in_the_way);
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
