//! What is told of what is left to find.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use sluice_events::facts::{
    FoundImage, ImagesFound, Labelled, ModelTrained, PluginRef, RankingMade, Seen,
};
use sluice_events::message::Forecast;
use sluice_events::outlook::outlook;
use sluice_events::plugin::Values;
use sluice_events::{CommandId, Event, ImageId, Label, ModelId, RankingId, Source};
use sluice_session::State;
use uuid::Uuid;

const IMAGES: u32 = 2000;

fn happens(state: &mut State, event: &Event) {
    let seq = state.next_seq;
    state.apply(seq, (seq + 1) * 1_000_000, event);
}

fn pool() -> State {
    let mut state = State::default();
    let images = (0..IMAGES).map(|i| FoundImage { path: format!("{i}.png"), bytes: 1 }).collect();
    happens(&mut state, &Event::ImagesFound(ImagesFound { first: Some(ImageId(0)), images }));
    state
}

fn answer(state: &mut State, image: u32, label: Label, source: Source, said: f32) {
    let seen = Seen { probability: Some(said), shown_ms: 1000, ..Seen::default() };
    let (command, annotator) = (CommandId(Uuid::new_v4()), String::new());
    let image = ImageId(image);
    happens(state, &Event::Labelled(Labelled { command, image, label, source, annotator, seen }));
}

/// So many images are left, of which these have a probability.
fn ranking(state: &mut State, candidates: u32, probabilities: &[f32]) {
    let made = RankingMade {
        ranking: RankingId(state.rankings + 1),
        model: None,
        learned_from: state.next_seq - 1,
        selector: PluginRef { name: "s".into(), version: "1".into(), hash: [0; 32] },
        parameters: Values::new(),
        candidates,
        scored: probabilities.len() as u32,
        first: Vec::new(),
        outlook: outlook(probabilities),
    };
    happens(state, &Event::RankingMade(made));
}

/// A hundred answers at one in ten, ten of them yes; the no by hand or by waiting.
fn answered(negatives: Source) -> State {
    let mut state = pool();
    for image in 0..100 {
        let yes = image % 10 == 0;
        let label = if yes { Label::Positive } else { Label::Negative };
        let source = if yes { Source::Manual } else { negatives };
        answer(&mut state, image, label, source, 0.1);
    }
    state
}

fn left(state: &State) -> Forecast {
    state.forecast().expect("there is a model")
}

#[test]
fn what_is_left_is_what_the_model_expects_where_it_has_been_right() {
    let mut state = answered(Source::Manual);
    ranking(&mut state, 1000, &[0.1; 1000]);
    let told = left(&state);
    assert!((told.positives_left.likely - 100.0).abs() < 0.5, "{told:?}");
    assert!(told.positives_left.low < 80.0 && told.positives_left.high > 120.0, "{told:?}");
    // 110 in all, of which 88 are four fifths: 78 more, in 780 looks, a second each.
    let goal = told.goals[0];
    assert!((goal.looks.likely - 780.0).abs() < 2.0, "{goal:?}");
    assert!((goal.seconds.unwrap().likely - goal.looks.likely).abs() < 1e-3, "{goal:?}");
}

#[test]
fn once_a_network_has_joined_a_factor_of_ten_is_possible() {
    let mut state = answered(Source::Manual);
    ranking(&mut state, 1000, &[0.02; 1000]);
    let alone = left(&state).positives_left;
    let seen = state.next_seq - 1;
    let trained = |features: &str| {
        Event::ModelTrained(ModelTrained {
            model: ModelId(1),
            learned_from: seen,
            positives: 10,
            negatives: 90,
            loss: 0.1,
            features: features.to_owned(),
        })
    };
    happens(&mut state, &trained("patches"));
    assert_eq!(left(&state).positives_left, alone);
    happens(&mut state, &trained("patches + network"));
    let told = left(&state).positives_left;
    assert!((told.likely - alone.likely).abs() < 1e-3, "{told:?}");
    assert!(told.low < told.likely / 9.0 && told.high > told.likely * 9.0, "{told:?}");
    assert!(told.high <= 1000.0, "no more than there are: {told:?}");
    let looks = left(&state).goals[1].looks;
    assert!(looks.low < looks.likely && looks.likely < looks.high, "{looks:?}");
}

#[test]
fn a_model_that_is_sure_is_believed_as_far_as_it_was_put_to_the_test() {
    let sure = |answers: u32| {
        let mut state = pool();
        for image in 0..answers {
            answer(&mut state, image, Label::Negative, Source::Manual, 1e-6);
        }
        ranking(&mut state, 1000, &[1e-6; 1000]);
        left(&state)
    };
    for answers in [30, 300] {
        let told = sure(answers);
        let most = 1000.0 * 3.0 / answers as f32;
        assert!((told.positives_left.high - most).abs() < 1e-3 * most, "{told:?}");
        assert!(told.positives_left.likely < 0.01, "{told:?}");
        assert!(told.goals[1].looks.high > 0.0, "{told:?}");
    }
    // With two answers it was hardly put to the test.
    assert!((sure(2).positives_left.high - 1000.0).abs() < 1e-3);
}

#[test]
fn answers_count_for_more_than_the_models_word() {
    let mut state = answered(Source::Manual);
    // It says two in five of the same kind of images now; the answers said one in ten of what it held likely so.
    for image in 100..1000 {
        let label = if image % 10 == 0 { Label::Positive } else { Label::Negative };
        answer(&mut state, image, label, Source::Manual, 0.4);
    }
    ranking(&mut state, 1000, &[0.4; 1000]);
    let told = left(&state);
    assert!((told.positives_left.likely - 100.0).abs() < 5.0, "{told:?}");
}

#[test]
fn a_time_that_ran_out_is_a_no() {
    let [by_hand, by_waiting] = [Source::Manual, Source::Timeout].map(|source| {
        let mut state = answered(source);
        ranking(&mut state, 1000, &[0.1; 1000]);
        left(&state)
    });
    assert_eq!(by_hand.positives_left, by_waiting.positives_left);
    assert_eq!(by_hand.goals, by_waiting.goals);
}

#[test]
fn of_what_the_model_has_not_seen_nothing_is_told() {
    let mut state = answered(Source::Manual);
    ranking(&mut state, 1000, &[0.1; 500]);
    assert_eq!(state.forecast(), None, "half of them");
    ranking(&mut state, 1000, &[0.1; 995]);
    let told = left(&state);
    assert!((told.positives_left.likely - 100.0).abs() < 0.5, "the few count alike: {told:?}");
}

#[test]
fn answers_since_the_ranking_are_not_left_any_more() {
    let mut state = answered(Source::Manual);
    let probabilities = [[0.95; 50].as_slice(), &[0.002; 950]].concat();
    ranking(&mut state, 1000, &probabilities);
    let before = left(&state).positives_left.likely;
    // The last ranking stays, as when a selector fails.
    for image in 100..150 {
        answer(&mut state, image, Label::Positive, Source::Manual, 0.95);
    }
    let after = left(&state).positives_left.likely;
    assert!(before > 45.0 && after < 4.0, "{before}, {after}");
}

#[test]
fn no_model_no_forecast() {
    let mut state = answered(Source::Manual);
    assert_eq!(state.forecast(), None);
    ranking(&mut state, 1000, &[]);
    assert_eq!(state.forecast(), None);
}
