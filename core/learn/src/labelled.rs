//! The rows of the labels, kept from answer to answer: most of the time one is added at the end.

use sluice_events::ImageId;
use tch::{Kind, Tensor};

use crate::table::Table;

/// Standardised features of the labelled images, oldest answer first.
#[derive(Default)]
pub(crate) struct Labelled {
    /// Each with the row of the table that it was made of: a picture that was changed gets another one.
    made_of: Vec<(ImageId, u32)>,
    /// (room, d); rows behind the last are of no meaning.
    rows: Option<Tensor>,
}

impl Labelled {
    /// Features (n, d) of these images, which have some; `standardise` makes them of raw rows.
    pub fn rows(
        &mut self,
        images: &[ImageId],
        table: &Table,
        standardise: impl Fn(Tensor) -> Tensor,
    ) -> Option<Tensor> {
        let made_of: Vec<(ImageId, u32)> =
            images.iter().filter_map(|image| Some((*image, table.slot(*image)?))).collect();
        let mut same =
            self.made_of.iter().zip(&made_of).take_while(|(had, has)| had == has).count();
        if self.rows.is_none() {
            same = 0;
        }
        let (all, new) = (made_of.len() as i64, (made_of.len() - same) as i64);
        if new > 0 {
            let slots: Vec<u32> = made_of[same..].iter().map(|(_, slot)| *slot).collect();
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
        self.made_of = made_of;
        Some(self.rows.as_ref()?.narrow(0, 0, all))
    }
}

#[cfg(test)]
mod tests {
    use sluice_pool::{Extent, RowWriter};

    use super::*;

    #[test]
    fn rows_of_an_image_that_was_changed_are_taken_anew() {
        let mut writer = RowWriter::open(None, "", "", Extent::of(2, 0));
        let mut table = Table::empty(4);
        table.attach(writer.rows());
        for value in [1.0, 2.0, 3.0, 4.0, 9.0] {
            let row = half::f16::from_f32(value).to_bits().to_ne_bytes();
            let number = writer.push(&[], &row).expect("there is memory");
            table.assign(&[(ImageId(number), number)]);
        }
        let images: Vec<ImageId> = (0..4).map(ImageId).collect();
        let mut labelled = Labelled::default();
        let mut values = |table: &Table| {
            let rows = labelled.rows(&images, table, |rows| rows).map(|rows| rows.flatten(0, -1));
            rows.and_then(|rows| Vec::<f32>::try_from(rows).ok()).expect("there are rows")
        };
        assert_eq!(values(&table), [1.0, 2.0, 3.0, 4.0]);
        table.assign(&[(ImageId(1), 4)]);
        assert_eq!(values(&table), [1.0, 9.0, 3.0, 4.0]);
    }
}
