//! Weights from a file: safetensors, or the state dict that `torch.save` writes. What is in a file is looked up first,
//! and of its tensors only those are read that a network needs: a file may hold far more than memory does.

mod published;
mod safetensors_file;
#[cfg(test)]
mod tests;
mod torch_file;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sluice_events::network::Weights;
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
    /// More would have to be read than weights of any network that can be built take.
    #[error(
        "{} can't be the weights of a network: {what} has {megabytes} MB, and {most} MB are the most that is read. \
         Choose the file that the network's weights are in, and nothing else",
        .path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is too large: the file, or its header.
        what: &'static str,
        /// How large it is, megabytes.
        megabytes: u64,
        /// How large it may be, megabytes.
        most: u64,
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

impl WeightsError {
    fn format(path: &Path, why: impl Into<String>) -> Self {
        Self::Format { path: path.to_owned(), why: why.into() }
    }

    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Bytes of a tensor, taken from its file.
type Bytes = Box<dyn Fn() -> io::Result<Vec<u8>>>;

/// A tensor of a file that was not read yet.
pub(crate) struct Unread {
    pub shape: Vec<i64>,
    /// Of its numbers, floating-point ones.
    kind: Kind,
    bytes: Bytes,
}

impl Unread {
    /// Its numbers, float32 on the CPU, in another shape with as many.
    fn read(&self, shape: &[i64]) -> Result<Tensor, String> {
        let bytes = (self.bytes)().map_err(|error| error.to_string())?;
        let numbers = self.shape.iter().product::<i64>() as usize;
        if bytes.len() != numbers * self.kind.elt_size_in_bytes() {
            return Err(format!(
                "{} bytes are no {:?} of {:?}",
                bytes.len(),
                self.shape,
                self.kind
            ));
        }
        let tensor = Tensor::f_from_data_size(&bytes, &self.shape, self.kind);
        Ok(tensor.map_err(|error| error.to_string())?.to_kind(Kind::Float).reshape(shape))
    }
}

/// The tensors of a file by the graph's names. Those that are no floating-point numbers are left out, a counter of
/// batches, for example: no parameter of a network is of another kind.
pub(crate) fn open(
    path: &Path,
    published: Option<&Weights>,
) -> Result<HashMap<String, Unread>, WeightsError> {
    let io = |source| WeightsError::io(path, source);
    let mut first = [0; 4];
    let mut file = File::open(path).map_err(io)?;
    let is_zip = match file.read_exact(&mut first) {
        Ok(()) => first == ZIP,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(io(error)),
    };
    if let Some(weights) = published {
        published::check_hash(path, weights)?;
    }
    let tensors = if is_zip { torch_file::open(path) } else { safetensors_file::open(path, file) }?;
    let renamed = published.map(|published| published.renamed.as_slice()).unwrap_or_default();
    let mut named = HashMap::new();
    for (name, tensor) in tensors {
        let name = published::rename(name, renamed);
        if named.insert(name.clone(), tensor).is_some() {
            let why = format!("two of its tensors would be called {name}");
            return Err(WeightsError::format(path, why));
        }
    }
    Ok(named)
}

/// Reads those tensors of a file that are wanted, each in this shape; float32 on the CPU.
pub(crate) fn read(
    path: &Path,
    file: &HashMap<String, Unread>,
    wanted: &HashMap<String, Vec<i64>>,
) -> Result<HashMap<String, Tensor>, WeightsError> {
    let read = |(name, shape): (&String, &Vec<i64>)| {
        let unread = file.get(name).ok_or_else(|| format!("{name} is missing"));
        let tensor = unread.and_then(|unread| unread.read(shape));
        tensor.map(|tensor| (name.clone(), tensor)).map_err(|why| WeightsError::format(path, why))
    };
    wanted.iter().map(read).collect()
}
