//! What networks cost: images a second of MobileNetV3-small, from bytes to kept features, and milliseconds of a
//! step of training in the background, its changed pictures included. `examples/compare/network.py` holds both
//! against PyTorch.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement fails loudly")]

mod noise;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use noise::{Noise, is_positive};
use sluice_events::ImageId;
use sluice_events::network::{CheckedGraph, Graph};
use sluice_events::plugin::Values;
use sluice_host::{Limits, PluginHost, PluginSet};
use sluice_learn::{Backbone, Background, DeviceChoice, Learner, Options, Torch};

const NETWORK: &str = "mobilenet-v3-small";
const SIDE: u32 = 224;
const PICTURES: u32 = 1024;
/// The fewest steps of a cycle, which these labels lead to; pictures of a step, and their side.
const STEPS: f64 = 150.0;
const LABELS: u32 = 200;
const STEP_OF: u32 = 64;
const STEP_SIDE: u32 = 32;
/// The first few are slower.
const CYCLES: usize = 3;

fn main() {
    let threads = tch::get_num_threads();
    features(threads);
    training(threads);
}

/// The network with weights that `make torchvision` made by chance.
fn backbone() -> Option<Backbone> {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/torchvision");
    let weights = weights.join(NETWORK).with_extension("pth");
    let host = PluginHost::new(Limits::default(), None).unwrap();
    let plugins = PluginSet::in_the_box(&host).unwrap();
    let graph = plugins.network(NETWORK).unwrap().describe((SIDE, SIDE), Values::new()).unwrap();
    // The published weights' hash is of other weights.
    let graph = CheckedGraph::new(Graph { weights: None, ..graph.graph().clone() }).unwrap();
    let name = NETWORK.to_owned();
    weights.exists().then_some(Backbone::Network { name, graph: Box::new(graph), weights })
}

fn features(threads: i32) {
    let Some(backbone) = backbone() else {
        println!("network {NETWORK}: `make torchvision` makes its weights");
        return;
    };
    let (ready, heard) = channel();
    let options =
        Options { background: Background::Off, device: DeviceChoice::Cpu, ..Options::default() };
    let mut torch = Torch::new(options);
    torch.begin(PICTURES, backbone, Arc::new(Noise { side: SIDE, ready })).unwrap();
    let mut embedded = || {
        heard.recv_timeout(Duration::from_mins(10)).expect("features come");
        torch.absorb().embedded
    };
    // That rows will come is told before there are any. From one batch to the last: loading is not what is measured.
    let mut first = 0;
    while first == 0 {
        first = embedded();
    }
    let begun = Instant::now();
    while embedded() < PICTURES {}
    let rate = f64::from(PICTURES - first) / begun.elapsed().as_secs_f64();
    // What came first is one batch.
    println!("network {NETWORK} batch {first} threads {threads}: {rate:.1} images/s");
}

fn training(threads: i32) {
    let (ready, heard) = channel();
    let mut torch = Torch::new(Options {
        background: Background::Small,
        device: DeviceChoice::Cpu,
        ..Options::default()
    });
    let pictures = Arc::new(Noise { side: STEP_SIDE, ready });
    torch.begin(LABELS + 100, Backbone::Patches { seed: 1 }, pictures).unwrap();
    while torch.absorb().embedded < LABELS + 100 {
        heard.recv_timeout(Duration::from_mins(10)).expect("features come");
    }
    let label = |image: ImageId| (image, is_positive(image));
    let mut times = Vec::new();
    for cycle in 0..CYCLES {
        // Forty more each time, so that another cycle is due; none has more steps than the fewest.
        let labels: Vec<_> = (0..LABELS - 80 + 40 * cycle as u32).map(ImageId).map(label).collect();
        let candidates: Vec<ImageId> = (LABELS..LABELS + 100).map(ImageId).collect();
        // With one positive in ten there are too few: the first ones are called positive.
        let labels: Vec<_> = labels.into_iter().map(|(id, yes)| (id, yes || id.0 < 30)).collect();
        let begun = Instant::now();
        torch.learn(&labels, &candidates).expect("both answers are there");
        while torch.absorb().opinions as usize <= cycle {
            heard.recv_timeout(Duration::from_mins(10)).expect("it speaks");
        }
        times.push(begun.elapsed().as_secs_f64() * 1e3 / STEPS);
    }
    times.sort_unstable_by(f64::total_cmp);
    let step = times[times.len() / 2];
    println!("training step batch {STEP_OF} side {STEP_SIDE} threads {threads}: {step:.1} ms");
}
