//! A file of events as TensorBoard reads it: records framed as TensorFlow's TFRecord, each a message `Event` of its
//! protocol buffers, of which only the fields used here are declared.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use prost::Message;

use sluice_session::now_us;

/// What a file begins with.
const VERSION: &str = "brain.Event:2";

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    /// One of several in TensorFlow's message: nought, too, has to be written.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// A file that grows.
pub(crate) struct EventFile(File);

impl EventFile {
    /// Whether files can be made in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// When not.
    pub fn probe(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let probe = folder.join(format!("probe.{}", std::process::id()));
        File::create(&probe)?;
        fs::remove_file(probe)
    }

    /// A new file in a folder, which is made where it is missing; the time is in its name, so that each run has a
    /// file of its own.
    ///
    /// # Errors
    /// When it can't be made or written.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        let time_us = now_us();
        fs::create_dir_all(folder)?;
        let (seconds, process) = (time_us / 1_000_000, std::process::id());
        let name =
            format!("events.out.tfevents.{seconds}.sluice.{process}.{}", time_us % 1_000_000);
        let mut file = Self(File::create_new(folder.join(name))?);
        let version = Some(VERSION.to_owned());
        file.record(&Event {
            wall_time: wall(time_us),
            file_version: version,
            ..Event::default()
        })?;
        Ok(file)
    }

    /// Scalars at a step.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn write(&mut self, time_us: u64, step: u32, scalars: &[(&str, f32)]) -> io::Result<()> {
        let value = |(tag, value): &(&str, f32)| Value {
            tag: (*tag).to_owned(),
            simple_value: Some(*value),
        };
        self.record(&Event {
            wall_time: wall(time_us),
            step: i64::from(step),
            summary: Some(Summary { value: scalars.iter().map(value).collect() }),
            ..Event::default()
        })
    }

    /// In one write, so that a reader rarely meets half of it (it waits for the rest then).
    fn record(&mut self, event: &Event) -> io::Result<()> {
        self.0.write_all(&framed(&event.encode_to_vec()))
    }
}

fn wall(time_us: u64) -> f64 {
    time_us as f64 / 1e6
}

/// Length, its checksum, the bytes, their checksum.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut framed = length.to_vec();
    framed.extend(masked_crc(&length).to_le_bytes());
    framed.extend(bytes);
    framed.extend(masked_crc(bytes).to_le_bytes());
    framed
}

/// TFRecord's checksum: CRC-32C, turned and shifted, so that checksums of checksums are not weak.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails loudly")]

    use super::*;

    #[test]
    fn records_are_framed_and_hold_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EventFile::begin(&folder.path().join("runs")).unwrap();
        file.write(8_000_000, 3, &[("a", 0.0), ("b", 2.0)]).unwrap();
        let entry = fs::read_dir(folder.path().join("runs")).unwrap().next().unwrap().unwrap();
        assert!(entry.file_name().to_str().unwrap().contains(".tfevents."));
        let bytes = fs::read(entry.path()).unwrap();
        let (mut rest, mut events) = (bytes.as_slice(), Vec::new());
        while let Some((length, after)) = rest.split_first_chunk::<8>() {
            let size = u64::from_le_bytes(*length) as usize;
            let event = &after[4..4 + size];
            assert_eq!(framed(event), rest[..16 + size]);
            events.push(Event::decode(event).unwrap());
            rest = &after[8 + size..];
        }
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        assert_eq!((events.len(), events[1].step), (2, 3));
        let values = &events[1].summary.as_ref().unwrap().value;
        let told = values.iter().map(|value| (value.tag.as_str(), value.simple_value));
        assert_eq!(told.collect::<Vec<_>>(), [("a", Some(0.0)), ("b", Some(2.0))]);
    }

    #[test]
    fn the_checksum_is_tfrecords() {
        // Of the length of a record of 24 bytes, as TensorFlow writes it.
        assert_eq!(masked_crc(&24_u64.to_le_bytes()).to_le_bytes(), [0xa3, 0x7f, 0x4b, 0x22]);
    }
}
