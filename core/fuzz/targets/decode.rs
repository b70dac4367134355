//! Payloads of rubbish are decoded, applied and looked at: nothing panics, and what is understood is
//! the same when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_events::{Event, codec};
use sluice_session::{State, snapshot};

fuzz_target!(|data: &[u8]| {
    let _ = snapshot::decode(data);
    let mut state = State::default();
    let mut rest = data;
    let mut seq = 0;
    // Each event: type, version, a byte of time, the payload's length, the payload.
    while let Some(([event_type, version, time, length], behind)) = rest.split_first_chunk() {
        let (payload, behind) = behind.split_at((*length as usize).min(behind.len()));
        rest = behind;
        let (event_type, version) = (u16::from(*event_type) % 16, u16::from(*version) % 4);
        let Ok(event) = codec::decode(event_type, version, payload) else { continue };
        if !matches!(event, Event::Unknown(_)) {
            write_again(&event);
        }
        state.apply(seq, u64::from(*time) << 20, &event);
        seq += 1;
    }
    let now = u64::from(data.len() as u32) << 20;
    let _ = (
        state.statistics(now),
        state.charts(),
        state.queue(&[], 20),
        state.training_set(),
        state.set_aside(),
    );
    let bytes = snapshot::encode(&state).expect("a state can be kept");
    let kept = snapshot::decode(&bytes).expect("and be read back");
    assert_eq!(snapshot::encode(&kept), Some(bytes));
});

fn write_again(event: &Event) {
    let written = codec::encode(event).expect("what was read can be written");
    let read = codec::decode(written.event_type, written.schema_version, &written.payload);
    let again = codec::encode(&read.expect("and be read again")).expect("and be written again");
    assert_eq!(written, again);
}
