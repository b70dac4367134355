//! Pictures to probabilities, by the boundary alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod stripes;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use sluice_events::ImageId;
use sluice_learn::{Backbone, Learner, NoPicture, Options, Torch};
use sluice_pool::Place;
use stripes::{
    BROKEN, Begun, IMAGES, Stripes, at, begun, begun_with, is_upright, learned, network, off,
    published, saved, unlike, write_weights,
};

#[test]
fn images_that_join_or_change_get_features_and_count() {
    let Begun { mut torch, heard, decoded, .. } =
        begun(Backbone::Patches { seed: 1 }, off()).unwrap();
    let labels: Vec<(ImageId, bool)> = (0..40).map(ImageId).map(|i| (i, is_upright(i))).collect();
    let joined: Vec<ImageId> = (IMAGES..IMAGES + 20).map(ImageId).collect();
    let others: Vec<ImageId> = (60..80).map(ImageId).collect();
    // Often enough for the fit to have settled.
    let before = settled(&mut torch, &labels, &others);
    // One that is labelled was changed, one that can't be shown is tried again.
    let which: Vec<ImageId> = joined.iter().copied().chain([ImageId(7), BROKEN]).collect();
    torch.look_again(IMAGES + 20, &which);
    let mut failed = Vec::new();
    loop {
        heard.recv_timeout(Duration::from_mins(5)).expect("features come in time");
        let absorbed = torch.absorb();
        failed.extend(absorbed.failed);
        if absorbed.embedded == IMAGES + 19 && !failed.is_empty() {
            assert_eq!(absorbed.to_embed, IMAGES + 19);
            break;
        }
    }
    assert_eq!(failed, [(BROKEN, NoPicture::Broken("is broken".to_owned()))]);
    let learned = torch.learn(&labels, &joined).expect("there are both answers");
    for (image, probability) in joined.iter().zip(&learned.probabilities) {
        assert_eq!(*probability > 0.5, is_upright(*image), "{image:?} {probability}");
    }
    let after = settled(&mut torch, &labels, &others);
    let apart = unlike(&before, &after);
    assert!(apart < 0.05, "the others are thought of as before: {apart} apart");
    assert!(decoded > 0);
}

/// Until so many images have features, and as many are to have them.
fn wait_for(torch: &mut Torch, heard: &Receiver<()>, images: u32) -> Vec<(ImageId, NoPicture)> {
    let mut failed = Vec::new();
    loop {
        heard.recv_timeout(Duration::from_mins(5)).expect("features come in time");
        let absorbed = torch.absorb();
        assert_eq!(absorbed.gave_up, None);
        failed.extend(absorbed.failed);
        if (absorbed.embedded, absorbed.to_embed) == (images, images) {
            return failed;
        }
    }
}

#[test]
fn a_picture_that_was_changed_is_thought_of_anew() {
    let Begun { mut torch, heard, pictures, .. } =
        begun(Backbone::Patches { seed: 1 }, off()).unwrap();
    let labels: Vec<(ImageId, bool)> = (0..40).map(ImageId).map(|i| (i, is_upright(i))).collect();
    let lying = ImageId(61);
    let thought = |torch: &mut Torch, labels: &[(ImageId, bool)]| {
        settled(torch, labels, &[lying, ImageId(63), ImageId(64)])
    };
    let before = thought(&mut torch, &labels);
    assert!(before[0] < 0.5 && before[1] > 0.5 && before[2] < 0.5, "{before:?}");
    pictures.turned.lock().unwrap().insert(lying);
    torch.look_again(IMAGES, &[lying]);
    wait_for(&mut torch, &heard, IMAGES - 1);
    let after = thought(&mut torch, &labels);
    assert!(after[0] > 0.5 && after[1] > 0.5 && after[2] < 0.5, "{after:?}");
    // Answered ones count as what they are now: all of them turned, the answers mean the opposite.
    pictures.turned.lock().unwrap().extend(labels.iter().map(|(image, _)| *image));
    let all: Vec<ImageId> = labels.iter().map(|(image, _)| *image).collect();
    torch.look_again(IMAGES, &all);
    wait_for(&mut torch, &heard, IMAGES - 1);
    let opposite = thought(&mut torch, &labels);
    assert!(opposite[1] < 0.5 && opposite[2] > 0.5, "{opposite:?}");
}

#[test]
fn pictures_that_are_not_there_at_first_are_waited_for() {
    let (pictures, heard) = Stripes::new();
    pictures.away.store(true, Ordering::Relaxed);
    let mut torch = Torch::new(off());
    let handed = Arc::<Stripes>::clone(&pictures);
    torch.begin(30, Backbone::Patches { seed: 1 }, handed).unwrap();
    let failed = wait_for(&mut torch, &heard, 0);
    assert!(
        failed.len() == 30 && failed.iter().all(|(_, why)| matches!(why, NoPicture::Missing(_)))
    );
    pictures.away.store(false, Ordering::Relaxed);
    // Another one joins meanwhile.
    let all: Vec<ImageId> = (0..31).map(ImageId).collect();
    torch.look_again(31, &all);
    assert_eq!(wait_for(&mut torch, &heard, 31), []);
    assert!(torch.features().dim() > 1);
}

#[test]
fn patches_of_a_pool_that_outgrew_them_are_learned_anew() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder: folder.path().to_owned(), most_bytes: 1 << 30 };
    let options = Options { cache: Some(place), ..off() };
    let Begun { mut torch, heard, .. } =
        begun_with(5, Backbone::Patches { seed: 1 }, options.clone()).unwrap();
    assert_eq!(torch.features().dim(), 5, "no more than there are pictures");
    let joined: Vec<ImageId> = (5..120).map(ImageId).collect();
    torch.look_again(120, &joined);
    wait_for(&mut torch, &heard, 119);
    while torch.features().dim() == 5 {
        wait_for(&mut torch, &heard, 119);
    }
    let dim = torch.features().dim();
    assert!(dim > 50, "{dim}");
    let labels: Vec<(ImageId, bool)> = (0..40).map(ImageId).map(|i| (i, is_upright(i))).collect();
    let learned = torch.learn(&labels, &[ImageId(63), ImageId(64)]).expect("both answers");
    assert!(learned.probabilities[0] > 0.5 && learned.probabilities[1] < 0.5, "{learned:?}");
    // What was learned of the larger pool is found again.
    drop(torch);
    let again = begun_with(120, Backbone::Patches { seed: 1 }, options).unwrap();
    assert_eq!((again.torch.features().dim(), again.decoded), (dim, 0));
}

/// What is thought after so many fits that another one changes nothing.
fn settled(torch: &mut Torch, labels: &[(ImageId, bool)], of: &[ImageId]) -> Vec<f32> {
    (0..20).map(|_| torch.learn(labels, of).expect("both answers").probabilities).last().unwrap()
}

#[test]
fn patches_tell_upright_from_lying_stripes_after_six_answers() {
    let (mut torch, failed) = learned(Backbone::Patches { seed: 1 }).unwrap();
    assert_eq!(failed, [(BROKEN, NoPicture::Broken("is broken".to_owned()))]);
    let labels: Vec<(ImageId, bool)> = (0..6).map(ImageId).map(|i| (i, is_upright(i))).collect();
    let candidates: Vec<ImageId> = (6..IMAGES).map(ImageId).collect();
    let learned = torch.learn(&labels, &candidates).expect("there are both answers");
    assert_eq!((learned.model.positives, learned.model.negatives), (2, 4));
    assert_eq!(learned.model.features, "patches");
    let mut scored: Vec<(f32, ImageId)> = learned
        .probabilities
        .iter()
        .copied()
        .zip(candidates)
        .filter(|(p, _)| !p.is_nan())
        .collect();
    assert_eq!(scored.len(), IMAGES as usize - 7, "all but the broken one");
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let upright = scored.iter().filter(|(_, image)| is_upright(*image)).count();
    let found = scored[..upright].iter().filter(|(_, image)| is_upright(*image)).count();
    assert_eq!(found, upright, "every upright picture comes before every lying one");
}

#[test]
fn features_that_were_kept_are_not_computed_again_and_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("edges.safetensors");
    write_weights(&weights, "[2,3,3,3]");
    for backbone in [Backbone::Patches { seed: 1 }, network(&weights)] {
        let place = Place { folder: folder.path().join("cache"), most_bytes: 1 << 30 };
        let kept = || Options { cache: Some(place.clone()), ..off() };
        let rows = |begun: &Begun| {
            begun.torch.features().gather(&(51..IMAGES).map(ImageId).collect::<Vec<_>>())
        };
        let first = begun(backbone.clone(), kept()).unwrap();
        assert!(first.decoded >= IMAGES - 1);
        let computed = rows(&first);
        // While the first has them, another computes its own.
        let beside = begun(backbone.clone(), kept()).unwrap();
        assert!(beside.notes[0].contains("another session"), "{:?}", beside.notes);
        drop((first, beside));
        let again = begun(backbone.clone(), kept()).unwrap();
        assert_eq!((again.decoded, again.notes.len()), (0, 0));
        assert_eq!(rows(&again), computed);
    }
}

#[test]
fn answers_one_by_one_teach_what_all_of_them_at_once_do() {
    let (mut one_by_one, _) = learned(Backbone::Patches { seed: 1 }).unwrap();
    let (mut at_once, _) = learned(Backbone::Patches { seed: 1 }).unwrap();
    let labels: Vec<(ImageId, bool)> =
        (0..100).filter(|n| *n != BROKEN.0).map(ImageId).map(|i| (i, i.0 % 7 < 3)).collect();
    let candidates: Vec<ImageId> = (100..IMAGES).map(ImageId).collect();
    for known in 3..labels.len() {
        one_by_one.learn(&labels[..known], &candidates);
        // Now and then an answer is taken back.
        if known % 10 == 0 {
            one_by_one.learn(&labels[..known - 2], &candidates);
        }
    }
    // Calibration comes in its own time; the order does not depend on it.
    let order = |torch: &mut Torch| {
        let learned = torch.learn(&labels, &candidates).unwrap();
        let mut scored: Vec<(f32, ImageId)> =
            learned.probabilities.into_iter().zip(candidates.clone()).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let places: Vec<u32> = scored.into_iter().map(|(_, image)| image.0).collect();
        (places, learned.model.loss)
    };
    let (of_one, of_all) = (order(&mut one_by_one), order(&mut at_once));
    assert!((of_one.1 - of_all.1).abs() < 1e-2, "losses {} and {}", of_one.1, of_all.1);
    let head = |places: &[u32]| places[..5].to_vec();
    let shared = head(&of_one.0).iter().filter(|image| head(&of_all.0).contains(image)).count();
    assert!(shared >= 4, "{:?}, {:?}", of_one.0, of_all.0);
}

#[test]
fn of_a_pool_that_grew_only_what_is_new_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder: folder.path().to_owned(), most_bytes: 1 << 30 };
    let kept = || Options { cache: Some(place.clone()), ..off() };
    let some = 80;
    let first = begun_with(some, Backbone::Patches { seed: 1 }, kept()).unwrap();
    let before = first.torch.features().gather(&[ImageId(7)]);
    drop(first);
    let grown = begun(Backbone::Patches { seed: 1 }, kept()).unwrap();
    assert_eq!(grown.decoded, IMAGES - some);
    assert_eq!(grown.torch.features().gather(&[ImageId(7)]), before);
    drop(grown);
    // What was learned is damaged: all is computed anew, and nothing of the old is mixed in.
    for set in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::write(set.unwrap().path().join("learned.safetensors"), b"rubbish").unwrap();
    }
    let anew = begun(Backbone::Patches { seed: 1 }, kept()).unwrap();
    assert!(anew.decoded >= IMAGES - 1, "{} decoded", anew.decoded);
}

#[test]
fn answers_of_one_kind_are_nothing_to_learn_from() {
    let (mut torch, _) = learned(Backbone::Patches { seed: 1 }).unwrap();
    assert_eq!(torch.learn(&[(ImageId(0), true)], &[ImageId(1)]), None);
    assert_eq!(torch.learn(&[], &[ImageId(1)]), None);
    // The broken picture's answer is no help either: it has no features.
    assert_eq!(torch.learn(&[(ImageId(0), true), (BROKEN, false)], &[ImageId(1)]), None);
    // Nor are many of one kind.
    for kind in [true, false] {
        let alike: Vec<(ImageId, bool)> = (0..40).map(|image| (ImageId(image), kind)).collect();
        assert_eq!(torch.learn(&alike, &[ImageId(60)]), None);
    }
}

#[test]
fn the_same_seed_gives_the_same_features() {
    let row = || {
        let (torch, _) = learned(Backbone::Patches { seed: 3 }).unwrap();
        torch.features().gather(&[ImageId(7)])
    };
    let (first, second) = (row(), row());
    assert!(first.len() > 50 && first.iter().any(|value| *value != 0.0));
    let apart = first.iter().zip(&second).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-3, "{apart} apart");
}

#[test]
fn a_networks_features_with_weights_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("edges.safetensors");
    write_weights(&weights, "[2,3,3,3]");
    let edges = at("https://example.org/edges.pth", EDGES);
    for backbone in [
        network(&weights),
        published(&saved("edges.pth"), Some(edges)),
        network(&saved("edges-in-half-numbers.pth")),
        network(&saved("edges-strided.pth")),
    ] {
        let (torch, _) = learned(backbone).unwrap();
        let features = torch.features();
        assert_eq!(features.dim(), 2);
        let rows = features.gather(&[0, 3, 1, 2].map(ImageId));
        for (row, image) in rows.chunks(2).zip([0, 3, 1, 2].map(ImageId)) {
            assert_eq!(row[0] > row[1], is_upright(image), "{row:?}");
        }
        // What is not there has no features, and does not move the others.
        let some = features.gather(&[BROKEN, ImageId(3), ImageId(u32::MAX)]);
        assert!(some[..2].iter().all(|value| value.is_nan()) && some[4].is_nan());
        assert_eq!(some[2..4], rows[2..4]);
    }
}

/// SHA-256 of `edges.pth`.
const EDGES: &str = "e803c0e898b83e29fd02eb230cfc5be8ac88a5917bc6aa2aa8717fbc5e24d4a7";

#[test]
fn weights_that_do_not_fit_are_named_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("w.safetensors");
    let refuse = |backbone: Backbone| learned(backbone).err().expect("refused").to_string();
    write_weights(&weights, "[3,2,3,3]");
    let error = refuse(network(&weights));
    let wanted = "node 'conv' needs c.weight of [2, 3, 3, 3], and [3, 2, 3, 3] is there";
    assert!(error.contains(wanted), "{error}");
    let error = refuse(network(&saved("edges.pth")));
    assert!(
        error.contains("node 'conv' needs c.weight of [2, 3, 3, 3], and it is missing"),
        "{error}"
    );
    std::fs::write(&weights, b"rubbish that is no weights").unwrap();
    assert!(refuse(network(&weights)).contains("holds no weights"));
    std::fs::write(&weights, b"").unwrap();
    assert!(refuse(network(&weights)).contains("holds no weights"));
    std::fs::write(&weights, b"PK\x03\x04 a damaged archive").unwrap();
    assert!(refuse(network(&weights)).contains("holds no weights"));
    assert!(refuse(network(&folder.path().join("none"))).contains("can't be read"));
    // A whole model would have to be run to be read.
    let error = refuse(network(&saved("a-whole-model.pth")));
    assert!(error.contains("is missing"), "{error}");
}

#[test]
fn a_file_that_goes_by_the_published_name_must_be_the_published_one() {
    let other = at("https://example.org/edges.pth", "0123456789abcdef");
    let error =
        learned(published(&saved("edges.pth"), Some(other))).err().expect("refused").to_string();
    assert!(
        error.contains(&format!("its SHA-256 is {}…, not 0123456789abcdef…", &EDGES[..16])),
        "{error}"
    );
    // A file of another name is the person's own.
    let elsewhere = at("https://example.org/others.pth", "0123456789abcdef");
    assert!(learned(published(&saved("edges.pth"), Some(elsewhere))).is_ok());
}

#[test]
fn weights_that_were_cut_off_anywhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(saved("edges-strided.pth")).unwrap();
    let cut = folder.path().join("cut.pth");
    for length in (0..whole.len()).step_by(97) {
        std::fs::write(&cut, &whole[..length]).unwrap();
        assert!(learned(network(&cut)).is_err(), "{length} bytes");
    }
}
