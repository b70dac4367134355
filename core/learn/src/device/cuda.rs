//! CUDA: opened at run time, where a driver and PyTorch's library for it are.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use tch::Cuda;

/// The version of PyTorch that tch is made for; libraries of another one don't fit.
const VERSION: &str = "2.11.0";
const CUDA_LIBRARY: &str = "libtorch_cuda.so";
const CPU_LIBRARY: &str = "libtorch_cpu.so";
/// There where a driver for NVIDIA's GPUs runs, natively or under Windows.
const DRIVERS: [&str; 2] = ["/dev/nvidiactl", "/dev/dxg"];

/// Why there is no GPU to compute on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    /// Whether a driver says that there is one.
    pub has_driver: bool,
    /// In a few words.
    pub why: String,
}

/// How many GPUs libtorch sees; it must not have been asked for anything before.
pub(super) fn gpus() -> Result<usize, Lack> {
    if !DRIVERS.iter().any(|driver| Path::new(driver).exists()) {
        let why = "this machine has no NVIDIA GPU, or no driver for one".to_owned();
        return Err(Lack { has_driver: false, why });
    }
    open().map_err(|why| Lack { has_driver: true, why })?;
    Ok(usize::try_from(Cuda::device_count()).unwrap_or(0))
}

/// Makes CUDA known to libtorch, or says why it can't be.
fn open() -> Result<(), String> {
    // Asking libtorch before the library is there would settle the answer for good.
    if mapped(CUDA_LIBRARY).is_some() {
        return if Cuda::is_available() { Ok(()) } else { Err("libtorch finds no GPU".to_owned()) };
    }
    let mut tried = Vec::new();
    for folder in library_folders() {
        let library = folder.join(CUDA_LIBRARY);
        if !library.exists() {
            continue;
        }
        match load(&library) {
            Ok(()) if Cuda::is_available() => return Ok(()),
            Ok(()) => return Err(format!("{} finds no GPU that it can use", library.display())),
            Err(why) => tried.push(why),
        }
    }
    if tried.is_empty() {
        Err(format!(
            "no CUDA build of PyTorch {VERSION} was found (looked beside libtorch_cpu.so, in LIBTORCH, in the \
             active Python)"
        ))
    } else {
        Err(tried.join("; "))
    }
}

/// Opens the library for good.
#[expect(
    unsafe_code,
    reason = "libtorch's CUDA part registers itself when it is opened; there is no other way"
)]
fn load(library: &Path) -> Result<(), String> {
    let beside = mapped(CPU_LIBRARY).is_some_and(|running| running.parent() == library.parent());
    match version_of(library) {
        Some(version) if version.starts_with(VERSION) => {}
        None if beside => {}
        other => {
            let version = other.map_or("an unknown version".to_owned(), |v| format!("PyTorch {v}"));
            return Err(format!("{} is of {version}; {VERSION} fits", library.display()));
        }
    }
    // SAFETY: opening it runs its initialisers, which is what it is opened for. It is the version of
    // libtorch that runs, and is never closed.
    let opened = unsafe { Library::open(Some(library), RTLD_NOW | RTLD_GLOBAL) };
    let opened =
        opened.map_err(|error| format!("{} can't be loaded: {error}", library.display()))?;
    std::mem::forget(opened);
    Ok(())
}

/// What PyTorch says of itself in the package that a library belongs to; a bare libtorch has no such file
/// but one that is called so.
fn version_of(library: &Path) -> Option<String> {
    let package = library.parent()?.parent()?;
    let python = fs::read_to_string(package.join("version.py")).ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
        Some(line.trim_matches(['\'', '"']).to_owned())
    });
    python.or_else(|| fs::read_to_string(package.join("build-version")).ok())
}

/// Where a library lies that is open already.
fn mapped(name: &str) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| Path::new(&line[at..])));
    paths.into_iter().find(|path| path.ends_with(name)).map(Path::to_owned)
}

/// Where libraries of PyTorch may lie, the likeliest first.
fn library_folders() -> Vec<PathBuf> {
    let running = mapped(CPU_LIBRARY).and_then(|path| path.parent().map(Path::to_owned));
    let named = env::var_os("LIBTORCH").map(|folder| PathBuf::from(folder).join("lib"));
    running.into_iter().chain(named).chain(python_folder()).collect()
}

/// Of the Python that is active, without running PyTorch.
fn python_folder() -> Option<PathBuf> {
    // Not what happens to lie in the current folder.
    const FIND: &str = "import sys; sys.path = [p for p in sys.path if p]; import importlib.util as u; \
                        print(u.find_spec('torch').submodule_search_locations[0])";
    let in_environment =
        env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("bin/python"));
    let python = in_environment.as_deref().map_or(OsStr::new("python3"), Path::as_os_str);
    let output = Command::new(python).args(["-c", FIND]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| Path::new(folder.trim()).join("lib"))
}
