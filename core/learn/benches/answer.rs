//! What an answer costs the learner: fit, score the whole pool. A table, because what counts is how the
//! times are spread and how much memory there is; `cargo bench --bench answer -- 20000` leaves the larger pools
//! out.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement fails loudly")]

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_events::network::{CheckedGraph, Graph, InputSpec, Node, Op, Window};
use sluice_learn::{Backbone, Background, Learner, Options, Pictures, Torch};
use sluice_pool::{Key, Square};
use tch::Tensor;

/// Pixels along a side: features come quickly, because they are not what is measured.
const SIDE: u32 = 4;
/// Answers that are measured at each number of labels.
const ANSWERS: usize = 100;
/// One in ten is positive.
const PREVALENCE: u32 = 10;

/// Pictures of noise that nobody has to read; positives are a little redder.
struct Noise(Sender<()>);

impl Pictures for Noise {
    fn square(
        &self,
        image: ImageId,
        side: u32,
        _: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, String> {
        let mut state = u64::from(image.0).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        let mut rgb: Vec<u8> = (0..side * side * 3).map(|_| byte()).collect();
        if is_positive(image) {
            rgb.iter_mut().step_by(3).for_each(|red| *red = red.saturating_add(40));
        }
        let key = Key::of_content(&image.0.to_le_bytes());
        Ok(Square::Made { rgb, keys: [key; 2] })
    }

    fn longer_side(&self, _: ImageId) -> Option<u32> {
        Some(SIDE)
    }

    fn has_example(&self) -> bool {
        false
    }

    fn ready(&self) {
        let _ = self.0.send(());
    }
}

fn is_positive(image: ImageId) -> bool {
    image.0.is_multiple_of(PREVALENCE)
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
    let folder = tempfile::tempdir().unwrap();
    println!("|    images | features | labels | p50 ms | p99 ms | memory MB | of it not files |");
    println!("|----------:|---------:|-------:|-------:|-------:|----------:|----------------:|");
    for (images, dim) in [(20_000, 256), (20_000, 576), (250_000, 576), (1_000_000, 576)] {
        if images > largest {
            continue;
        }
        let (ready, heard) = channel();
        let cache = sluice_pool::Place { folder: folder.path().join("rows"), most_bytes: 4 << 30 };
        let options =
            Options { cache: Some(cache), background: Background::Off, ..Options::default() };
        let mut torch = Torch::new(options);
        torch.begin(images, backbone(dim, folder.path()), Arc::new(Noise(ready))).unwrap();
        while torch.absorb().embedded < images {
            heard.recv_timeout(Duration::from_mins(10)).expect("features come");
        }
        for labels in [100, 500, 1000, 3000, 10_000] {
            // The last of the labels are those whose answers are measured.
            let all: Vec<(ImageId, bool)> =
                (0..labels as u32).map(ImageId).map(|image| (image, is_positive(image))).collect();
            let candidates: Vec<ImageId> = (labels as u32..images).map(ImageId).collect();
            let known = labels - ANSWERS.min(labels / 2);
            torch.learn(&all[..known], &candidates);
            let mut times = Vec::new();
            for answered in known..labels {
                let begun = Instant::now();
                torch.learn(&all[..=answered], &candidates).expect("both answers are there");
                times.push(begun.elapsed());
            }
            times.sort_unstable();
            let (anonymous, most) = memory();
            let (p50, p99) = (at(&times, 0.5), at(&times, 0.99));
            println!(
                "| {images:>9} | {dim:>8} | {labels:>6} | {p50:>6.1} | {p99:>6.1} | {most:>9} | {anonymous:>15} |"
            );
        }
    }
}
