//! wasmtime, narrowed to what plugins need, and the limits in one place.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use sluice_events::facts::PluginRef;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder, Trap};

use crate::error::{PluginError, PluginFault, clipped};
use crate::version::{World, world_of};
use crate::{NetworkPlugin, Plugin, SelectorPlugin};

/// How often the wall clock is looked at.
const TICK: Duration = Duration::from_millis(10);

/// What a guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time of one call, as a backstop to `fuel`.
    pub deadline_ms: u64,
    /// Memory of one call.
    pub memory_mib: usize,
    /// Instructions of one call, about; the same everywhere, so that a limit that is hit here is hit
    /// in a replay.
    pub fuel: u64,
    /// Size of a component's file.
    pub file_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline_ms: 2000, memory_mib: 512, fuel: 20_000_000_000, file_bytes: 64 << 20 }
    }
}

/// Compiles components and runs their calls.
#[derive(Clone)]
pub struct PluginHost {
    engine: Arc<Engine>,
    limits: Limits,
}

impl PluginHost {
    /// Starts wasmtime and the thread that watches its clock.
    ///
    /// # Errors
    /// When this machine can't run wasmtime, in wasmtime's words.
    pub fn new(limits: Limits) -> Result<Self, String> {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .consume_fuel(true)
            .epoch_interruption(true)
            // The same bits of every NaN on every machine.
            .cranelift_nan_canonicalization(true);
        let engine = Arc::new(Engine::new(&config).map_err(|error| error.to_string())?);
        let ticking: Weak<Engine> = Arc::downgrade(&engine);
        thread::Builder::new()
            .name("plugin-clock".into())
            .spawn(move || {
                while let Some(engine) = ticking.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    thread::sleep(TICK);
                }
            })
            .map_err(|error| error.to_string())?;
        Ok(Self { engine, limits })
    }

    /// Loads a component and asks it what it is.
    ///
    /// # Errors
    /// When it is no plugin, of another version, or fails to say what it is.
    pub fn load(&self, file: &str, bytes: &[u8]) -> Result<Plugin, PluginError> {
        let hash = *blake3::hash(bytes).as_bytes();
        let unnamed = PluginRef { name: file.to_owned(), version: String::new(), hash };
        let fail = |fault| PluginError { plugin: unnamed.clone(), fault };
        if bytes.len() > self.limits.file_bytes {
            let limit = self.limits.file_bytes;
            return Err(fail(PluginFault::TooLarge { bytes: bytes.len(), limit }));
        }
        let world = world_of(bytes).map_err(fail)?;
        let component = Component::new(&self.engine, bytes)
            .map_err(|error| fail(PluginFault::NotAPlugin(format!("{error:#}"))))?;
        let plugin = match world {
            World::Selector => SelectorPlugin::load(self, &component, hash).map(Plugin::Selector),
            World::Network => NetworkPlugin::load(self, &component, hash).map(Plugin::Network),
        };
        plugin.map_err(fail)
    }

    /// Bytes that one call may hold, and so be handed.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.limits.memory_mib << 20
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A store for one call, with all limits set.
    pub(crate) fn store<T: 'static>(&self, data: T) -> Result<Store<Guest<T>>, PluginFault> {
        let memory = StoreLimitsBuilder::new()
            .memory_size(self.limits.memory_mib << 20)
            .table_elements(100_000)
            // One module and the small ones that a component is made of.
            .memories(2)
            .tables(8)
            .instances(16)
            .trap_on_grow_failure(true)
            .build();
        let mut store = Store::new(&self.engine, Guest { data, memory });
        store.limiter(|guest| &mut guest.memory);
        store.set_fuel(self.limits.fuel).map_err(|error| self.fault(&error))?;
        store.set_epoch_deadline(self.limits.deadline_ms.div_ceil(TICK.as_millis() as u64));
        Ok(store)
    }

    /// What a failed call means.
    pub(crate) fn fault(&self, error: &wasmtime::Error) -> PluginFault {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => PluginFault::OutOfFuel,
            Some(Trap::Interrupt) => PluginFault::TooSlow { limit_ms: self.limits.deadline_ms },
            Some(trap) => PluginFault::Trapped(trap.to_string()),
            None if error.is::<TooMuchAsked>()
                || format!("{error:#}").contains("forcing trap when growing memory") =>
            {
                PluginFault::OutOfMemory { limit_mib: self.limits.memory_mib }
            }
            None => PluginFault::Trapped(clipped(format!("{error:#}"))),
        }
    }
}

/// A guest asked the host for more than it may hold itself.
#[derive(Debug, thiserror::Error)]
#[error("more was asked for than fits into the guest's memory")]
pub(crate) struct TooMuchAsked;

/// What a store holds: the adapter's data, and the memory limit.
pub(crate) struct Guest<T> {
    pub data: T,
    memory: StoreLimits,
}
