//! A compiler with the wasm32 target, whichever this machine has or can get:
//!
//! 1. the active toolchain, with the target installed;
//! 2. Debian's compiler for the web, with the standard library built from its source;
//! 3. what can be fetched: the target by rustup, or else Debian's packages, where installing them
//!    needs no password.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Compiles the crate or workspace in a folder, into its own `target`.
///
/// # Errors
/// When there is no compiler for wasm32 and none can be had, or it refuses the code.
pub fn build(folder: &Path) -> Result<()> {
    if has_target()? || (!has_debian() && add_target()) {
        let mut cargo = Command::new("cargo");
        // Set by the cargo that runs this program, and meant for the host.
        cargo.env_remove("RUSTC").env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        return compile(cargo, folder, &[]);
    }
    if !has_debian() && !install_debian() {
        bail!(
            "no compiler for {TARGET}. Install it with 'rustup target add {TARGET}', or on Debian \
             with 'apt-get install {}'",
            DEBIAN_PACKAGES.join(" ")
        );
    }
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo
        .env("RUSTC", "/usr/bin/rustc")
        // Building the standard library is not yet a stable option of cargo.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", rust_lld()?)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("LD_LIBRARY_PATH");
    compile(cargo, folder, &["-Zbuild-std=std,panic_abort"])
}

/// The core module of a library that was compiled.
pub fn module(folder: &Path, library: &str) -> PathBuf {
    folder.join("target").join(TARGET).join("release").join(format!("{library}.wasm"))
}

fn compile(mut cargo: Command, folder: &Path, more: &[&str]) -> Result<()> {
    let status = cargo
        .args(["build", "--release", "--quiet", "--target", TARGET, "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder.join("target"))
        .args(more)
        // Where the settings of cargo are looked for.
        .current_dir(folder)
        .status()
        .context("can't run cargo")?;
    if !status.success() {
        bail!("{} did not compile (see above)", folder.display());
    }
    Ok(())
}

/// The folder of the active compiler.
fn sysroot() -> Result<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output();
    let output = output.context("can't run rustc")?;
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

fn has_target() -> Result<bool> {
    Ok(sysroot()?.join("lib/rustlib").join(TARGET).is_dir())
}

fn add_target() -> bool {
    println!("plugins: adding {TARGET} with rustup ...");
    quietly(Command::new("rustup").args(["target", "add", TARGET]))
}

fn has_debian() -> bool {
    // The package of the source puts it where the compiler looks for it.
    let source = Path::new("/usr/lib/rustlib/src/rust/library/std/Cargo.toml");
    Path::new("/usr/bin/cargo").is_file()
        && is_recent("/usr/bin/rustc")
        && (source.is_file() || debian_source_elsewhere())
}

/// Whether a compiler knows the edition of the guests (2024: from 1.85 on).
fn is_recent(rustc: &str) -> bool {
    let Ok(output) = Command::new(rustc).arg("--version").output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= 85)
}

fn debian_source_elsewhere() -> bool {
    let output = Command::new("/usr/bin/rustc").args(["--print", "sysroot"]).output();
    output.is_ok_and(|output| {
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
    })
}

fn install_debian() -> bool {
    println!("plugins: installing {} ...", DEBIAN_PACKAGES.join(", "));
    let apt = |arguments: &[&str]| {
        let as_root = quietly(Command::new("apt-get").args(arguments));
        as_root || quietly(Command::new("sudo").args(["-n", "apt-get"]).args(arguments))
    };
    let install = ["install", "--yes", "--no-install-recommends"];
    let install: Vec<&str> = install.into_iter().chain(DEBIAN_PACKAGES).collect();
    apt(&["update"]) && apt(&install) && has_debian()
}

/// The linker for wasm that comes with a rustup toolchain, or one on the path.
fn rust_lld() -> Result<PathBuf> {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let own = sysroot()?.join("lib/rustlib").join(host).join("bin/rust-lld");
    if own.is_file() {
        return Ok(own);
    }
    let on_path = ["rust-lld", "wasm-ld", "lld"]
        .into_iter()
        .find(|name| quietly(Command::new(name).arg("--version")));
    on_path.map(PathBuf::from).context("no linker for wasm: install lld, or rustup's toolchain")
}

fn quietly(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
