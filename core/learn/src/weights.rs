//! Weights from a file.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

/// Why weights can't be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file can't be read.
    #[error("the weights {} can't be read: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error(
        "{} holds no weights that can be read (safetensors, or a state dict saved by torch.save): {why}",
        .path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What libtorch said, in short.
        why: String,
    },
    /// Keys or shapes differ from what the network wants.
    #[error("{} does not fit the network: {}", .path.display(), .differences.join("; "))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The first few, each with what was expected.
        differences: Vec<String>,
    },
}

/// All tensors of a file by name, float32 on the CPU.
pub(crate) fn load(path: &Path) -> Result<HashMap<String, Tensor>, WeightsError> {
    let io = |source| WeightsError::Io { path: path.to_owned(), source };
    let mut first = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).map_err(io)?;
    let loaded = if first == *b"PK\x03\x04" {
        Tensor::loadz_multi_with_device(path, Device::Cpu)
    } else {
        Tensor::read_safetensors(path)
    };
    let tensors = loaded.map_err(|error| {
        let why = error.to_string().lines().next().unwrap_or_default().to_owned();
        WeightsError::Format { path: path.to_owned(), why }
    })?;
    Ok(tensors.into_iter().map(|(name, tensor)| (name, tensor.to_kind(Kind::Float))).collect())
}
