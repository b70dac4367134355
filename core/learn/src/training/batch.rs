//! Pictures to tensors, changed a little each time they are drawn: shifted, mirrored, in another light.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use sluice_events::ImageId;
use tch::Tensor;

use super::pixels::Pixels;

/// A picture is shifted by at most this share of its side; what comes in is mirrored.
const SHIFT: f64 = 0.125;
/// How far contrast and brightness go, and half as far each channel's.
const COLOUR: f32 = 0.2;
/// Pictures that the channels' mean and deviation are measured on.
const MEASURED_ON: usize = 2000;

/// How pictures are normalised and changed.
pub(super) struct Augmented {
    side: usize,
    mean: [f32; 3],
    deviation: [f32; 3],
}

impl Augmented {
    /// Measures the channels.
    pub fn of(pixels: &Pixels) -> Self {
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
        Self { side: pixels.side(), mean: mean.map(|mean| mean as f32), deviation }
    }

    /// Normalised pictures (n, 3, side, side), as they are.
    pub fn plain(&self, pixels: &Pixels, images: &[ImageId]) -> Tensor {
        let mut values = Vec::with_capacity(images.len() * self.side * self.side * 3);
        pixels.each(images, |rgb| values.extend(self.normalised(rgb)));
        self.to_tensor(&values)
    }

    /// Normalised pictures (n, 3, side, side), each changed by chance.
    pub fn draw(&self, pixels: &Pixels, images: &[ImageId], random: &mut ChaCha8Rng) -> Tensor {
        let mut values = Vec::with_capacity(images.len() * self.side * self.side * 3);
        let mut picture = Vec::new();
        pixels.each(images, |rgb| {
            picture.clear();
            picture.extend(self.normalised(rgb));
            relight(&mut picture, random);
            self.shift(&picture, random, &mut values);
        });
        self.to_tensor(&values)
    }

    fn normalised(&self, rgb: &[u8]) -> impl Iterator<Item = f32> {
        let channels = rgb.as_chunks::<3>().0.iter().flatten().zip([0, 1, 2].into_iter().cycle());
        channels.map(|(value, channel)| {
            (f32::from(*value) - self.mean[channel]) / self.deviation[channel]
        })
    }

    /// Shifted, and mirrored every second time.
    fn shift(&self, picture: &[f32], random: &mut ChaCha8Rng, into: &mut Vec<f32>) {
        let side = self.side as i64;
        let most = (self.side as f64 * SHIFT) as i64;
        let (right, down) = (random.random_range(-most..=most), random.random_range(-most..=most));
        let mirrored: bool = random.random();
        for y in 0..side {
            let from_y = inside(y + down, side);
            for x in 0..side {
                let x = if mirrored { side - 1 - x } else { x };
                let at = ((from_y * side + inside(x + right, side)) * 3) as usize;
                into.extend_from_slice(&picture[at..at + 3]);
            }
        }
    }

    fn to_tensor(&self, values: &[f32]) -> Tensor {
        let side = self.side as i64;
        Tensor::from_slice(values).view([-1, side, side, 3]).permute([0, 3, 1, 2])
    }
}

/// A place beyond the edge is the one as far inside.
fn inside(at: i64, side: i64) -> i64 {
    let at = at.abs();
    if at < side { at } else { 2 * (side - 1) - at }
}

/// Another contrast, brightness and tint.
fn relight(picture: &mut [f32], random: &mut ChaCha8Rng) {
    let mut by = |most: f32| random.random_range(-most..=most);
    let (contrast, level, light) = (1.0 + by(COLOUR), 1.0 + by(COLOUR), by(COLOUR));
    let tint = [by(COLOUR / 2.0), by(COLOUR / 2.0), by(COLOUR / 2.0)];
    let pixels = picture.len() as f32 / 3.0;
    for (channel, tint) in tint.into_iter().enumerate() {
        let values = || picture.iter().skip(channel).step_by(3);
        let mean = values().sum::<f32>() / pixels.max(1.0);
        let shift = mean * level + light + tint;
        for value in picture.iter_mut().skip(channel).step_by(3) {
            *value = (*value - mean) * contrast + shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn what_comes_in_over_the_edge_is_mirrored() {
        let places: Vec<i64> = (-2..6).map(|at| inside(at, 4)).collect();
        assert_eq!(places, [2, 1, 0, 1, 2, 3, 2, 1]);
    }

    #[test]
    fn a_changed_picture_is_another_one_of_the_same_thing() {
        let augmented = Augmented { side: 8, mean: [0.0; 3], deviation: [1.0; 3] };
        let picture: Vec<f32> = (0..192).map(|at| (at % 7) as f32).collect();
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        augmented.shift(&picture, &mut random, &mut first);
        augmented.shift(&picture, &mut random, &mut second);
        assert!(first.len() == 192 && first != second);
        let mut lit = picture.clone();
        relight(&mut lit, &mut random);
        assert_ne!(lit, picture);
        // The order of bright and dark places stays, in each channel.
        for channel in 0..3 {
            let of = |values: &[f32]| [values[channel], values[channel + 3], values[channel + 6]];
            let (before, after) = (of(&picture), of(&lit));
            assert_eq!(before[0] < before[1], after[0] < after[1]);
            assert_eq!(before[1] < before[2], after[1] < after[2]);
        }
    }
}
