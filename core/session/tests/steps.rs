//! Steps of many labels beside looks: what they change of what is told, and that they go on after an interruption.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::time::Duration;

use futures::executor::block_on;
use sluice_events::command::MadeRanking;
use sluice_events::facts::{
    BulkLabel, FoundImage, Origin, PluginRef, Ranked, Seen, SessionOpened, Source,
};
use sluice_events::message::HistoryFilter;
use sluice_events::outlook::outlook;
use sluice_events::plugin::Values;
use sluice_events::{Answer, BulkId, Command, CommandId, Event, ImageId};
use sluice_log::storage::MemoryStorage;
use sluice_log::{AppendError, Log, NoSnapshots, Options};
use sluice_session::{CommandError, Observer, Refusal, SessionHandle, Snapshots, label_all};
use uuid::Uuid;

const IMAGES: u32 = 12_000;

struct Nobody;

impl Observer for Nobody {
    fn committed(&mut self, _: &Event, _: Duration) {}
    fn ranked(&mut self, _: Duration) {}
    fn closed(&mut self, _: &AppendError) {}
}

fn new_id() -> CommandId {
    CommandId(Uuid::now_v7())
}

fn session() -> SessionHandle {
    let log = Log::open(MemoryStorage::default(), Options::default()).unwrap();
    let snapshots = Snapshots::read_ahead(NoSnapshots);
    let (session, _) = SessionHandle::open(log, snapshots, Nobody).unwrap();
    let opened =
        SessionOpened { question: "?".into(), pool: "p".into(), seed: 1, program: "test".into() };
    session.command_blocking(Command::OpenSession(opened)).unwrap();
    let images =
        (0..IMAGES).map(|i| FoundImage { path: format!("{i:05}.png"), bytes: 1 }).collect();
    session.command_blocking(Command::AddImages(images)).unwrap();
    session
}

fn answer(session: &SessionHandle, image: u32, answer: Answer) {
    let seen = Seen { probability: Some(0.4), shown_ms: 700, ..Seen::default() };
    let (id, source, annotator) = (new_id(), Source::Manual, "me".to_owned());
    let image = ImageId(image);
    let command = Command::Answer { id, image, answer, source, annotator, seen };
    session.command_blocking(command).unwrap();
}

/// A ranking that knows everything so far.
fn rank(session: &SessionHandle) {
    let set = session.read_blocking(|view| view.state.training_set()).unwrap();
    let probabilities = vec![0.3; set.candidates.len()];
    let made = MadeRanking {
        learned_from: set.learned_from,
        model: None,
        selector: PluginRef { name: "s".into(), version: "1".into(), hash: [0; 32] },
        parameters: Values::new(),
        candidates: set.candidates.len() as u32,
        scored: set.candidates.len() as u32,
        order: vec![Ranked { image: set.candidates[0], probability: Some(0.3) }],
        outlook: outlook(&probabilities),
    };
    session.command_blocking(Command::RecordRanking(made)).unwrap();
}

fn labels(images: std::ops::Range<u32>, answer: Answer) -> Vec<BulkLabel> {
    let label = |image| BulkLabel { image: ImageId(image), answer, probability: Some(0.9) };
    images.map(label).collect()
}

fn file(name: &str) -> Origin {
    Origin::File { name: name.into(), hash: [3; 32] }
}

fn by_model() -> Origin {
    Origin::Model { model: None, above: Some(0.8), below: None }
}

fn label(session: &SessionHandle, origin: Origin, labels: Vec<BulkLabel>) -> BulkId {
    let done = label_all(session, new_id(), origin, "me".to_owned(), labels, |_| {});
    block_on(done).unwrap()
}

fn revoke(session: &SessionHandle, bulk: BulkId) {
    session.command_blocking(Command::RevokeBulk { id: new_id(), bulk }).unwrap();
}

#[test]
fn the_curve_is_that_of_looks_whatever_steps_come_and_go() {
    let session = session();
    let curve = || session.read_blocking(|view| view.state.charts().positives).unwrap();
    answer(&session, 0, Answer::Positive);
    let step = label(&session, by_model(), labels(10..60, Answer::Positive));
    answer(&session, 1, Answer::Negative);
    // It takes the place of the model's label, and is found by a look.
    answer(&session, 10, Answer::Positive);
    assert_eq!(curve(), [1, 1, 2]);
    revoke(&session, step);
    answer(&session, 2, Answer::Positive);
    assert_eq!(curve(), [1, 1, 2, 3]);
    let counts = session.read_blocking(|view| view.state.counts).unwrap();
    assert_eq!((counts.positives, counts.of_steps.positives), (3, 0));
}

#[test]
fn nothing_is_foretold_from_a_ranking_that_does_not_know_a_step() {
    let session = session();
    let foretold = || session.read_blocking(|view| view.state.forecast()).unwrap();
    for image in 0..30 {
        let positive = image % 3 == 0;
        answer(&session, image, if positive { Answer::Positive } else { Answer::Negative });
    }
    rank(&session);
    let before = foretold().unwrap().positives_left.likely;
    let step = label(&session, by_model(), labels(6000..IMAGES, Answer::Positive));
    assert_eq!(foretold(), None, "half of what it tells of has a label");
    rank(&session);
    let left = foretold().unwrap();
    assert!((left.positives_left.likely / before - 0.5).abs() < 0.02, "{left:?} of {before}");
    // What the model called positive is not found before somebody has looked.
    let found = session.read_blocking(|view| view.state.found_by_people()).unwrap();
    assert_eq!(found, 10);
    revoke(&session, step);
    assert_eq!(foretold(), None);
}

#[test]
fn a_correction_of_the_models_label_is_a_disagreement() {
    let session = session();
    let step = label(&session, by_model(), labels(0..20, Answer::Positive));
    let seen = Seen { shown_ms: 500, ..Seen::default() };
    let (id, source, annotator) = (new_id(), Source::Manual, "me".to_owned());
    let (image, answer) = (ImageId(7), Answer::Negative);
    let corrected = Command::Answer { id, image, answer, source, annotator, seen };
    session.command_blocking(corrected).unwrap();
    let told = session.read_blocking(|view| {
        let history = |filter| view.state.history(filter, 100);
        (history(HistoryFilter::Disagreement), history(HistoryFilter::All))
    });
    let (disagreement, all) = told.unwrap();
    assert_eq!((disagreement.total, all.total), (1, 1), "the model's own are not among them");
    assert_eq!(disagreement.looks[0].probability, Some(0.9));
    assert!(disagreement.looks[0].corrected);
    revoke(&session, step);
    let all = session.read_blocking(|view| view.state.history(HistoryFilter::All, 9)).unwrap();
    assert_eq!((all.total, all.looks[0].answer), (1, Answer::Negative));
}

#[test]
fn what_was_interrupted_goes_on_as_the_same_step_whatever_the_file_is_called() {
    let session = session();
    let all = labels(0..11_000, Answer::Negative);
    // As a kill would leave it: a record of two, and people went on.
    let begin = Command::BeginBulk {
        id: new_id(),
        origin: file("old.csv"),
        labels: all.len() as u32,
        annotator: "me".into(),
    };
    session.command_blocking(begin).unwrap();
    let part = Command::LabelInBulk { bulk: BulkId(1), labels: all[..5000].to_vec() };
    session.command_blocking(part).unwrap();
    let missing = || {
        let missing = |view: &sluice_session::View<'_>| view.state.bulks[0].missing();
        session.read_blocking(missing).unwrap()
    };
    assert_eq!(missing(), 6000);
    answer(&session, IMAGES - 1, Answer::Positive);
    let step = label(&session, file("new.csv"), all[5000..].to_vec());
    assert_eq!((step, missing()), (BulkId(1), 0));
    let counts = session.read_blocking(|view| view.state.counts).unwrap();
    assert_eq!((counts.negatives, counts.positives), (11_000, 1));
    // Another file is another step.
    let origin = Origin::File { name: "new.csv".into(), hash: [4; 32] };
    let other = label(&session, origin, labels(11_000..11_005, Answer::Skip));
    assert_eq!(other, BulkId(2));
}

#[test]
fn a_step_that_is_taken_back_while_it_is_written_takes_no_more() {
    let session = session();
    let told = |done: usize| {
        if done == 5000 {
            // The other one has an executor of its own.
            std::thread::scope(|scope| scope.spawn(|| revoke(&session, BulkId(1))).join()).unwrap();
        }
    };
    let all = labels(0..11_000, Answer::Negative);
    let done = label_all(&session, new_id(), by_model(), "me".to_owned(), all, told);
    let error = block_on(done).unwrap_err();
    assert_eq!(error, CommandError::Refused(Refusal::BulkRevoked(BulkId(1))));
    let (counts, kept) = session
        .read_blocking(|view| (view.state.counts, view.state.bulks[0].labels.len()))
        .unwrap();
    assert_eq!((counts.negatives, counts.candidates, kept), (0, IMAGES, 0));
}
