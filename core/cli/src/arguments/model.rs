//! The command line of `sluice export model` and `sluice predict`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{SessionArguments, SessionFolder};

#[derive(Args, Clone, Debug)]
pub struct ExportModel {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// What is to load it
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: ModelFormat,
    /// The new file; beside it come its description, FILE.json, and its card, FILE.md
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Put them in place of what is there
    #[arg(long)]
    pub replace: bool,
    /// Where the images are now, if they moved [default: the pool's folder as it was given]
    #[arg(long, value_name = "DIR")]
    pub pool: Option<PathBuf>,
    #[command(flatten)]
    pub session_arguments: SessionArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelFormat {
    /// For torch.jit.load (.pt)
    Torchscript,
    /// Tensors and the graph of the network; for `sluice predict`, and for code of your own (.safetensors)
    Safetensors,
    /// For onnxruntime and many others (.onnx)
    Onnx,
}

#[derive(Args, Clone, Debug)]
pub struct Predict {
    /// Who is asked: a session folder, the folder of images that it belongs to, or a file of
    /// `sluice export model --format safetensors`
    #[arg(value_name = "SESSION|MODEL")]
    pub who: PathBuf,
    /// The folder of images; folders in it are looked through too
    #[arg(value_name = "DIR")]
    pub images: PathBuf,
    /// The new file
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// How it is written [default: as its name ends]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<PredictionFormat>,
    /// Put it in place of what is there, also of what another model has begun to say
    #[arg(long)]
    pub replace: bool,
    /// Where the images of the session are now, if they moved [default: the pool's folder as it was given]
    #[arg(long, value_name = "DIR")]
    pub pool: Option<PathBuf>,
    #[command(flatten)]
    pub session_arguments: SessionArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PredictionFormat {
    /// A table: path,probability,problem
    Csv,
    /// One JSON object an image and line
    Jsonl,
    /// Columns path, probability and problem, for pandas, DuckDB, Spark and others
    Parquet,
}
