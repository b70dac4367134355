//! The state as bytes and back, for snapshots: the commands in the order of the log, and the rest. Each
//! part is decoded on a thread of its own.

use std::thread;

use foldhash::fast::RandomState;
use sluice_events::CommandId;

use crate::state::{Commands, State};

/// Version of [`State`] and of what [`apply`](State::apply) makes of events. A change to either needs
/// a new number, so that no snapshot of another version is used; the test `golden_snapshot` notices.
pub const PROJECTION: u32 = 7;

/// Length of what stands before the parts: the length of the first.
const LENGTH: usize = 8;

/// As bytes; `None` if that can't be done.
pub fn encode(state: &State) -> Option<Vec<u8>> {
    let mut commands: Vec<(u64, CommandId)> =
        state.commands.iter().map(|(id, seq)| (*seq, *id)).collect();
    commands.sort_unstable();
    let mut bytes = postcard::to_extend(&commands, vec![0; LENGTH]).ok()?;
    let length = (bytes.len() - LENGTH) as u64;
    bytes[..LENGTH].copy_from_slice(&length.to_le_bytes());
    postcard::to_extend(state, bytes).ok()
}

/// From the bytes of [`encode`]; `None` if they are not.
pub fn decode(bytes: &[u8]) -> Option<State> {
    let (length, parts) = bytes.split_first_chunk::<LENGTH>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (commands, rest) = parts.split_at_checked(length)?;
    thread::scope(|scope| {
        let helper = thread::Builder::new().name("snapshot-commands".into());
        let helper = helper.spawn_scoped(scope, || decode_commands(commands));
        let state: State = postcard::from_bytes(rest).ok()?;
        let commands = match helper {
            Ok(helper) => helper.join().ok()??,
            Err(_) => decode_commands(commands)?,
        };
        Some(State { commands, ..state })
    })
}

fn decode_commands(bytes: &[u8]) -> Option<Commands> {
    let listed: Vec<(u64, CommandId)> = postcard::from_bytes(bytes).ok()?;
    let mut commands = Commands::with_capacity_and_hasher(listed.len(), RandomState::default());
    commands.extend(listed.into_iter().map(|(seq, id)| (id, seq)));
    Some(commands)
}
