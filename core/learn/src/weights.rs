//! Weights from a file.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use tch::{Kind, Tensor};

/// How the archives of `torch.save` begin.
const ZIP: [u8; 4] = *b"PK\x03\x04";

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
    #[error("{} holds no weights in safetensors' format: {why}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What libtorch said, in short.
        why: String,
    },
    /// The file is a pickle.
    #[error(
        "{} is a PyTorch pickle, which can carry code and is not read; write it anew in Python with \
         safetensors.torch.save_file(torch.load(FILE, weights_only=True), NEW_FILE)",
        .path.display()
    )]
    Pickle {
        /// The file.
        path: PathBuf,
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

/// All tensors of a safetensors file by name, float32 on the CPU.
pub(crate) fn load(path: &Path) -> Result<HashMap<String, Tensor>, WeightsError> {
    let io = |source| WeightsError::Io { path: path.to_owned(), source };
    let mut first = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).map_err(io)?;
    if first == ZIP {
        return Err(WeightsError::Pickle { path: path.to_owned() });
    }
    let tensors = Tensor::read_safetensors(path).map_err(|error| {
        let why = error.to_string().lines().next().unwrap_or_default().to_owned();
        WeightsError::Format { path: path.to_owned(), why }
    })?;
    Ok(tensors.into_iter().map(|(name, tensor)| (name, tensor.to_kind(Kind::Float))).collect())
}
