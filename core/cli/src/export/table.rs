//! A table: one image a line, as RFC 4180 says, in UTF-8.

use std::io::Write;

use anyhow::Result;
use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use sluice_events::{Answer, Source};

use super::rows::Row;

const HEAD: [&str; 6] = ["path", "label", "source", "probability", "answered_at", "seconds"];

/// In the order of [`HEAD`]. A path is written as it is, also where a spreadsheet would take it for a formula: it has
/// to be found again.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    label: Option<Answer>,
    source: Option<Source>,
    probability: Option<f32>,
    answered_at: Option<String>,
    seconds: Option<f64>,
}

pub fn write<'a>(out: &mut dyn Write, rows: impl Iterator<Item = Row<'a>>) -> Result<()> {
    // With a head of its own, because the writer makes none where there is no row.
    let mut table =
        WriterBuilder::new().has_headers(false).terminator(Terminator::CRLF).from_writer(out);
    table.write_record(HEAD)?;
    for row in rows {
        table.serialize(Line {
            path: &row.image.path,
            label: row.answer(),
            source: row.source(),
            probability: row.probability(),
            answered_at: row.answered_at(),
            seconds: row.seconds(),
        })?;
    }
    Ok(table.flush()?)
}
