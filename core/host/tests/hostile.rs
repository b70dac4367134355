//! Guests that break the rules, and files that are no guests: each is named, and the host goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod pool;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pool::{Rows, scored};
use sluice_events::plugin::{Value, Values};
use sluice_host::{
    Candidates, Change, Limits, Plugin, PluginError, PluginFault, PluginFolder, PluginHost,
    PluginSet, SelectorPlugin,
};

const LIMITS: Limits =
    Limits { deadline_ms: 500, memory_mib: 64, fuel: u64::MAX / 2, file_bytes: 1 << 20 };

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/guests")
}

fn host(limits: Limits) -> PluginHost {
    PluginHost::new(limits, None).expect("wasmtime runs here")
}

fn guest(limits: Limits, name: &str) -> SelectorPlugin {
    let bytes =
        std::fs::read(guests().join(format!("{name}.wasm"))).expect("`make plugins` built it");
    match host(limits).load(name, None, &bytes).expect("it loads") {
        Plugin::Selector(selector) => selector,
        Plugin::Network(_) => panic!("{name} is a selector"),
    }
}

fn rank(selector: &SelectorPlugin) -> PluginError {
    selector.rank(scored(&[0.5; 10]), 10).expect_err("it breaks a rule")
}

#[test]
fn each_crime_is_told_from_the_others() {
    let fault = |name: &str| rank(&guest(LIMITS, name)).fault;
    assert!(matches!(fault("traps"), PluginFault::Trapped(_)));
    assert_eq!(fault("loops"), PluginFault::TooSlow { limit_ms: 500 });
    assert_eq!(fault("hogs"), PluginFault::OutOfMemory { limit_mib: 64 });
    assert_eq!(fault("lies"), PluginFault::WrongAnswer("candidate 10 of 10".into()));
    assert_eq!(fault("repeats"), PluginFault::WrongAnswer("candidate 0 twice".into()));
    assert_eq!(fault("refuses"), PluginFault::Refused("there is no order in this".into()));
}

#[test]
fn what_is_asked_for_counts_as_memory_too() {
    let features = Arc::new(Rows { values: vec![0.0; 4096], dim: 4096 });
    let candidates = Candidates { features, ..scored(&[0.5]) };
    let fault = guest(LIMITS, "floods").rank(candidates, 10).expect_err("it breaks a rule").fault;
    assert_eq!(fault, PluginFault::OutOfMemory { limit_mib: 64 });
}

#[test]
fn a_plugin_that_nobody_could_choose_is_not_loaded() {
    let shouts = std::fs::read(guests().join("shouts.wasm")).unwrap();
    let error = host(LIMITS).load("shouts.wasm", None, &shouts).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "plugin shouts.wasm gave a wrong answer: is called \"LOUD name!\", and a name is lower case \
         letters, digits and hyphens"
    );
}

#[test]
fn a_changed_contract_is_told_from_a_broken_file() {
    let other = std::fs::read(guests().join("other-shape.wasm")).unwrap();
    let fault = host(LIMITS).load("other-shape.wasm", None, &other).expect_err("refused").fault;
    assert!(matches!(fault, PluginFault::OtherShape { world: "network", .. }), "{fault}");
    assert!(fault.to_string().contains("build it with that version's WIT"), "{fault}");
}

#[test]
fn there_is_nothing_in_the_system_that_a_guest_may_want() {
    let peeks = guest(LIMITS, "peeks");
    let rank = |seed, parameters: &Values| {
        let parameters = parameters.clone();
        peeks.rank(Candidates { seed, parameters, ..scored(&[0.5; 1000]) }, 1)
    };
    let none = Values::new();
    let drawn = rank(1, &none).expect("it finds nothing");
    assert_eq!(rank(1, &none).unwrap(), drawn, "its randomness is the call's");
    assert_ne!(rank(2, &none).unwrap(), drawn);
    let waits = Values::from([("waits".to_owned(), Value::Boolean(true))]);
    let begun = Instant::now();
    let fault = rank(1, &waits).expect_err("nothing is waited for").fault;
    assert!(
        matches!(&fault, PluginFault::Trapped(why) if why.contains("wanted to wait")),
        "{fault}"
    );
    assert!(begun.elapsed() < Duration::from_mins(10), "an hour was not waited");
}

#[test]
fn what_a_guest_said_last_stands_beside_what_went_wrong() {
    let fault = rank(&guest(LIMITS, "traps")).fault.to_string();
    assert!(fault.starts_with("crashed:") && fault.contains("It had said:"), "{fault}");
    assert!(fault.contains("on purpose"), "{fault}");
}

#[test]
fn what_is_not_a_number_has_the_same_bits_on_every_machine() {
    // The guest names the first candidate if they are the canonical ones.
    let order = guest(LIMITS, "nans").rank(scored(&[f32::NAN; 10]), 1).expect("it ranks");
    assert_eq!(order, [0]);
}

#[test]
fn a_graph_that_can_not_be_built_names_the_node() {
    let bytes = std::fs::read(guests().join("bad-graphs.wasm")).unwrap();
    let Plugin::Network(network) = host(LIMITS).load("bad-graphs", None, &bytes).unwrap() else {
        panic!("it is a network");
    };
    let describe = |how: &str| {
        let how = Values::from([("how".to_owned(), Value::Text(how.to_owned()))]);
        network.describe((32, 32), how).map(|graph| graph.feature_dim())
    };
    assert_eq!(describe("sound"), Ok(8));
    for (how, said) in [
        ("cycle", "node 'egg': is part of a cycle"),
        ("shapes", "node 'sum': adds 8×32×32 and 9×32×32"),
        ("twins", "node 'sum': two nodes have this name"),
        ("billion", "node 'wide': more than 500000000 parameters"),
        ("nan", "node 'input': mean and standard deviation must be finite"),
        ("long", "node 'xxxxxxxxxxxxxxxxxxxx': a name is longer than 200 bytes"),
        ("wide", "node 'input': pictures of 64×32; a square of 1 to 2048 pixels is taken"),
        ("work", "node 'work': more than 100000000000 multiplications for a picture"),
    ] {
        let error = describe(how).expect_err(how).to_string();
        let wanted = format!("plugin bad-graphs 0.1.0 gave a wrong answer: {said}");
        assert!(error.starts_with(&wanted) && error.len() < 1000, "{how}: {error}");
    }
}

#[test]
fn a_large_file_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.wasm");
    std::fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    let error = host(Limits::default()).load_file(&path).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "plugin large.wasm is larger than 64 MiB, which is the most that is loaded"
    );
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
    let load =
        |bytes: &[u8]| host(LIMITS).load("file.wasm", None, bytes).expect_err("refused").fault;
    assert!(matches!(load(b""), PluginFault::NotAPlugin(_)));
    assert!(matches!(load(b"GIF89a"), PluginFault::NotAPlugin(_)));
    assert!(matches!(load(&whole[..whole.len() / 2]), PluginFault::NotAPlugin(_)));
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
    let fault = host(LIMITS).load("newer.wasm", None, &other).expect_err("refused").fault;
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
    let mut shelf = PluginFolder::new(host, folder.path());
    let changes = shelf.load();
    shelf.add_to(&mut set);
    assert!(set.selector("lies").is_some() && set.selector("max-prob").is_some());
    let [Change::Failed(broken), Change::Loaded(lies)] = changes.as_slice() else {
        panic!("one is broken, one is loaded: {changes:?}");
    };
    assert!(broken.to_string().starts_with("plugin broken.wasm is not"), "{broken}");
    assert_eq!(lies.info().name, "lies");
}
