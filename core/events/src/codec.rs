//! Facts to record payloads and back: codec 1 of the log, bincode 2 in its standard configuration
//! through serde. The only module that knows bincode.
//!
//! bincode is unmaintained, so the rules are narrow: decode only bytes whose checksum held, with a
//! size limit, and reject trailing bytes. A type's number and its struct are frozen together.
#![doc = include_str!("../FORMAT.md")]

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::{Serialize, de::DeserializeOwned};

use crate::facts::{Event, Unknown, v1, v2};

/// A record never holds more than this. The log's batches hold twice as much, so that several
/// records always fit.
pub const MAX_PAYLOAD: usize = 256 * 1024;

/// bincode counts what it claims for lists, which is more than their bytes; the payload itself is
/// bounded by the log's batches.
const CLAIMED: usize = 64 * MAX_PAYLOAD;

const CONFIG: Configuration<LittleEndian, Varint, Limit<CLAIMED>> =
    bincode::config::standard().with_limit::<CLAIMED>();

/// Why a fact could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The payload isn't what its type and version promise.
    #[error("event type {event_type} version {schema_version} can't be decoded: {source}")]
    Decode {
        /// Event type of the record.
        event_type: u16,
        /// Schema version of the record.
        schema_version: u16,
        /// What bincode said.
        source: bincode::error::DecodeError,
    },
    /// Bytes were left over.
    #[error("event type {event_type} version {schema_version} has {extra} bytes too many")]
    Trailing {
        /// Event type of the record.
        event_type: u16,
        /// Schema version of the record.
        schema_version: u16,
        /// How many.
        extra: usize,
    },
    /// bincode refused.
    #[error("event can't be encoded: {0}")]
    Encode(#[from] bincode::error::EncodeError),
    /// The fact is too large for a record.
    #[error("an event of {0} bytes is too large for the log")]
    TooLarge(usize),
    /// A fact of a newer program is never written by this one.
    #[error("event type {0} is unknown to this version of the program and can't be written")]
    UnknownType(u16),
}

/// A fact as the log stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Number of the fact's type.
    pub event_type: u16,
    /// Version of its shape.
    pub schema_version: u16,
    /// bincode.
    pub payload: Vec<u8>,
}

/// Ties each fact to its number and its newest version; behind it, for each older version, the struct
/// that its bytes are, which becomes the newest by `From` (through the versions between, where there
/// are any). The one list to extend.
macro_rules! facts {
    ($($number:literal => $variant:ident, $newest:literal $({ $($version:literal: $old:ty),+ })?;)+) => {
        /// Encodes a fact in its newest shape.
        ///
        /// # Errors
        /// When it is larger than [`MAX_PAYLOAD`], or unknown to this program.
        pub fn encode(event: &Event) -> Result<Encoded, CodecError> {
            match event {
                $(Event::$variant(fact) => Ok(Encoded {
                    event_type: $number,
                    schema_version: $newest,
                    payload: to_bytes(fact)?,
                }),)+
                Event::Unknown(fact) => Err(CodecError::UnknownType(fact.event_type)),
            }
        }

        /// Decodes a record's payload and brings it up to date; types and versions of newer programs
        /// become [`Event::Unknown`].
        ///
        /// # Errors
        /// When the bytes are not what type and version promise.
        pub fn decode(event_type: u16, schema_version: u16, payload: &[u8]) -> Result<Event, CodecError> {
            match (event_type, schema_version) {
                $(
                    ($number, $newest) => from_bytes(event_type, schema_version, payload).map(Event::$variant),
                    $($(($number, $version) => {
                        let fact: $old = from_bytes(event_type, schema_version, payload)?;
                        Ok(Event::$variant(fact.into()))
                    })+)?
                )+
                _ => Ok(Event::Unknown(Unknown { event_type, schema_version, payload: payload.to_vec() })),
            }
        }

        /// The names of all types of facts.
        pub const NAMES: &[&str] = &[$(stringify!($variant),)+ "Unknown"];

        /// The name of a fact's type.
        pub fn name(event: &Event) -> &'static str {
            match event {
                $(Event::$variant(_) => stringify!($variant),)+
                Event::Unknown(_) => "Unknown",
            }
        }
    };
}

facts! {
    1 => SessionOpened, 1;
    2 => ImagesFound, 2 { 1: v1::ImagesFound };
    3 => ImageSetAside, 1;
    4 => ImageRestored, 2 { 1: v1::ImageRestored };
    5 => Labelled, 1;
    6 => Skipped, 1;
    7 => Undone, 1;
    8 => Redone, 1;
    9 => SelectorChosen, 1;
    10 => NetworkChosen, 1;
    11 => ModelTrained, 1;
    12 => RankingMade, 3 { 1: v1::RankingMade, 2: v2::RankingMade };
    13 => PluginFailed, 1;
    14 => RecordLost, 1;
    15 => ParametersSet, 1;
    16 => CheckpointMade, 1;
    17 => CycleTrained, 1;
    18 => BulkBegun, 1;
    19 => BulkLabelled, 1;
    20 => BulkRevoked, 1;
    21 => ImagesIdentified, 1;
    22 => ImagesMoved, 1;
}

fn to_bytes<T: Serialize>(fact: &T) -> Result<Vec<u8>, CodecError> {
    let bytes = bincode::serde::encode_to_vec(fact, CONFIG)?;
    if bytes.len() > MAX_PAYLOAD { Err(CodecError::TooLarge(bytes.len())) } else { Ok(bytes) }
}

fn from_bytes<T: DeserializeOwned>(
    event_type: u16,
    schema_version: u16,
    payload: &[u8],
) -> Result<T, CodecError> {
    let (fact, used) = bincode::serde::decode_from_slice(payload, CONFIG)
        .map_err(|source| CodecError::Decode { event_type, schema_version, source })?;
    match payload.len() - used {
        0 => Ok(fact),
        extra => Err(CodecError::Trailing { event_type, schema_version, extra }),
    }
}
