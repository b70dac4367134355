//! For tests: looks for a system. There is one, with nothing in it; waiting ends the call.

wit_bindgen::generate!({
    path: ["../../wit/selector/v0.1.0", "wit"],
    world: "test:peeks/guest",
    generate_all,
});

use exports::sluice::selector::selector::Guest;
use sluice::selector::pool;
use sluice::selector::types::{Parameter, PluginInfo, Value};

struct Peeks;

impl Guest for Peeks {
    fn info() -> PluginInfo {
        let help = "Whether it waits for an hour.".into();
        let default = Value::Boolean(false);
        PluginInfo {
            name: "peeks".into(),
            version: "0.1.0".into(),
            summary: "For tests: looks for a system.".into(),
            needs_model: false,
            parameters: vec![Parameter {
                name: "waits".into(),
                default,
                range: None,
                choices: Vec::new(),
                help,
            }],
        }
    }

    /// The candidate that the system's randomness names, if there is nothing else in it.
    fn rank(_limit: u32) -> Result<Vec<u32>, String> {
        if let Some(Value::Boolean(true)) = pool::parameter("waits") {
            wasi::clocks::monotonic_clock::subscribe_duration(3_600_000_000_000).block();
        }
        let environment = wasi::cli::environment::get_environment();
        let arguments = wasi::cli::environment::get_arguments();
        let now = wasi::clocks::wall_clock::now();
        if !environment.is_empty() || !arguments.is_empty() || now.seconds != 0 {
            return Err("there is something in the system".into());
        }
        let drawn = wasi::random::random::get_random_u64() % u64::from(pool::size());
        Ok(vec![drawn as u32])
    }
}

export!(Peeks);
