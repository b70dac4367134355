//! Pictures of surfaces, drawn from value noise; some have a defect.

use image::{Rgb, RgbImage};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Side of a picture, pixels.
const SIDE: u32 = 256;
/// One piece in so many has a defect.
const RARITY: u32 = 25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    BrushedSteel,
    Concrete,
    Fabric,
    Wood,
}

impl Surface {
    pub const ALL: [Self; 4] = [Self::BrushedSteel, Self::Concrete, Self::Fabric, Self::Wood];

    pub fn name(self) -> &'static str {
        match self {
            Self::BrushedSteel => "brushed-steel",
            Self::Concrete => "concrete",
            Self::Fabric => "fabric",
            Self::Wood => "wood",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    Scratch,
    Stain,
    Hole,
}

impl Defect {
    pub fn name(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::Stain => "stain",
            Self::Hole => "hole",
        }
    }
}

/// One piece of surface; its number and the seed decide everything about it.
pub struct Piece {
    pub number: u32,
    pub surface: Surface,
    pub defect: Option<Defect>,
    random: ChaCha8Rng,
}

impl Piece {
    pub fn new(seed: u64, number: u32) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(u64::from(number));
        let surface = Surface::ALL[random.random_range(0..Surface::ALL.len())];
        let kind = [Defect::Scratch, Defect::Stain, Defect::Hole][random.random_range(0..3)];
        let defect = (random.random_range(0..RARITY) == 0).then_some(kind);
        Self { number, surface, defect, random }
    }

    pub fn picture(mut self) -> RgbImage {
        let noise = Noise { seed: self.random.next_u32() };
        let light = self.random.random_range(0.85..1.1_f32);
        let mut picture = RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let (value, color) = texture(self.surface, &noise, x as f32, y as f32);
            Rgb(color.map(|channel| (channel * value * light).clamp(0.0, 255.0) as u8))
        });
        match self.defect {
            Some(Defect::Scratch) => scratch(&mut picture, &mut self.random),
            Some(Defect::Stain) => stain(&mut picture, &noise, &mut self.random),
            Some(Defect::Hole) => hole(&mut picture, &noise, &mut self.random),
            None => {}
        }
        picture
    }
}

/// Smooth random values between the points of a grid.
struct Noise {
    seed: u32,
}

impl Noise {
    /// 0 to 1 at a grid point: a hash of its place.
    fn at(&self, x: i32, y: i32) -> f32 {
        let mut h =
            self.seed ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
        h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
        h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
        ((h ^ (h >> 15)) >> 8) as f32 / 16_777_216.0
    }

    /// 0 to 1, smoothly between the grid points around.
    fn smooth(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (u, v) = (ease(x - left), ease(y - top));
        let (i, j) = (left as i32, top as i32);
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        mix(
            mix(self.at(i, j), self.at(i + 1, j), u),
            mix(self.at(i, j + 1), self.at(i + 1, j + 1), u),
            v,
        )
    }

    /// 0 to 1, coarse and fine together.
    fn cloud(&self, x: f32, y: f32) -> f32 {
        [(1.0, 0.5), (2.1, 0.3), (4.3, 0.2)]
            .iter()
            .map(|(f, weight)| self.smooth(x * f, y * f) * weight)
            .sum()
    }
}

/// Brightness (about 1) and color of a point.
fn texture(surface: Surface, noise: &Noise, x: f32, y: f32) -> (f32, [f32; 3]) {
    match surface {
        Surface::BrushedSteel => {
            let lines =
                noise.smooth(x / 90.0, y * 1.3) * 0.22 + noise.smooth(x / 25.0, y * 0.6) * 0.12;
            (0.78 + lines + noise.cloud(x / 160.0, y / 160.0) * 0.15, [172.0, 178.0, 186.0])
        }
        Surface::Concrete => {
            let grain = noise.smooth(x * 0.9, y * 0.9) * 0.16;
            (0.7 + noise.cloud(x / 60.0, y / 60.0) * 0.4 + grain, [158.0, 154.0, 146.0])
        }
        Surface::Fabric => {
            let weave = ((x * 0.9).sin() * (y * 0.9).sin()) * 0.16 + ((x + y) * 0.45).sin() * 0.05;
            (0.85 + weave + noise.cloud(x / 80.0, y / 80.0) * 0.2, [88.0, 112.0, 150.0])
        }
        Surface::Wood => {
            let bend = noise.cloud(x / 120.0, y / 500.0) * 34.0;
            let rings = ((x + bend * 2.2) * 0.16).sin() * 0.11;
            (0.84 + rings + noise.smooth(x * 0.8, y / 26.0) * 0.14, [186.0, 138.0, 92.0])
        }
    }
}

/// Blends a point towards a color.
fn blend(picture: &mut RgbImage, x: f32, y: f32, color: [f32; 3], share: f32) {
    if x < 0.0 || y < 0.0 || x >= SIDE as f32 || y >= SIDE as f32 || share <= 0.0 {
        return;
    }
    let pixel = picture.get_pixel_mut(x as u32, y as u32);
    for (channel, target) in pixel.0.iter_mut().zip(color) {
        *channel = (f32::from(*channel) * (1.0 - share) + target * share).clamp(0.0, 255.0) as u8;
    }
}

/// A bright, slightly bent line with a dark edge.
fn scratch(picture: &mut RgbImage, random: &mut ChaCha8Rng) {
    let side = SIDE as f32;
    let (mut x, mut y) =
        (random.random_range(0.1..0.6) * side, random.random_range(0.1..0.6) * side);
    let mut angle = random.random_range(0.2..1.4_f32);
    let bend = random.random_range(-0.004..0.004_f32);
    let width = random.random_range(1.2..2.4_f32);
    for _ in 0..random.random_range(110..260) {
        for across in -4..=4 {
            let off = across as f32 * 0.6;
            let share = (1.0 - (off.abs() / width)).max(0.0);
            let (px, py) = (x - angle.sin() * off, y + angle.cos() * off);
            blend(picture, px, py, [238.0, 238.0, 232.0], share * 0.85);
            blend(picture, px + 2.0, py + 2.0, [28.0, 26.0, 24.0], share * 0.5);
        }
        (x, y) = (x + angle.cos() * 0.8, y + angle.sin() * 0.8);
        angle += bend;
    }
}

/// A dark, uneven blot.
fn stain(picture: &mut RgbImage, noise: &Noise, random: &mut ChaCha8Rng) {
    let color = [random.random_range(50.0..90.0), random.random_range(34.0..60.0), 26.0];
    spot(picture, noise, random, 26.0..58.0, |inside| (color, (inside * 1.6).min(0.62)));
}

/// A hole: black, with a bright rim.
fn hole(picture: &mut RgbImage, noise: &Noise, random: &mut ChaCha8Rng) {
    spot(picture, noise, random, 11.0..24.0, |inside| {
        if inside > 0.22 { ([14.0, 12.0, 12.0], 0.94) } else { ([226.0, 222.0, 214.0], 0.55) }
    });
}

/// Paints an uneven disc; `paint` gets how far inside a point is (0 at the edge, 1 in the middle).
fn spot(
    picture: &mut RgbImage,
    noise: &Noise,
    random: &mut ChaCha8Rng,
    radius: std::ops::Range<f32>,
    paint: impl Fn(f32) -> ([f32; 3], f32),
) {
    let side = SIDE as f32;
    let radius = random.random_range(radius);
    let center = (random.random_range(0.2..0.8) * side, random.random_range(0.2..0.8) * side);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (dx, dy) = (x as f32 - center.0, y as f32 - center.1);
            let uneven = 0.7 + 0.6 * noise.cloud(x as f32 / 18.0, y as f32 / 18.0);
            let inside = 1.0 - dx.hypot(dy) / (radius * uneven);
            if inside > 0.0 {
                let (color, share) = paint(inside);
                blend(picture, x as f32, y as f32, color, share);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_picture() {
        assert_eq!(Piece::new(1, 7).picture(), Piece::new(1, 7).picture());
        assert_ne!(Piece::new(1, 7).picture(), Piece::new(1, 8).picture());
    }

    #[test]
    fn defects_are_rare_and_of_every_kind() {
        let defects: Vec<Defect> = (0..3000).filter_map(|n| Piece::new(1, n).defect).collect();
        assert!((80..160).contains(&defects.len()), "{} defects", defects.len());
        for kind in [Defect::Scratch, Defect::Stain, Defect::Hole] {
            assert!(defects.contains(&kind));
        }
    }
}
