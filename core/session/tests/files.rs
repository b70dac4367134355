//! Which file an image is: what it holds is known until it changes, and what was said of it goes where it goes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use futures::executor::block_on;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sluice_events::facts::{
    Content, FoundImage, IdentifiedImage, ImagesIdentified, ImagesMoved, MovedImage, Seen,
    SessionOpened, Source,
};
use sluice_events::{Answer, Command, CommandId, Event, ImageId, codec};
use sluice_log::storage::MemoryStorage;
use sluice_log::{AppendError, Log, NoSnapshots, Options};
use sluice_session::files::GONE;
use sluice_session::{
    CommandError, Decision, Observer, Refusal, SessionHandle, Snapshots, State, decide, move_all,
    snapshot,
};
use uuid::Uuid;

fn opened() -> Command {
    Command::OpenSession(SessionOpened {
        question: "?".into(),
        pool: "p".into(),
        seed: 1,
        program: "test".into(),
    })
}

fn found(paths: &[&str]) -> Command {
    let found = |path: &&str| FoundImage { path: (*path).to_owned(), bytes: 9 };
    Command::AddImages(paths.iter().map(found).collect())
}

fn answer(image: u32, answer: Answer) -> Command {
    Command::Answer {
        id: CommandId(Uuid::now_v7()),
        image: ImageId(image),
        answer,
        source: Source::Manual,
        annotator: "me".into(),
        seen: Seen::default(),
    }
}

fn gone(image: u32) -> Command {
    Command::SetAside { image: ImageId(image), reason: GONE.into() }
}

fn read(image: u32, bytes: u64, content: u8) -> IdentifiedImage {
    IdentifiedImage { image: ImageId(image), bytes: Some(bytes), content: [content; 16] }
}

fn moved(image: u32, path: &str) -> MovedImage {
    MovedImage { image: ImageId(image), path: path.to_owned() }
}

fn to(image: u32, path: &str) -> Command {
    Command::MoveImages(vec![moved(image, path)])
}

struct Session {
    state: State,
    events: Vec<Event>,
}

impl Session {
    fn of(paths: &[&str]) -> Self {
        let mut session = Self { state: State::default(), events: Vec::new() };
        session.does(&opened());
        session.does(&found(paths));
        session
    }

    /// How many events followed, each of them through the codec, as the log would have it.
    fn command(&mut self, command: &Command) -> Result<usize, Refusal> {
        let Decision::Events(events) = decide(&self.state, command)? else { return Ok(0) };
        for event in &events {
            let bytes = codec::encode(event).unwrap();
            let read =
                codec::decode(bytes.event_type, bytes.schema_version, &bytes.payload).unwrap();
            assert_eq!(&read, event);
            self.state.apply(self.state.next_seq, 0, &read);
            self.events.push(read);
        }
        Ok(events.len())
    }

    fn does(&mut self, command: &Command) -> usize {
        self.command(command).unwrap()
    }

    /// Each image with its answer; those that are set aside in parentheses.
    fn images(&self) -> Vec<String> {
        let word = |image: &sluice_session::state::ImageState| {
            let answer = match image.answer() {
                Some(Answer::Positive) => " yes",
                Some(Answer::Negative) => " no",
                Some(Answer::Skip) => " skip",
                None => "",
            };
            let told = format!("{}{answer}", image.path);
            if image.set_aside.is_some() { format!("({told})") } else { told }
        };
        self.state.images.iter().map(word).collect()
    }

    fn content(&self, image: u32) -> Option<Content> {
        self.state.image(ImageId(image)).unwrap().content
    }
}

#[test]
fn what_a_file_holds_is_known_until_it_changes() {
    let mut session = Session::of(&["a", "b", "c"]);
    let identify = |read: &[IdentifiedImage]| Command::IdentifyImages(read.to_vec());
    assert_eq!(session.does(&identify(&[read(0, 9, 1), read(2, 9, 2)])), 1);
    assert_eq!((session.content(0), session.content(1)), (Some([1; 16]), None));
    assert_eq!(session.state.contents_known(), 2);
    // What is known is not written again, and a size only where it is another one.
    assert_eq!(session.does(&identify(&[read(0, 9, 1)])), 0);
    assert_eq!(session.does(&identify(&[read(0, 9, 1), read(1, 7, 3), read(2, 9, 4)])), 1);
    let expected = [
        IdentifiedImage { image: ImageId(1), bytes: Some(7), content: [3; 16] },
        IdentifiedImage { image: ImageId(2), bytes: None, content: [4; 16] },
    ];
    let Some(Event::ImagesIdentified(written)) = session.events.last() else { panic!("no event") };
    assert_eq!(written.images, expected);
    assert_eq!(session.state.images[1].bytes, 7);
    // It was away, and is back: as it was, and with another size.
    for (bytes, content) in [(7, Some([3; 16])), (8, None)] {
        session.does(&gone(1));
        session.does(&Command::Restore { image: ImageId(1), bytes });
        assert_eq!(session.content(1), content, "{bytes} bytes");
    }
    let bytes = snapshot::encode(&session.state).unwrap();
    assert_eq!(snapshot::decode(&bytes).unwrap(), session.state);
}

#[test]
fn what_was_answered_is_not_forgotten_before_the_file_is_read() {
    let mut session = Session::of(&["a", "b"]);
    session.does(&Command::IdentifyImages(vec![read(0, 9, 1)]));
    for image in [0, 1] {
        session.does(&answer(image, Answer::Positive));
        session.does(&gone(image));
        session.does(&Command::Restore { image: ImageId(image), bytes: 8 });
    }
    assert_eq!(session.images(), ["a yes", "b yes"]);
    let sizes = |session: &Session| [0_usize, 1].map(|image| session.state.images[image].bytes);
    // Of the other one nobody knows what it held.
    assert_eq!((session.content(0), sizes(&session)), (Some([1; 16]), [9, 8]));
    session.does(&Command::IdentifyImages(vec![read(0, 8, 2)]));
    assert_eq!((session.content(0), sizes(&session)), (Some([2; 16]), [8, 8]));
}

#[test]
fn what_is_said_of_images_that_do_not_exist_is_refused_and_changes_nothing() {
    let mut session = Session::of(&["a"]);
    let before = session.state.clone();
    let unknown: Result<usize, Refusal> = Err(Refusal::UnknownImage(ImageId(1)));
    assert_eq!(session.command(&Command::IdentifyImages(vec![read(1, 9, 1)])), unknown);
    assert_eq!(session.command(&to(1, "x")), unknown);
    assert_eq!(session.command(&to(0, "")), Err(Refusal::NoPath(ImageId(0))));
    assert_eq!(session.does(&to(0, "a")), 0, "it is there already");
    assert_eq!(session.does(&Command::IdentifyImages(Vec::new())), 0);
    assert_eq!(session.state, before);
    for image in [1, u32::MAX] {
        let moves = vec![moved(image, "x")];
        session.state.apply(before.next_seq, 0, &Event::ImagesMoved(ImagesMoved { moves }));
        let images = vec![read(image, 9, 1)];
        let identified = ImagesIdentified { images };
        session.state.apply(before.next_seq, 0, &Event::ImagesIdentified(identified));
    }
    assert_eq!(session.state, State { next_seq: before.next_seq + 1, ..before });
}

#[test]
fn an_image_goes_on_at_another_path_with_what_was_said_of_it() {
    let mut session = Session::of(&["a", "b"]);
    session.does(&answer(0, Answer::Positive));
    session.does(&answer(0, Answer::Negative));
    session.does(&gone(0));
    // Where an image was that can't be shown for another reason, that reason stays.
    let broken = Command::SetAside { image: ImageId(1), reason: "is broken".into() };
    session.does(&broken);
    assert_eq!(session.images(), ["(a no)", "(b)"]);
    session.does(&to(0, "x/a"));
    session.does(&to(1, "x/b"));
    assert_eq!(session.images(), ["x/a no", "(x/b)"]);
    assert_eq!(session.state.counts.set_aside, 1);
    session.does(&Command::Undo { id: CommandId(Uuid::now_v7()) });
    assert_eq!(session.images(), ["x/a yes", "(x/b)"]);
    // Moving it back is one more move.
    session.does(&to(0, "a"));
    assert_eq!(session.images(), ["a yes", "(x/b)"]);
}

#[test]
fn an_image_without_an_answer_gives_way_and_comes_back_when_the_other_one_leaves() {
    let mut session = Session::of(&["a"]);
    session.does(&answer(0, Answer::Positive));
    session.does(&gone(0));
    session.does(&found(&["b"]));
    assert_eq!(session.images(), ["(a yes)", "b"]);
    // One record for the paths, one that the other one is gone, one that this one is back.
    assert_eq!(session.does(&to(0, "b")), 3);
    assert_eq!(session.images(), ["b yes", "(a)"]);
    assert_eq!(session.state.image(ImageId(1)).unwrap().set_aside.as_deref(), Some(GONE));
    assert_eq!((session.state.counts.candidates, session.state.counts.positives), (0, 1));
    session.does(&to(0, "a"));
    assert_eq!(session.images(), ["a yes", "(b)"]);
    session.does(&Command::Restore { image: ImageId(1), bytes: 9 });
    assert_eq!(session.images(), ["a yes", "b"]);
}

#[test]
fn an_image_with_an_answer_gives_way_to_none() {
    let mut session = Session::of(&["a", "b", "c"]);
    for (image, said) in [(0, Answer::Positive), (1, Answer::Negative), (2, Answer::Skip)] {
        session.does(&answer(image, said));
    }
    let before = session.state.clone();
    let refused = |path: &str, image| -> Result<usize, Refusal> {
        let (path, image) = (path.to_owned(), ImageId(image));
        Err(Refusal::PathHasAnswers { path, image })
    };
    assert_eq!(session.command(&to(0, "b")), refused("b", 1));
    // All of a command or nothing of it.
    let moves = vec![moved(0, "x"), moved(1, "c")];
    assert_eq!(session.command(&Command::MoveImages(moves)), refused("c", 2));
    let told = session.command(&to(0, "b")).unwrap_err().to_string();
    assert!(told.contains("b is image number 1"), "{told}");
    assert_eq!(session.state, before);
    // Who has left by then is in nobody's way.
    let moves = vec![moved(2, "x"), moved(1, "c"), moved(0, "b")];
    session.does(&Command::MoveImages(moves));
    assert_eq!(session.images(), ["b yes", "c no", "x skip"]);
}

#[test]
fn one_that_gave_way_may_be_moved_itself_by_the_same_command() {
    let mut session = Session::of(&["a", "b", "c"]);
    session.does(&answer(0, Answer::Positive));
    let moves = vec![moved(0, "b"), moved(1, "c"), moved(1, "d")];
    session.does(&Command::MoveImages(moves));
    // The third gave way to the second, which went on.
    assert_eq!(session.images(), ["b yes", "d", "(a)"]);
}

const PATHS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[derive(Clone, Debug)]
enum Deed {
    Answer(u32),
    Gone(u32),
    Move(Vec<(u32, usize)>),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let moves = prop::collection::vec((0..4_u32, 0..PATHS.len()), 1..5);
    let one = prop_oneof![
        1 => (0..4_u32).prop_map(Deed::Answer),
        1 => (0..4_u32).prop_map(Deed::Gone),
        4 => moves.prop_map(Deed::Move),
    ];
    prop::collection::vec(one, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    /// Whatever is moved where: no two images have one path, each keeps its answer, those with an answer that were
    /// moved are where they were to, and a replay tells the same.
    #[test]
    fn no_path_is_two_images(deeds in deeds()) {
        let mut session = Session::of(&PATHS[..4]);
        for deed in deeds {
            let before = session.state.clone();
            let command = match &deed {
                Deed::Answer(image) => answer(*image, Answer::Positive),
                Deed::Gone(image) => gone(*image),
                Deed::Move(moves) => {
                    let moves = moves.iter().map(|(image, path)| moved(*image, PATHS[*path]));
                    Command::MoveImages(moves.collect())
                }
            };
            let done = session.command(&command);
            let state = &session.state;
            let paths: BTreeSet<&str> = state.images.iter().map(|i| i.path.as_str()).collect();
            prop_assert_eq!(paths.len(), 4);
            if let Deed::Move(moves) = &deed {
                for (now, then) in state.images.iter().zip(&before.images) {
                    prop_assert_eq!(now.given, then.given);
                }
                let last = |image: u32| moves.iter().rfind(|(of, _)| *of == image);
                for (id, image) in (0..).zip(&state.images) {
                    let wanted = last(id).filter(|_| image.given.is_some() && done.is_ok());
                    if let Some((_, path)) = wanted {
                        prop_assert_eq!(&image.path, PATHS[*path]);
                        let stayed = image.path == before.images[id as usize].path;
                        prop_assert!(stayed || !image.is_gone());
                    } else if image.given.is_some() {
                        prop_assert_eq!(&image.path, &before.images[id as usize].path);
                    }
                }
            }
            let aside = state.images.iter().filter(|image| image.set_aside.is_some()).count();
            prop_assert_eq!(state.counts.set_aside as usize, aside);
        }
        let mut replayed = State::default();
        for event in &session.events {
            replayed.apply(replayed.next_seq, 0, event);
        }
        prop_assert_eq!(replayed, session.state);
    }
}

struct Nobody;

impl Observer for Nobody {
    fn committed(&mut self, _: &Event, _: Duration) {}
    fn ranked(&mut self, _: Duration) {}
    fn closed(&mut self, _: &AppendError) {}
}

fn session_in(storage: &MemoryStorage) -> SessionHandle {
    let log = Log::open(storage.clone(), Options::default()).unwrap();
    SessionHandle::open(log, Snapshots::read_ahead(NoSnapshots), Nobody).unwrap().0
}

fn paths_of(session: &SessionHandle) -> Vec<String> {
    let look = |view: &sluice_session::View<'_>| {
        view.state.images.iter().map(|image| image.path.clone()).collect()
    };
    session.read_blocking(look).unwrap()
}

/// More than a command takes, of which each is in the way of another one.
#[test]
fn thousands_change_places_and_are_there_after_a_restart() {
    const IMAGES: u32 = 6000;
    let name = |number: u32| format!("{}{number:05}.png", "folder/".repeat(10));
    let storage = MemoryStorage::default();
    let session = session_in(&storage);
    session.command_blocking(opened()).unwrap();
    for first in (0..IMAGES).step_by(1000) {
        let found = |number| FoundImage { path: name(number), bytes: 1 };
        let images = (first..first + 1000).map(found).collect();
        session.command_blocking(Command::AddImages(images)).unwrap();
    }
    for image in 0..IMAGES {
        session.command_blocking(answer(image, Answer::Negative)).unwrap();
    }
    let moves: Vec<MovedImage> =
        (0..IMAGES).map(|number| moved(number, &name((number + 7) % IMAGES))).collect();
    let (told, records) = (Cell::new(0), Cell::new(0));
    block_on(move_all(&session, &moves, |done| {
        assert!(done > told.replace(done), "it goes on");
        records.set(records.get() + 1);
    }))
    .unwrap();
    assert!(told.get() >= IMAGES as usize && (2..100).contains(&records.get()), "{records:?}");
    let expected: Vec<String> = moves.into_iter().map(|moved| moved.path).collect();
    assert_eq!(paths_of(&session), expected);
    block_on(session.close());
    assert_eq!(paths_of(&session_in(&storage)), expected);
}

#[test]
fn what_is_refused_half_way_leaves_what_was_done() {
    let session = session_in(&MemoryStorage::default());
    session.command_blocking(opened()).unwrap();
    session.command_blocking(found(&["a", "b"])).unwrap();
    session.command_blocking(answer(1, Answer::Positive)).unwrap();
    let refused = block_on(move_all(&session, &[moved(0, "b")], |_| panic!("nothing was done")));
    assert!(matches!(refused, Err(CommandError::Refused(Refusal::PathHasAnswers { .. }))));
    assert_eq!(paths_of(&session), ["a", "b"]);
}
