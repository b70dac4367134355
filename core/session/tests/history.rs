//! What was answered, as a page sees it, and how long it took.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use sluice_events::facts::{
    FoundImage, ImageRestored, ImageSetAside, ImagesFound, Labelled, Redone, Seen, Skipped, Undone,
};
use sluice_events::message::{History, HistoryFilter};
use sluice_events::{Answer, CommandId, Event, ImageId, Source};
use sluice_session::State;
use uuid::Uuid;

use Answer::{Negative, Positive, Skip};

fn pool(images: u32) -> State {
    let mut state = State::default();
    let found = |number| FoundImage { path: format!("{number}.png"), bytes: 1 };
    let images = (0..images).map(found).collect();
    happens(&mut state, 0, &Event::ImagesFound(ImagesFound { first: Some(ImageId(0)), images }));
    state
}

fn new_id() -> CommandId {
    CommandId(Uuid::new_v4())
}

/// Its number.
fn happens(state: &mut State, time_ms: u64, event: &Event) -> u64 {
    let seq = state.next_seq;
    state.apply(seq, time_ms * 1000, event);
    seq
}

fn event(image: u32, answer: Answer, seen: Seen) -> Event {
    let (command, image, annotator) = (new_id(), ImageId(image), "me".to_owned());
    match answer.label() {
        Some(label) => {
            let source = Source::Manual;
            Event::Labelled(Labelled { command, image, label, source, annotator, seen })
        }
        None => Event::Skipped(Skipped { command, image, annotator, seen }),
    }
}

fn answer(state: &mut State, image: u32, answer: Answer, probability: Option<f32>) -> u64 {
    happens(state, 0, &event(image, answer, Seen { probability, ..Seen::default() }))
}

fn undo(state: &mut State) {
    let look = state.looks.last().unwrap().seq;
    happens(state, 0, &Event::Undone(Undone { command: new_id(), look }));
}

fn redo(state: &mut State) {
    let look = state.undone.last().unwrap().seq;
    happens(state, 0, &Event::Redone(Redone { command: new_id(), look }));
}

fn images(history: &History) -> Vec<u32> {
    history.looks.iter().map(|look| look.image.0).collect()
}

/// Image, answer, and whether it is a correction.
fn told(state: &State) -> Vec<(u32, Answer, bool)> {
    let History { looks, total, .. } = state.history(HistoryFilter::All, 100);
    assert_eq!(looks.len(), total as usize);
    looks.iter().map(|look| (look.image.0, look.answer, look.corrected)).collect()
}

#[test]
fn the_newest_answer_comes_first_and_undo_takes_it_away() {
    let mut state = pool(5);
    assert_eq!(told(&state), []);
    answer(&mut state, 3, Positive, None);
    answer(&mut state, 1, Skip, None);
    assert_eq!(told(&state), [(1, Skip, false), (3, Positive, false)]);
    undo(&mut state);
    assert_eq!(told(&state), [(3, Positive, false)]);
    redo(&mut state);
    assert_eq!(told(&state), [(1, Skip, false), (3, Positive, false)]);
    undo(&mut state);
    undo(&mut state);
    assert_eq!(told(&state), []);
}

#[test]
fn a_corrected_image_is_there_once_where_it_was_corrected() {
    let mut state = pool(5);
    answer(&mut state, 3, Positive, None);
    answer(&mut state, 1, Negative, None);
    let correction = answer(&mut state, 3, Negative, None);
    assert_eq!(told(&state), [(3, Negative, true), (1, Negative, false)]);
    assert_eq!(state.history(HistoryFilter::All, 1).looks[0].seq, correction);
    // And back: that corrects it, too.
    answer(&mut state, 3, Positive, None);
    assert_eq!(told(&state), [(3, Positive, true), (1, Negative, false)]);
    undo(&mut state);
    assert_eq!(told(&state), [(3, Negative, true), (1, Negative, false)]);
    undo(&mut state);
    assert_eq!(told(&state), [(1, Negative, false), (3, Positive, false)]);
    redo(&mut state);
    assert_eq!(told(&state), [(3, Negative, true), (1, Negative, false)]);
    // The same answer once more corrects nothing.
    answer(&mut state, 1, Negative, None);
    assert_eq!(told(&state), [(1, Negative, false), (3, Negative, true)]);
}

#[test]
fn a_filter_looks_at_the_last_answer_and_the_total_counts_all_that_pass() {
    let mut state = pool(9);
    for (image, said) in [(0, Positive), (1, Negative), (2, Skip), (3, Positive), (4, Negative)] {
        answer(&mut state, image, said, None);
    }
    answer(&mut state, 0, Negative, None);
    let told = |filter, count| {
        let history = state.history(filter, count);
        (images(&history), history.total)
    };
    assert_eq!(told(HistoryFilter::All, 2), (vec![0, 4], 5));
    assert_eq!(told(HistoryFilter::Positive, 9), (vec![3], 1));
    assert_eq!(told(HistoryFilter::Negative, 2), (vec![0, 4], 3));
    assert_eq!(told(HistoryFilter::Negative, 9), (vec![0, 4, 1], 3));
    assert_eq!(told(HistoryFilter::Skip, 9), (vec![2], 1));
    assert_eq!(told(HistoryFilter::Disagreement, 9), (vec![], 0));
}

#[test]
fn the_model_disagrees_where_it_had_said_otherwise_at_one_half() {
    let mut state = pool(9);
    let said = [
        (0, Positive, Some(0.49)), // otherwise
        (1, Positive, Some(0.5)),
        (2, Negative, Some(0.5)), // otherwise
        (3, Negative, Some(0.1)),
        (4, Negative, None),
        (5, Skip, Some(0.9)),
        (6, Negative, Some(0.9)), // otherwise, until it is corrected
        (6, Positive, None),      // as a page corrects: what the model had said still holds
        (8, Negative, Some(0.2)),
        (8, Positive, None),      // otherwise, since it was corrected
        (7, Positive, Some(0.1)), // otherwise
    ];
    for (image, said, probability) in said {
        answer(&mut state, image, said, probability);
    }
    let all = state.history(HistoryFilter::Disagreement, 9);
    assert_eq!((images(&all), all.total), (vec![7, 8, 2, 0], 4));
    assert_eq!(all.looks[0].probability, Some(0.1));
    assert_eq!(all.looks[1].probability, Some(0.2));
    let first = state.history(HistoryFilter::Disagreement, 1);
    assert_eq!((images(&first), first.total), (vec![7], 4));
}

#[test]
fn what_can_not_be_shown_any_more_is_marked() {
    let mut state = pool(5);
    answer(&mut state, 3, Positive, None);
    let aside = |state: &State| state.history(HistoryFilter::Positive, 9).looks[0].set_aside;
    assert!(!aside(&state));
    let reason = "broken".to_owned();
    happens(&mut state, 0, &Event::ImageSetAside(ImageSetAside { image: ImageId(3), reason }));
    assert!(aside(&state));
    let restored = ImageRestored { image: ImageId(3), bytes: None };
    happens(&mut state, 0, &Event::ImageRestored(restored));
    assert!(!aside(&state));
}

#[test]
fn the_time_that_counts_is_the_pictures_own() {
    let mut state = pool(9);
    // At, on screen, adds; ms.
    let looks = [
        (100_000, 90_000, 60_000), // the first, and long
        (101_000, 400, 400),       // the picture took its time to come
        (101_300, 700, 700),       // it had waited for a connection
        (161_300, 0, 60_000),      // nobody knows how long
        (221_301, 0, 0),           // and it was a pause
        (900_000, 2_000, 2_000),   // after a pause
        (990_000, 80_000, 60_000), // a pause before the picture
        (980_000, 500, 500),       // a clock that went back
    ];
    let mut sum = 0;
    for (image, (at, shown_ms, adds)) in (0..).zip(looks) {
        let seen = Seen { shown_ms, ..Seen::default() };
        happens(&mut state, at, &event(image, Positive, seen));
        sum += adds * 1000;
        assert_eq!(state.tally.now().active_us, sum, "at {at}");
    }
    undo(&mut state);
    undo(&mut state);
    assert_eq!(state.tally.now().active_us, sum - 60_500_000);
}
