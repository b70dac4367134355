//! `labels.json` of FiftyOne's `FiftyOneImageClassificationDataset`.
//!
//! An image is named there by its whole path. Paths below a folder are possible, too, but without their endings, so
//! that FiftyOne takes any file of the same name for the image.
//!
//! Source: voxel51/fiftyone 1.22.1, `FiftyOneImageClassificationDatasetImporter` in
//! `fiftyone/utils/data/importers.py`, and the section of that name in its guide on importing datasets.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use sluice_events::{Answer, Source};

use super::rows::Row;

/// The classes, by their number.
const CLASSES: [&str; 3] = ["negative", "positive", "skip"];

/// What an image is.
#[derive(Serialize)]
#[serde(untagged)]
enum Target {
    Class(u8),
    /// What a model says is told with how sure it was.
    Foretold {
        label: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        confidence: Option<f32>,
        attributes: Attributes,
    },
}

#[derive(Serialize)]
struct Attributes {
    source: Source,
}

/// `pool` is the folder of the images.
pub fn write<'a>(
    out: &mut dyn Write,
    rows: impl Iterator<Item = Row<'a>>,
    pool: &Path,
) -> Result<()> {
    out.write_all(b"{\"classes\":")?;
    serde_json::to_writer(&mut *out, &CLASSES).map_err(io::Error::from)?;
    out.write_all(b",\"labels\":{")?;
    let mut lead = "\n";
    for row in rows {
        let Some(target) = target(&row) else { continue };
        out.write_all(lead.as_bytes())?;
        let path = pool.join(&row.image.path);
        serde_json::to_writer(&mut *out, &path.to_string_lossy()).map_err(io::Error::from)?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, &target).map_err(io::Error::from)?;
        lead = ",\n";
    }
    out.write_all(b"\n}}\n")?;
    Ok(())
}

fn target(row: &Row<'_>) -> Option<Target> {
    let class = match row.answer()? {
        Answer::Negative => 0,
        Answer::Positive => 1,
        Answer::Skip => 2,
    };
    Some(match row.source()? {
        source @ Source::Model => Target::Foretold {
            label: class,
            confidence: row.confidence(),
            attributes: Attributes { source },
        },
        _ => Target::Class(class),
    })
}

/// The lines of Python that load it.
pub fn next_steps(file: &Path) -> Vec<String> {
    // Python reads a text of JSON as its own.
    let file = serde_json::Value::from(file.to_string_lossy());
    vec![
        "Load it with:".to_owned(),
        "  import fiftyone as fo".to_owned(),
        "  dataset = fo.Dataset.from_dir(dataset_type=fo.types.FiftyOneImageClassificationDataset,"
            .to_owned(),
        format!("      labels_path={file})"),
    ]
}
