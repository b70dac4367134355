//! State dicts as `torch.save` writes them: an archive with a pickle that names the tensors, and a file for the numbers
//! of each.

use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use tch::Kind;

use super::{Unread, WeightsError};

/// Its tensors by their names in the file; none of them is read yet. Of the pickle, which is small or refused, only the
/// tensors are looked at; what else it would do or make is not done.
pub(super) fn open(path: &Path) -> Result<Vec<(String, Unread)>, WeightsError> {
    let reader =
        PytorchReader::new(path).map_err(|error| WeightsError::format(path, error.to_string()))?;
    let tensors = reader.into_tensors().into_values().filter_map(|tensor| {
        let (name, dtype, shape, bytes) = tensor.into_parts();
        let shape = shape.into_iter().map(|side| side as i64).collect();
        Some((name, Unread { shape, kind: kind(dtype)?, bytes: Box::new(bytes) }))
    });
    Ok(tensors.collect())
}

/// Of floating-point numbers.
fn kind(of: DType) -> Option<Kind> {
    Some(match of {
        DType::F32 => Kind::Float,
        DType::F64 => Kind::Double,
        DType::F16 => Kind::Half,
        DType::BF16 => Kind::BFloat16,
        _ => return None,
    })
}
