//! Where tensors live. CUDA is no part of the program: where a GPU is, a CUDA build of PyTorch that is
//! found on this machine registers itself in the libtorch that runs.

use std::any::Any;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use tch::{Cuda, Device, Kind, Tensor};

/// The version of PyTorch that tch is made for; libraries of another one don't fit.
const VERSION: &str = "2.11.0";
/// How libtorch says that a device has too little memory.
pub(crate) const OUT_OF_MEMORY: &str = "out of memory";
const CUDA_LIBRARY: &str = "libtorch_cuda.so";
const CPU_LIBRARY: &str = "libtorch_cpu.so";
/// There where a driver for NVIDIA's GPUs runs, natively or under Windows.
const DRIVERS: [&str; 2] = ["/dev/nvidiactl", "/dev/dxg"];

/// Which device a person wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA where it can be had, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU by its number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            other => other
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("{other} is no device; there are auto, cpu, cuda, cuda:1")),
        }
    }
}

/// The device that is used, and what a person should know about why.
pub(crate) struct Found {
    pub device: Device,
    /// When it is not what was wanted.
    pub instead: Option<String>,
}

/// Finds the device; libtorch must not have been asked for anything before.
pub(crate) fn find(choice: DeviceChoice) -> Found {
    let index = match choice {
        DeviceChoice::Cpu => return Found { device: Device::Cpu, instead: None },
        DeviceChoice::Auto => 0,
        DeviceChoice::Cuda(index) => index,
    };
    let found = load_cuda().and_then(|()| {
        let gpus = usize::try_from(Cuda::device_count()).unwrap_or(0);
        if index < gpus {
            Ok(Device::Cuda(index))
        } else {
            Err(format!("libtorch sees {gpus} GPUs"))
        }
    });
    match found {
        Ok(device) => {
            tracing::info!(device = name(device), "a GPU is used");
            Found { device, instead: None }
        }
        Err(why) if choice == DeviceChoice::Auto => {
            tracing::info!(%why, "the CPU is used");
            Found { device: Device::Cpu, instead: None }
        }
        Err(why) => {
            let instead = format!(
                "cuda:{index} can't be used: {why}. The CPU is used instead; answers and rankings go on"
            );
            Found { device: Device::Cpu, instead: Some(instead) }
        }
    }
}

/// What a network computes features with: 16-bit numbers where the device is made for them.
pub(crate) fn precision(device: Device) -> Kind {
    let made_for_it = match device {
        Device::Cpu => processor_is_made_for_it(),
        gpu => std::panic::catch_unwind(|| {
            let ones = Tensor::ones([1, 8, 8, 8], (Kind::BFloat16, gpu));
            ones.conv2d(&ones, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1)
                .double_value(&[0, 0, 0, 0])
        })
        .is_ok(),
    };
    if made_for_it { Kind::BFloat16 } else { Kind::Float }
}

fn processor_is_made_for_it() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// What libtorch said as it panicked.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Its name for a person.
pub(crate) fn name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    }
}

/// Makes CUDA known to libtorch, or says why it can't be.
fn load_cuda() -> Result<(), String> {
    if !DRIVERS.iter().any(|driver| Path::new(driver).exists()) {
        return Err("this machine has no NVIDIA GPU, or no driver for one".to_owned());
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_by_their_names() {
        let parse = |text: &str| text.parse::<DeviceChoice>();
        assert_eq!(parse("auto"), Ok(DeviceChoice::Auto));
        assert_eq!(parse("cpu"), Ok(DeviceChoice::Cpu));
        assert_eq!(
            (parse("cuda"), parse("cuda:1")),
            (Ok(DeviceChoice::Cuda(0)), Ok(DeviceChoice::Cuda(1)))
        );
        for wrong in ["", "gpu", "cuda:", "cuda:one", "cuda:-1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn where_there_is_no_such_gpu_the_cpu_is_used_and_it_is_told() {
        let found = find(DeviceChoice::Cuda(1000));
        assert_eq!(found.device, Device::Cpu);
        let instead = found.instead.unwrap_or_default();
        assert!(instead.starts_with("cuda:1000 can't be used: "), "{instead}");
        assert!(find(DeviceChoice::Auto).instead.is_none());
    }
}
