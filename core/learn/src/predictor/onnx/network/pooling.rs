//! Windows that are pooled.

use sluice_events::network::{Shape, Window};

use super::{Step, sliding};
use crate::predictor::onnx::proto::AttributeProto;

impl Step<'_> {
    pub fn max_pool(&mut self, x: &str, window: Window) -> String {
        self.push("", "MaxPool", &[x], sliding(window))
    }

    pub fn avg_pool(&mut self, x: &str, window: Window) -> String {
        let mut attributes = sliding(window);
        attributes.push(AttributeProto::int("count_include_pad", 1));
        self.push("", "AveragePool", &[x], attributes)
    }

    /// Means over as many windows as asked for, rows and columns. Windows of one size slide; others are means along
    /// each side, one after the other.
    pub fn adaptive_avg_pool(&mut self, x: &str, shape: Shape, windows: [u32; 2]) -> String {
        let Shape::Map(_, rows, columns) = shape else {
            unreachable!("a checked graph pools maps only");
        };
        if windows == [1, 1] {
            return self.push("", "GlobalAveragePool", &[x], vec![]);
        }
        if rows.is_multiple_of(windows[0]) && columns.is_multiple_of(windows[1]) {
            let size = [i64::from(rows / windows[0]), i64::from(columns / windows[1])];
            let slide = ["kernel_shape", "strides"].map(|name| AttributeProto::ints(name, &size));
            return self.push("", "AveragePool", &[x], slide.to_vec());
        }
        let along_rows = self.mean_weights(rows, windows[0], false);
        let along_columns = self.mean_weights(columns, windows[1], true);
        let narrow = self.push("columns", "MatMul", &[x, &along_columns], vec![]);
        self.push("", "MatMul", &[&along_rows, &narrow], vec![])
    }

    /// The matrix that takes the means along one side, (windows, side), or transposed.
    fn mean_weights(&mut self, side: u32, windows: u32, transposed: bool) -> String {
        let (side, windows) = (side as usize, windows as usize);
        let weights = mean_weights(side, windows);
        let name = format!("windows/{windows}/{side}");
        if !transposed {
            return self.builder.floats(&name, &[windows, side], &weights);
        }
        let columns = (0..side).flat_map(|at| weights[at..].iter().step_by(side));
        let turned: Vec<f32> = columns.copied().collect();
        self.builder.floats(&format!("{name}/transposed"), &[side, windows], &turned)
    }
}

/// What each value along a side counts for in each window's mean, (windows, side): PyTorch's windows, which begin
/// and end where they touch a value, and so share some.
fn mean_weights(side: usize, windows: usize) -> Vec<f32> {
    let mut weights = vec![0.0; windows * side];
    for window in 0..windows {
        let (start, end) = (window * side / windows, ((window + 1) * side).div_ceil(windows));
        weights[window * side + start..window * side + end].fill(1.0 / (end - start) as f32);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_do_not_divide_a_side_are_pytorchs() {
        // What `torch.nn.functional.adaptive_avg_pool1d(torch.eye(5), 3).T` gives, and `(torch.eye(2), 3)`.
        let (half, third) = (0.5, 1.0 / 3.0);
        let five = [
            [half, half, 0.0, 0.0, 0.0],
            [0.0, third, third, third, 0.0],
            [0.0, 0.0, 0.0, half, half],
        ];
        assert_eq!(mean_weights(5, 3), five.concat());
        assert_eq!(mean_weights(2, 3), [[1.0, 0.0], [half, half], [0.0, 1.0]].concat());
    }
}
