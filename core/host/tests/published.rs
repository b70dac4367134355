//! A published contract never changes: components that were built against it are out there. What
//! changes is a new version, in a folder of its own, with an adapter of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::fs;
use std::path::Path;

/// Every published file, and how its BLAKE3 begins.
const PUBLISHED: [(&str, &str); 2] = [
    ("network/v0.1.0/network.wit", "4c7da3e617387978"),
    ("selector/v0.1.0/selector.wit", "86df346d7367c7de"),
];

#[test]
fn a_published_contract_is_as_it_was() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/wit");
    for (file, begins) in PUBLISHED {
        let hash = blake3::hash(&fs::read(contracts.join(file)).unwrap()).to_hex();
        assert_eq!(&hash[..16], begins, "{file} is published: make a new version beside it");
    }
}

#[test]
fn every_version_is_among_the_published() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/wit");
    let mut versions: Vec<String> = Vec::new();
    for world in fs::read_dir(&contracts).unwrap().map(|entry| entry.unwrap()) {
        for version in fs::read_dir(world.path()).unwrap().map(|entry| entry.unwrap()) {
            let (world, version) = (world.file_name(), version.file_name());
            versions.push(format!("{}/{}/", world.to_str().unwrap(), version.to_str().unwrap()));
        }
    }
    for version in versions {
        assert!(PUBLISHED.iter().any(|(file, _)| file.starts_with(&version)), "{version}");
    }
}
