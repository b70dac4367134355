//! What trains in the background, by the boundary alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod stripes;

use std::fs;
use std::io::Cursor;
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_learn::{Backbone, Background, Checkpoint, Learned, Learner, Options, Recipe, Torch};
use stripes::{Begun, IMAGES, begun, is_upright, network, off, unlike, write_weights};

/// The broken picture is among those that were answered.
fn labels() -> Vec<(ImageId, bool)> {
    (0..75).map(ImageId).map(|i| (i, is_upright(i))).collect()
}

fn candidates() -> Vec<ImageId> {
    (75..IMAGES).map(ImageId).collect()
}

/// What is thought when the background has spoken, and what it can go on from.
struct Joined {
    learned: Learned,
    checkpoint: Option<Checkpoint>,
    torch: Torch,
}

fn small() -> Options {
    Options { background: Background::Small, ..off() }
}

fn joined(backbone: Backbone, options: Options) -> Joined {
    let Begun { torch, heard, .. } = begun(backbone, options).unwrap();
    wait(torch, &heard)
}

fn wait(mut torch: Torch, heard: &std::sync::mpsc::Receiver<()>) -> Joined {
    let (labels, candidates) = (labels(), candidates());
    torch.learn(&labels, &candidates).expect("there are both answers");
    let deadline = Instant::now() + Duration::from_mins(10);
    loop {
        heard.recv_timeout(deadline - Instant::now()).expect("it speaks in time");
        let absorbed = torch.absorb();
        assert!(absorbed.notes.is_empty(), "{:?}", absorbed.notes);
        if absorbed.opinions > 0 {
            let learned = torch.learn(&labels, &candidates).expect("there are both answers");
            return Joined { learned, checkpoint: absorbed.checkpoint, torch };
        }
    }
}

/// How far the likeliest lying picture is below the least likely upright one.
fn margin(learned: &Learned) -> f32 {
    let of = |upright: bool| {
        let candidates = candidates();
        let scored = learned.probabilities.iter().zip(candidates);
        scored.filter(|(_, id)| is_upright(*id) == upright).map(|(p, _)| *p).collect::<Vec<f32>>()
    };
    let worst = of(true).into_iter().fold(f32::MAX, f32::min);
    worst - of(false).into_iter().fold(f32::MIN, f32::max)
}

#[test]
fn a_network_trains_in_the_background_and_joins() {
    let patches = Backbone::Patches { seed: 1 };
    let Begun { mut torch, heard, .. } = begun(patches, small()).unwrap();
    let (labels, candidates) = (labels(), candidates());
    // Before there is enough to train on, nothing is trained.
    torch.learn(&labels[..50], &candidates).expect("there are both answers");
    assert!(!torch.absorb().training);
    let first = torch.learn(&labels, &candidates).expect("there are both answers");
    assert_eq!(first.model.features, "patches");
    assert!(torch.absorb().training);
    let deadline = Instant::now() + Duration::from_mins(10);
    let joined = loop {
        heard.recv_timeout(deadline - Instant::now()).expect("it speaks in time");
        let absorbed = torch.absorb();
        assert!(absorbed.notes.is_empty(), "{:?}", absorbed.notes);
        if absorbed.opinions == 1 {
            assert!(!absorbed.training);
            break torch.learn(&labels, &candidates).expect("there are both answers");
        }
    };
    assert_eq!(joined.model.features, "patches + network");
    assert_ne!(joined.probabilities, first.probabilities);
    assert!(margin(&joined) > 0.0);
}

#[test]
fn the_network_that_gives_the_features_is_tuned_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("edges.safetensors");
    write_weights(&weights, "[2,3,3,3]");
    let options = Options { background: Background::Backbone, ..off() };
    let tuned = joined(network(&weights), options.clone());
    assert_eq!(tuned.learned.model.features, "edges + network");
    assert!(margin(&tuned.learned) > 0.0);
    let checkpoint = tuned.checkpoint.expect("it was trained");
    assert!(checkpoint.network.starts_with("edges-"), "{}", checkpoint.network);
    // Small steps from where it began: edge filters of -1, 0 and 1.
    let filters = kept(&checkpoint, "c.weight");
    let moved = filters.iter().map(|weight| (weight - weight.round()).abs()).fold(0.0, f32::max);
    assert!(filters.len() == 54 && (1e-5..0.1).contains(&moved), "{moved}");
    let again = resumed(checkpoint.clone(), network(&weights), options.clone());
    assert_eq!(again.checkpoint, None, "nothing was trained");
    assert!(unlike(&again.learned.probabilities, &tuned.learned.probabilities) < 0.1);
    // The same name with other weights is another network.
    let other = folder.path().join("other.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes.extend(0.5_f32.to_le_bytes());
    fs::write(&other, bytes).unwrap();
    let anew = resumed(checkpoint, network(&other), options);
    assert!(anew.checkpoint.is_some(), "it was trained");
}

/// Weights of a checkpoint by what their names end with.
fn kept(checkpoint: &Checkpoint, name: &str) -> Vec<f32> {
    let weights = Cursor::new(&*checkpoint.weights);
    let all = tch::Tensor::load_multi_from_stream(weights).unwrap();
    let (_, found) = all.into_iter().find(|(own, _)| own.ends_with(name)).expect("it has the name");
    found.flatten(0, -1).try_into().unwrap()
}

/// A new start that knows this.
fn resumed(checkpoint: Checkpoint, backbone: Backbone, options: Options) -> Joined {
    let mut torch = Torch::new(options);
    torch.resume(checkpoint);
    let Begun { torch, heard, .. } = stripes::begin(torch, IMAGES, backbone).unwrap();
    wait(torch, &heard)
}

#[test]
fn the_older_recipe_tunes_a_network_too() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("edges.safetensors");
    write_weights(&weights, "[2,3,3,3]");
    let options = Options { background: Background::Backbone, recipe: Recipe::Cyclic, ..off() };
    let tuned = joined(network(&weights), options);
    assert!(margin(&tuned.learned) > 0.0);
    // Its steps are large.
    let filters = kept(&tuned.checkpoint.expect("it was trained"), "c.weight");
    let moved = filters.iter().map(|weight| (weight - weight.round()).abs()).fold(0.0, f32::max);
    assert!(moved > 1e-3, "{moved}");
}

#[test]
fn what_was_kept_is_gone_on_with_and_thinks_the_same() {
    let first = joined(Backbone::Patches { seed: 1 }, small());
    let checkpoint = first.checkpoint.expect("it was trained");
    assert_eq!((checkpoint.network.as_str(), checkpoint.labels), ("small", 75));
    drop(first.torch);
    let resumed =
        |checkpoint: Checkpoint| resumed(checkpoint, Backbone::Patches { seed: 1 }, small());
    let again = resumed(checkpoint.clone());
    assert_eq!(again.checkpoint, None, "nothing was trained");
    assert!(unlike(&again.learned.probabilities, &first.learned.probabilities) < 0.1);
    // What is damaged, or of another network, is learned anew.
    let damaged = Checkpoint { weights: checkpoint.weights[..1000].into(), ..checkpoint.clone() };
    let other = Checkpoint { network: "edges".to_owned(), ..checkpoint };
    for useless in [damaged, other] {
        let anew = resumed(useless);
        assert_eq!(anew.checkpoint.expect("it was trained").labels, 75);
        assert!(margin(&anew.learned) > 0.0);
    }
}

#[test]
fn a_network_that_takes_anothers_place_is_trusted_when_it_has_spoken_itself() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("edges.safetensors");
    write_weights(&weights, "[2,3,3,3]");
    let options = Options { background: Background::Backbone, ..off() };
    let tuned = joined(network(&weights), options.clone());
    let mut torch = Torch::new(options);
    torch.resume(tuned.checkpoint.expect("it was trained"));
    // On patches the small network trains, and speaks.
    let patches = Backbone::Patches { seed: 1 };
    let Begun { torch, heard, .. } = stripes::begin(torch, IMAGES, patches).unwrap();
    let Joined { learned, torch, .. } = wait(torch, &heard);
    assert_eq!(learned.model.features, "patches + network");
    let Begun { mut torch, heard, .. } = stripes::begin(torch, IMAGES, network(&weights)).unwrap();
    let before = torch.learn(&labels(), &candidates()).expect("there are both answers");
    assert_eq!(before.model.features, "edges", "the tuned one has said nothing so far");
    assert_eq!(wait(torch, &heard).learned.model.features, "edges + network");
}
