//! The predictor in TorchScript: what libtorch does for a picture, written down while it does it.

use std::path::Path;

use tch::{CModule, Device, Kind, Tensor};

use super::inference::Inference;
use super::{Predictor, PredictorError};

/// Of the module, in error messages of PyTorch.
const MODULE: &str = "SluicePredictor";

impl Predictor {
    /// Writes it as a file for `torch.jit.load`: `forward` takes a tensor (n, side, side, 3) of bytes for each of the
    /// [`inputs`](Self::inputs), and gives P(positive), (n).
    ///
    /// # Errors
    /// When a part can't be run, or libtorch refuses.
    pub fn write_script(&self, path: &Path) -> Result<(), PredictorError> {
        let inference = Inference::on(self, Device::Cpu)?;
        let black = |side: u32| {
            let side = i64::from(side);
            Tensor::zeros([1, side, side, 3], (Kind::Uint8, Device::Cpu))
        };
        let inputs: Vec<Tensor> =
            inference.inputs().iter().map(|input| black(input.side)).collect();
        let refused = |error: tch::TchError| PredictorError::Script(error.to_string());
        tch::no_grad(|| {
            let mut ask = |inputs: &[Tensor]| vec![inference.forward(inputs)];
            let module = CModule::create_by_tracing(MODULE, "forward", &inputs, &mut ask);
            module.map_err(refused)?.save(path).map_err(refused)
        })
    }
}
