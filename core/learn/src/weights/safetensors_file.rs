//! Files in safetensors' format: how long the header is (8 bytes), the header (JSON), then the tensors one after the
//! other.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, Metadata};
use tch::Kind;

use super::{Bytes, Unread, WeightsError};

/// Bytes before the header.
const BEFORE: u64 = 8;
/// Bytes of a header at most, as the format says.
const MOST_HEADER: u64 = 100_000_000;

/// Its tensors by their names in the file; none of them is read yet.
pub(super) fn open(path: &Path, file: File) -> Result<Vec<(String, Unread)>, WeightsError> {
    let (metadata, begin) = read_header(path, &file)?;
    let file = Arc::new(file);
    let tensors = metadata.tensors().into_iter().filter_map(|(name, tensor)| {
        let kind = kind(tensor.dtype)?;
        let shape = tensor.shape.iter().map(|side| *side as i64).collect();
        let (from, to) = tensor.data_offsets;
        let (file, length) = (Arc::clone(&file), to - from);
        let bytes: Bytes = Box::new(move || {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, begin + from as u64)?;
            Ok(bytes)
        });
        Some((name, Unread { shape, kind, bytes }))
    });
    Ok(tensors.collect())
}

/// The header, whose tensors fill the rest of the file, and where this rest begins.
fn read_header(path: &Path, file: &File) -> Result<(Metadata, u64), WeightsError> {
    let io = |source| WeightsError::io(path, source);
    let no = |why: String| WeightsError::format(path, why);
    let there = file.metadata().map_err(io)?.len();
    if there < BEFORE {
        return Err(no(format!("it has {there} bytes")));
    }
    let mut length = [0; BEFORE as usize];
    file.read_exact_at(&mut length, 0).map_err(io)?;
    let length = u64::from_le_bytes(length);
    if length > there - BEFORE {
        return Err(no("its header would be longer than the file".to_owned()));
    }
    if length > MOST_HEADER {
        let (megabytes, most) = (length / 1_000_000, MOST_HEADER / 1_000_000);
        let path = path.to_owned();
        return Err(WeightsError::TooLarge { path, what: "its header", megabytes, most });
    }
    let mut header = vec![0; length as usize];
    file.read_exact_at(&mut header, BEFORE).map_err(io)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| no(format!("its header can't be read: {error}")))?;
    let begin = BEFORE + length;
    let (claimed, there) = (metadata.data_len() as u64, there - begin);
    if claimed != there {
        return Err(no(format!(
            "its tensors should take {claimed} bytes, and {there} are there: it is not whole"
        )));
    }
    Ok((metadata, begin))
}

/// Of floating-point numbers.
fn kind(of: Dtype) -> Option<Kind> {
    Some(match of {
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        _ => return None,
    })
}
