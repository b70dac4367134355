//! The rows as a file: a table, lines or columns.

use std::io::{self, Write};

use anyhow::{Result, bail};
use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use super::columns;
use super::rows::Row;
use crate::arguments::{Predict, PredictionFormat};

const HEAD: [&str; 3] = ["path", "probability", "problem"];

/// In the order of [`HEAD`].
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    probability: Option<f32>,
    problem: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of(row: &'a Row) -> Self {
        let probability = row.said.as_ref().ok().copied();
        Self { path: &row.path, probability, problem: row.said.as_ref().err().map(String::as_str) }
    }
}

/// What was named, or what the name of the file says.
pub fn format(arguments: &Predict) -> Result<PredictionFormat> {
    if let Some(format) = arguments.format {
        return Ok(format);
    }
    let ending = arguments.to.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok(PredictionFormat::Csv),
        Some("jsonl" | "ndjson") => Ok(PredictionFormat::Jsonl),
        Some("parquet") => Ok(PredictionFormat::Parquet),
        _ => bail!(
            "the name {} does not say which format is wanted; nothing was written. End it with .csv, .jsonl or \
             .parquet, or say --format",
            arguments.to.display()
        ),
    }
}

pub fn write(format: PredictionFormat, out: &mut (dyn Write + Send), rows: &[Row]) -> Result<()> {
    match format {
        PredictionFormat::Csv => table(out, rows),
        PredictionFormat::Jsonl => lines(out, rows),
        PredictionFormat::Parquet => columns::write(out, rows),
    }
}

/// As RFC 4180 says, in UTF-8.
fn table(out: &mut dyn Write, rows: &[Row]) -> Result<()> {
    let mut table =
        WriterBuilder::new().has_headers(false).terminator(Terminator::CRLF).from_writer(out);
    table.write_record(HEAD)?;
    for row in rows {
        table.serialize(Line::of(row))?;
    }
    Ok(table.flush()?)
}

fn lines(out: &mut dyn Write, rows: &[Row]) -> Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *out, &Line::of(row)).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
