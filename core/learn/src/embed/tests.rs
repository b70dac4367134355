//! Features of real files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use sluice_events::network::{CheckedGraph, Graph, INPUT, InputSpec, Node, Op, Window};
use sluice_pool::{DecodeLimits, Square, square};
use tch::{Kind, Tensor};
use tempfile::TempDir;

use super::*;
use crate::table::Table;

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];

/// Images by their files, and how many of them were decoded.
struct Files {
    folder: TempDir,
    names: Vec<&'static str>,
    decoded: AtomicU32,
}

impl Files {
    fn new(names: &[&'static str]) -> Arc<Self> {
        let (folder, names) = (tempfile::tempdir().unwrap(), names.to_vec());
        Arc::new(Self { folder, names, decoded: AtomicU32::new(0) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a picture of one pixel of this colour.
    fn paint(&self, name: &str, colour: [u8; 3]) {
        let file = [&b"P6 1 1 255\n"[..], &colour].concat();
        fs::write(self.path(name), file).unwrap();
    }

    fn decoded(&self) -> u32 {
        self.decoded.load(Ordering::Relaxed)
    }
}

impl Pictures for Files {
    fn square(
        &self,
        image: ImageId,
        side: u32,
        known: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, NoPicture> {
        let path = self.path(self.names[image.index()]);
        let made = square(&path, side, &DecodeLimits::default(), known)?;
        let is_new = matches!(made, Square::Made { .. });
        self.decoded.fetch_add(u32::from(is_new), Ordering::Relaxed);
        Ok(made)
    }

    fn longer_side(&self, _: ImageId) -> Option<u32> {
        None
    }

    fn has_example(&self) -> bool {
        false
    }

    fn ready(&self) {}
}

/// A network whose features are the mean colour, each of red, green and blue from 0 to 1.
fn mean_colour(weights: &Path) -> Backbone {
    let node = |name: &str, input: &str, op| Node {
        name: name.to_owned(),
        parameters: name.to_owned(),
        inputs: vec![input.to_owned()],
        op,
    };
    let window = Window { kernel: 1, stride: 1, padding: 0 };
    let same = Op::Conv2d { out_channels: 3, window, dilation: 1, groups: 1, bias: false };
    let graph = Graph {
        input: InputSpec { height: 8, width: 8, mean: [0.0; 3], standard_deviation: [1.0; 3] },
        nodes: vec![
            node("same", INPUT, same),
            node("mean", "same", Op::AdaptiveAvgPool { height: 1, width: 1 }),
            node("flat", "mean", Op::Flatten),
        ],
        features: "flat".to_owned(),
        weights: None,
    };
    let weight = Tensor::eye(3, (Kind::Float, Device::Cpu)).view([3, 3, 1, 1]);
    Tensor::write_safetensors(&[("same.weight", weight)], weights).unwrap();
    let graph = Box::new(CheckedGraph::new(graph).unwrap());
    Backbone::Network { name: "colours".to_owned(), graph, weights: weights.to_owned() }
}

/// What comes of the images of a folder.
struct Run {
    files: Arc<Files>,
    embedding: Embedding,
    table: Table,
    failed: Vec<(ImageId, NoPicture)>,
    /// What a person is told.
    notes: Vec<String>,
    /// Where features are computed, if it was told.
    device: Option<String>,
}

impl Run {
    /// The mean colours of the first `images` files; the others are to come.
    fn begin(files: &Arc<Files>, images: u32) -> Self {
        let run = Self::on(Device::Cpu, mean_colour(&files.path("weights")), files, images);
        assert!(run.notes.is_empty() && run.device.is_none(), "{:?}", run.notes);
        run
    }

    fn on(device: Device, backbone: Backbone, files: &Arc<Files>, images: u32) -> Self {
        let pictures = Arc::<Files>::clone(files);
        let task = Task { images, pictures, device, place: None, pool: String::new() };
        let embedding = Embedding::begin(task, backbone).unwrap();
        let (files, table) = (Arc::clone(files), Table::empty(files.names.len() as u32));
        let (failed, notes) = (Vec::new(), Vec::new());
        let mut run = Self { files, embedding, table, failed, notes, device: None };
        run.hear(images);
        run
    }

    /// Looks at these images again.
    fn look_again(&mut self, images: &[u32]) {
        let images: Vec<ImageId> = images.iter().copied().map(ImageId).collect();
        for image in &images {
            self.table.forget(*image);
        }
        let many = images.len() as u32;
        self.embedding.more.send(images).unwrap();
        self.hear(many);
    }

    /// Until so many images have a row or failed.
    fn hear(&mut self, images: u32) {
        let mut heard = 0;
        while heard < images {
            let block = self.embedding.blocks.recv_timeout(Duration::from_mins(2)).unwrap();
            match block {
                Block::Begun(rows, _) => self.table.attach(rows),
                Block::Rows(rows) => {
                    heard += rows.len() as u32;
                    self.table.assign(&rows);
                }
                Block::Failed(image, why) => {
                    heard += 1;
                    self.failed.push((image, why));
                }
                Block::Note(note) => self.notes.push(note),
                Block::Device(name) => self.device = Some(name),
                Block::GaveUp(why) => panic!("{why}"),
            }
        }
    }

    /// The image's features are of this colour.
    fn assert_shows(&self, image: u32, colour: [u8; 3]) {
        let slot = self.table.slot(ImageId(image)).expect("it has features");
        let row = self.table.gather(&[slot]).unwrap().flatten(0, -1);
        let row = Vec::<f32>::try_from(row).unwrap();
        let wanted = colour.map(|value| f32::from(value) / 255.0);
        let apart = row.iter().zip(wanted).map(|(is, wanted)| (is - wanted).abs());
        assert!(row.len() == 3 && apart.fold(0.0, f32::max) < 0.02, "{row:?}");
    }
}

/// An animation of one pixel: red, then blue.
fn animation() -> Vec<u8> {
    let frame = |codes: [u8; 2]| {
        let control = [0x21, 0xf9, 4, 0, 10, 0, 0, 0];
        let place = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0];
        // Codes of three bits: begin anew, the colour's number, the end.
        [&control[..], &place, &[2, 2], &codes, &[0]].concat()
    };
    let screen = [1, 0, 1, 0, 0x80, 0, 0];
    let (red, blue) = (frame([0x44, 1]), frame([0x4c, 1]));
    [&b"GIF89a"[..], &screen, &RED, &BLUE, &red, &blue, b";"].concat()
}

#[test]
fn one_pixel_is_a_picture_and_of_an_animation_the_first_counts() {
    let files = Files::new(&["pixel.ppm", "moving.gif"]);
    files.paint("pixel.ppm", GREEN);
    fs::write(files.path("moving.gif"), animation()).unwrap();
    let run = Run::begin(&files, 2);
    assert_eq!(run.failed, []);
    run.assert_shows(0, GREEN);
    run.assert_shows(1, RED);
}

#[test]
fn features_are_of_what_a_file_holds_when_it_is_looked_at() {
    let files = Files::new(&["changed.ppm", "deleted.ppm"]);
    files.paint("changed.ppm", RED);
    files.paint("deleted.ppm", RED);
    // The pool was scanned; then the files were changed.
    files.paint("changed.ppm", BLUE);
    fs::remove_file(files.path("deleted.ppm")).unwrap();
    let mut run = Run::begin(&files, 2);
    run.assert_shows(0, BLUE);
    let failed = std::mem::take(&mut run.failed);
    assert!(matches!(&failed[..], [(ImageId(1), NoPicture::Missing(_))]), "{failed:?}");
    assert_eq!(run.table.slot(ImageId(1)), None);
    // It comes back, and the other is no picture any more.
    files.paint("deleted.ppm", GREEN);
    fs::write(files.path("changed.ppm"), b"P6 1 1").unwrap();
    run.look_again(&[0, 1]);
    run.assert_shows(1, GREEN);
    assert!(matches!(&run.failed[..], [(ImageId(0), NoPicture::Broken(_))]), "{:?}", run.failed);
}

#[test]
fn a_copy_of_what_was_computed_in_this_run_is_not_computed_again() {
    let files = Files::new(&["first.ppm", "copy.ppm", "other.ppm"]);
    files.paint("first.ppm", RED);
    let mut run = Run::begin(&files, 1);
    assert_eq!(run.files.decoded(), 1);
    fs::copy(files.path("first.ppm"), files.path("copy.ppm")).unwrap();
    files.paint("other.ppm", BLUE);
    run.look_again(&[1, 2]);
    assert_eq!(run.files.decoded(), 2, "only the other one");
    assert_eq!(run.table.slot(ImageId(1)), run.table.slot(ImageId(0)));
    run.assert_shows(1, RED);
    run.assert_shows(2, BLUE);
    // Nor is one that was not changed.
    run.look_again(&[0, 1, 2]);
    assert_eq!(run.files.decoded(), 2);
}

#[test]
fn a_gpu_that_is_of_no_use_is_left_for_the_cpu_and_it_is_told_once() {
    let files = Files::new(&["red.ppm", "green.ppm", "blue.ppm"]);
    for (name, colour) in files.names.iter().zip([RED, GREEN, BLUE]) {
        files.paint(name, colour);
    }
    // No machine has so many.
    let none = Device::Cuda(99);
    let told = |run: &Run| {
        assert_eq!(run.device.as_deref(), Some("cpu"));
        assert!(run.notes.len() == 1 && run.notes[0].contains("on cuda:99 ("), "{:?}", run.notes);
    };
    let network = Run::on(none, mean_colour(&files.path("weights")), &files, 3);
    told(&network);
    network.assert_shows(0, RED);
    network.assert_shows(2, BLUE);
    let mut patches = Run::on(none, Backbone::Patches { seed: 1 }, &files, 3);
    told(&patches);
    assert_eq!(patches.table.count(), 3);
    patches.look_again(&[0]);
    told(&patches);
}
