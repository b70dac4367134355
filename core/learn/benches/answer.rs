//! What an answer costs the learner: fit, score the whole pool. A table, because what counts is how the
//! times are spread and how much memory there is; `cargo bench --bench answer -- 20000` leaves the larger pools
//! out.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement fails loudly")]

mod noise;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use noise::{Noise, is_positive};
use sluice_events::ImageId;
use sluice_events::network::{CheckedGraph, Graph, InputSpec, Node, Op, Window};
use sluice_learn::{Backbone, Background, Learner, Options, Torch};
use tch::Tensor;

/// Pixels along a side: features come quickly, because they are not what is measured.
const SIDE: u32 = 4;
/// Answers that are measured at each number of labels.
const ANSWERS: usize = 100;
/// One linear layer with random weights: `dim` features.
fn backbone(dim: u32, folder: &std::path::Path) -> Backbone {
    let node = |name: &str, parameters: &str, input: &str, op: Op| Node {
        name: name.into(),
        parameters: parameters.into(),
        inputs: vec![input.into()],
        op,
    };
    let window = Window { kernel: SIDE, stride: SIDE, padding: 0 };
    let conv = Op::Conv2d { out_channels: dim, window, dilation: 1, groups: 1, bias: false };
    let graph = CheckedGraph::new(Graph {
        input: InputSpec {
            height: SIDE,
            width: SIDE,
            mean: [0.5; 3],
            standard_deviation: [0.3; 3],
        },
        nodes: vec![node("conv", "c", "input", conv), node("flat", "", "conv", Op::Flatten)],
        features: "flat".into(),
        weights: None,
    });
    tch::manual_seed(1);
    let side = i64::from(SIDE);
    let weight = Tensor::randn([i64::from(dim), 3, side, side], tch::kind::FLOAT_CPU) * 0.2;
    let weights = folder.join(format!("{dim}.safetensors"));
    Tensor::write_safetensors(&[("c.weight", weight)], &weights).unwrap();
    Backbone::Network { name: "noise".into(), graph: Box::new(graph.unwrap()), weights }
}

/// Of sorted times, milliseconds.
fn at(times: &[Duration], share: f64) -> f64 {
    let at = ((times.len() as f64 * share) as usize).min(times.len() - 1);
    times[at].as_secs_f64() * 1e3
}

/// So much memory the process has at this moment that no file on the disk stands for, and at most, MB.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) / 1000
    };
    (field("RssAnon:"), field("VmHWM:"))
}

fn main() {
    let largest = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(u32::MAX);
    println!(
        "|    images | features | background | labels | p50 ms | p99 ms | memory MB | of it not files |"
    );
    println!(
        "|----------:|---------:|------------|-------:|-------:|-------:|----------:|----------------:|"
    );
    let off = [(20_000, 256), (20_000, 576), (250_000, 576), (1_000_000, 576)];
    for (images, dim) in off.into_iter().filter(|(images, _)| *images <= largest) {
        measure(images, dim, Background::Off, &[200, 500, 1000, 3000, 10_000]);
    }
    measure(20_000, 576, Background::Small, &[1000, 3000]);
}

fn measure(images: u32, dim: u32, background: Background, at_labels: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let (ready, heard) = channel();
    let cache = sluice_pool::Place { folder: folder.path().join("rows"), most_bytes: 4 << 30 };
    let mut torch = Torch::new(Options { cache: Some(cache), background, ..Options::default() });
    let pictures = Arc::new(Noise { side: SIDE, ready });
    torch.begin(images, backbone(dim, folder.path()), pictures).unwrap();
    while torch.absorb().embedded < images {
        heard.recv_timeout(Duration::from_mins(10)).expect("features come");
    }
    for &labels in at_labels {
        // The last of the labels are those whose answers are measured.
        let all: Vec<(ImageId, bool)> =
            (0..labels as u32).map(ImageId).map(|image| (image, is_positive(image))).collect();
        let candidates: Vec<ImageId> = (labels as u32..images).map(ImageId).collect();
        let known = labels - ANSWERS.min(labels / 2);
        torch.learn(&all[..known], &candidates);
        let mut times = Vec::new();
        for answered in known..labels {
            torch.absorb();
            let begun = Instant::now();
            torch.learn(&all[..=answered], &candidates).expect("both answers are there");
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let (anonymous, most) = memory();
        let (p50, p99) = (at(&times, 0.5), at(&times, 0.99));
        let trains = if background == Background::Off { "off" } else { "trains" };
        println!(
            "| {images:>9} | {dim:>8} | {trains:<10} | {labels:>6} | {p50:>6.1} | {p99:>6.1} | {most:>9} | \
             {anonymous:>15} |"
        );
    }
}
