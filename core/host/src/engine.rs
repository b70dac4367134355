//! wasmtime, narrowed to what plugins need.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use sluice_events::facts::PluginRef;
use sluice_events::network::PATCHES;
use sluice_events::plugin::PluginInfo;
use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig, Config, Engine, Store, Trap};

use crate::error::{PluginError, PluginFault, clipped};
use crate::limits::{Budget, Limits, TooMuchMemory};
use crate::version::{World, world_of};
use crate::wasi::Nothing;
use crate::{NetworkPlugin, Plugin, SelectorPlugin};

/// So much of what a guest logs is kept for what went wrong.
const SAID: usize = 3;
/// How often the wall clock is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Compiles components and runs their calls.
#[derive(Clone)]
pub struct PluginHost {
    engine: Arc<Engine>,
    limits: Limits,
}

impl PluginHost {
    /// Starts wasmtime and the thread that watches its clock. Compiled code is kept in the folder
    /// `cache`, which is made where it isn't there; it is as trusted as the program itself.
    ///
    /// # Errors
    /// When this machine can't run wasmtime, in wasmtime's words.
    pub fn new(limits: Limits, cache: Option<&Path>) -> Result<Self, String> {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .consume_fuel(true)
            .epoch_interruption(true)
            // The same bits of every NaN on every machine, and no instruction that may differ.
            .cranelift_nan_canonicalization(true)
            .wasm_relaxed_simd(false)
            .cache(cache.and_then(kept_in));
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

    /// Loads the component of a file and asks it what it is.
    ///
    /// # Errors
    /// When it can't be read, is no plugin, of another version, or fails to say what it is.
    pub fn load_file(&self, path: &Path) -> Result<Plugin, PluginError> {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let limit = self.limits.file_bytes;
        let mut bytes = Vec::new();
        // One byte more than is allowed is enough to know.
        let read =
            File::open(path).and_then(|open| open.take(limit as u64 + 1).read_to_end(&mut bytes));
        let fault = match read {
            Err(error) => Some(PluginFault::Unreadable(error.to_string())),
            Ok(_) if bytes.len() > limit => Some(PluginFault::TooLarge { limit_mib: limit >> 20 }),
            Ok(_) => None,
        };
        if let Some(fault) = fault {
            let plugin = PluginRef { name: file, version: String::new(), hash: [0; 32] };
            return Err(PluginError { plugin, fault });
        }
        self.load(&file, Some(path), &bytes)
    }

    /// Loads a component and asks it what it is. Until it has said so, an error names it as `name`.
    ///
    /// # Errors
    /// When it is no plugin, of another version, or fails to say what it is.
    pub fn load(
        &self,
        name: &str,
        path: Option<&Path>,
        bytes: &[u8],
    ) -> Result<Plugin, PluginError> {
        let hash = *blake3::hash(bytes).as_bytes();
        let unnamed = PluginRef { name: name.to_owned(), version: String::new(), hash };
        let fail = |fault| PluginError { plugin: unnamed.clone(), fault };
        let world = world_of(bytes).map_err(fail)?;
        let component = Component::new(&self.engine, bytes)
            .map_err(|error| fail(PluginFault::NotAPlugin(clipped(format!("{error:#}")))))?;
        let about = |info: &PluginInfo| {
            let (name, version) = (info.name.clone(), info.version.clone());
            let reference = PluginRef { name, version, hash };
            match info.check() {
                Ok(()) => Ok((reference, path.map(Path::to_owned))),
                Err(why) => {
                    let fault = PluginFault::WrongAnswer(why);
                    Err(PluginError { plugin: unnamed.clone(), fault })
                }
            }
        };
        match world {
            World::Selector => {
                let (call, info) = SelectorPlugin::ask(self, &component).map_err(fail)?;
                let (reference, path) = about(&info)?;
                Ok(Plugin::Selector(SelectorPlugin::new(self, call, info, reference, path)))
            }
            World::Network => {
                let (call, info) = NetworkPlugin::ask(self, &component).map_err(fail)?;
                if info.name == PATCHES {
                    let why = format!("{PATCHES} is what features without a network are called");
                    return Err(fail(PluginFault::WrongAnswer(why)));
                }
                let (reference, path) = about(&info)?;
                Ok(Plugin::Network(NetworkPlugin::new(self, call, info, reference, path)))
            }
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A store for one call, with all limits set; `seed` is of what the guest's system calls random.
    pub(crate) fn store<T: 'static>(
        &self,
        data: T,
        seed: u64,
    ) -> Result<Store<Guest<T>>, PluginFault> {
        let budget = Budget::new(&self.limits);
        let guest = Guest { data, budget, said: VecDeque::new(), seed, system: None };
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.budget);
        store.set_fuel(self.limits.fuel).map_err(|error| self.fault(&error))?;
        store.set_epoch_deadline(self.limits.deadline_ms.div_ceil(TICK.as_millis() as u64));
        Ok(store)
    }

    /// What it means that a component could not be linked or begun; `contract` is the world and its
    /// version.
    pub(crate) fn misfit(
        &self,
        error: &wasmtime::Error,
        (world, version): (&'static str, &'static str),
    ) -> PluginFault {
        if error.is::<Trap>() || error.is::<TooMuchMemory>() {
            return self.fault(error);
        }
        PluginFault::OtherShape { world, version, why: clipped(format!("{error:#}")) }
    }

    /// What a failed call means, with what the guest said last.
    pub(crate) fn failed<T>(&self, error: &wasmtime::Error, guest: &Guest<T>) -> PluginFault {
        match (self.fault(error), guest.said()) {
            (PluginFault::Trapped(why), Some(said)) => {
                PluginFault::Trapped(format!("{why}. It had said: {said}"))
            }
            (fault, _) => fault,
        }
    }

    fn fault(&self, error: &wasmtime::Error) -> PluginFault {
        if error.is::<TooMuchMemory>() {
            return PluginFault::OutOfMemory { limit_mib: self.limits.memory_mib };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => PluginFault::OutOfFuel,
            Some(Trap::Interrupt) => PluginFault::TooSlow { limit_ms: self.limits.deadline_ms },
            Some(trap) => PluginFault::Trapped(trap.to_string()),
            None => PluginFault::Trapped(clipped(format!("{error:#}"))),
        }
    }
}

/// wasmtime's own cache; without a folder that can be written, everything is compiled at each start.
fn kept_in(folder: &Path) -> Option<Cache> {
    let mut config = CacheConfig::new();
    // It wants a whole path.
    let folder = std::path::absolute(folder).ok()?;
    config.with_directory(folder);
    Cache::new(config)
        .inspect_err(|error| tracing::warn!("compiled plugins can't be kept: {error:#}"))
        .ok()
}

/// What a store holds: the adapter's data, what is left of the limits, and a system where the guest
/// wants one.
pub(crate) struct Guest<T> {
    pub data: T,
    budget: Budget,
    /// The last of what it logged.
    said: VecDeque<String>,
    seed: u64,
    system: Option<Box<Nothing>>,
}

impl<T> Guest<T> {
    /// Bytes that the guest may still be handed.
    pub fn memory_left(&self) -> usize {
        self.budget.memory_left()
    }

    pub fn log(&mut self, text: String) {
        let text = clipped(text);
        tracing::debug!("a plugin says: {text}");
        if self.said.len() == SAID {
            self.said.pop_front();
        }
        self.said.push_back(text);
    }

    /// What it said last, one after the other; none if it said nothing.
    pub fn said(&self) -> Option<String> {
        let all: Vec<&str> = self.said.iter().map(String::as_str).collect();
        (!all.is_empty()).then(|| clipped(all.join(" | ")))
    }

    pub fn system(&mut self) -> &mut Nothing {
        self.system.get_or_insert_with(|| Box::new(Nothing::new(self.seed)))
    }
}
