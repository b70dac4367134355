//! Pictures of noise that nobody has to read.

use std::sync::mpsc::Sender;

use sluice_events::ImageId;
use sluice_learn::{NoPicture, Pictures};
use sluice_pool::{Key, Square};

/// One in ten is positive.
const PREVALENCE: u32 = 10;

/// Pictures so large; positives are a little redder.
pub struct Noise {
    pub side: u32,
    pub ready: Sender<()>,
}

impl Pictures for Noise {
    fn square(
        &self,
        image: ImageId,
        side: u32,
        _: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, NoPicture> {
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
        Some(self.side)
    }

    fn has_example(&self) -> bool {
        false
    }

    fn ready(&self) {
        let _ = self.ready.send(());
    }
}

pub fn is_positive(image: ImageId) -> bool {
    image.0.is_multiple_of(PREVALENCE)
}
