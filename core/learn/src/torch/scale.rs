//! The scale of the features: what is standardised with it, and when it is measured anew.

use tch::{Kind, Tensor};

use crate::table::Table;

/// It is measured anew when so many times as many images have features.
const REMEASURE_AT: f64 = 1.5;
/// Rows that it is measured on at most.
const MEASURED_ON: usize = 10_000;

/// Mean and deviation of each feature, (dim), over so many images.
pub(super) struct Scale {
    pub mean: Tensor,
    pub deviation: Tensor,
    over: u32,
    /// Whether the whole pool had features when it was measured, now or before.
    pub complete: bool,
}

impl Scale {
    /// A newer one where there is none or it is out of date; `to_embed` images have features when the pool is complete.
    /// Principal components share one deviation: blowing each up to the same size would make as much of the noise in
    /// the last ones as of the first.
    pub fn newer(
        had: Option<&Self>,
        table: &Table,
        to_embed: u32,
        one_deviation: bool,
    ) -> Option<Self> {
        let (count, measured) = (table.count(), had.map_or(0, |scale| scale.over));
        let complete = count == to_embed;
        // Later, when images join one by one, the pool as a whole is what it was.
        let was_complete = had.is_some_and(|scale| scale.complete);
        let grown = f64::from(count) >= f64::from(measured) * REMEASURE_AT;
        if !(grown || complete && !was_complete) {
            return None;
        }
        let rows = table.gather(&table.some_slots(MEASURED_ON))?;
        let mean = rows.mean_dim(0_i64, false, Kind::Float);
        let centered = &rows - &mean;
        let squares = &centered * &centered;
        let variance = if one_deviation {
            squares.mean(Kind::Float).expand_as(&mean).contiguous()
        } else {
            squares.mean_dim(0_i64, false, Kind::Float)
        };
        // A feature that never changes says nothing, and must not be blown up.
        let deviation = variance.sqrt();
        let deviation = deviation.maximum(&(deviation.max() * 1e-4)).clamp_min(1e-12);
        Some(Self { mean, deviation, over: count, complete: complete || was_complete })
    }

    /// Rows (n, dim) on this scale.
    pub fn standardise(&self, rows: &Tensor) -> Tensor {
        (rows - &self.mean) / &self.deviation
    }
}
