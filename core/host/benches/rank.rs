//! What the component boundary costs: max-prob as a plugin, and the same work native, in one run.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sluice_host::{Candidates, FeatureRows, Limits, PluginHost, PluginSet};

const LIMIT: usize = 64;

struct NoFeatures;

impl FeatureRows for NoFeatures {
    fn dim(&self) -> usize {
        0
    }
    fn push_row(&self, _row: u32, _to: &mut Vec<f32>) {}
}

fn native(probabilities: &[f32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..probabilities.len() as u32).collect();
    let key = |a: &u32, b: &u32| {
        let (p, q) = (probabilities[*a as usize], probabilities[*b as usize]);
        q.total_cmp(&p).then(a.cmp(b))
    };
    order.select_nth_unstable_by(LIMIT - 1, key);
    order.truncate(LIMIT);
    order.sort_unstable_by(key);
    order
}

fn rank(c: &mut Criterion) {
    let host = PluginHost::new(Limits::default()).expect("wasmtime runs here");
    let plugins = PluginSet::in_the_box(&host).unwrap();
    let max_prob = plugins.selector("max-prob").unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut group = c.benchmark_group("top 64");
    group.sample_size(20);
    for size in [1_000, 100_000, 1_000_000] {
        let probabilities: Vec<f32> = (0..size).map(|_| random.random()).collect();
        group.bench_with_input(BenchmarkId::new("native", size), &probabilities, |b, p| {
            b.iter(|| black_box(native(p)));
        });
        group.bench_with_input(BenchmarkId::new("plugin", size), &probabilities, |b, p| {
            b.iter(|| {
                let candidates = Candidates {
                    probabilities: p.clone(),
                    features: Arc::new(NoFeatures),
                    answers: Vec::new(),
                    parameters: Vec::new(),
                    seed: 1,
                };
                black_box(max_prob.rank(candidates, LIMIT).unwrap())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, rank);
criterion_main!(benches);
