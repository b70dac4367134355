//! Pictures to tensors, changed a little, or much, each time they are drawn.

use std::f64::consts::PI;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use tch::{Device, Kind, Tensor};

use super::pixels::Pixels;

/// A picture is shifted by at most this share of its side; what comes in is mirrored.
const SHIFT: f64 = 0.125;
/// How far contrast and brightness go, and half as far each channel's.
const COLOUR: f64 = 0.2;
/// Of strong changes: contrast and brightness, turning (parts of a full turn), shearing, size, and the part of the side
/// that is cut out.
const STRONG_COLOUR: f64 = 0.6;
const TURN: f64 = 1.0 / 12.0;
const SHEAR: f64 = 0.3;
const SIZE: f64 = 0.3;
const CUT_OUT: f64 = 0.5;
/// Pictures that the channels' mean and deviation are measured on.
const MEASURED_ON: usize = 2000;
/// libtorch's numbers of ways to fill in: between pixels, and beyond the edge.
const BILINEAR: i64 = 0;
const REFLECTION: i64 = 2;

/// How much pictures are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// Shifted and mirrored.
    Weak,
    /// And in another light.
    Usual,
    /// And turned, sheared, larger or smaller, in a very different light, a part of it cut out.
    Strong,
}

/// How pictures are normalised and changed.
pub(super) struct Augmented {
    side: i64,
    /// Each (1, 3, 1, 1), on the device.
    mean: Tensor,
    deviation: Tensor,
    device: Device,
}

impl Augmented {
    /// Normalises so, or, where nothing is said, by what the pool's pictures are like.
    pub fn of(pixels: &Pixels, normalisation: Option<[[f32; 3]; 2]>, device: Device) -> Self {
        let [mean, deviation] = normalisation.unwrap_or_else(|| measured(pixels));
        let channel =
            |values: [f32; 3]| Tensor::from_slice(&values).view([1, 3, 1, 1]).to_device(device);
        let side = pixels.side() as i64;
        Self { side, mean: channel(mean), deviation: channel(deviation), device }
    }

    /// What is subtracted from red, green and blue bytes, and what they are divided by.
    pub fn normalisation(&self) -> [[f32; 3]; 2] {
        [&self.mean, &self.deviation].map(|of| {
            let of = Vec::try_from(of.flatten(0, -1)).unwrap_or_default();
            of.try_into().unwrap_or_default()
        })
    }

    /// Normalised pictures (n, 3, side, side), as they are.
    pub fn plain(&self, pixels: &Pixels, images: &[ImageId]) -> Tensor {
        let mut bytes = Vec::with_capacity(images.len() * (self.side * self.side * 3) as usize);
        pixels.each(images, |rgb| bytes.extend_from_slice(rgb));
        let pictures = Tensor::from_slice(&bytes).view([-1, self.side, self.side, 3]);
        let pictures = pictures.to_device(self.device).permute([0, 3, 1, 2]).to_kind(Kind::Float);
        (pictures - &self.mean) / &self.deviation
    }

    /// Normalised pictures (n, 3, side, side), each changed by chance.
    pub fn draw(
        &self,
        pixels: &Pixels,
        images: &[ImageId],
        strength: Strength,
        random: &mut ChaCha8Rng,
    ) -> Tensor {
        self.changed(&self.plain(pixels, images), strength, random)
    }

    fn changed(&self, pictures: &Tensor, strength: Strength, random: &mut ChaCha8Rng) -> Tensor {
        let lit = match strength {
            Strength::Weak => pictures.shallow_clone(),
            Strength::Usual => relit(pictures, COLOUR, random),
            Strength::Strong => relit(pictures, STRONG_COLOUR, random),
        };
        let moved = self.moved(&lit, strength, random);
        if strength == Strength::Strong { self.cut_out(&moved, random) } else { moved }
    }

    /// Shifted by whole pixels, mirrored every second time; strongly: turned, sheared, in another size, too.
    fn moved(&self, pictures: &Tensor, strength: Strength, random: &mut ChaCha8Rng) -> Tensor {
        let n = pictures.size()[0];
        let most = (self.side as f64 * SHIFT) as i64;
        let mut maps = Vec::with_capacity(n as usize * 6);
        for _ in 0..n {
            let mut shift = || random.random_range(-most..=most) as f64 * 2.0 / self.side as f64;
            let (right, down) = (shift(), shift());
            let mirror = if random.random() { -1.0 } else { 1.0 };
            let [[a, b], [c, d]] = match strength {
                Strength::Weak | Strength::Usual => [[1.0, 0.0], [0.0, 1.0]],
                Strength::Strong => bent(random),
            };
            maps.extend([a * mirror, b, right, c * mirror, d, down].map(|value| value as f32));
        }
        let maps = Tensor::from_slice(&maps).view([n, 2, 3]).to_device(self.device);
        let grid = Tensor::affine_grid_generator(&maps, pictures.size(), false);
        pictures.grid_sampler(&grid, BILINEAR, REFLECTION, false)
    }

    /// A square of each picture, cut by its edges, becomes what the pool's pictures are on average.
    fn cut_out(&self, pictures: &Tensor, random: &mut ChaCha8Rng) -> Tensor {
        let n = pictures.size()[0];
        let most = (self.side as f64 * CUT_OUT) as i64;
        let mut bounds = || -> Vec<i64> {
            (0..n).map(|_| random.random_range(-most / 2..=self.side - most / 2)).collect()
        };
        let (left, top) = (bounds(), bounds());
        let places = Tensor::arange(self.side, (Kind::Int64, self.device));
        let inside = |from: Vec<i64>| {
            let from = Tensor::from_slice(&from).to_device(self.device).unsqueeze(1);
            let places = places.unsqueeze(0);
            places.ge_tensor(&from).logical_and(&places.lt_tensor(&(from + most)))
        };
        let (across, along) = (inside(left).view([n, 1, 1, -1]), inside(top).view([n, 1, -1, 1]));
        pictures.masked_fill(&across.logical_and(&along), 0.0)
    }
}

/// A map that turns, shears and sizes, by chance.
fn bent(random: &mut ChaCha8Rng) -> [[f64; 2]; 2] {
    let mut by = |most: f64| random.random_range(-most..=most);
    let (sin, cos) = (2.0 * PI * by(TURN)).sin_cos();
    let (shear, size) = (by(SHEAR), 1.0 + by(SIZE));
    [[size * cos, size * (shear * cos - sin)], [size * sin, size * (shear * sin + cos)]]
}

/// Another contrast, brightness and tint, by as much.
fn relit(pictures: &Tensor, by_as_much: f64, random: &mut ChaCha8Rng) -> Tensor {
    let n = pictures.size()[0];
    let (mut contrasts, mut levels, mut lights) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let mut by = |most: f64| random.random_range(-most..=most) as f32;
        contrasts.push(1.0 + by(by_as_much));
        levels.push(1.0 + by(by_as_much));
        let light = by(by_as_much);
        lights.extend([0; 3].map(|_| light + by(by_as_much / 2.0)));
    }
    let each = |values: &[f32], channels: i64| {
        Tensor::from_slice(values).view([n, channels, 1, 1]).to_device(pictures.device())
    };
    let mean = pictures.mean_dim([2_i64, 3].as_slice(), true, Kind::Float);
    (pictures - &mean) * each(&contrasts, 1) + &mean * each(&levels, 1) + each(&lights, 3)
}

/// Mean and deviation of the channels of the pool's pictures.
fn measured(pixels: &Pixels) -> [[f32; 3]; 2] {
    let (mut sum, mut squares, mut count) = ([0.0_f64; 3], [0.0_f64; 3], 0.0);
    pixels.each(&pixels.some(MEASURED_ON), |rgb| {
        for pixel in rgb.as_chunks::<3>().0 {
            for channel in 0..3 {
                let value = f64::from(pixel[channel]);
                sum[channel] += value;
                squares[channel] += value * value;
            }
            count += 1.0;
        }
    });
    let mean = sum.map(|sum| sum / f64::max(count, 1.0));
    let deviation: [f32; 3] = std::array::from_fn(|channel| {
        let variance = squares[channel] / f64::max(count, 1.0) - mean[channel] * mean[channel];
        variance.max(1.0).sqrt() as f32
    });
    [mean.map(|mean| mean as f32), deviation]
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn augmented() -> Augmented {
        let ones = || Tensor::ones([1, 3, 1, 1], (Kind::Float, Device::Cpu));
        Augmented { side: 16, mean: ones() * 0.0, deviation: ones(), device: Device::Cpu }
    }

    /// Two pictures of a gradient.
    fn pictures() -> Tensor {
        let values = Tensor::arange(2 * 3 * 16 * 16, (Kind::Float, Device::Cpu));
        values.view([2, 3, 16, 16]) / 768.0
    }

    fn values(pictures: &Tensor) -> Vec<f32> {
        Vec::try_from(pictures.flatten(0, -1)).expect("numbers")
    }

    #[test]
    fn a_weak_change_moves_whole_pixels_and_mirrors() {
        let (augmented, pictures) = (augmented(), pictures());
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let first = augmented.changed(&pictures, Strength::Weak, &mut random);
        let second = augmented.changed(&pictures, Strength::Weak, &mut random);
        assert_eq!(first.size(), pictures.size());
        assert_ne!(values(&first), values(&second));
        let there = values(&pictures);
        for value in values(&first) {
            let near = there.iter().map(|other| (other - value).abs()).fold(f32::MAX, f32::min);
            assert!(near < 1e-5, "{value} was in no picture");
        }
    }

    #[test]
    fn another_light_keeps_what_is_brighter() {
        let lit = relit(&pictures(), COLOUR, &mut ChaCha8Rng::seed_from_u64(3));
        assert_ne!(values(&lit), values(&pictures()));
        for channel in values(&lit).chunks(256) {
            assert!(channel.is_sorted(), "the gradient stays");
        }
    }

    #[test]
    fn a_strong_change_is_stronger_and_cuts_a_part_out() {
        let (augmented, pictures) = (augmented(), pictures() + 1.0);
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let strongly = augmented.changed(&pictures, Strength::Strong, &mut random);
        let cut: usize = values(&strongly).iter().filter(|value| **value == 0.0).count();
        assert!((2 * 3 * 16..2 * 3 * 100).contains(&cut), "{cut}");
        assert!(strongly.isfinite().all().int64_value(&[]) == 1);
    }
}
