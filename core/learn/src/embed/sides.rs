//! How large pictures are made.

use sluice_events::ImageId;

use crate::Pictures;

/// Pictures whose size is looked at to choose a side.
const LOOKED_AT: usize = 50;
/// Pictures up to this side are small, pixels.
const SMALL_PICTURE: u32 = 40;

/// The side that pictures are reduced to: small ones are taken as they are, or nearly.
pub(crate) fn typical_side(
    pictures: &dyn Pictures,
    images: impl Iterator<Item = ImageId>,
    small: u32,
    large: u32,
) -> u32 {
    let sides = images.take(LOOKED_AT).filter_map(|image| pictures.longer_side(image));
    let mut sides: Vec<u32> = sides.collect();
    sides.sort_unstable();
    let median = sides.get(sides.len() / 2).copied().unwrap_or(large);
    if median <= SMALL_PICTURE { small } else { large }
}
