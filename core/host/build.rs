//! The plugins in the box are embedded, so they must have been built.

use std::path::Path;

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    assert!(
        dist.join("selectors").is_dir() && dist.join("networks").is_dir(),
        "the plugins in the box are not built yet: run `make plugins` first"
    );
}
