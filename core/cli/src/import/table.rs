//! Tables: a header that names the columns, then a row a line.

use anyhow::{Context, Result, bail};
use csv::{Reader, ReaderBuilder, StringRecord};

use super::problems::{Trouble, listed};
use super::read::{LABELS, PATHS, Rows, SOURCE, is_of_model};
use super::words::Words;

/// What can stand between two fields.
const SEPARATORS: &[u8] = b",;\t";

/// Reads a table.
///
/// # Errors
/// When it has no column of paths, or none of labels.
pub fn read(text: &str, words: &Words, rows: &mut Rows) -> Result<()> {
    let mut reader = reader(text, separator(text)?);
    let mut record = StringRecord::new();
    reader.read_record(&mut record)?;
    let (path, label) = columns(&record)?;
    let source = record.iter().position(|column| column.trim().eq_ignore_ascii_case(SOURCE));
    let width = record.len();
    while reader.read_record(&mut record)? {
        let line = line(text, &record);
        let source = source.and_then(|source| record.get(source)).unwrap_or_default();
        match (record.get(path), record.get(label)) {
            (Some(path), Some(word)) if is_of_model(source, word) => rows.of_model(line, path),
            (Some(path), Some(label)) if record.len() == width => {
                rows.word(words, line, path, label);
            }
            _ => rows.trouble(Trouble::BadRow, Some(line), || {
                format!("{} fields, but the header has {width}", record.len())
            }),
        }
    }
    Ok(())
}

fn reader(text: &str, separator: u8) -> Reader<&[u8]> {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The separator with which the header names both columns, or else the most columns.
fn separator(text: &str) -> Result<u8> {
    let mut best = (b',', (false, 0));
    for &separator in SEPARATORS {
        let mut header = StringRecord::new();
        if !reader(text, separator).read_record(&mut header)? {
            bail!("it is empty; a table begins with a header that names its columns");
        }
        let names_both = (columns(&header).is_ok(), header.len());
        if names_both > best.1 {
            best = (separator, names_both);
        }
    }
    Ok(best.0)
}

/// The columns of paths and labels.
fn columns(header: &StringRecord) -> Result<(usize, usize)> {
    let column = |names: &[&str], what: &str| {
        let place =
            |name: &&str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        names.iter().find_map(place).with_context(|| {
            let there: Vec<&str> = header.iter().collect();
            format!(
                "its header names no column of {what}. It has {}; one of these names would do: {}",
                listed(&there),
                names.join(", ")
            )
        })
    };
    Ok((column(&PATHS, "paths")?, column(&LABELS, "labels")?))
}

/// The line that a record begins in. The reader's own count is that of the end of the record before; lines without
/// anything may lie between.
fn line(text: &str, record: &StringRecord) -> u64 {
    let Some(place) = record.position() else { return 0 };
    let before = text.as_bytes().get(place.byte() as usize..).unwrap_or_default();
    let empty = before.iter().take_while(|byte| matches!(**byte, b'\r' | b'\n'));
    place.line() + empty.filter(|byte| **byte == b'\n').count() as u64
}
