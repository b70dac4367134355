//! Whose weight grows, and what the joint opinion is.

use super::*;

fn image(number: u32) -> ImageId {
    ImageId(number)
}

/// A thousand images; the answers follow the network, the head knows nothing.
fn weights_after(say: Say, answers: u32, of_network: impl Fn(u32) -> f32) -> [f64; 3] {
    let mut joint = Joint::of(1000, say);
    let all: Vec<ImageId> = (0..1000).map(image).collect();
    let logits: Vec<_> = all.iter().map(|id| (*id, of_network(id.0))).collect();
    joint.take_in(&logits);
    let head: Vec<f32> = (0..1000_u32).map(|n| (n.wrapping_mul(7919) % 101) as f32).collect();
    let mut labels = Vec::new();
    joint.weigh(&labels);
    for number in 0..answers {
        let unanswered = |id: &ImageId| !id.0.is_multiple_of(3) || id.0 >= number * 3;
        let rest: Vec<ImageId> = all.iter().copied().filter(unanswered).collect();
        let of_rest: Vec<f32> = rest.iter().map(|id| head[id.index()]).collect();
        joint.together(&rest, &of_rest);
        labels.push((image(number * 3), number % 2 == 0));
        joint.weigh(&labels);
    }
    joint.stacking.weights()
}

#[test]
fn who_is_right_gets_the_weight() {
    let [head, network, _] = weights_after(Say::Equal, 0, |n| n as f32);
    assert!((head - network).abs() < 1e-9, "nothing is known yet: {head} {network}");
    let knows = |n: u32| if (n / 3).is_multiple_of(2) { 3.0 } else { -3.0 };
    let [head, network, _] = weights_after(Say::Equal, 200, knows);
    assert!(network > 3.0 * head, "the network knows: {head} {network}");
    let [_, network, _] = weights_after(Say::Equal, 200, |n| -knows(n));
    assert!(network < 0.01, "it is always wrong: {network}");
}

#[test]
fn images_that_the_network_was_not_asked_about_keep_the_heads_opinion() {
    let mut joint = Joint::of(4, Say::Equal);
    let all: Vec<ImageId> = (0..4).map(image).collect();
    let alone = joint.together(&all, &[1.0, 2.0, f32::NAN, 4.0]);
    assert!(alone[2].is_nan() && (alone[3] - 4.0).abs() < 1e-6);
    joint.take_in(&[(image(0), 9.0), (image(1), -9.0)]);
    let together = joint.together(&all, &[1.0, 1.0, f32::NAN, 4.0]);
    assert!(together[0] > together[1] && together[2].is_nan() && (together[3] - 4.0).abs() < 1e-6);
}

#[test]
fn of_an_image_that_was_changed_nothing_is_known() {
    let mut joint = Joint::of(3, Say::Equal);
    let all: Vec<ImageId> = (0..3).map(image).collect();
    joint.take_in(&[(image(0), 9.0), (image(1), 0.0), (image(2), -9.0)]);
    let head = [1.0, 2.0, 2.5];
    assert!(joint.together(&all, &head)[2] < joint.together(&all, &head)[0]);
    joint.forget(&[image(2), image(7)]);
    let together = joint.together(&all, &head);
    assert!((together[2] - 2.5).abs() < 1e-6, "the head's alone: {together:?}");
    joint.weigh(&[(image(0), true)]);
    joint.forget(&[image(1)]);
    joint.weigh(&[(image(0), true), (image(1), true)]);
    assert_eq!(joint.honest().len(), 1, "what was thought of another picture proves nothing");
}

#[test]
fn the_last_images_say_nothing_of_how_scores_are_spread() {
    let mut joint = Joint::of(1000, Say::Equal);
    let all: Vec<ImageId> = (0..1000).map(image).collect();
    let logits: Vec<_> = all.iter().map(|id| (*id, (id.0 % 97) as f32)).collect();
    joint.take_in(&logits);
    let head: Vec<f32> = (0..1000).map(|n| (n % 89) as f32 / 10.0).collect();
    joint.together(&all, &head);
    let before = joint.terms();
    for left in [49, 1, 0] {
        joint.together(&all[..left], &head[..left]);
        let after = joint.terms().map(f64::to_bits);
        assert_eq!(after, before.map(f64::to_bits), "{left}: {:?}", joint.terms());
    }
    // At the next start there may be nothing left to measure on.
    let mut again = Joint::of(1000, Say::Equal);
    again.resume(&joint.honest(), joint.spreads());
    again.together(&[], &[]);
    let after = again.terms();
    let apart = after.iter().zip(before).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(again.has_joined() && apart < 1e-5, "{after:?}");
}

#[test]
fn being_asked_about_costs_no_rank() {
    // The network was asked about the likeliest tenth, and thinks what the head thinks.
    let mut joint = Joint::of(1000, Say::Equal);
    let all: Vec<ImageId> = (0..1000).map(image).collect();
    let head: Vec<f32> = (0..1000).map(|n| 5.0 - n as f32 / 100.0).collect();
    let asked: Vec<_> = all[..100].iter().map(|id| (*id, 3.0 * head[id.index()] + 40.0)).collect();
    joint.take_in(&asked);
    let together = joint.together(&all, &head);
    assert!(together.is_sorted_by(|a, b| a >= b), "the order stays");
    let apart = together.iter().zip(&head).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-3, "{apart}");
}

#[test]
fn an_older_opinion_does_not_lead_and_the_unknown_stays_unknown() {
    let mut joint = Joint::of(12, Say::Equal);
    joint.take_in(&[(image(0), 50.0), (image(11), -7.0)]);
    let newer: Vec<_> = (1..11).map(|n| (image(n), n as f32)).collect();
    joint.take_in(&newer);
    assert!((joint.network[0] - 4.0).abs() < 1e-6 && (joint.network[11] + 7.0).abs() < 1e-6);
    let mut joint = Joint::of(2, Say::Equal);
    joint.take_in(&[(image(0), 1.0)]);
    assert!(joint.network[1].is_nan());
}

#[test]
fn a_network_that_must_earn_its_say_has_none_until_answers_show_that_it_knows() {
    let knows = |n: u32| if (n / 3).is_multiple_of(2) { 3.0 } else { -3.0 };
    let [head, network, _] = weights_after(Say::Earned, 0, knows);
    assert!((head - 1.0).abs() < 1e-9 && network.abs() < 1e-9, "{head} {network}");
    let [head, network, _] = weights_after(Say::Earned, 200, knows);
    assert!(network > 2.0 * head, "it knows: {head} {network}");
    let knows_nothing = |n: u32| (n.wrapping_mul(2_654_435_761) >> 8) as f32;
    for answers in [10, 50, 200] {
        let [_, network, _] = weights_after(Say::Earned, answers, knows_nothing);
        assert!(network < 0.1, "it knows nothing after {answers}: {network}");
        let [_, network, _] = weights_after(Say::Earned, answers, |n| -knows(n));
        assert!(network < 1e-9, "it is always wrong, after {answers}: {network}");
    }
}

#[test]
fn without_a_say_the_order_is_the_heads() {
    let mut joint = Joint::of(100, Say::Earned);
    let all: Vec<ImageId> = (0..100).map(image).collect();
    let logits: Vec<_> = all.iter().map(|id| (*id, (id.0 * 37 % 100) as f32)).collect();
    joint.take_in(&logits);
    let head: Vec<f32> = (0..100).map(|n| n as f32 / 10.0).collect();
    let together = joint.together(&all, &head);
    let apart = together.iter().zip(&head).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(joint.has_joined() && apart < 1e-4, "{apart}");
}

#[test]
fn an_answer_that_is_corrected_or_taken_back_counts_as_what_it_is_now() {
    let mut joint = Joint::of(1000, Say::Equal);
    let all: Vec<ImageId> = (0..1000).map(image).collect();
    let logits: Vec<_> = all.iter().map(|id| (*id, id.0 as f32)).collect();
    joint.take_in(&logits);
    let head: Vec<f32> = (0..1000).map(|n| n as f32).collect();
    joint.together(&all, &head);
    joint.weigh(&[(image(3), true), (image(4), false)]);
    let labels = |joint: &Joint| joint.honest().iter().map(|row| row[2]).collect::<Vec<f32>>();
    assert_eq!(labels(&joint), [1.0, 0.0]);
    // In the middle, with as many answers as before.
    joint.weigh(&[(image(3), false), (image(4), false)]);
    assert_eq!(labels(&joint), [0.0, 0.0], "corrected, and not counted twice");
    joint.together(&all[5..], &head[5..]);
    // One is taken back and another given: as many as before, and still news.
    joint.weigh(&[(image(3), false), (image(9), true)]);
    assert_eq!(labels(&joint), [0.0, 1.0]);
}
