//! Adapter of `sluice:selector@0.1.0`.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sluice_events::plugin as plain;
use wasmtime::component::{Component, HasSelf, Linker};

use super::Candidates;
use crate::engine::{Guest, PluginHost, TooMuchAsked};
use crate::error::{PluginFault, clipped};

wasmtime::component::bindgen!({
    path: "../../plugins/wit/selector/v0.1.0",
    world: "selector-plugin",
    imports: { "sluice:selector/pool.features": trappable },
});

use sluice::selector::{pool, types};

/// What a call's store holds.
struct Call {
    candidates: Option<Candidates>,
    declared: Vec<plain::Parameter>,
    random: ChaCha8Rng,
    /// Bytes that the guest may be handed at once.
    memory_bytes: usize,
}

#[derive(Clone)]
pub(super) struct Adapter {
    component: SelectorPluginPre<Guest<Call>>,
    declared: Vec<plain::Parameter>,
}

impl Adapter {
    pub fn new(host: &PluginHost, component: &Component) -> Result<Self, PluginFault> {
        let not = |error: wasmtime::Error| PluginFault::NotAPlugin(format!("{error:#}"));
        let mut linker = Linker::new(host.engine());
        SelectorPlugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest).map_err(not)?;
        let component = linker.instantiate_pre(component).and_then(SelectorPluginPre::new);
        let mut adapter = Self { component: component.map_err(not)?, declared: Vec::new() };
        adapter.declared = adapter.info(host)?.parameters;
        Ok(adapter)
    }

    pub fn info(&self, host: &PluginHost) -> Result<plain::PluginInfo, PluginFault> {
        let info = self
            .call(host, None, |guest, store| guest.sluice_selector_selector().call_info(store))?;
        Ok(plain::PluginInfo {
            name: clipped(info.name),
            version: clipped(info.version),
            summary: clipped(info.summary),
            needs_model: info.needs_model,
            parameters: info.parameters.into_iter().map(parameter).collect(),
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
        let (declared, memory_bytes) = (self.declared.clone(), host.memory_bytes());
        let mut store = host.store(Call { candidates, declared, random, memory_bytes })?;
        self.component
            .instantiate(&mut store)
            .and_then(|guest| call(&guest, &mut store))
            .map_err(|error| host.fault(&error))
    }
}

impl types::Host for Guest<Call> {}

impl pool::Host for Guest<Call> {
    fn size(&mut self) -> u32 {
        self.data.candidates.as_ref().map_or(0, |c| c.probabilities.len() as u32)
    }

    fn probabilities(&mut self) -> Vec<f32> {
        self.data.candidates.as_ref().map(|c| c.probabilities.clone()).unwrap_or_default()
    }

    fn feature_dim(&mut self) -> u32 {
        self.data.candidates.as_ref().map_or(0, |c| c.features.dim() as u32)
    }

    fn features(&mut self, rows: Vec<u32>) -> wasmtime::Result<Vec<f32>> {
        let dim = self.data.candidates.as_ref().map_or(0, |c| c.features.dim());
        if rows.len().saturating_mul(dim).saturating_mul(4) > self.data.memory_bytes {
            return Err(TooMuchAsked.into());
        }
        let mut values = Vec::with_capacity(rows.len() * dim);
        if let Some(candidates) = &self.data.candidates {
            for row in rows {
                candidates.features.push_row(row, &mut values);
            }
        }
        Ok(values)
    }

    fn answers(&mut self) -> Vec<types::Answer> {
        let answers = self.data.candidates.as_ref().map(|c| c.answers.as_slice());
        let answer = |&(row, positive): &(u32, bool)| types::Answer { row, positive };
        answers.unwrap_or_default().iter().map(answer).collect()
    }

    fn parameter(&mut self, name: String) -> Option<types::Value> {
        let set = self.data.candidates.as_ref().map(|c| c.parameters.as_slice());
        let set = set.unwrap_or_default().iter().find(|(set, _)| *set == name);
        let declared = self.data.declared.iter().find(|declared| declared.name == name);
        set.map(|(_, value)| value).or(declared.map(|d| &d.default)).cloned().map(value_to_guest)
    }

    fn random_u64(&mut self) -> u64 {
        self.data.random.next_u64()
    }
}

fn value_to_guest(value: plain::Value) -> types::Value {
    match value {
        plain::Value::Boolean(value) => types::Value::Boolean(value),
        plain::Value::Integer(value) => types::Value::Integer(value),
        plain::Value::Number(value) => types::Value::Number(value),
        plain::Value::Text(value) => types::Value::Text(value),
    }
}

fn parameter(parameter: types::Parameter) -> plain::Parameter {
    plain::Parameter {
        name: parameter.name,
        default: match parameter.default {
            types::Value::Boolean(value) => plain::Value::Boolean(value),
            types::Value::Integer(value) => plain::Value::Integer(value),
            types::Value::Number(value) => plain::Value::Number(value),
            types::Value::Text(value) => plain::Value::Text(value),
        },
        range: parameter.range,
        help: parameter.help,
    }
}
