//! `sluice demo`: a pool of pictures of surfaces with rare defects, the same for the same seed.

mod surface;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result};
use image::codecs::jpeg::JpegEncoder;
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Demo;
use crate::settings::Settings;
use crate::{serve, session};

const SEED: u64 = 20_240_501;
const QUESTION: &str = "Is there a defect in this surface?";
/// Written last: the pool is complete.
const TRUTH: &str = "truth.csv";

pub fn run(mut arguments: Demo, settings: &Settings) -> Result<()> {
    let pool = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => session::data_folder()?.join(format!("demo-{}", arguments.images)),
    };
    make(&pool, arguments.images)?;
    if arguments.only_make {
        println!("{} pictures are in {}", arguments.images, pool.display());
        return Ok(());
    }
    arguments.page.question.get_or_insert_with(|| QUESTION.to_owned());
    serve::serve(&pool, &arguments.page, settings)
}

/// Makes the pool unless it is there already.
fn make(pool: &Path, images: u32) -> Result<()> {
    let lines = fs::read_to_string(pool.join(TRUTH)).map_or(0, |text| text.lines().count());
    if lines == images as usize + 1 {
        return Ok(());
    }
    for surface in surface::Surface::ALL {
        let folder = pool.join(surface.name());
        fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}")?;
    let bar = ProgressBar::new(u64::from(images)).with_style(style);
    bar.set_message("making pictures of surfaces");
    let next = AtomicU32::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| make_some(pool, images, &next, &bar))).collect();
        workers
            .into_iter()
            .try_for_each(|w| w.join().unwrap_or_else(|_| anyhow::bail!("a thread ended early")))
    })?;
    bar.finish_and_clear();
    let mut truth = String::from("path,defect\n");
    for number in 0..images {
        let piece = surface::Piece::new(SEED, number);
        let defect = piece.defect.map_or("none", surface::Defect::name);
        truth.extend([&path_of(&piece), ",", defect, "\n"]);
    }
    fs::write(pool.join(TRUTH), truth).context("can't write truth.csv")
}

fn make_some(pool: &Path, images: u32, next: &AtomicU32, bar: &ProgressBar) -> Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= images {
            return Ok(());
        }
        let piece = surface::Piece::new(SEED, number);
        let path = pool.join(path_of(&piece));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 88).encode_image(&piece.picture())?;
        fs::write(&path, bytes).with_context(|| format!("can't write {}", path.display()))?;
        bar.inc(1);
    }
}

fn path_of(piece: &surface::Piece) -> String {
    format!("{}/{:05}.jpg", piece.surface.name(), piece.number)
}
