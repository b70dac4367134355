//! How the predictor is loaded in Python, by its format.

use sluice_learn::Input;

use crate::arguments::ModelFormat;

/// Lines that follow those of [`preparation`](super::preparation).
pub fn in_python(file: &str, format: ModelFormat, inputs: &[Input]) -> String {
    // Python reads a text of JSON as its own.
    let file = serde_json::Value::from(file);
    let sides: Vec<String> = inputs.iter().map(|input| input.side.to_string()).collect();
    match format {
        ModelFormat::Torchscript => format!(
            "\
import torch

model = torch.jit.load({file}).eval()
pictures = [torch.from_numpy(squares(paths, side)) for side in ({},)]
with torch.no_grad():
    probabilities = model(*pictures)
",
            sides.join(", ")
        ),
        ModelFormat::Onnx => {
            let pictures = inputs
                .iter()
                .map(|Input { name, side }| format!("\"{name}\": squares(paths, {side})"));
            let pictures: Vec<String> = pictures.collect();
            format!(
                "\
import onnxruntime

model = onnxruntime.InferenceSession({file}, providers=[\"CPUExecutionProvider\"])
pictures = {{{}}}
[probabilities] = model.run([\"probability\"], pictures)
",
                pictures.join(", ")
            )
        }
        ModelFormat::Safetensors => format!(
            "\
import json
from safetensors import safe_open

with safe_open({file}, \"pt\") as model:
    description = json.loads(model.metadata()[\"sluice.predictor\"])
    tensors = {{name: model.get_tensor(name) for name in model.keys()}}
"
        ),
    }
}

/// What is to be said besides.
pub fn remark(format: ModelFormat) -> &'static str {
    match format {
        ModelFormat::Torchscript | ModelFormat::Onnx => {
            "`paths` are the files; any number of them is asked about at once, as far as the memory reaches."
        }
        ModelFormat::Safetensors => {
            "What the description means, `examples/predictor/predict.py` of sluice shows: it runs the graph in \
             PyTorch. `sluice predict FILE DIR --to predictions.csv` needs no Python."
        }
    }
}
