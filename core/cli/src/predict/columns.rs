//! The rows as Parquet: columns path, probability and problem; one of the last two has no value.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::rows::Row;

const SCHEMA: &str = "message predictions {
    REQUIRED BYTE_ARRAY path (UTF8);
    OPTIONAL FLOAT probability;
    OPTIONAL BYTE_ARRAY problem (UTF8);
}";
/// Rows of a group, which readers take at once.
const GROUP: usize = 100_000;

pub fn write(out: &mut (dyn Write + Send), rows: &[Row]) -> Result<()> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("sluice {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    for rows in rows.chunks(GROUP) {
        let mut group = file.next_row_group()?;
        let text = |text: &String| ByteArray::from(text.as_bytes().to_vec());
        let paths: Vec<ByteArray> = rows.iter().map(|row| text(&row.path)).collect();
        let probabilities: Vec<f32> =
            rows.iter().filter_map(|row| row.said.as_ref().ok().copied()).collect();
        let problems: Vec<ByteArray> =
            rows.iter().filter_map(|row| row.said.as_ref().err().map(text)).collect();
        let has_probability: Vec<i16> =
            rows.iter().map(|row| i16::from(row.said.is_ok())).collect();
        let has_problem: Vec<i16> = rows.iter().map(|row| i16::from(row.said.is_err())).collect();
        column::<ByteArrayType, _>(&mut group, &paths, None)?;
        column::<FloatType, _>(&mut group, &probabilities, Some(&has_probability))?;
        column::<ByteArrayType, _>(&mut group, &problems, Some(&has_problem))?;
        group.close()?;
    }
    file.close()?;
    Ok(())
}

/// The next column: its values, and for each row whether there is one.
fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    there: Option<&[i16]>,
) -> Result<()> {
    let mut column = group.next_column()?.context("the schema has too few columns")?;
    column.typed::<T>().write_batch(values, there, None)?;
    Ok(column.close()?)
}
