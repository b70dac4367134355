//! The vocabulary of the house: facts, commands, ids, and the messages of the WebSocket.
//!
//! Everything here is plain data. What always holds: no I/O, no clock, no randomness, and nothing
//! that was published changes its shape. Data enters as bytes of a log record or JSON of the
//! socket, and leaves as the same.
//!
//! ```text
//!   page --ToServer--> Command --decide--> Event --codec--> bytes of a record
//!   page <--ToPage---- projections <--apply-- Event <--codec-- bytes of a record
//! ```
//!
//! - [`facts`]: what happened, in the past tense; frozen structs, one module a schema version.
//! - [`codec`]: facts to record payloads and back; the only place that knows bincode.
//! - [`command`]: what somebody wants to happen.
//! - [`message`]: what the page and the server say to each other; TypeScript is generated from it.
//! - [`outlook`]: what a ranking keeps of all probabilities.
//! - [`plugin`] and [`network`]: what plugins say about themselves, in plain data.

pub mod codec;
pub mod command;
pub mod facts;
pub mod ids;
pub mod message;
pub mod network;
pub mod outlook;
pub mod plugin;

pub use command::{Answer, Command};
pub use facts::{Event, Label, Source};
pub use ids::{BulkId, CommandId, ImageId, ModelId, RankingId};
