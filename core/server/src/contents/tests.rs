//! Files that are read one after the other, by hand: no clock, and no thread but in the last test.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::process::Command as Program;

use futures::executor::block_on;
use sluice_events::facts::{FoundImage, Seen, SessionOpened, Source};
use sluice_events::{Answer, CommandId, Event};
use sluice_log::storage::MemoryStorage;
use sluice_log::{AppendError, Log, NoSnapshots, Options};
use sluice_pool::DecodeLimits;
use sluice_session::files::GONE;
use sluice_session::{Observer, Snapshots, State};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

struct Nobody;

impl Observer for Nobody {
    fn committed(&mut self, _: &Event, _: Duration) {}
    fn ranked(&mut self, _: Duration) {}
    fn closed(&mut self, _: &AppendError) {}
}

/// A folder of files, and a session of it.
struct Scene {
    recorder: Recorder,
    pool: TempDir,
}

fn content(bytes: &str) -> Content {
    Key::of_content(bytes.as_bytes()).bytes()
}

impl Scene {
    fn of(files: &[(&str, &str)]) -> Self {
        let pool = tempfile::tempdir().unwrap();
        let log = Log::open(MemoryStorage::default(), Options::default()).unwrap();
        let snapshots = Snapshots::read_ahead(NoSnapshots);
        let (session, _) = SessionHandle::open(log, snapshots, Nobody).unwrap();
        let (question, pool_name, program) = ("?".to_owned(), "p".to_owned(), "test".to_owned());
        let opened = SessionOpened { question, pool: pool_name, seed: 1, program };
        session.command_blocking(Command::OpenSession(opened)).unwrap();
        let folder = PoolFolder::new(pool.path().into(), Vec::new(), DecodeLimits::default());
        let own = Path::new("it's a session");
        let recorder = Recorder::new(session, folder, NoticeBoard::default(), own);
        let scene = Self { recorder, pool };
        scene.join(files);
        scene
    }

    /// These files are there, and are images.
    fn join(&self, files: &[(&str, &str)]) {
        let found = |(path, bytes): &(&str, &str)| {
            self.write(path, bytes);
            FoundImage { path: (*path).to_owned(), bytes: bytes.len() as u64 }
        };
        let images = files.iter().map(found).collect();
        self.command(Command::AddImages(images));
        self.recorder.folder.extend(files.iter().map(|(path, _)| (*path).to_owned()).collect());
    }

    fn write(&self, path: &str, bytes: &str) {
        fs::write(self.pool.path().join(path), bytes).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.pool.path().join(from), self.pool.path().join(to)).unwrap();
    }

    fn command(&self, command: Command) {
        self.recorder.session.command_blocking(command).unwrap();
    }

    fn answer(&self, image: u32) {
        let (id, image) = (CommandId(Uuid::now_v7()), ImageId(image));
        let (answer, source, annotator) = (Answer::Positive, Source::Manual, "me".to_owned());
        let seen = Seen::default();
        self.command(Command::Answer { id, image, answer, source, annotator, seen });
    }

    fn is_gone(&self, image: u32) {
        self.command(Command::SetAside { image: ImageId(image), reason: GONE.to_owned() });
    }

    /// Everything that nobody has read; how many files that were.
    fn read_all(&mut self) -> usize {
        let mut read = 0;
        while self.recorder.go_on().unwrap() != REST {
            read += 1;
        }
        read
    }

    /// As a file is read whose picture is wanted.
    fn read(&mut self, images: &[u32]) {
        for image in images {
            self.recorder.read(ImageId(*image)).unwrap();
        }
        self.recorder.settle().unwrap();
    }

    fn state(&self) -> State {
        self.recorder.session.read_blocking(|view| view.state.clone()).unwrap()
    }

    fn contents(&self) -> Vec<Option<Content>> {
        self.state().images.iter().map(|image| image.content).collect()
    }

    fn notices(&self) -> Vec<String> {
        let (notices, _) = self.recorder.notices.watch().borrow().since(0);
        notices.into_iter().map(|notice| notice.text).collect()
    }
}

#[test]
fn what_nobody_has_read_is_read_once_and_recorded_together() {
    let names: Vec<String> = (0..600).map(|number| format!("{number:03}.png")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &name[..2])).collect();
    let mut scene = Scene::of(&files);
    scene.command(Command::SetAside { image: ImageId(7), reason: "is broken".to_owned() });
    fs::remove_file(scene.pool.path().join("009.png")).unwrap();
    let before = scene.state().next_seq;
    assert_eq!(scene.read_all(), 599);
    let state = scene.state();
    assert_eq!((state.next_seq, state.contents_known()), (before + 1, 598));
    assert_eq!(state.images[123].content, Some(content("12")));
    assert_eq!(scene.read_all(), 0, "each is tried once");
    // Who joins later is looked for there.
    scene.join(&[("more.png", "more")]);
    assert_eq!(scene.read_all(), 1);
    assert_eq!(scene.contents()[600], Some(content("more")));
}

#[test]
fn what_was_read_for_features_is_not_read_again() {
    let mut scene = Scene::of(&[("a", "A"), ("b", "B")]);
    let told = IdentifiedImage { image: ImageId(0), bytes: Some(5), content: [9; 16] };
    scene.recorder.take(told).unwrap();
    assert_eq!(scene.read_all(), 1);
    assert_eq!(scene.contents(), [Some([9; 16]), Some(content("B"))]);
    assert_eq!(scene.state().images[0].bytes, 5);
}

#[test]
fn many_are_recorded_without_waiting_for_the_end() {
    let mut scene = Scene::of(&[("a", "A")]);
    let images = vec![FoundImage { path: "x".to_owned(), bytes: 1 }; AT_ONCE];
    scene.command(Command::AddImages(images));
    for image in 0..AT_ONCE as u32 {
        let read = IdentifiedImage { image: ImageId(image), bytes: Some(1), content: [1; 16] };
        scene.recorder.take(read).unwrap();
    }
    assert_eq!(scene.state().contents_known(), AT_ONCE);
}

#[test]
fn a_file_that_was_changed_is_known_by_what_it_holds_now() {
    let mut scene = Scene::of(&[("a", "A"), ("b", "B")]);
    scene.answer(0);
    scene.read_all();
    scene.write("a", "other");
    scene.read(&[0]);
    assert_eq!(scene.contents(), [Some(content("other")), Some(content("B"))]);
    assert_eq!(scene.state().images[0].bytes, 5);
    // Also where it is a copy now of another one, which is where it was.
    scene.write("a", "B");
    scene.read(&[0]);
    assert_eq!(scene.contents(), [Some(content("B")), Some(content("B"))]);
    assert_eq!(scene.notices(), Vec::<String>::new());
}

#[test]
fn answered_images_that_are_gone_are_told_when_they_are_found_under_other_names() {
    let mut scene = Scene::of(&[("a", "A"), ("b", "B"), ("c", "C")]);
    for image in [0, 1] {
        scene.answer(image);
    }
    scene.read_all();
    for (image, from, to) in [(0, "a", "x"), (2, "c", "z")] {
        scene.rename(from, to);
        scene.is_gone(image);
    }
    scene.join(&[("x", "A"), ("z", "C"), ("long", "of another size")]);
    // Those that may be it are read first, and what nobody has answered is no loss.
    let suspects = names::suspects(&scene.state());
    assert_eq!(suspects, [3, 4].map(ImageId));
    scene.recorder.suspects = suspects.into();
    while !scene.recorder.suspects.is_empty() {
        scene.recorder.go_on().unwrap();
    }
    let told = scene.notices();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("1 of the images that were answered"), "{}", told[0]);
    let pool = scene.pool.path().display();
    let command = format!(r"`sluice sessions relink 'it'\''s a session' '{pool}'`");
    assert!(told[0].contains(&command), "{}", told[0]);
    scene.read_all();
    assert_eq!(scene.notices().len(), 1, "once is enough");
    scene.rename("b", "y");
    scene.is_gone(1);
    scene.join(&[("y", "B")]);
    scene.read_all();
    assert!(scene.notices()[1].starts_with("2 of the images"), "{:?}", scene.notices());
    // Nothing was moved, and who has an answer by now is no place to go to.
    let paths: Vec<String> = scene.state().images.into_iter().map(|image| image.path).collect();
    assert_eq!(paths, ["a", "b", "c", "x", "z", "long", "y"]);
    scene.answer(3);
    assert_eq!(names::under_others(&scene.state()), 1);
}

#[test]
fn files_that_changed_places_do_not_have_it_forgotten_what_they_held() {
    let mut scene = Scene::of(&[("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]);
    for image in [0, 1, 2] {
        scene.answer(image);
    }
    scene.read_all();
    let before = scene.contents();
    scene.write("a", "B");
    // Whichever is read first, and also if the other one never is.
    scene.write("b", "A");
    scene.read(&[0]);
    assert_eq!(scene.contents(), before);
    scene.read(&[1]);
    assert_eq!(scene.contents(), before);
    // One took the place of another one, which nobody had answered.
    scene.rename("d", "c");
    scene.read(&[2]);
    assert_eq!(scene.contents(), before);
    assert!(
        scene.notices().last().unwrap().starts_with("3 of the images"),
        "{:?}",
        scene.notices()
    );
    for (path, bytes) in [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")] {
        scene.write(path, bytes);
    }
    scene.read(&[0, 1, 2]);
    assert!(scene.recorder.renamed.is_empty());
}

#[test]
fn an_answered_file_and_one_that_is_not_change_places_in_any_order() {
    for order in [vec![vec![0, 1]], vec![vec![1], vec![0]], vec![vec![0], vec![1]]] {
        let mut scene = Scene::of(&[("c", "C"), ("d", "D")]);
        scene.answer(0);
        scene.read_all();
        scene.write("c", "D");
        scene.write("d", "C");
        for images in &order {
            scene.read(images);
        }
        // And once more.
        scene.read(&[0]);
        assert_eq!(scene.contents(), [Some(content("C")), Some(content("C"))], "{order:?}");
        let told = scene.notices();
        assert!(told.len() == 1 && told[0].contains("' --all`"), "{told:?}");
        scene.write("c", "C");
        scene.write("d", "D");
        scene.read(&[0, 1]);
        assert!(scene.recorder.renamed.is_empty());
        assert_eq!(scene.contents(), [Some(content("C")), Some(content("D"))]);
    }
}

#[test]
fn a_new_file_before_the_others_has_each_one_hold_what_the_next_one_held() {
    for answered in [1, 3] {
        let mut scene = Scene::of(&[("1", "A"), ("2", "B"), ("3", "C")]);
        for image in 0..answered {
            scene.answer(image);
        }
        scene.read_all();
        for (path, bytes) in [("1", "new"), ("2", "A"), ("3", "B")] {
            scene.write(path, bytes);
        }
        scene.join(&[("4", "C")]);
        for _ in 0..2 {
            scene.read(&[0, 1, 2, 3]);
            let expected = if answered == 1 { ["A", "A", "B", "C"] } else { ["A", "B", "C", "C"] };
            assert_eq!(scene.contents(), expected.map(|bytes| Some(content(bytes))));
        }
        let told = scene.notices();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("{answered} of the images")), "{told:?}");
    }
}

#[test]
fn what_changed_is_recorded_when_all_are_known_and_not_in_a_hurry() {
    let mut scene = Scene::of(&[("a", "A"), ("b", "B")]);
    scene.answer(0);
    scene.read_all();
    scene.write("a", "other");
    scene.recorder.read(ImageId(0)).unwrap();
    scene.recorder.finish().unwrap();
    assert_eq!(scene.contents()[0], Some(content("A")));
    scene.recorder.settle().unwrap();
    assert_eq!(scene.contents()[0], Some(content("other")));
    // Read, and gone before it was recorded: what it held is sought.
    scene.write("a", "another");
    scene.recorder.read(ImageId(0)).unwrap();
    scene.is_gone(0);
    scene.recorder.settle().unwrap();
    assert_eq!(scene.contents()[0], Some(content("other")));
    assert!(scene.recorder.changed.is_empty());
}

#[test]
fn a_pipe_is_not_waited_for_and_a_session_that_is_closed_ends_it() {
    let mut scene = Scene::of(&[("a", "A"), ("b", "B")]);
    let pipe = scene.pool.path().join("a");
    fs::remove_file(&pipe).unwrap();
    assert!(Program::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(scene.read_all(), 2);
    assert_eq!(scene.contents(), [None, Some(content("B"))]);
    block_on(scene.recorder.session.close());
    assert_eq!(scene.recorder.go_on(), Err(CommandError::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_recorded_when_the_session_ends() {
    let scene = Scene::of(&[("a", "A"), ("b", "B")]);
    let Recorder { session, folder, notices, .. } = &scene.recorder;
    assert!(start(None, session, folder, notices).unwrap().is_none());
    let watch = start(Some(Path::new("s")), session, folder, notices).unwrap().unwrap();
    let path = scene.pool.path().join("a");
    watch.teller().tell(ImageId(0), &path, &Key::of_content(b"A"));
    watch.end().await;
    let known = session.read(|view| view.state.contents_known()).await.unwrap();
    assert!(known >= 1, "{known}");
    // The thread is gone, and is told to end once more.
    watch.end().await;
}
