//! The session against a model that is too simple to be wrong: a list of looks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sluice_events::facts::{BulkLabel, FoundImage, Origin, Seen, SessionOpened, Source};
use sluice_events::message::HistoryFilter;
use sluice_events::{Answer, BulkId, Command, CommandId, Event, ImageId, codec};
use sluice_session::{Decision, Refusal, State, decide, snapshot};
use uuid::Uuid;

const IMAGES: u32 = 6;

/// What a person may do.
#[derive(Clone, Debug)]
enum Move {
    Answer(u32, Answer),
    Undo,
    Redo,
    /// The last command once more, as after a lost connection.
    Again,
    SetAside(u32),
    Restore(u32),
    /// A step of many labels, from a file or of the model.
    Bulk(Vec<(u32, Answer)>, bool),
    /// The n-th step, if there is one.
    Revoke(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let answer = prop_oneof![Just(Answer::Positive), Just(Answer::Negative), Just(Answer::Skip)];
    let labels = prop::collection::btree_map(0..IMAGES, answer.clone(), 0..IMAGES as usize);
    let labels = labels.prop_map(|labels| labels.into_iter().collect());
    let one = prop_oneof![
        6 => (0..IMAGES, answer).prop_map(|(image, answer)| Move::Answer(image, answer)),
        3 => Just(Move::Undo),
        2 => Just(Move::Redo),
        1 => Just(Move::Again),
        1 => (0..IMAGES).prop_map(Move::SetAside),
        1 => (0..IMAGES).prop_map(Move::Restore),
        1 => (labels, any::<bool>()).prop_map(|(labels, model)| Move::Bulk(labels, model)),
        1 => (0..4_usize).prop_map(Move::Revoke),
    ];
    prop::collection::vec(one, 0..60)
}

/// Who said something of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Person,
    File(u32),
    TheModel(u32),
}

/// What was said and counts, in that order, and the looks that can be redone.
#[derive(Default)]
struct Model {
    said: Vec<(Who, u32, Answer)>,
    undone: Vec<(u32, Answer)>,
    /// By step, whether it counts.
    steps: Vec<bool>,
    aside: std::collections::BTreeSet<u32>,
}

/// What the model had said of an image.
fn probability(image: u32) -> f32 {
    image as f32 / IMAGES as f32
}

impl Model {
    fn last_of(&self, image: u32) -> Option<(Who, u32, Answer)> {
        self.said.iter().rev().find(|(_, of, _)| *of == image).copied()
    }

    fn answer_of(&self, image: u32) -> Option<Answer> {
        self.last_of(image).map(|(_, _, answer)| answer)
    }

    fn looks(&self) -> Vec<(u32, Answer)> {
        let looks = self.said.iter().filter(|(who, _, _)| *who == Who::Person);
        looks.map(|(_, image, answer)| (*image, *answer)).collect()
    }

    fn undo(&mut self) -> Option<(u32, Answer)> {
        let last = self.said.iter().rposition(|(who, _, _)| *who == Who::Person)?;
        let (_, image, answer) = self.said.remove(last);
        Some((image, answer))
    }

    /// The images whose answer passes, the last one first.
    fn history(&self, filter: HistoryFilter) -> Vec<(u32, Answer)> {
        if filter == HistoryFilter::Model {
            let last = (0..IMAGES).filter_map(|image| self.last_of(image));
            let of_model = last.filter(|(who, _, _)| matches!(who, Who::TheModel(_)));
            let mut of_model: Vec<_> = of_model.map(|(_, image, answer)| (image, answer)).collect();
            let distance = |image: u32| ((probability(image) - 0.5).abs() * 1000.0) as u32;
            of_model.sort_by_key(|(image, _)| (distance(*image), *image));
            return of_model;
        }
        let mut history: Vec<(u32, Answer)> = Vec::new();
        let mut met = std::collections::BTreeSet::new();
        for (who, image, answer) in self.said.iter().rev() {
            if met.insert(*image) && *who == Who::Person {
                history.push((*image, *answer));
            }
        }
        history.retain(|(image, answer)| match filter {
            HistoryFilter::All => true,
            HistoryFilter::Positive => *answer == Answer::Positive,
            HistoryFilter::Negative => *answer == Answer::Negative,
            HistoryFilter::Skip => *answer == Answer::Skip,
            HistoryFilter::Disagreement => match answer {
                Answer::Positive => probability(*image) < 0.5,
                Answer::Negative => probability(*image) >= 0.5,
                Answer::Skip => false,
            },
            HistoryFilter::Model => unreachable!("returned above"),
        });
        history
    }
}

struct Session {
    state: State,
    events: Vec<(u64, Event)>,
}

impl Session {
    fn new() -> Self {
        let mut session = Self { state: State::default(), events: Vec::new() };
        let opened = SessionOpened {
            question: "?".into(),
            pool: "p".into(),
            seed: 1,
            program: "test".into(),
        };
        session.command(&Command::OpenSession(opened)).unwrap();
        let images =
            (0..IMAGES).map(|i| FoundImage { path: format!("{i}.png"), bytes: 1 }).collect();
        session.command(&Command::AddImages(images)).unwrap();
        session
    }

    /// Through the codec, as the log would have it.
    fn command(&mut self, command: &Command) -> Result<usize, Refusal> {
        let Decision::Events(events) = decide(&self.state, command)? else { return Ok(0) };
        for event in &events {
            let bytes = codec::encode(event).unwrap();
            let read =
                codec::decode(bytes.event_type, bytes.schema_version, &bytes.payload).unwrap();
            assert_eq!(&read, event);
            let seq = self.state.next_seq;
            self.state.apply(seq, seq * 1_000_000, &read);
            self.events.push((seq, read));
        }
        Ok(events.len())
    }
}

fn new_id() -> CommandId {
    CommandId(Uuid::now_v7())
}

fn check(session: &Session, model: &Model) {
    let state = &session.state;
    let count = |answer| (0..IMAGES).filter(|i| model.answer_of(*i) == Some(answer)).count() as u32;
    assert_eq!(state.counts.positives, count(Answer::Positive));
    assert_eq!(state.counts.negatives, count(Answer::Negative));
    assert_eq!(state.counts.skipped, count(Answer::Skip));
    assert_eq!(state.counts.set_aside, model.aside.len() as u32);
    let looks: Vec<_> = state.looks.iter().map(|look| (look.image.0, look.answer)).collect();
    assert_eq!(looks, model.looks());
    let free = |i: &u32| model.answer_of(*i).is_none() && !model.aside.contains(i);
    let candidates: Vec<u32> = (0..IMAGES).filter(free).collect();
    assert_eq!(state.counts.candidates, candidates.len() as u32);
    let mut queue: Vec<u32> = state.queue(&[], 100).items.iter().map(|item| item.image.0).collect();
    if let (Some((undone, _)), Some(first)) = (model.undone.last(), queue.first())
        && free(undone)
    {
        assert_eq!(first, undone, "what was undone comes first");
    }
    queue.sort_unstable();
    assert_eq!(queue, candidates);
    let labels = state.training_set().labels;
    let expected = |i: &u32| {
        let taught = |last: (Who, u32, Answer)| {
            last.2 != Answer::Skip && !matches!(last.0, Who::TheModel(_))
        };
        !model.aside.contains(i) && model.last_of(*i).is_some_and(taught)
    };
    let mut labels: Vec<_> = labels.iter().map(|(image, yes)| (image.0, *yes)).collect();
    labels.sort_unstable();
    let expected = (0..IMAGES).filter(expected);
    let expected: Vec<_> =
        expected.map(|i| (i, model.answer_of(i) == Some(Answer::Positive))).collect();
    assert_eq!(labels, expected, "the model's own word teaches it nothing");
    for image in 0..IMAGES {
        let answered = state.answered(ImageId(image));
        assert_eq!(answered.map(|answered| answered.given.answer), model.answer_of(image));
    }
    for (number, counts) in model.steps.iter().enumerate() {
        assert_eq!(state.bulks[number].revoked, !counts);
    }
    for filter in [
        HistoryFilter::All,
        HistoryFilter::Positive,
        HistoryFilter::Negative,
        HistoryFilter::Skip,
        HistoryFilter::Disagreement,
        HistoryFilter::Model,
    ] {
        let expected = model.history(filter);
        for count in 0..=expected.len() + 1 {
            let history = state.history(filter, count);
            assert_eq!(history.total as usize, expected.len());
            let looks: Vec<_> = history.looks.iter().map(|l| (l.image.0, l.answer)).collect();
            assert_eq!(looks, expected[..count.min(expected.len())]);
            let aside = history
                .looks
                .iter()
                .all(|look| look.set_aside == model.aside.contains(&look.image.0));
            assert!(aside);
        }
    }
    let statistics = state.statistics(0);
    assert_eq!(statistics.undo_depth as usize, model.looks().len());
    assert_eq!(statistics.redo_depth as usize, model.undone.len());
    assert_eq!(statistics.looks as usize, model.looks().len());
}

/// A step in two records, without the images that can't be shown.
fn bulk(session: &mut Session, model: &mut Model, labels: &[(u32, Answer)], by_model: bool) {
    let origin = if by_model {
        Origin::Model { model: None, above: Some(0.9), below: Some(0.1) }
    } else {
        Origin::File { name: "f.csv".into(), hash: [1; 32] }
    };
    let (id, annotator) = (new_id(), "me".to_owned());
    let labels: Vec<_> =
        labels.iter().copied().filter(|(image, _)| !model.aside.contains(image)).collect();
    let begin = Command::BeginBulk { id, origin, labels: labels.len() as u32, annotator };
    assert_eq!(session.command(&begin), Ok(1));
    model.steps.push(true);
    let number = model.steps.len() as u32;
    for part in [&labels[..labels.len() / 2], &labels[labels.len() / 2..]] {
        let label = |(image, answer): &(u32, Answer)| BulkLabel {
            image: ImageId(*image),
            answer: *answer,
            probability: Some(probability(*image)),
        };
        let labels: Vec<_> = part.iter().map(label).collect();
        let command = Command::LabelInBulk { bulk: BulkId(number), labels };
        assert_eq!(session.command(&command), Ok(1));
    }
    let who = if by_model { Who::TheModel(number) } else { Who::File(number) };
    let is_new = |image: u32| !by_model || model.answer_of(image).is_none();
    let said: Vec<_> = labels.iter().filter(|(image, _)| is_new(*image)).collect();
    model.said.extend(said.into_iter().map(|(image, answer)| (who, *image, *answer)));
    assert_eq!(session.state.bulks.last().unwrap().missing(), 0);
    let more = BulkLabel { image: ImageId(IMAGES - 1), answer: Answer::Skip, probability: None };
    let more = Command::LabelInBulk { bulk: BulkId(number), labels: vec![more, more] };
    assert!(session.command(&more).is_err(), "twice the same image, and more than were said");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn the_session_agrees_with_the_model_and_with_its_own_replay(moves in moves(), cut in 0_usize..60) {
        let mut session = Session::new();
        let mut model = Model::default();
        let mut last = None;
        for step in moves {
            let command = match step {
                Move::Answer(image, answer) => {
                    let probability = Some(probability(image));
                    let command = Command::Answer {
                        id: new_id(), image: ImageId(image), answer, source: Source::Manual,
                        annotator: "me".into(), seen: Seen { probability, ..Seen::default() },
                    };
                    let outcome = session.command(&command);
                    if model.aside.contains(&image) {
                        prop_assert_eq!(outcome, Err(Refusal::ImageSetAside(ImageId(image))));
                        continue;
                    }
                    prop_assert_eq!(outcome, Ok(1));
                    model.said.push((Who::Person, image, answer));
                    model.undone.clear();
                    command
                }
                Move::Undo => {
                    let command = Command::Undo { id: new_id() };
                    let outcome = session.command(&command);
                    match model.undo() {
                        None => { prop_assert_eq!(outcome, Err(Refusal::NothingToUndo)); continue }
                        Some(look) => { prop_assert_eq!(outcome, Ok(1)); model.undone.push(look); }
                    }
                    command
                }
                Move::Redo => {
                    let command = Command::Redo { id: new_id() };
                    let outcome = session.command(&command);
                    match model.undone.pop() {
                        None => { prop_assert_eq!(outcome, Err(Refusal::NothingToRedo)); continue }
                        Some((image, answer)) => { prop_assert_eq!(outcome, Ok(1)); model.said.push((Who::Person, image, answer)); }
                    }
                    command
                }
                Move::Again => {
                    let Some(command) = last.clone() else { continue };
                    prop_assert_eq!(session.command(&command), Ok(0));
                    command
                }
                Move::SetAside(image) => {
                    let reason = "broken".to_owned();
                    session.command(&Command::SetAside { image: ImageId(image), reason }).unwrap();
                    model.aside.insert(image);
                    continue;
                }
                Move::Bulk(labels, by_model) => {
                    bulk(&mut session, &mut model, &labels, by_model);
                    check(&session, &model);
                    continue;
                }
                Move::Revoke(number) => {
                    let bulk = BulkId(number as u32 + 1);
                    let outcome = session.command(&Command::RevokeBulk { id: new_id(), bulk });
                    if model.steps.get(number) == Some(&true) {
                        prop_assert_eq!(outcome, Ok(1));
                        model.steps[number] = false;
                        let (file, own) = (Who::File(bulk.0), Who::TheModel(bulk.0));
                        model.said.retain(|(who, _, _)| *who != file && *who != own);
                    } else if model.steps.get(number) == Some(&false) {
                        prop_assert_eq!(outcome, Err(Refusal::BulkRevoked(bulk)));
                    } else {
                        prop_assert_eq!(outcome, Err(Refusal::NoSuchBulk(bulk)));
                    }
                    check(&session, &model);
                    continue;
                }
                Move::Restore(image) => {
                    session.command(&Command::Restore { image: ImageId(image), bytes: 2 }).unwrap();
                    model.aside.remove(&image);
                    continue;
                }
            };
            last = Some(command);
            check(&session, &model);
        }
        check(&session, &model);
        let mut replayed = State::default();
        for (number, (seq, event)) in session.events.iter().enumerate() {
            if number == cut {
                // From a snapshot on, it is the same.
                let bytes = snapshot::encode(&replayed).unwrap();
                let kept = snapshot::decode(&bytes).unwrap();
                prop_assert_eq!(&kept, &replayed);
                replayed = kept;
            }
            replayed.apply(*seq, *seq * 1_000_000, event);
        }
        prop_assert_eq!(replayed, session.state);
    }
}
