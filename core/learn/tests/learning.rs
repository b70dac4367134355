//! Pictures to probabilities, by the boundary alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_events::network::{
    Activation, CheckedGraph, Graph, InputSpec, Node, Op, Weights, WeightsFormat, Window,
};
use sluice_learn::{Backbone, LearnError, Learner, Options, Pictures, Torch};
use sluice_pool::{Key, Place, Square};

const IMAGES: u32 = 120;

/// Stripes: upright in every third picture, lying in the others, with noise; one can't be shown.
struct Stripes {
    ready: Sender<()>,
    decoded: Arc<AtomicU32>,
}

const BROKEN: ImageId = ImageId(50);

fn is_upright(image: ImageId) -> bool {
    image.0.is_multiple_of(3)
}

impl Pictures for Stripes {
    fn square(
        &self,
        image: ImageId,
        side: u32,
        known: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, String> {
        if image == BROKEN {
            return Err("is broken".into());
        }
        let key = Key::of_content(&image.0.to_le_bytes());
        if known(&key) {
            return Ok(Square::Known { key, also: None });
        }
        self.decoded.fetch_add(1, Ordering::Relaxed);
        let pixel = |at: u32| {
            let (x, y) = (at % side, at / side);
            let along = if is_upright(image) { x } else { y };
            let noise = (at.wrapping_mul(2_654_435_761).wrapping_add(image.0 * 977) >> 9) % 60;
            let value = if (along / 3 + image.0 / 3).is_multiple_of(2) { 40 } else { 190 };
            (value + noise) as u8
        };
        let rgb = (0..side * side).flat_map(|at| [pixel(at); 3]).collect();
        Ok(Square::Made { rgb, keys: [key; 2] })
    }

    fn longer_side(&self, _: ImageId) -> Option<u32> {
        Some(32)
    }

    fn has_example(&self) -> bool {
        false
    }

    fn ready(&self) {
        let _ = self.ready.send(());
    }
}

/// A learner that has seen all pictures, and what it set aside.
fn learned(backbone: Backbone) -> Result<(Torch, Vec<(ImageId, String)>), LearnError> {
    let Begun { torch, failed, .. } = begun(backbone, Options::default())?;
    Ok((torch, failed))
}

/// A learner that has seen all pictures.
struct Begun {
    torch: Torch,
    heard: Receiver<()>,
    failed: Vec<(ImageId, String)>,
    notes: Vec<String>,
    /// Pictures that had to be decoded.
    decoded: u32,
}

fn begun(backbone: Backbone, options: Options) -> Result<Begun, LearnError> {
    begun_with(IMAGES, backbone, options)
}

fn begun_with(images: u32, backbone: Backbone, options: Options) -> Result<Begun, LearnError> {
    let (ready, heard): (Sender<()>, Receiver<()>) = channel();
    let decoded = Arc::default();
    let mut torch = Torch::new(options);
    torch.begin(images, backbone, Arc::new(Stripes { ready, decoded: Arc::clone(&decoded) }))?;
    let mut notes = Vec::new();
    let mut failed = Vec::new();
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        heard.recv_timeout(deadline - Instant::now()).expect("features come in time");
        let absorbed = torch.absorb();
        assert_eq!(absorbed.gave_up, None);
        failed.extend(absorbed.failed);
        notes.extend(absorbed.notes);
        if absorbed.embedded == images - 1 {
            assert_eq!(absorbed.to_embed, images - 1);
            return Ok(Begun {
                torch,
                heard,
                failed,
                notes,
                decoded: decoded.load(Ordering::Relaxed),
            });
        }
    }
}

#[test]
fn images_that_join_or_change_get_features_and_count() {
    let Begun { mut torch, heard, decoded, .. } =
        begun(Backbone::Patches { seed: 1 }, Options::default()).unwrap();
    let labels: Vec<(ImageId, bool)> = (0..40).map(ImageId).map(|i| (i, is_upright(i))).collect();
    let joined: Vec<ImageId> = (IMAGES..IMAGES + 20).map(ImageId).collect();
    torch.learn(&labels, &joined).expect("there are both answers");
    // One that is labelled was changed, one that can't be shown is tried again.
    let which: Vec<ImageId> = joined.iter().copied().chain([ImageId(7), BROKEN]).collect();
    torch.look_again(IMAGES + 20, &which);
    let absorbed = torch.absorb();
    assert!(absorbed.embedded < IMAGES + 19, "what was changed has no features any more");
    let mut failed = Vec::new();
    loop {
        heard.recv_timeout(Duration::from_mins(2)).expect("features come in time");
        let absorbed = torch.absorb();
        failed.extend(absorbed.failed);
        if absorbed.embedded == IMAGES + 19 && !failed.is_empty() {
            assert_eq!(absorbed.to_embed, IMAGES + 19);
            break;
        }
    }
    assert_eq!(failed, [(BROKEN, "is broken".to_owned())]);
    let learned = torch.learn(&labels, &joined).expect("there are both answers");
    for (image, probability) in joined.iter().zip(&learned.probabilities) {
        assert_eq!(*probability > 0.5, is_upright(*image), "{image:?} {probability}");
    }
    assert!(decoded > 0);
}

#[test]
fn patches_tell_upright_from_lying_stripes_after_six_answers() {
    let (mut torch, failed) = learned(Backbone::Patches { seed: 1 }).unwrap();
    assert_eq!(failed, [(BROKEN, "is broken".to_owned())]);
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
        let kept = || Options { cache: Some(place.clone()), ..Options::default() };
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
    let kept = || Options { cache: Some(place.clone()), ..Options::default() };
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
fn a_network_trains_in_the_background_and_joins() {
    let options = Options { background: true, ..Options::default() };
    let Begun { mut torch, heard, .. } = begun(Backbone::Patches { seed: 1 }, options).unwrap();
    // The broken picture is among those that were answered.
    let labels: Vec<(ImageId, bool)> = (0..75).map(ImageId).map(|i| (i, is_upright(i))).collect();
    let candidates: Vec<ImageId> = (75..IMAGES).map(ImageId).collect();
    // Before there is enough to train on, nothing is trained.
    torch.learn(&labels[..50], &candidates).expect("there are both answers");
    assert!(!torch.absorb().training);
    let first = torch.learn(&labels, &candidates).expect("there are both answers");
    assert_eq!(first.model.features, "patches");
    assert!(torch.absorb().training);
    let deadline = Instant::now() + Duration::from_mins(3);
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
    let lowest = |upright: bool| {
        let scored = joined.probabilities.iter().zip(&candidates);
        scored.filter(|(_, id)| is_upright(**id) == upright).map(|(p, _)| *p).collect::<Vec<f32>>()
    };
    let worst = lowest(true).into_iter().fold(f32::MAX, f32::min);
    let best = lowest(false).into_iter().fold(f32::MIN, f32::max);
    assert!(worst > best, "an upright picture has {worst}, a lying one {best}");
}

#[test]
fn one_answer_alone_is_nothing_to_learn_from() {
    let (mut torch, _) = learned(Backbone::Patches { seed: 1 }).unwrap();
    assert_eq!(torch.learn(&[(ImageId(0), true)], &[ImageId(1)]), None);
    assert_eq!(torch.learn(&[], &[ImageId(1)]), None);
    // The broken picture's answer is no help either: it has no features.
    assert_eq!(torch.learn(&[(ImageId(0), true), (BROKEN, false)], &[ImageId(1)]), None);
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

/// Convolution, pooled over the picture: two features.
fn graph(published: Option<Weights>) -> CheckedGraph {
    let node = |name: &str, parameters: &str, input: &str, op: Op| Node {
        name: name.into(),
        parameters: parameters.into(),
        inputs: vec![input.into()],
        op,
    };
    let window = Window { kernel: 3, stride: 1, padding: 1 };
    CheckedGraph::new(Graph {
        input: InputSpec { height: 32, width: 32, mean: [0.5; 3], standard_deviation: [0.5; 3] },
        nodes: vec![
            node(
                "conv",
                "c",
                "input",
                Op::Conv2d { out_channels: 2, window, dilation: 1, groups: 1, bias: true },
            ),
            node("relu", "", "conv", Op::Activation(Activation::Relu)),
            node("pool", "", "relu", Op::AdaptiveAvgPool { height: 1, width: 1 }),
            node("flat", "", "pool", Op::Flatten),
        ],
        features: "flat".into(),
        weights: published,
    })
    .expect("a sound graph")
}

/// A safetensors file with an edge filter for each direction.
fn write_weights(path: &Path, rows: &str) {
    let mut weight = vec![0.0_f32; 2 * 3 * 9];
    for channel in 0..3 {
        for i in 0..3 {
            weight[channel * 9 + i * 3] = -1.0;
            weight[channel * 9 + i * 3 + 2] = 1.0;
            weight[27 + channel * 9 + i] = -1.0;
            weight[27 + channel * 9 + 6 + i] = 1.0;
        }
    }
    let bytes: Vec<u8> = weight.iter().chain(&[0.0, 0.0]).flat_map(|v| v.to_le_bytes()).collect();
    let header = format!(
        r#"{{"c.weight":{{"dtype":"F32","shape":{rows},"data_offsets":[0,216]}},"c.bias":{{"dtype":"F32","shape":[2],"data_offsets":[216,224]}}}}"#
    );
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes].concat();
    std::fs::write(path, file).unwrap();
}

fn network(weights: &Path) -> Backbone {
    published(weights, None)
}

fn published(weights: &Path, published: Option<Weights>) -> Backbone {
    let (graph, weights) = (Box::new(graph(published)), weights.to_owned());
    Backbone::Network { name: "edges".into(), graph, weights }
}

/// The state dict of this file's name, as `torch.save` wrote it (`weights/make.py`).
fn saved(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/weights").join(name)
}

/// Where weights are published whose names begin with `module.`.
fn at(url: &str, sha256: &str) -> Weights {
    let renamed = vec![("module.".to_owned(), String::new())];
    let (url, sha256) = (url.to_owned(), sha256.to_owned());
    Weights { url, sha256, format: WeightsFormat::Pytorch, renamed }
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
    println!("{error}");
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
