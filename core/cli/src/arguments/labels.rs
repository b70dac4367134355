//! The command line of `sluice export`, `sluice import` and `sluice revoke`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ExportModel, SessionFolder};

#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write the labels to files that other programs read
    #[command(
        after_help = "Examples:\n  sluice export labels SESSION --format csv --to labels.csv\n  \
        sluice export labels SESSION --format folders --only manual,audit --to sorted\n  \
        sluice export labels ~/pictures --format label-studio --to tasks.json\n\n\
        Works while a server has the session open. The same labels give the same bytes; a file is there \
        whole or not at all."
    )]
    Labels(ExportLabels),
    /// Write the predictor to a file that other programs load, with its description and a model card
    #[command(
        after_help = "Examples:\n  sluice export model SESSION --format safetensors --to scratches.safetensors\n  \
        sluice export model SESSION --format torchscript --to scratches.pt\n  \
        sluice export model ~/pictures --format onnx --to scratches.onnx\n\n\
        Beside scratches.onnx, scratches.json says how pictures are prepared, and scratches.md how far the model is to \
        be trusted. The same answers give the same bytes; each file is there whole or not at all."
    )]
    Model(ExportModel),
}

#[derive(Args, Clone, Debug)]
pub struct ExportLabels {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// How they are written
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: LabelFormat,
    /// The new file; for folders, the new folder
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,
    /// Only answers of these sources: manual, timeout, imported, model, audit; with commas between
    #[arg(long, value_delimiter = ',', value_name = "SOURCE")]
    pub only: Vec<SourceName>,
    /// Images without an answer, too (csv, jsonl)
    #[arg(long)]
    pub all: bool,
    /// With folders: copy the images instead of linking to them
    #[arg(long)]
    pub copy: bool,
    /// Put it in place of what is there
    #[arg(long)]
    pub replace: bool,
    /// Where the images are now, if they moved [default: the pool's folder as it was given]
    #[arg(long, value_name = "DIR")]
    pub pool: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LabelFormat {
    /// A table: path,label,source,probability,answered_at,seconds
    Csv,
    /// One JSON object an image and line, with everything that was ever said of it
    Jsonl,
    /// Folders positive, negative and skipped with links to the images, or copies
    Folders,
    /// Tasks for Label Studio, with what the model said as predictions
    LabelStudio,
    /// labels.json of FiftyOne's FiftyOneImageClassificationDataset
    Fiftyone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SourceName {
    Manual,
    Timeout,
    Imported,
    Model,
    Audit,
}

#[derive(Args, Clone, Debug)]
pub struct Import {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// A table (.csv), JSON lines (.jsonl), a folder of folders named after labels, or the annotations.pickle and
    /// skipped.pickle of the older tool
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What counts as yes, besides positive, yes, true and 1; with commas between
    #[arg(long, value_delimiter = ',', value_name = "WORD")]
    pub positive: Vec<String>,
    /// What counts as no, besides negative, no, false and 0; with commas between
    #[arg(long, value_delimiter = ',', value_name = "WORD")]
    pub negative: Vec<String>,
    /// The folder that the file's paths begin in, if it is neither the pool nor the file's own folder
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// What to do with an image that has another answer already
    #[arg(long, value_enum, value_name = "WHAT", default_value = "stop")]
    pub conflicts: Conflicts,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Conflicts {
    /// List them and import nothing
    Stop,
    /// Keep the answers that there are, import the rest
    Keep,
    /// Let the file's labels take their place
    Replace,
}

#[derive(Args, Clone, Debug)]
pub struct Revoke {
    #[command(flatten)]
    pub folder: SessionFolder,
    /// The number of the step [default: the newest that counts]
    #[arg(long, value_name = "N")]
    pub step: Option<u32>,
    /// List the steps and change nothing
    #[arg(long)]
    pub list: bool,
}
