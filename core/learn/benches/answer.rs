//! What an answer costs, from the label to the order that knows it: the head is fitted, the whole pool is scored, and
//! `max-prob` orders it, as the engine has it done for every answer. What the log takes for the ranking is not in it;
//! `sluice simulate` measures that too. A table, because what counts is how the times are spread and how much memory
//! there is; `cargo bench --bench answer -- 20000` leaves larger pools out. Each pool has a process of its own, so that
//! the largest memory is its own as well.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement fails loudly")]

mod noise;

use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use noise::{Noise, is_positive};
use sluice_events::ImageId;
use sluice_events::network::{CheckedGraph, Graph, InputSpec, Node, Op, Window};
use sluice_events::plugin::Values;
use sluice_host::{Candidates, FeatureRows, Limits, PluginHost, PluginSet, SelectorPlugin};
use sluice_learn::{Backbone, Background, Learner, Options, Torch};
use tch::Tensor;

/// Images, and features of each.
const POOLS: [(u32, u32); 3] = [(20_000, 256), (20_000, 576), (1_000_000, 576)];
/// Labels at which answers are measured.
const LABELS: [usize; 5] = [200, 500, 1000, 3000, 10_000];
/// Entries of an order that are made, as in the engine.
const RANKED: usize = 1000;

/// Pixels along a side: features come quickly, because they are not what is measured.
const SIDE: u32 = 4;
/// Answers that are measured at each number of labels.
const ANSWERS: usize = 100;

/// `max-prob` asks for no features.
struct NoRows;

impl FeatureRows for NoRows {
    fn dim(&self) -> usize {
        0
    }

    fn gather(&self, _: &[u32]) -> Vec<f32> {
        Vec::new()
    }
}

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

/// Of times, milliseconds.
fn at(mut times: Vec<Duration>, share: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * share) as usize).min(times.len() - 1);
    times[at].as_secs_f64() * 1e3
}

/// So much memory the process has at this moment that no file on the disk stands for, and at most, MB.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.unwrap_or(0) * 1024 / 1_000_000
    };
    (field("RssAnon:"), field("VmHWM:"))
}

fn main() {
    let numbers: Vec<u32> =
        std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    match numbers[..] {
        [images, dim] => measure(images, dim),
        _ => measure_all(numbers.first().copied().unwrap_or(u32::MAX)),
    }
}

/// Pools of so many images at most.
fn measure_all(largest: u32) {
    println!(
        "|    images | features | labels | fit and score p50 ms | answer to ranking p50 ms | p99 ms | largest memory MB | \
         not files MB |"
    );
    println!(
        "|----------:|---------:|-------:|---------------------:|-------------------------:|-------:|------------------:|\
         -------------:|"
    );
    for (images, dim) in POOLS.into_iter().filter(|(images, _)| *images <= largest) {
        let this = std::env::current_exe().unwrap();
        let done = Command::new(this).args([images.to_string(), dim.to_string()]).status();
        assert!(done.unwrap().success(), "{images} images with {dim} features");
    }
}

fn measure(images: u32, dim: u32) {
    let folder = tempfile::tempdir().unwrap();
    let (ready, heard) = channel();
    let cache = sluice_pool::Place { folder: folder.path().join("rows"), most_bytes: 4 << 30 };
    let background = Background::Off;
    let mut torch = Torch::new(Options { cache: Some(cache), background, ..Options::default() });
    let pictures = Arc::new(Noise { side: SIDE, ready });
    torch.begin(images, backbone(dim, folder.path()), pictures).unwrap();
    while torch.absorb().embedded < images {
        heard.recv_timeout(Duration::from_mins(10)).expect("features come");
    }
    let host = PluginHost::new(Limits::default(), None).unwrap();
    let plugins = PluginSet::in_the_box(&host).unwrap();
    let selector = plugins.selector("max-prob").unwrap();
    for labels in LABELS {
        let (learned, ranked) = answers(&mut torch, selector, images, labels);
        let (anonymous, most) = memory();
        let (fit, p50, p99) = (at(learned, 0.5), at(ranked.clone(), 0.5), at(ranked, 0.99));
        println!(
            "| {images:>9} | {dim:>8} | {labels:>6} | {fit:>20.1} | {p50:>24.1} | {p99:>6.1} | {most:>17} | \
             {anonymous:>12} |"
        );
    }
}

/// What each of the last of so many answers takes: until the whole pool is scored, and until it is ordered.
fn answers(
    torch: &mut Torch,
    selector: &SelectorPlugin,
    images: u32,
    labels: usize,
) -> (Vec<Duration>, Vec<Duration>) {
    let all: Vec<(ImageId, bool)> =
        (0..labels as u32).map(ImageId).map(|image| (image, is_positive(image))).collect();
    let candidates: Vec<ImageId> = (labels as u32..images).map(ImageId).collect();
    let known = labels - ANSWERS.min(labels / 2);
    torch.learn(&all[..known], &candidates);
    let (mut learned, mut ranked) = (Vec::new(), Vec::new());
    for answered in known..labels {
        torch.absorb();
        let begun = Instant::now();
        let scored = torch.learn(&all[..=answered], &candidates).expect("both answers are there");
        learned.push(begun.elapsed());
        let asked = Candidates {
            probabilities: scored.probabilities.into(),
            features: Arc::new(NoRows),
            answers: Vec::new(),
            parameters: Values::new(),
            seed: 1,
        };
        selector.rank(asked, RANKED).unwrap();
        ranked.push(begun.elapsed());
    }
    (learned, ranked)
}
