//! A predictor that was taken out of a learner says what the learner says, in every form that it can be written in.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod stripes;

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use sluice_events::ImageId;
use sluice_learn::{
    Backbone, Background, Checkpoint, DeviceChoice, Inference, Learned, Learner, Options, Pictures,
    Predictor, PredictorError, Torch, Values, Way,
};
use sluice_pool::Square;
use stripes::{Begun, IMAGES, Stripes, begun, is_upright, network, off, unlike, write_weights};
use tch::{CModule, Tensor};

const PATCHES: Backbone = Backbone::Patches { seed: 1 };

fn labels(until: u32) -> Vec<(ImageId, bool)> {
    (0..until).map(ImageId).map(|image| (image, is_upright(image))).collect()
}

fn candidates() -> Vec<ImageId> {
    (100..IMAGES).map(ImageId).collect()
}

/// Learned of the first 89, and what it can be asked with. The network in the background knows 75 of them; by the
/// others, which are one too few for it to learn again, it has earned its say.
fn learned(backbone: Backbone, options: &Options) -> (Torch, Learned, Predictor) {
    let Begun { mut torch, heard, .. } = begun(backbone, options.clone()).unwrap();
    if options.background != Background::Off {
        let unanswered: Vec<ImageId> = (75..IMAGES).map(ImageId).collect();
        torch.learn(&labels(75), &unanswered).expect("there are both answers");
        spoken(&mut torch, &heard, 1);
        torch.learn(&labels(75), &unanswered).expect("there are both answers");
    }
    let learned = torch.learn(&labels(89), &candidates()).expect("there are both answers");
    let predictor = torch.predictor().expect("it has learned");
    (torch, learned, predictor)
}

/// Waits until the background has spoken so often; what it can go on from.
fn spoken(torch: &mut Torch, heard: &Receiver<()>, times: u32) -> Option<Checkpoint> {
    let deadline = Instant::now() + Duration::from_mins(10);
    let mut checkpoint = None;
    loop {
        heard.recv_timeout(deadline - Instant::now()).expect("it speaks in time");
        let absorbed = torch.absorb();
        checkpoint = absorbed.checkpoint.or(checkpoint);
        if absorbed.opinions >= times {
            return checkpoint;
        }
    }
}

/// The pictures of the candidates, for each of the inputs.
fn pictures(predictor: &Predictor) -> Vec<Vec<Vec<u8>>> {
    let (stripes, _heard) = Stripes::new();
    let made = |image: ImageId, side: u32| match stripes.square(image, side, &|_| false) {
        Ok(Square::Made { rgb, .. }) => rgb,
        other => panic!("{other:?}"),
    };
    let inputs = predictor.inputs();
    inputs.iter().map(|i| candidates().into_iter().map(|c| made(c, i.side)).collect()).collect()
}

fn asked(predictor: &Predictor) -> Vec<f32> {
    let (inference, note) = Inference::load(predictor, DeviceChoice::Cpu).unwrap();
    assert_eq!(note, None);
    inference.probabilities(&pictures(predictor))
}

fn apart(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(p, q)| (p - q).abs()).fold(0.0, f32::max)
}

/// What the learner says has gone through 16-bit features; what it is taken along as has not.
#[test]
fn it_says_what_the_learner_says() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("edges.safetensors");
    write_weights(&weights, "[2,3,3,3]");
    let small = Options { background: Background::Small, ..off() };
    let tuned = Options { background: Background::Backbone, ..off() };
    for (backbone, options, parts) in [
        (PATCHES, off(), 1),
        (network(&weights), off(), 1),
        (PATCHES, small, 2),
        (network(&weights), tuned, 2),
    ] {
        let (_torch, learned, predictor) = learned(backbone, &options);
        assert_eq!(predictor.parts.len(), parts);
        let said = asked(&predictor);
        let off = apart(&said, &learned.probabilities);
        assert!(off < 0.03, "{}: {off}", learned.model.features);
        let (low, high) = said.iter().fold((1.0_f32, 0.0_f32), |(l, h), p| (l.min(*p), h.max(*p)));
        assert!(high - low > 0.3, "they differ: {low} to {high}");
    }
}

#[test]
fn who_has_not_learned_has_none() {
    let Begun { torch, .. } = begun(PATCHES, off()).unwrap();
    assert!(matches!(torch.predictor(), Err(PredictorError::NotLearned)));
}

#[test]
fn what_is_written_says_the_same_when_it_is_read() {
    let small = Options { background: Background::Small, ..off() };
    let (_torch, _, predictor) = learned(PATCHES, &small);
    let about = [("question".to_owned(), "Is it upright?".to_owned())];
    let bytes = predictor.to_safetensors(&about).unwrap();
    assert_eq!(bytes, predictor.to_safetensors(&about).unwrap(), "the same gives the same bytes");
    let (read, told) = Predictor::from_safetensors(&bytes).unwrap();
    assert_eq!((&read, told), (&predictor, BTreeMap::from(about.clone())));
    assert_eq!(asked(&read), asked(&predictor));
    let described: serde_json::Value = serde_json::from_str(&predictor.describe(&about)).unwrap();
    assert_eq!(described["inputs"].as_array().map(Vec::len), Some(predictor.inputs().len()));
    assert_eq!(predictor.to_onnx(&about), predictor.to_onnx(&about));
}

#[test]
fn torchscript_takes_any_number_of_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let (weights, file) = (folder.path().join("edges.safetensors"), folder.path().join("p.pt"));
    write_weights(&weights, "[2,3,3,3]");
    let small = Options { background: Background::Small, ..off() };
    for backbone in [PATCHES, network(&weights)] {
        let (_torch, _, predictor) = learned(backbone, &small);
        predictor.write_script(&file).unwrap();
        let module = CModule::load(&file).unwrap();
        let inputs = predictor.inputs();
        let tensor = |(side, all): (i64, &[Vec<u8>])| {
            Tensor::from_slice(&all.concat()).view([-1, side, side, 3])
        };
        let all = pictures(&predictor);
        let said = asked(&predictor);
        for count in [1, 3, all[0].len()] {
            let sides = inputs.iter().map(|input| i64::from(input.side));
            let taken: Vec<Tensor> =
                sides.zip(&all).map(|(side, all)| tensor((side, &all[..count]))).collect();
            let written: Vec<f32> = module.forward_ts(&taken).unwrap().try_into().unwrap();
            let off = apart(&written, &said[..count]);
            assert!(off < 1e-5, "{count}: {off}");
        }
    }
}

#[test]
fn what_is_no_whole_predictor_is_refused() {
    let (_torch, _, predictor) = learned(PATCHES, &off());
    let refused = |bytes: &[u8]| match Predictor::from_safetensors(bytes) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was read"),
    };
    let whole = predictor.to_safetensors(&[]).unwrap();
    for cut in [0, 4, 100, whole.len() / 2, whole.len() - 1] {
        assert!(refused(&whole[..cut]).contains("no whole safetensors file"), "{cut}");
    }
    assert!(refused(b"\x08\0\0\0\0\0\0\0{}      ").contains("does not say what to do"));
    let mut other = predictor.clone();
    other.parts[0].factor = f64::NAN;
    let told = refused(&other.to_safetensors(&[]).unwrap());
    assert!(told.contains("can't be read") || told.contains("numbers are none"), "{told}");
    other = predictor.clone();
    other.parts[0].tensors.get_mut("head.weight").unwrap().numbers[3] = f32::INFINITY;
    assert!(refused(&other.to_safetensors(&[]).unwrap()).contains("are none"));
    other = predictor.clone();
    let empty = Values { shape: vec![1 << 63, 0], numbers: Vec::new() };
    other.parts[0].tensors.insert("unneeded".to_owned(), empty);
    assert!(refused(&other.to_safetensors(&[]).unwrap()).contains("is not"));
    other = predictor.clone();
    other.parts.push(other.parts[0].clone());
    assert!(refused(&other.to_safetensors(&[]).unwrap()).contains("2 parts"));
    other.parts.push(other.parts[0].clone());
    assert!(refused(&other.to_safetensors(&[]).unwrap()).contains("3 parts"));
    other = predictor.clone();
    other.parts[0].way = Way::Patches { side: 2048 };
    assert!(refused(&other.to_safetensors(&[]).unwrap()).contains("2048 pixels"));
    other = predictor.clone();
    other.parts[0].way = Way::Patches { side: 5 };
    assert!(refused(&other.to_safetensors(&[]).unwrap()).contains("5 pixels"));
    // Read, and found wanting when it is to be asked.
    for (name, shape) in [("filters", vec![8, 800]), ("head.weight", vec![1, 7])] {
        other = predictor.clone();
        let values = other.parts[0].tensors.get_mut(name).unwrap();
        values.numbers.truncate(shape.iter().product());
        values.shape = shape;
        assert!(Inference::load(&other, DeviceChoice::Cpu).is_err(), "{name}");
    }
    other = predictor;
    other.parts[0].tensors.remove("center");
    assert!(Inference::load(&other, DeviceChoice::Cpu).is_err());
}

#[test]
fn how_far_each_is_trusted_is_gone_on_with() {
    let small = Options { background: Background::Small, ..off() };
    let Begun { mut torch, heard, .. } = begun(PATCHES, small.clone()).unwrap();
    torch.learn(&labels(75), &candidates()).expect("there are both answers");
    spoken(&mut torch, &heard, 1);
    // What came after it had spoken, neither knew.
    for until in 75..=100 {
        let all: Vec<ImageId> = (until..IMAGES).map(ImageId).collect();
        torch.learn(&labels(until), &all).expect("there are both answers");
    }
    let checkpoint = spoken(&mut torch, &heard, 2).expect("it was trained");
    torch.learn(&labels(100), &candidates()).expect("there are both answers");
    let share = |torch: &Torch| {
        let parts = torch.predictor().expect("it has learned").parts;
        parts[1].factor / parts[0].factor
    };
    let before = share(&torch);
    drop(torch);
    let mut again = Torch::new(small);
    again.resume(checkpoint);
    let Begun { torch: mut again, heard, .. } = stripes::begin(again, IMAGES, PATCHES).unwrap();
    again.learn(&labels(100), &candidates()).expect("there are both answers");
    spoken(&mut again, &heard, 1);
    let learned = again.learn(&labels(100), &candidates()).expect("there are both answers");
    assert!(learned.calibrated, "by the answers that were kept");
    let after = share(&again);
    assert!((after / before).ln().abs() < 0.4, "{before} before, {after} after");
    let said = asked(&again.predictor().expect("it has learned"));
    assert!(unlike(&said, &learned.probabilities) < 0.1);
}
