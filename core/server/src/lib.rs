//! Serves one session: joins log, session, pool, plugins and learner, and shows them to pages.
//!
//! ```text
//!   page --WebSocket--> socket --command--> session (driver) --event--> log
//!                                              | bell (observer)
//!                                              v
//!                        engine: labels -> learner -> selector -> RecordRanking --> session
//!   page <--newest state-- socket <--durable number-- session
//! ```
//!
//! What always holds:
//! - An answer never waits for the model: the socket talks to the session, the engine follows it.
//! - A page that is slow gets the newest state, never a backlog; acknowledgements are never left out.
//! - Images are reached by id only. Nothing here writes to the pool.
//!
//! - [`open`]: everything a session needs, put together; [`engine`]: from answers to rankings;
//! - `player`: the clock of a session that is played again;
//! - [`catalogue`]: what can be chosen, and what is; `plugins`: where that comes from;
//! - `begin`, `difference`, `follow`: what the pool's folder holds, at the start and while it runs;
//! - `contents`: what the images' files hold, and which of them are there under other names;
//! - `unshown`: what becomes of images that can't be shown;
//! - [`http`]: the routes; `socket`, `images`, `api`, `page`, `access`: what is behind them;
//! - [`finish`]: the model labels the rest; `taking`: the predictor is taken along;
//! - [`weights`]: files of weights, found or fetched;
//! - `artefacts`: files that events name; `tensorboard`: files of events for TensorBoard;
//! - [`metrics`]: every metric, declared once; `measured`: the log's; `scrape`: what `/metrics` answers; `standing`: what
//!   is told there and to TensorBoard.

mod access;
mod api;
mod artefacts;
mod begin;
mod bell;
pub mod catalogue;
mod contents;
mod difference;
pub mod engine;
pub mod finish;
mod follow;
pub mod http;
mod images;
mod measured;
pub mod metrics;
pub mod notices;
pub mod open;
mod page;
mod pictures;
mod player;
mod plugins;
mod scrape;
mod socket;
mod standing;
mod survey;
mod taking;
mod tensorboard;
mod unshown;
pub mod weights;
mod witness;

pub use access::Access;
pub use open::{OpenError, ReplayOptions, Service, SessionOptions};
pub use player::Pace;
pub use sluice_learn::{Background, DeviceChoice, Recipe, can_train};
pub use taking::TakeError;
