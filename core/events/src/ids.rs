//! Names for things. Numbers are given by `apply` in the order of the log, so they are the same in
//! every replay; command ids are made by whoever sends the command.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

/// An image of the pool: the n-th one ever found, counted from 0.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(transparent)]
pub struct ImageId(pub u32);

impl ImageId {
    /// The position in per-image tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The n-th model trained in this session, counted from 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(transparent)]
pub struct ModelId(#[ts(type = "number")] pub u64);

/// The n-th ranking made in this session, counted from 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(transparent)]
pub struct RankingId(#[ts(type = "number")] pub u64);

/// The n-th step of many labels in this session, counted from 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema,
)]
#[serde(transparent)]
pub struct BulkId(pub u32);

/// Chosen by the sender of a command. A command whose id the session knows causes no second event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);
