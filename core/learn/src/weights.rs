//! Weights from a file: safetensors, or the state dict that `torch.save` writes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader};
use sha2::{Digest, Sha256};
use sluice_events::network::Weights;
use tch::{Kind, Tensor};

/// How the archives of `torch.save` begin.
const ZIP: [u8; 4] = *b"PK\x03\x04";
/// All tensors of a file together never take more than this, bytes; the largest network has a fifth
/// of it. A small file can claim much.
const MOST_BYTES: usize = 10 << 30;

/// Why weights can't be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file can't be read.
    #[error("the weights {} can't be read: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error(
        "{} holds no weights in safetensors' format or as torch.save writes a state dict: {why}",
        .path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, in short.
        why: String,
    },
    /// The file has the name of the published weights, and is another one.
    #[error(
        "{} has the name of the weights that are published at {url}, but its SHA-256 is {found}…, not \
         {wanted}…: it is damaged or another one. Fetch it again, or rename it if it is your own",
        .path.display()
    )]
    Hash {
        /// The file.
        path: PathBuf,
        /// Where they are published.
        url: String,
        /// Hexadecimal digits of the file's hash.
        found: String,
        /// What they should be.
        wanted: String,
    },
    /// Keys or shapes differ from what the network wants.
    #[error("{} does not fit the network: {}", .path.display(), .differences.join("; "))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The first few, each with the node, what was expected, and what is there.
        differences: Vec<String>,
    },
}

/// All tensors of a file by the graph's names, float32 on the CPU.
pub(crate) fn load(
    path: &Path,
    published: Option<&Weights>,
) -> Result<HashMap<String, Tensor>, WeightsError> {
    let io = |source| WeightsError::Io { path: path.to_owned(), source };
    let mut first = [0; 4];
    let mut file = File::open(path).map_err(io)?;
    let is_zip = match file.read_exact(&mut first) {
        Ok(()) => first == ZIP,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(io(error)),
    };
    if let Some(published) = published {
        check_hash(path, published)?;
    }
    let read = if is_zip { read_torch(path) } else { read_safetensors(path) };
    let tensors = read.map_err(|why| WeightsError::Format { path: path.to_owned(), why })?;
    let renamed = published.map(|published| published.renamed.as_slice()).unwrap_or_default();
    let mut named = HashMap::new();
    for (name, tensor) in tensors {
        if let Some(_taken) = named.insert(rename(name.clone(), renamed), tensor) {
            let why = format!("two of its tensors would be called {}", rename(name, renamed));
            return Err(WeightsError::Format { path: path.to_owned(), why });
        }
    }
    Ok(named)
}

/// A file that goes by the published name must be the published one; any other is the person's own.
fn check_hash(path: &Path, published: &Weights) -> Result<(), WeightsError> {
    let its_name = published.url.rsplit('/').next();
    if path.file_name().and_then(|name| name.to_str()) != its_name {
        return Ok(());
    }
    let io = |source| WeightsError::Io { path: path.to_owned(), source };
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path).map_err(io)?, &mut hash).map_err(io)?;
    let found = format!("{:x}", hash.finalize());
    let wanted = published.sha256.to_lowercase();
    if found.starts_with(&wanted) {
        return Ok(());
    }
    let (path, url) = (path.to_owned(), published.url.clone());
    Err(WeightsError::Hash { path, url, found: found[..wanted.len()].to_owned(), wanted })
}

fn rename(name: String, renamed: &[(String, String)]) -> String {
    let found = renamed.iter().find_map(|(in_file, in_graph)| {
        name.strip_prefix(in_file.as_str()).map(|rest| format!("{in_graph}{rest}"))
    });
    found.unwrap_or(name)
}

fn read_safetensors(path: &Path) -> Result<HashMap<String, Tensor>, String> {
    let tensors = Tensor::read_safetensors(path)
        .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
    Ok(tensors.into_iter().map(|(name, tensor)| (name, tensor.to_kind(Kind::Float))).collect())
}

/// Reads a pickle's tensors; what else it would do or make is not done.
fn read_torch(path: &Path) -> Result<HashMap<String, Tensor>, String> {
    let reader = PytorchReader::new(path).map_err(|error| error.to_string())?;
    let entries = reader.into_tensors();
    let bytes = entries.values().try_fold(0_usize, |sum, entry| sum.checked_add(entry.byte_len()));
    if bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
        return Err(format!("its tensors would take more than {} GiB", MOST_BYTES >> 30));
    }
    let mut tensors = HashMap::new();
    for entry in entries.into_values() {
        let data = entry.read().map_err(|error| error.to_string())?;
        let Some(values) = to_floats(entry.dtype(), &data) else {
            // A counter of batches, for example: no parameter of a network is of another type.
            continue;
        };
        let shape: Vec<i64> = entry.shape().iter().map(|side| *side as i64).collect();
        tensors.insert(entry.name.clone(), Tensor::from_slice(&values).view(shape.as_slice()));
    }
    Ok(tensors)
}

fn to_floats(kind: DType, data: &[u8]) -> Option<Vec<f32>> {
    let halves = || data.as_chunks::<2>().0.iter().copied();
    Some(match kind {
        DType::F32 => data.as_chunks::<4>().0.iter().copied().map(f32::from_ne_bytes).collect(),
        DType::F64 => {
            data.as_chunks::<8>().0.iter().map(|bytes| f64::from_ne_bytes(*bytes) as f32).collect()
        }
        DType::F16 => halves().map(|bytes| f16::from_ne_bytes(bytes).to_f32()).collect(),
        DType::BF16 => halves().map(|bytes| bf16::from_ne_bytes(bytes).to_f32()).collect(),
        _ => return None,
    })
}
