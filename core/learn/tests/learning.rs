//! Pictures to probabilities, by the boundary alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_events::network::{Activation, CheckedGraph, Graph, InputSpec, Node, Op, Window};
use sluice_learn::{Backbone, LearnError, Learner, Pictures, Torch};

const IMAGES: u32 = 120;

/// Stripes: upright in every third picture, lying in the others, with noise; one can't be shown.
struct Stripes {
    ready: Sender<()>,
}

const BROKEN: ImageId = ImageId(50);

fn is_upright(image: ImageId) -> bool {
    image.0.is_multiple_of(3)
}

impl Pictures for Stripes {
    fn square(&self, image: ImageId, side: u32) -> Result<Vec<u8>, String> {
        if image == BROKEN {
            return Err("is broken".into());
        }
        let pixel = |at: u32| {
            let (x, y) = (at % side, at / side);
            let along = if is_upright(image) { x } else { y };
            let noise = (at.wrapping_mul(2_654_435_761).wrapping_add(image.0 * 977) >> 9) % 60;
            let value = if (along / 3 + image.0 / 3).is_multiple_of(2) { 40 } else { 190 };
            (value + noise) as u8
        };
        Ok((0..side * side).flat_map(|at| [pixel(at); 3]).collect())
    }

    fn longer_side(&self, _: ImageId) -> Option<u32> {
        Some(32)
    }

    fn ready(&self) {
        let _ = self.ready.send(());
    }
}

/// A learner that has seen all pictures, and what it set aside.
fn learned(backbone: Backbone) -> Result<(Torch, Vec<(ImageId, String)>), LearnError> {
    let (ready, heard): (Sender<()>, Receiver<()>) = channel();
    let mut torch = Torch::new();
    torch.begin(IMAGES, backbone, Arc::new(Stripes { ready }))?;
    let mut failed = Vec::new();
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        heard.recv_timeout(deadline - Instant::now()).expect("features come in time");
        let absorbed = torch.absorb();
        assert_eq!(absorbed.gave_up, None);
        failed.extend(absorbed.failed);
        if absorbed.embedded == IMAGES - 1 {
            assert_eq!(absorbed.to_embed, IMAGES - 1);
            return Ok((torch, failed));
        }
    }
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
        let mut row = Vec::new();
        torch.features().push(ImageId(7), &mut row);
        row
    };
    let (first, second) = (row(), row());
    assert!(first.len() > 50 && first.iter().any(|value| *value != 0.0));
    let apart = first.iter().zip(&second).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-3, "{apart} apart");
}

/// Convolution, pooled over the picture: two features.
fn graph() -> CheckedGraph {
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
                Op::Conv2d { out_channels: 2, window, groups: 1, bias: true },
            ),
            node("relu", "", "conv", Op::Activation(Activation::Relu)),
            node("pool", "", "relu", Op::AdaptiveAvgPool { height: 1, width: 1 }),
            node("flat", "", "pool", Op::Flatten),
        ],
        features: "flat".into(),
        weights: None,
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
    let weights = weights.to_owned();
    Backbone::Network { name: "edges".into(), graph: Box::new(graph()), weights }
}

#[test]
fn a_networks_features_with_weights_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("edges.safetensors");
    write_weights(&weights, "[2,3,3,3]");
    let (torch, _) = learned(network(&weights)).unwrap();
    let features = torch.features();
    assert_eq!(features.dim(), 2);
    for image in [0, 3, 1, 2].map(ImageId) {
        let mut row = Vec::new();
        features.push(image, &mut row);
        assert_eq!(row[0] > row[1], is_upright(image), "{row:?}");
    }
}

#[test]
fn weights_that_do_not_fit_are_named_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("w.safetensors");
    let refuse = |weights: &Path| learned(network(weights)).err().expect("refused").to_string();
    write_weights(&weights, "[3,2,3,3]");
    let error = refuse(&weights);
    assert!(error.contains("c.weight is [3, 2, 3, 3], not [2, 3, 3, 3]"), "{error}");
    std::fs::write(&weights, b"rubbish that is no weights").unwrap();
    assert!(refuse(&weights).contains("holds no weights"));
    std::fs::write(&weights, b"PK\x03\x04 a pickle of PyTorch").unwrap();
    assert!(refuse(&weights).contains("safetensors.torch.save_file"));
    assert!(refuse(&folder.path().join("none")).contains("can't be read"));
}
