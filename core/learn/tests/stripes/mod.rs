//! A pool of made-up pictures, and a learner that has seen it.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_events::network::{
    Activation, CheckedGraph, Graph, InputSpec, Node, Op, Weights, WeightsFormat, Window,
};
use sluice_learn::{
    Backbone, Background, LearnError, Learner, NoPicture, Options, Pictures, Torch,
};
use sluice_pool::{Key, Square};

pub const IMAGES: u32 = 120;

/// Stripes: upright in every third picture, lying in the others, with noise; one can't be shown.
pub struct Stripes {
    pub ready: Sender<()>,
    pub decoded: AtomicU32,
    /// Pictures that were turned by a quarter.
    pub turned: Mutex<HashSet<ImageId>>,
    /// The folder is not there.
    pub away: AtomicBool,
}

impl Stripes {
    /// Pictures, and who hears when something is ready.
    pub fn new() -> (Arc<Self>, Receiver<()>) {
        let (ready, heard) = channel();
        let stripes =
            Self { ready, decoded: <_>::default(), turned: <_>::default(), away: <_>::default() };
        (Arc::new(stripes), heard)
    }
}

pub const BROKEN: ImageId = ImageId(50);

pub fn is_upright(image: ImageId) -> bool {
    image.0.is_multiple_of(3)
}

impl Pictures for Stripes {
    fn square(
        &self,
        image: ImageId,
        side: u32,
        known: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, NoPicture> {
        if image == BROKEN {
            return Err(NoPicture::Broken("is broken".to_owned()));
        }
        if self.away.load(Ordering::Relaxed) {
            return Err(NoPicture::Missing("is not there".to_owned()));
        }
        let is_turned = self.turned.lock().unwrap().contains(&image);
        let key = Key::of_content(&[&image.0.to_le_bytes()[..], &[u8::from(is_turned)]].concat());
        if known(&key) {
            return Ok(Square::Known { key, also: None });
        }
        self.decoded.fetch_add(1, Ordering::Relaxed);
        let pixel = |at: u32| {
            let (x, y) = (at % side, at / side);
            let along = if is_upright(image) ^ is_turned { x } else { y };
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

/// Nothing in the background.
pub fn off() -> Options {
    Options { background: Background::Off, ..Options::default() }
}

/// A learner that has seen all pictures, and what it set aside.
pub fn learned(backbone: Backbone) -> Result<(Torch, Vec<(ImageId, NoPicture)>), LearnError> {
    let Begun { torch, failed, .. } = begun(backbone, off())?;
    Ok((torch, failed))
}

/// A learner that has seen all pictures.
pub struct Begun {
    pub torch: Torch,
    pub pictures: Arc<Stripes>,
    pub heard: Receiver<()>,
    pub failed: Vec<(ImageId, NoPicture)>,
    pub notes: Vec<String>,
    /// Pictures that had to be decoded.
    pub decoded: u32,
}

pub fn begun(backbone: Backbone, options: Options) -> Result<Begun, LearnError> {
    begun_with(IMAGES, backbone, options)
}

pub fn begun_with(images: u32, backbone: Backbone, options: Options) -> Result<Begun, LearnError> {
    begin(Torch::new(options), images, backbone)
}

/// The same with a learner that is there.
pub fn begin(mut torch: Torch, images: u32, backbone: Backbone) -> Result<Begun, LearnError> {
    // Tests run side by side; pairs of threads that wait for each other would take many times as long.
    tch::set_num_threads(1);
    let (pictures, heard) = Stripes::new();
    torch.begin(images, backbone, Arc::<Stripes>::clone(&pictures))?;
    // The broken one, where it is among them.
    let shown = images - u32::from(BROKEN.0 < images);
    let mut notes = Vec::new();
    let mut failed = Vec::new();
    let deadline = Instant::now() + Duration::from_mins(5);
    loop {
        heard.recv_timeout(deadline - Instant::now()).expect("features come in time");
        let absorbed = torch.absorb();
        assert_eq!(absorbed.gave_up, None);
        failed.extend(absorbed.failed);
        notes.extend(absorbed.notes);
        if absorbed.embedded == shown {
            assert_eq!(absorbed.to_embed, shown);
            let decoded = pictures.decoded.load(Ordering::Relaxed);
            return Ok(Begun { torch, pictures, heard, failed, notes, decoded });
        }
    }
}

/// How far two opinions of the same images are apart, in logits, but for a scale and a shift: calibration comes when
/// it is ready.
pub fn unlike(a: &[f32], b: &[f32]) -> f64 {
    let logit = |p: &f32| {
        let p = f64::from(*p).clamp(1e-6, 1.0 - 1e-6);
        (p / (1.0 - p)).ln()
    };
    let (a, b): (Vec<f64>, Vec<f64>) =
        (a.iter().map(logit).collect(), b.iter().map(logit).collect());
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let pairs = || a.iter().map(|a| a - mean_a).zip(b.iter().map(|b| b - mean_b));
    let scale = pairs().map(|(a, b)| a * b).sum::<f64>() / pairs().map(|(a, _)| a * a).sum::<f64>();
    assert!(scale > 0.0, "they think the opposite");
    pairs().map(|(a, b)| (scale * a - b).abs()).fold(0.0, f64::max)
}

/// Convolution, pooled over the picture: two features.
pub fn graph(published: Option<Weights>) -> CheckedGraph {
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
pub fn write_weights(path: &Path, rows: &str) {
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

pub fn network(weights: &Path) -> Backbone {
    published(weights, None)
}

pub fn published(weights: &Path, published: Option<Weights>) -> Backbone {
    let (graph, weights) = (Box::new(graph(published)), weights.to_owned());
    Backbone::Network { name: "edges".into(), graph, weights }
}

/// The state dict of this file's name, as `torch.save` wrote it (`weights/make.py`).
pub fn saved(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/weights").join(name)
}

/// Where weights are published whose names begin with `module.`.
pub fn at(url: &str, sha256: &str) -> Weights {
    let renamed = vec![("module.".to_owned(), String::new())];
    let (url, sha256) = (url.to_owned(), sha256.to_owned());
    Weights { url, sha256, format: WeightsFormat::Pytorch, renamed }
}
