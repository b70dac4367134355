//! The plugins in the box, loaded and called as the server does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::sync::Arc;

use sluice_host::{Candidates, FeatureRows, Limits, PluginHost, PluginSet, SelectorPlugin};

struct NoFeatures;

impl FeatureRows for NoFeatures {
    fn dim(&self) -> usize {
        0
    }
    fn push_row(&self, _row: u32, _to: &mut Vec<f32>) {}
}

fn plugins() -> PluginSet {
    let host = PluginHost::new(Limits::default()).expect("wasmtime runs here");
    PluginSet::in_the_box(&host).expect("the plugins in the box load")
}

fn rank(selector: &SelectorPlugin, probabilities: &[f32], limit: usize, seed: u64) -> Vec<u32> {
    let candidates = Candidates {
        probabilities: probabilities.to_vec(),
        features: Arc::new(NoFeatures),
        answers: Vec::new(),
        parameters: Vec::new(),
        seed,
    };
    selector.rank(candidates, limit).expect("the selector ranks")
}

#[test]
fn all_are_there_and_say_what_they_are() {
    let plugins = plugins();
    let names = |infos: Vec<&str>| infos.join(" ");
    let selectors = plugins.selectors.iter().map(|p| p.info().name.as_str()).collect();
    let networks = plugins.networks.iter().map(|p| p.info().name.as_str()).collect();
    assert_eq!(names(selectors), "max-entropy max-prob random sequential");
    assert_eq!(names(networks), "mobilenet-v3-small small-cnn");
    assert!(plugins.selectors.iter().all(|p| !p.info().summary.is_empty()));
}

#[test]
fn each_selector_orders_by_its_own_meaning() {
    let plugins = plugins();
    let probabilities = [0.2, 0.9, f32::NAN, 0.55, 0.9];
    let order = |name: &str| rank(plugins.selector(name).unwrap(), &probabilities, 5, 1);
    assert_eq!(order("max-prob"), [1, 4, 3, 0, 2]);
    assert_eq!(order("max-entropy"), [3, 0, 1, 4, 2]);
    assert_eq!(order("sequential"), [0, 1, 2, 3, 4]);
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
fn the_networks_in_the_box_can_be_built() {
    let plugins = plugins();
    let features = |name: &str| {
        let graph = plugins.network(name).unwrap().describe((64, 64)).expect("a sound graph");
        (graph.feature_dim(), graph.parameters())
    };
    // torchvision's MobileNetV3-small has 927,008 parameters before its classifier.
    assert_eq!(features("mobilenet-v3-small"), (576, 927_008));
    assert_eq!(features("small-cnn").0, 128);
}
