//! Adapter of `sluice:selector@0.1.0`.

use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sluice_events::plugin::{Parameter, PluginInfo};
use wasmtime::component::{Component, HasSelf, Linker};

use super::Candidates;
use crate::engine::{Guest, PluginHost};
use crate::error::{PluginFault, clipped};
use crate::limits::TooMuchMemory;
use crate::wasi;

wasmtime::component::bindgen!({
    path: "../../plugins/wit/selector/v0.1.0",
    world: "selector-plugin",
    imports: { "sluice:selector/pool.features": trappable },
});

use sluice::selector::{pool, types};

crate::plain::plain_parameters!(types);

const CONTRACT: (&str, &str) = ("selector", "0.1.0");

/// What a call's store holds.
pub(crate) struct Call {
    /// None while the selector is asked what it is.
    candidates: Option<Candidates>,
    declared: Arc<[Parameter]>,
    random: ChaCha8Rng,
}

#[derive(Clone)]
pub(crate) struct Adapter {
    component: SelectorPluginPre<Guest<Call>>,
    declared: Arc<[Parameter]>,
}

impl Adapter {
    pub fn new(
        host: &PluginHost,
        component: &Component,
    ) -> Result<(Self, PluginInfo), PluginFault> {
        let other = |error: wasmtime::Error| host.misfit(&error, CONTRACT);
        let mut linker = Linker::new(host.engine());
        SelectorPlugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest)
            .and_then(|()| link_probabilities(&mut linker))
            .and_then(|()| wasi::link(&mut linker, component))
            .map_err(other)?;
        let component = linker.instantiate_pre(component).and_then(SelectorPluginPre::new);
        let mut adapter = Self { component: component.map_err(other)?, declared: Arc::new([]) };
        let info = adapter.info(host)?;
        adapter.declared = info.parameters.as_slice().into();
        Ok((adapter, info))
    }

    fn info(&self, host: &PluginHost) -> Result<PluginInfo, PluginFault> {
        let info = self
            .call(host, None, |guest, store| guest.sluice_selector_selector().call_info(store))?;
        Ok(PluginInfo {
            name: clipped(info.name),
            version: clipped(info.version),
            summary: clipped(info.summary),
            needs_model: info.needs_model,
            parameters: parameters(info.parameters),
        })
    }

    pub fn rank(
        &self,
        host: &PluginHost,
        candidates: Candidates,
        limit: usize,
    ) -> Result<Vec<u32>, PluginFault> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let order = self.call(host, Some(candidates), |guest, store| {
            guest.sluice_selector_selector().call_rank(store, limit)
        })?;
        order.map_err(|why| PluginFault::Refused(clipped(why)))
    }

    fn call<T>(
        &self,
        host: &PluginHost,
        candidates: Option<Candidates>,
        call: impl FnOnce(&SelectorPlugin, &mut wasmtime::Store<Guest<Call>>) -> wasmtime::Result<T>,
    ) -> Result<T, PluginFault> {
        let seed = candidates.as_ref().map_or(0, |candidates| candidates.seed);
        let random = ChaCha8Rng::seed_from_u64(seed);
        let declared = Arc::clone(&self.declared);
        let mut store = host.store(Call { candidates, declared, random }, seed)?;
        let guest = self.component.instantiate(&mut store);
        let guest = guest.map_err(|error| host.misfit(&error, CONTRACT))?;
        call(&guest, &mut store).map_err(|error| host.failed(&error, store.data()))
    }
}

/// The generated link wants a list of its own for each call; a pool's is large, and is lent instead.
fn link_probabilities(linker: &mut Linker<Guest<Call>>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut pool = linker.instance("sluice:selector/pool@0.1.0")?;
    pool.func_wrap("probabilities", |store, ()| {
        let candidates = store.data().data.candidates.as_ref();
        Ok((candidates.map_or_else(|| Arc::from([]), |c| Arc::clone(&c.probabilities)),))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

impl types::Host for Guest<Call> {}

impl pool::Host for Guest<Call> {
    fn size(&mut self) -> u32 {
        self.data.candidates.as_ref().map_or(0, |c| c.probabilities.len() as u32)
    }

    fn probabilities(&mut self) -> Vec<f32> {
        self.data.candidates.as_ref().map(|c| c.probabilities.to_vec()).unwrap_or_default()
    }

    fn feature_dim(&mut self) -> u32 {
        self.data.candidates.as_ref().map_or(0, |c| c.features.dim() as u32)
    }

    fn features(&mut self, rows: Vec<u32>) -> wasmtime::Result<Vec<f32>> {
        let Some(candidates) = &self.data.candidates else { return Ok(Vec::new()) };
        let bytes = rows.len().saturating_mul(candidates.features.dim()).saturating_mul(4);
        if bytes > self.memory_left() {
            return Err(TooMuchMemory.into());
        }
        Ok(candidates.features.gather(&rows))
    }

    fn answers(&mut self) -> Vec<types::Answer> {
        let answers = self.data.candidates.as_ref().map(|c| c.answers.as_slice());
        let answer = |&(row, positive): &(u32, bool)| types::Answer { row, positive };
        answers.unwrap_or_default().iter().map(answer).collect()
    }

    fn parameter(&mut self, name: String) -> Option<types::Value> {
        let candidates = self.data.candidates.as_ref()?;
        value_of(&name, &candidates.parameters, &self.data.declared)
    }

    fn random_u64(&mut self) -> u64 {
        self.data.random.next_u64()
    }

    fn log(&mut self, text: String) {
        Self::log(self, text);
    }
}
