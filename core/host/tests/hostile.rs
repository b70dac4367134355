//! Guests that break the rules, and files that are no guests: each is named, and the host goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sluice_host::{
    Candidates, FeatureRows, Limits, Plugin, PluginError, PluginFault, PluginHost, PluginSet,
    SelectorPlugin,
};

const LIMITS: Limits =
    Limits { deadline_ms: 500, memory_mib: 64, fuel: u64::MAX / 2, file_bytes: 1 << 20 };

struct NoFeatures;

impl FeatureRows for NoFeatures {
    fn dim(&self) -> usize {
        0
    }
    fn push_row(&self, _row: u32, _to: &mut Vec<f32>) {}
}

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/guests")
}

fn host(limits: Limits) -> PluginHost {
    PluginHost::new(limits).expect("wasmtime runs here")
}

fn guest(limits: Limits, name: &str) -> SelectorPlugin {
    let bytes =
        std::fs::read(guests().join(format!("{name}.wasm"))).expect("`make plugins` built it");
    match host(limits).load(name, &bytes).expect("it loads") {
        Plugin::Selector(selector) => selector,
        Plugin::Network(_) => panic!("{name} is a selector"),
    }
}

fn rank(selector: &SelectorPlugin) -> PluginError {
    let candidates = Candidates {
        probabilities: vec![0.5; 10],
        features: Arc::new(NoFeatures),
        answers: Vec::new(),
        parameters: Vec::new(),
        seed: 1,
    };
    selector.rank(candidates, 10).expect_err("it breaks a rule")
}

#[test]
fn each_crime_is_told_from_the_others() {
    let fault = |name: &str| rank(&guest(LIMITS, name)).fault;
    assert!(matches!(fault("traps"), PluginFault::Trapped(_)));
    assert_eq!(fault("loops"), PluginFault::TooSlow { limit_ms: 500 });
    assert_eq!(fault("hogs"), PluginFault::OutOfMemory { limit_mib: 64 });
    assert_eq!(fault("lies"), PluginFault::WrongAnswer("candidate 10 of 10".into()));
    assert_eq!(fault("refuses"), PluginFault::Refused("there is no order in this".into()));
}

#[test]
fn fuel_ends_a_loop_before_the_clock_does() {
    let limits = Limits { fuel: 1_000_000, deadline_ms: 60_000, ..LIMITS };
    assert_eq!(rank(&guest(limits, "loops")).fault, PluginFault::OutOfFuel);
}

#[test]
fn the_person_reads_which_plugin_it_was() {
    let text = rank(&guest(LIMITS, "refuses")).to_string();
    assert_eq!(text, "plugin refuses 0.1.0 says: there is no order in this");
}

#[test]
fn a_selector_that_trapped_once_is_asked_again_in_a_fresh_instance() {
    let traps = guest(LIMITS, "traps");
    for _ in 0..3 {
        assert!(matches!(rank(&traps).fault, PluginFault::Trapped(_)));
    }
}

#[test]
fn what_is_no_plugin_is_refused_with_a_reason() {
    let whole = std::fs::read(guests().join("traps.wasm")).expect("`make plugins` built it");
    let load = |bytes: &[u8]| host(LIMITS).load("file.wasm", bytes).err().expect("refused").fault;
    assert!(matches!(load(b""), PluginFault::NotAPlugin(_)));
    assert!(matches!(load(b"GIF89a"), PluginFault::NotAPlugin(_)));
    assert!(matches!(load(&whole[..whole.len() / 2]), PluginFault::NotAPlugin(_)));
    assert!(matches!(load(&vec![0; 2 << 20]), PluginFault::TooLarge { .. }));
    // An empty core module.
    let module = load(b"\0asm\x01\0\0\0");
    assert!(module.to_string().contains("core module"), "{module}");
}

#[test]
fn another_version_of_the_interface_is_named() {
    let whole = std::fs::read(guests().join("traps.wasm")).expect("`make plugins` built it");
    let (old, new) = (b"sluice:selector/selector@0.1.0", b"sluice:selector/selector@0.7.0");
    let mut other = whole;
    while let Some(at) = other.windows(old.len()).position(|window| window == old) {
        other[at..at + new.len()].copy_from_slice(new);
    }
    let fault = host(LIMITS).load("newer.wasm", &other).err().expect("refused").fault;
    let known = PluginFault::Version { world: "selector", found: "0.7.0".into(), known: "0.1" };
    assert_eq!(fault, known);
}

#[test]
fn a_folder_with_bad_files_still_gives_the_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(guests().join("lies.wasm"), folder.path().join("lies.wasm")).unwrap();
    std::fs::write(folder.path().join("broken.wasm"), b"not wasm").unwrap();
    std::fs::write(folder.path().join("readme.txt"), b"hello").unwrap();
    let host = host(Limits::default());
    let mut set = PluginSet::in_the_box(&host).unwrap();
    let problems = set.add_folder(&host, folder.path());
    assert!(set.selector("lies").is_some() && set.selector("max-prob").is_some());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("plugin broken.wasm"), "{problems:?}");
}
