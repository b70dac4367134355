//! A system with nothing in it, for guests whose language can't do without one: no files, no
//! environment, no network, a clock that stands still, and randomness from the call's seed. What they
//! print is dropped. Waiting ends the call: the deadline does not reach into the host.

use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use wasmtime::component::{Component, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::{self, DynPollable};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
};

use crate::engine::Guest;

/// The version that [`p2::add_to_linker_sync`] registers; guests of older ones are given it.
const VERSION: &str = "0.2.12";
/// Bytes that a guest gets at once.
const RANDOM_BYTES: u64 = 1 << 16;
/// Things of the system that a guest may hold on to.
const RESOURCES: usize = 1024;

/// The system of one call.
pub(crate) struct Nothing {
    system: WasiCtx,
    resources: ResourceTable,
}

impl Nothing {
    pub fn new(seed: u64) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(RESOURCES);
        let random = || ChaCha8Rng::seed_from_u64(seed);
        let system = WasiCtxBuilder::new()
            .wall_clock(Still)
            .monotonic_clock(Still)
            .secure_random(random())
            .insecure_random(random())
            .insecure_random_seed(u128::from(seed))
            .max_random_size(RANDOM_BYTES)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Self { system, resources }
    }
}

struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

impl<T: Send + 'static> WasiView for Guest<T> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Nothing { system, resources } = self.system();
        WasiCtxView { ctx: system, table: resources }
    }
}

/// A guest wanted to wait for something; ends the call.
#[derive(Debug, thiserror::Error)]
#[error("it wanted to wait, and nothing ever happens in a plugin's system")]
struct Waited;

type Pollables = (Vec<Resource<DynPollable>>,);

/// Links the system where the component wants one.
pub(crate) fn link<T: Send + 'static>(
    linker: &mut Linker<Guest<T>>,
    component: &Component,
) -> wasmtime::Result<()> {
    let wanted = component.component_type();
    if !wanted.imports(linker.engine()).any(|(name, _)| name.starts_with("wasi:")) {
        return Ok(());
    }
    p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    let mut clock = linker.instance(&format!("wasi:clocks/monotonic-clock@{VERSION}"))?;
    for wait in ["subscribe-instant", "subscribe-duration"] {
        clock.func_wrap(wait, |_, (_,): (u64,)| -> wasmtime::Result<(Resource<DynPollable>,)> {
            Err(Waited.into())
        })?;
    }
    let mut poll = linker.instance(&format!("wasi:io/poll@{VERSION}"))?;
    poll.func_wrap("poll", |_, (_,): Pollables| -> wasmtime::Result<(Vec<u32>,)> {
        Err(Waited.into())
    })?;
    let block = "[method]pollable.block";
    poll.func_wrap(block, |_, (_,): (Resource<DynPollable>,)| -> wasmtime::Result<()> {
        Err(Waited.into())
    })?;
    linker.allow_shadowing(false);
    Ok(())
}
