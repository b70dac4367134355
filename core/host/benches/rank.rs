//! What the component boundary costs: each selector as a component, and the same code native, in one
//! run. Features have 256 values, as patches do; 1,000 images are answered.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

#[path = "../tests/pool/mod.rs"]
mod pool;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pool::{Native, drawn, natives};
use sluice_host::{Limits, PluginHost, PluginSet};

const LIMIT: usize = 64;
const DIM: usize = 256;

fn rank(c: &mut Criterion) {
    let host = PluginHost::new(Limits::default(), None).expect("wasmtime runs here");
    let plugins = PluginSet::in_the_box(&host).unwrap();
    for size in [1_000, 100_000, 1_000_000] {
        let candidates = drawn(1, size, DIM, 1000);
        let mut group = c.benchmark_group(format!("top {LIMIT} of {size}"));
        group.sample_size(20);
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        for (name, native) in natives() {
            let selector = plugins.selector(name).unwrap();
            let info = selector.info();
            group.bench_function(BenchmarkId::new("native", name), |b| {
                b.iter(|| black_box(native(&Native::new(&candidates, info), LIMIT).unwrap()));
            });
            group.bench_function(BenchmarkId::new("plugin", name), |b| {
                b.iter(|| black_box(selector.rank(candidates.clone(), LIMIT).unwrap()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, rank);
criterion_main!(benches);
