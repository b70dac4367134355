//! The plugins in the box, loaded and called as the server does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod pool;

use std::sync::Arc;

use pool::{Native, drawn, natives, scored};
use proptest::prelude::*;
use sluice_events::plugin::{Value, Values};
use sluice_host::{Candidates, Limits, PluginHost, PluginSet, SelectorPlugin};

fn plugins() -> PluginSet {
    let host = PluginHost::new(Limits::default(), None).expect("wasmtime runs here");
    PluginSet::in_the_box(&host).expect("the plugins in the box load")
}

fn rank(selector: &SelectorPlugin, probabilities: &[f32], limit: usize, seed: u64) -> Vec<u32> {
    let candidates = Candidates { seed, ..scored(probabilities) };
    selector.rank(candidates, limit).expect("the selector ranks")
}

#[test]
fn all_are_there_and_say_what_they_are() {
    let plugins = plugins();
    let selectors: Vec<&str> = plugins.selectors.iter().map(|p| p.info().name.as_str()).collect();
    let networks: Vec<&str> = plugins.networks.iter().map(|p| p.info().name.as_str()).collect();
    assert_eq!(selectors, natives().map(|(name, _)| name));
    assert_eq!(networks, ["mobilenet-v3-small", "resnet18", "small-cnn"]);
    assert!(plugins.selectors.iter().all(|p| !p.info().summary.is_empty()));
}

#[test]
fn each_selector_orders_by_its_own_meaning() {
    let plugins = plugins();
    let probabilities = [0.2, 0.9, f32::NAN, 0.55, 0.9];
    let order = |name: &str| rank(plugins.selector(name).unwrap(), &probabilities, 5, 1);
    assert_eq!(order("max-prob"), [1, 4, 3, 0, 2]);
    assert_eq!(order("min-prob"), [0, 3, 1, 4, 2]);
    assert_eq!(order("max-entropy"), [3, 0, 1, 4, 2]);
    assert_eq!(order("min-entropy"), [1, 4, 0, 3, 2]);
    assert_eq!(order("sequential"), [0, 1, 2, 3, 4]);
    // Without features there are no regions, and nothing is like anything.
    assert_eq!(order("explore"), [1, 4, 3, 0, 2]);
    for name in ["similar", "spread"] {
        let mut by_chance = order(name);
        by_chance.sort_unstable();
        assert_eq!(by_chance, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn random_is_a_permutation_that_its_seed_decides() {
    let plugins = plugins();
    let random = plugins.selector("random").unwrap();
    let probabilities = vec![f32::NAN; 1000];
    let first = rank(random, &probabilities, 1000, 1);
    assert_eq!(first, rank(random, &probabilities, 1000, 1));
    assert_ne!(first, rank(random, &probabilities, 1000, 2));
    let mut sorted = first;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
}

#[test]
fn a_limit_and_an_empty_pool_are_fine() {
    for selector in plugins().selectors {
        assert_eq!(rank(&selector, &[], 10, 1), Vec::<u32>::new());
        assert_eq!(rank(&selector, &[0.1; 100], 7, 1).len(), 7);
    }
}

#[test]
fn a_parameter_changes_what_a_selector_does() {
    let plugins = plugins();
    let similar = plugins.selector("similar").unwrap();
    let few = Values::from([("considered".to_owned(), Value::Integer(100))]);
    let pool = drawn(1, 2000, 8, 40);
    let with = |parameters: &Values| {
        let candidates = Candidates { parameters: parameters.clone(), ..pool.clone() };
        similar.rank(candidates, 64).unwrap()
    };
    assert_eq!(with(&few), with(&few));
    assert_ne!(with(&few), with(&Values::new()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The component and the same code as plain Rust give the same order, so that the tests of one
    /// hold for the other.
    #[test]
    fn a_component_orders_as_the_same_code_does_natively(
        seed: u64,
        size in 0_usize..1500,
        dim in 0_usize..20,
        answered in 0_u32..60,
        limit in 0_usize..1600,
        at in 0.0..1.0,
    ) {
        let plugins = SHARED.with(Arc::clone);
        let drawn = drawn(seed, size, dim, answered);
        for (name, native) in natives() {
            let selector = plugins.selector(name).unwrap();
            // Every parameter somewhere in its range, but not so large that the test takes minutes.
            let parameters = selector.info().parameters.iter().map(|parameter| {
                let (least, most) = parameter.range.expect("all are numbers");
                let value = least + at * (most.min(2000.0) - least);
                (parameter.name.clone(), Value::Integer(value as i64))
            });
            let candidates = Candidates { parameters: parameters.collect(), ..drawn.clone() };
            let order = selector.rank(candidates.clone(), limit).unwrap();
            let expected = native(&Native::new(&candidates, selector.info()), limit).unwrap();
            prop_assert_eq!(&order[..expected.len()], expected.as_slice(), "{}", name);
            prop_assert_eq!(order.len(), limit.min(size), "{}", name);
        }
    }
}

thread_local! {
    static SHARED: Arc<PluginSet> = Arc::new(plugins());
}

#[test]
fn the_networks_in_the_box_can_be_built() {
    let plugins = plugins();
    let describe = |name: &str, values: &Values| {
        let graph = plugins.network(name).unwrap().describe((64, 64), values.clone());
        let graph = graph.expect("a sound graph");
        (graph.feature_dim(), graph.parameters())
    };
    // torchvision's MobileNetV3-small has 927,008 parameters before its classifier, and its ResNet-18
    // 11,176,512 before its last layer.
    let none = Values::new();
    assert_eq!(describe("mobilenet-v3-small", &none), (576, 927_008));
    assert_eq!(describe("resnet18", &none), (512, 11_176_512));
    assert_eq!(describe("small-cnn", &none).0, 128);
    let narrow = Values::from([("width".to_owned(), Value::Integer(8))]);
    assert_eq!(describe("small-cnn", &narrow).0, 32);
}
