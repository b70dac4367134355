//! Tasks for Label Studio, in the JSON that it imports. What people and files said are annotations, a skip a
//! cancelled one; what the model labelled are predictions.
//!
//! Source: HumanSignal/label-studio, `docs/source/includes/task_format.md`, `docs/source/guide/predictions.md`, what
//! its `label_studio/tasks/serializers.py` takes from a file, and `label_studio/io_storages/localfiles/README.md`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use sluice_events::facts::Origin;
use sluice_events::{Answer, Source};
use sluice_session::state::By;

use super::rows::{Row, Session, Wanted};

/// The labelling config whose names the tasks use.
const CONFIG: &str = r#"<View><Image name="image" value="$image"/><Choices name="label" toName="image" choice="single"><Choice value="Positive"/><Choice value="Negative"/></Choices></View>"#;

#[derive(Serialize)]
struct Task<'a> {
    data: Data<'a>,
    annotations: &'a [Annotation],
    predictions: &'a [Prediction],
}

/// What Label Studio shows, and columns of its table.
#[derive(Serialize)]
struct Data<'a> {
    image: String,
    path: &'a str,
    source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<String>,
}

#[derive(Serialize)]
struct Annotation {
    result: Vec<Chosen>,
    /// Skipped.
    was_cancelled: bool,
    /// Told, because the import takes every annotation for a ground truth otherwise.
    ground_truth: bool,
    #[serde(rename = "lead_time", skip_serializing_if = "Option::is_none")]
    lead_time_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Prediction {
    result: [Chosen; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    model_version: String,
}

#[derive(Serialize)]
struct Chosen {
    from_name: &'static str,
    to_name: &'static str,
    r#type: &'static str,
    value: Choices,
}

#[derive(Serialize)]
struct Choices {
    choices: [&'static str; 1],
}

pub fn write(out: &mut dyn Write, session: &Session, wanted: &Wanted, pool: &Path) -> Result<()> {
    // Of all folders of the disk, only the pool's own name: so the tasks fit wherever the pool is put.
    let folder = pool.file_name().unwrap_or_default().as_encoded_bytes();
    out.write_all(b"[")?;
    let mut lead = "\n";
    for row in session.rows(wanted) {
        let (Some(answer), Some(source)) = (row.answer(), row.source()) else { continue };
        let chosen = chosen(answer);
        let (annotation, prediction) = match (source, chosen) {
            (Source::Model, Some(chosen)) => (None, Some(prediction(&row, chosen, session))),
            (_, chosen) => (Some(annotation(&row, chosen)), None),
        };
        let task = Task {
            data: Data {
                image: url(folder, &row.image.path),
                path: &row.image.path,
                source,
                answered_at: row.answered_at(),
            },
            annotations: annotation.as_slice(),
            predictions: prediction.as_slice(),
        };
        out.write_all(lead.as_bytes())?;
        serde_json::to_writer(&mut *out, &task).map_err(io::Error::from)?;
        lead = ",\n";
    }
    out.write_all(b"\n]\n")?;
    Ok(())
}

/// What to do with the file.
pub fn next_steps(pool: &Path) -> Vec<String> {
    let root = pool.parent().unwrap_or(pool).display();
    vec![
        format!("Labelling config: {CONFIG}"),
        format!(
            "Images: start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and \
             LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={root}, and give the project a source storage Local Files of {} \
             (without a sync); then import the file.",
            pool.display()
        ),
    ]
}

fn chosen(answer: Answer) -> Option<Chosen> {
    let choice = match answer {
        Answer::Positive => "Positive",
        Answer::Negative => "Negative",
        Answer::Skip => return None,
    };
    let value = Choices { choices: [choice] };
    Some(Chosen { from_name: "label", to_name: "image", r#type: "choices", value })
}

fn annotation(row: &Row<'_>, chosen: Option<Chosen>) -> Annotation {
    Annotation {
        was_cancelled: chosen.is_none(),
        result: chosen.into_iter().collect(),
        ground_truth: false,
        lead_time_seconds: row.seconds(),
    }
}

fn prediction(row: &Row<'_>, chosen: Chosen, session: &Session) -> Prediction {
    let bulk = match row.answered.map(|answered| answered.given.by) {
        Some(By::Bulk(bulk)) => session.state.bulk(bulk),
        Some(By::Look(_)) | None => None,
    };
    let model_version = match bulk.map(|bulk| &bulk.origin) {
        Some(Origin::Model { model: Some(model), .. }) => format!("sluice model {}", model.0),
        _ => "sluice".to_owned(),
    };
    Prediction { result: [chosen], score: row.confidence(), model_version }
}

/// Where Label Studio serves a file from, relative to the folder that the pool is in.
fn url(folder: &[u8], path: &str) -> String {
    let mut url = String::from("/data/local-files/?d=");
    for &byte in folder.iter().chain(b"/").chain(path.as_bytes()) {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                url.push(char::from(byte));
            }
            // Writing to a string can't fail.
            other => {
                let _ = write!(url, "%{other:02X}");
            }
        }
    }
    url
}
