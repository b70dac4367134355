//! Answers that are all the same: nothing can be learned from them, and a person is told so once.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod app;

use std::thread::sleep;
use std::time::{Duration, Instant};

use app::{DEADLINE, Place};
use sluice_events::facts::Seen;
use sluice_events::{Answer, Command, CommandId, ImageId, Source};
use sluice_server::{Service, SessionOptions};
use uuid::Uuid;

/// Answers after which it is told.
const MANY: u32 = 30;

/// In an order that needs neither a model nor features.
fn options(place: &Place) -> SessionOptions {
    SessionOptions { selector: "sequential".to_owned(), ..place.options() }
}

fn id() -> CommandId {
    CommandId(Uuid::new_v4())
}

/// Answers images, and waits until a round of the engine knows it.
fn answer(service: &Service, images: impl IntoIterator<Item = u32>, answer: Answer) {
    for image in images.into_iter().map(ImageId) {
        let (source, annotator, seen) = (Source::Manual, String::new(), Seen::default());
        let answer = Command::Answer { id: id(), image, answer, source, annotator, seen };
        service.session.command_blocking(answer).unwrap();
    }
    settle(service);
}

fn wait(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "{what}");
        sleep(Duration::from_millis(10));
    }
}

/// Waits until a round began after everything that has happened so far: it is its ranking that knows this.
fn settle(service: &Service) {
    wait("a ranking knows it", || {
        let known = service.session.read_blocking(|view| {
            let known = view.state.ranking.as_ref().map(|ranking| ranking.learned_from);
            known.is_some_and(|known| known >= view.state.last_relevant)
        });
        known.unwrap()
    });
}

/// Notices of it that are on the board, and how many notices there were of any kind.
fn told(service: &Service) -> (Vec<String>, usize) {
    let (notices, all) = service.notices.watch().borrow().since(0);
    let texts = notices.into_iter().map(|notice| notice.text);
    (texts.filter(|text| text.contains("nothing can be learned")).collect(), all)
}

fn wait_until_told(service: &Service) -> String {
    wait("it is told", || !told(service).0.is_empty());
    let (texts, _) = told(service);
    assert_eq!(texts.len(), 1, "{texts:?}");
    texts.into_iter().next().unwrap()
}

#[test]
fn many_times_no_is_told_once_whatever_is_taken_back_afterwards_and_again_after_a_restart() {
    let place = Place::with_images(40);
    let service = place.service(options(&place)).unwrap();
    answer(&service, 0..MANY - 1, Answer::Negative);
    assert_eq!(told(&service).0, [""; 0], "too early");
    answer(&service, [MANY - 1], Answer::Negative);
    let text = wait_until_told(&service);
    assert!(text.starts_with("30 answers, all of them no: nothing can be learned"), "{text}");
    assert!(text.contains("until there is one yes") && text.contains("--example FILE"), "{text}");

    let (_, before) = told(&service);
    for _ in 0..3 {
        service.session.command_blocking(Command::Undo { id: id() }).unwrap();
        settle(&service);
        service.session.command_blocking(Command::Redo { id: id() }).unwrap();
        settle(&service);
    }
    answer(&service, [37], Answer::Positive);
    wait("it is no longer so", || told(&service).0.is_empty());
    service.session.command_blocking(Command::Undo { id: id() }).unwrap();
    settle(&service);
    answer(&service, [31], Answer::Negative);
    assert_eq!(told(&service), (Vec::new(), before), "once is enough");
    service.close();

    // Whoever comes back finds it as it is.
    let service = place.service(options(&place)).unwrap();
    assert!(wait_until_told(&service).starts_with("31 answers, all of them no"));
    answer(&service, [37], Answer::Positive);
    wait("it is no longer so", || told(&service).0.is_empty());
    service.close();
    let service = place.service(options(&place)).unwrap();
    answer(&service, [32], Answer::Negative);
    assert_eq!(told(&service).0, [""; 0], "there are both");
    service.close();
}

#[test]
fn many_times_yes_is_told_in_its_own_words() {
    let place = Place::with_images(40);
    let service = place.service(options(&place)).unwrap();
    answer(&service, 0..MANY, Answer::Positive);
    let text = wait_until_told(&service);
    assert!(text.starts_with("30 answers, all of them yes"), "{text}");
    assert!(text.contains("until there is one no") && !text.contains("--example"), "{text}");
    service.close();
}

#[test]
fn whoever_has_given_an_example_is_not_told_to_give_one() {
    let place = Place::with_images(40);
    let example = Some(place.pool.path().join("0007.png"));
    let service = place.service(SessionOptions { example, ..options(&place) }).unwrap();
    answer(&service, 0..MANY, Answer::Negative);
    let text = wait_until_told(&service);
    assert!(text.contains("than the example") && !text.contains("--example"), "{text}");
    service.close();
}

#[test]
fn both_kinds_can_t_say_and_a_session_without_a_model_are_no_reason() {
    let place = Place::with_images(40);
    let service = place.service(options(&place)).unwrap();
    answer(&service, [35], Answer::Positive);
    answer(&service, 0..MANY, Answer::Negative);
    assert_eq!(told(&service).0, [""; 0], "there are both");
    service.close();

    let place = Place::with_images(40);
    let service = place.service(options(&place)).unwrap();
    answer(&service, 0..MANY, Answer::Skip);
    answer(&service, [35], Answer::Negative);
    assert_eq!(told(&service).0, [""; 0], "they teach nothing");
    service.close();

    let place = Place::with_images(40);
    let without = SessionOptions { model: false, ..options(&place) };
    let service = place.service(without).unwrap();
    answer(&service, 0..=MANY, Answer::Negative);
    answer(&service, [35], Answer::Negative);
    assert_eq!(told(&service).0, [""; 0], "nothing is to be learned");
    service.close();
}
