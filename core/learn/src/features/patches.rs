//! Features that need no weights and no training: single-layer k-means features (Coates and Ng 2012,
//! "Learning Feature Representations with K-means", and Coates, Lee and Ng 2011).
//!
//! Random patches of the pool's own pictures, contrast-normalised and whitened (ZCA), give a
//! dictionary by spherical k-means. A picture is described by how strongly each of its patches
//! answers to each entry, of both signs, summed over quadrants, square-rooted, and reduced by PCA
//! without whitening.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::predictor::Values;

/// Pictures that dictionary and PCA are learned from.
pub(crate) const SAMPLE_IMAGES: usize = 4000;

/// Side of a patch, pixels.
pub(crate) const PATCH: i64 = 6;
/// Values of a patch: three channels.
const PATCH_DIM: i64 = PATCH * PATCH * 3;
const PATCHES: i64 = 100_000;
/// Entries of the dictionary.
const ENTRIES: i64 = 800;
const ROUNDS: usize = 12;
/// Added to a patch's variance, in squared steps of 0 to 255.
pub(crate) const CONTRAST_FLOOR: f64 = 10.0;
/// Added to the eigenvalues when whitening.
const ZCA_EPSILON: f64 = 0.1;
/// Answers below this count as none.
pub(crate) const THRESHOLD: f64 = 0.25;
/// Features after PCA.
const DIM: i64 = 512;
/// Pictures that are described at once; bounds the memory.
const CHUNK: i64 = 16;

pub(crate) struct Patches {
    side: i64,
    /// Pixels between two patches.
    stride: i64,
    device: Device,
    /// Mean of the normalised patches, (PATCH_DIM).
    mean: Tensor,
    /// Whitening and dictionary in one, (PATCH_DIM, ENTRIES).
    filters: Tensor,
    /// Mean of the pooled answers, (8 · ENTRIES).
    center: Tensor,
    /// Principal directions, (8 · ENTRIES, dim).
    directions: Tensor,
}

impl Patches {
    /// Learns from a sample of pictures (n, 3, side, side), bytes. `random` decides every draw.
    pub fn learn(sample: &Tensor, device: Device, random: &mut ChaCha8Rng) -> Self {
        tch::no_grad(|| {
            let side = sample.size()[2];
            let (mean, filters) = learn_filters(sample, device, random);
            let options = (Kind::Float, device);
            let mut patches = Self {
                side,
                stride: stride(side),
                device,
                mean,
                filters,
                center: Tensor::zeros([8 * ENTRIES], options),
                directions: Tensor::zeros([0], options),
            };
            let pooled = patches.pooled(sample);
            patches.center = pooled.mean_dim(0_i64, false, Kind::Float);
            patches.directions = principal_directions(&(pooled - &patches.center), random);
            patches
        })
    }

    pub fn side(&self) -> u32 {
        self.side as u32
    }

    pub fn dim(&self) -> usize {
        self.directions.size()[1] as usize
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// The same on a device.
    pub fn on(&self, device: Device) -> Self {
        let (side, stride) = (self.side, self.stride);
        let [mean, filters, center, directions] =
            [&self.mean, &self.filters, &self.center, &self.directions]
                .map(|tensor| tensor.to_device(device));
        Self { side, stride, device, mean, filters, center, directions }
    }

    fn tensors(&self) -> [(&'static str, Tensor); 5] {
        [
            ("side", Tensor::from(self.side as f32)),
            ("mean", self.mean.to_device(Device::Cpu)),
            ("filters", self.filters.to_device(Device::Cpu)),
            ("center", self.center.to_device(Device::Cpu)),
            ("directions", self.directions.to_device(Device::Cpu)),
        ]
    }

    /// All the numbers that it has learned, as bytes.
    pub fn fingerprint(&self) -> Vec<u8> {
        let values = self.tensors().into_iter().flat_map(|(_, tensor)| {
            Vec::<f32>::try_from(tensor.flatten(0, -1)).unwrap_or_default()
        });
        values.flat_map(f32::to_le_bytes).collect()
    }

    /// Writes what was learned, as safetensors.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        Tensor::write_safetensors(&self.tensors(), path).map_err(io::Error::other)
    }

    /// What was learned, by name.
    pub fn learned(&self) -> BTreeMap<String, Values> {
        let named = self.tensors().into_iter().filter(|(name, _)| *name != "side");
        named.map(|(name, tensor)| (name.to_owned(), Values::of(&tensor))).collect()
    }

    /// Reads what was written, onto the CPU; `None` where it is not there, or not whole.
    pub fn read(path: &Path) -> Option<Self> {
        Self::of(Tensor::read_safetensors(path).ok()?.into_iter().collect(), Device::Cpu)
    }

    /// Of tensors with the names that [`write`](Self::write) gives them; `None` where some are missing or don't fit.
    pub fn of(mut tensors: HashMap<String, Tensor>, device: Device) -> Option<Self> {
        let side =
            tensors.remove("side").filter(|side| side.numel() == 1)?.double_value(&[]) as i64;
        let mut take = |name: &str, dims: usize| {
            tensors.remove(name).filter(|tensor| tensor.dim() == dims).map(|t| t.to_device(device))
        };
        let patches = Self {
            side,
            stride: stride(side),
            device,
            mean: take("mean", 1)?,
            filters: take("filters", 2)?,
            center: take("center", 1)?,
            directions: take("directions", 2)?,
        };
        let fits = patches.side > PATCH
            && patches.mean.size() == [PATCH_DIM]
            && patches.filters.size() == [PATCH_DIM, ENTRIES]
            && patches.center.size() == [8 * ENTRIES]
            && patches.directions.size()[0] == 8 * ENTRIES;
        fits.then_some(patches)
    }

    /// Features (n, dim) of pictures (n, 3, side, side), bytes.
    pub fn extract(&self, pictures: &Tensor) -> Tensor {
        self.reduced(&self.pooled(pictures))
    }

    /// The same, all pictures at once.
    pub fn extract_at_once(&self, pictures: &Tensor) -> Tensor {
        self.reduced(&self.pooled_chunk(pictures))
    }

    fn reduced(&self, pooled: &Tensor) -> Tensor {
        (pooled - &self.center).matmul(&self.directions)
    }

    /// Pooled answers of the dictionary, (n, 8 · ENTRIES).
    fn pooled(&self, pictures: &Tensor) -> Tensor {
        let chunks: Vec<Tensor> =
            pictures.split(CHUNK, 0).iter().map(|chunk| self.pooled_chunk(chunk)).collect();
        Tensor::cat(&chunks, 0)
    }

    fn pooled_chunk(&self, pictures: &Tensor) -> Tensor {
        let float = crate::network::on(pictures, self.device).to_kind(Kind::Float);
        // (n, PATCH_DIM, places) -> (n, places, PATCH_DIM)
        let patches = float.im2col([PATCH, PATCH], [1, 1], [0, 0], [self.stride, self.stride]);
        let patches = normalise(&patches.transpose(1, 2));
        let answers = (patches - &self.mean).matmul(&self.filters);
        let along = (self.side - PATCH) / self.stride + 1;
        let grid = answers.view([-1, along, along, ENTRIES]);
        let half = along / 2;
        let mut parts = Vec::with_capacity(8);
        for (row, rows) in [(0, half), (half, along - half)] {
            for (column, columns) in [(0, half), (half, along - half)] {
                let quadrant = grid.narrow(1, row, rows).narrow(2, column, columns);
                for sign in [1.0, -1.0] {
                    let strong = (&quadrant * sign - THRESHOLD).relu();
                    parts.push(strong.sum_dim_intlist([1_i64, 2].as_slice(), false, Kind::Float));
                }
            }
        }
        Tensor::cat(&parts, 1).sqrt()
    }
}

/// Larger pictures are described at every second place: as finely for their size.
pub(crate) fn stride(side: i64) -> i64 {
    if side > 40 { 2 } else { 1 }
}

/// Each row less its mean, divided by its deviation.
fn normalise(patches: &Tensor) -> Tensor {
    let centered = patches - patches.mean_dim(-1_i64, true, Kind::Float);
    let variance = (&centered * &centered).mean_dim(-1_i64, true, Kind::Float);
    centered / (variance + CONTRAST_FLOOR).sqrt()
}

/// Mean of the normalised patches, and whitening times dictionary.
fn learn_filters(sample: &Tensor, device: Device, random: &mut ChaCha8Rng) -> (Tensor, Tensor) {
    let patches = normalise(&random_patches(sample, device, random));
    let mean = patches.mean_dim(0_i64, false, Kind::Float);
    let centered = &patches - &mean;
    let covariance = centered.tr().matmul(&centered) / (centered.size()[0] as f64);
    let (values, vectors) = covariance.linalg_eigh("L");
    let scale = (values.clamp_min(0.0) + ZCA_EPSILON).rsqrt();
    let whitening = (&vectors * scale.unsqueeze(0)).matmul(&vectors.tr());
    let dictionary = spherical_k_means(&centered.matmul(&whitening), random);
    (mean, whitening.matmul(&dictionary.tr()))
}

/// Patches (m, PATCH_DIM) from random places of the sample.
fn random_patches(sample: &Tensor, device: Device, random: &mut ChaCha8Rng) -> Tensor {
    let (n, side) = (sample.size()[0], sample.size()[2]);
    let per_picture = (PATCHES / n).clamp(1, 200);
    let places = side - PATCH + 1;
    let mut patches = Vec::new();
    for at in 0..n {
        let windows = sample.get(at).unfold(1, PATCH, 1).unfold(2, PATCH, 1);
        let flat = windows.permute([1, 2, 0, 3, 4]).reshape([places * places, PATCH_DIM]);
        patches.push(flat.index_select(0, &draw(random, places * places, per_picture)));
    }
    Tensor::cat(&patches, 0).to_device(device).to_kind(Kind::Float)
}

/// `count` numbers below `bound`, (count).
fn draw(random: &mut ChaCha8Rng, bound: i64, count: i64) -> Tensor {
    let drawn: Vec<i64> = (0..count).map(|_| random.random_range(0..bound)).collect();
    Tensor::from_slice(&drawn)
}

/// Unit vectors (ENTRIES, PATCH_DIM), each the direction of the patches nearest to it; an entry that
/// nothing is near to is drawn anew from the patches.
fn spherical_k_means(patches: &Tensor, random: &mut ChaCha8Rng) -> Tensor {
    let n = patches.size()[0];
    let mut some =
        || patches.index_select(0, &draw(random, n, ENTRIES).to_device(patches.device()));
    let mut dictionary = unit_rows(&some());
    for _ in 0..ROUNDS {
        let mut sums = dictionary.zeros_like();
        for chunk in patches.split(10_000, 0) {
            let answers = chunk.matmul(&dictionary.tr());
            let nearest = answers.abs().argmax(1, false);
            let signed = answers.gather(1, &nearest.unsqueeze(1), false);
            let _ = sums.index_add_(0, &nearest, &(chunk * signed));
        }
        let empty = sums.norm_scalaropt_dim(2, [1_i64].as_slice(), true).lt(1e-6);
        dictionary = unit_rows(&some().where_self(&empty, &sums));
    }
    dictionary
}

fn unit_rows(rows: &Tensor) -> Tensor {
    rows / rows.norm_scalaropt_dim(2, [1_i64].as_slice(), true).clamp_min(1e-8)
}

/// The first `DIM` right singular vectors (columns) of centred rows, by subspace iteration
/// (Halko, Martinsson and Tropp 2011, algorithm 4.4).
fn principal_directions(rows: &Tensor, random: &mut ChaCha8Rng) -> Tensor {
    let (n, d) = (rows.size()[0], rows.size()[1]);
    let dim = DIM.min(n).min(d);
    let wide = (dim + 16).min(n).min(d);
    // Any distribution that favours no direction will do; signs are the cheapest to draw.
    let signs: Vec<f32> = (0..d * wide).map(|_| if random.random() { 1.0 } else { -1.0 }).collect();
    let start = Tensor::from_slice(&signs).view([d, wide]).to_device(rows.device());
    let orthonormal = |matrix: Tensor| Tensor::linalg_qr(&matrix, "reduced").0;
    let mut range = orthonormal(rows.matmul(&start));
    for _ in 0..2 {
        let back = orthonormal(rows.tr().matmul(&range));
        range = orthonormal(rows.matmul(&back));
    }
    let small = range.tr().matmul(rows);
    // Right singular vectors of the small matrix from its Gram matrix, largest first.
    let (values, vectors) = small.matmul(&small.tr()).linalg_eigh("L");
    let keep = vectors.narrow(1, wide - dim, dim).flip([1]);
    let lengths = values.narrow(0, wide - dim, dim).flip([0]).clamp_min(1e-6).sqrt();
    small.tr().matmul(&keep) / lengths
}
