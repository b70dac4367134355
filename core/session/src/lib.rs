//! What a session is: a fold over its events.
//!
//! ```text
//!   command -> decide(state, command) -> events -> log (durable) -> apply(state, event) -> projections
//!              pure                                                 pure, the same live and in replay
//! ```
//!
//! What always holds:
//! - `decide` and `apply` take no clock and no randomness: time and seeds come in with the command.
//! - A command is answered only after its events are durable, and nobody sees a state that is not.
//! - One thread owns the state: the driver. Others send commands, ask for a view, and follow the
//!   durable sequence number.
//!
//! - [`state`]: what is kept; [`decide`]: what may happen; [`apply`]: what happened;
//! - [`projections`]: labels and queue as others need them; [`history`]: what was answered;
//! - [`files`]: which file an image is; [`move_all`]: has many images go on at other paths;
//! - [`bulk`]: many labels as one step, and the layers of what was said of an image;
//! - [`tally`]: how it goes, counted look by look; `statistics`, `charts`, `forecast`: what is told of it;
//! - [`label_all`]: labels many images as one step;
//! - [`restore()`] and [`snapshot`]: the state of a log that is opened;
//! - [`SessionHandle`]: the way in from other threads; `driver`: the thread between log, commands and
//!   readers; `replay`: the one that shows a session as it was.

pub mod apply;
pub mod bulk;
mod charts;
pub mod decide;
mod driver;
pub mod files;
mod forecast;
mod handle;
pub mod history;
mod labelling;
mod moving;
pub mod projections;
mod replay;
mod restore;
pub mod snapshot;
pub mod state;
mod statistics;
pub mod tally;
mod thinned;

pub use decide::{Decision, Refusal, decide};
pub use driver::now_us;
pub use forecast::Correction;
pub use handle::{CommandError, Done, Observer, SessionHandle, Submitted, View};
pub use labelling::label_all;
pub use moving::move_all;
pub use replay::{Reel, Timeline};
pub use restore::{OpenSessionError, Restored, Snapshots, restore};
pub use state::State;
