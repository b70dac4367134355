//! The rows of the labels, kept from answer to answer: most of the time one is added at the end.

use sluice_events::ImageId;
use tch::{Kind, Tensor};

use crate::table::Table;

/// Standardised features of the labelled images, oldest answer first.
#[derive(Default)]
pub(crate) struct Labelled {
    images: Vec<ImageId>,
    /// (room, d); rows behind the last are of no meaning.
    rows: Option<Tensor>,
}

impl Labelled {
    /// Features (n, d) of these images; `standardise` makes them of raw rows.
    pub fn rows(
        &mut self,
        images: &[ImageId],
        table: &Table,
        standardise: impl Fn(Tensor) -> Tensor,
    ) -> Option<Tensor> {
        let mut same = self.images.iter().zip(images).take_while(|(had, has)| had == has).count();
        if self.rows.is_none() {
            same = 0;
        }
        let (all, new) = (images.len() as i64, (images.len() - same) as i64);
        if new > 0 {
            let slots: Vec<u32> =
                images[same..].iter().filter_map(|image| table.slot(*image)).collect();
            let added = standardise(table.gather(&slots)?);
            let room = self.rows.as_ref().map_or(0, |rows| rows.size()[0]);
            if room < all {
                let larger =
                    Tensor::zeros([all * 2, added.size()[1]], (Kind::Float, added.device()));
                if let Some(rows) = &self.rows {
                    larger.narrow(0, 0, same as i64).copy_(&rows.narrow(0, 0, same as i64));
                }
                self.rows = Some(larger);
            }
            self.rows.as_ref()?.narrow(0, same as i64, new).copy_(&added);
        }
        self.images.truncate(same);
        self.images.extend_from_slice(&images[same..]);
        Some(self.rows.as_ref()?.narrow(0, 0, all))
    }
}
