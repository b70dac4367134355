//! Where tensors live. CUDA is no part of the program: where a GPU is, a CUDA build of PyTorch that is
//! found on this machine registers itself in the libtorch that runs.

mod cuda;
mod workplace;

use std::any::Any;
use std::panic::catch_unwind;
use std::str::FromStr;

use tch::{Device, Kind, Tensor};

use cuda::Lack;
pub(crate) use workplace::Workplace;

/// How libtorch says that a device has too little memory.
pub(crate) const OUT_OF_MEMORY: &str = "out of memory";

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
    /// When it is not what was wanted, or a GPU is left unused.
    pub instead: Option<String>,
}

/// Finds the device; libtorch must not have been asked for anything before.
pub(crate) fn find(choice: DeviceChoice) -> Found {
    decide(choice, cuda::gpus, try_out)
}

/// The device, where so many GPUs are seen and this is how one of them runs.
fn decide(
    choice: DeviceChoice,
    gpus: impl FnOnce() -> Result<usize, Lack>,
    try_out: impl FnOnce(Device) -> Result<(), String>,
) -> Found {
    let index = match choice {
        DeviceChoice::Cpu => return Found { device: Device::Cpu, instead: None },
        DeviceChoice::Auto => 0,
        DeviceChoice::Cuda(index) => index,
    };
    let device = Device::Cuda(index);
    let found = gpus().and_then(|gpus| {
        let seen = if index < gpus { Ok(()) } else { Err(format!("libtorch sees {gpus} GPUs")) };
        seen.and_then(|()| try_out(device)).map_err(|why| Lack { has_driver: true, why })
    });
    let Err(Lack { has_driver, why }) = found else {
        tracing::info!(device = name(device), "a GPU is used");
        return Found { device, instead: None };
    };
    tracing::info!(%why, "the CPU is used");
    // Whoever takes what there is misses nothing where there is no GPU.
    let instead = (choice != DeviceChoice::Auto || has_driver).then(|| {
        format!(
            "{} can't be used: {why}. The CPU is used instead; answers and rankings go on",
            name(device)
        )
    });
    Found { device: Device::Cpu, instead }
}

/// Whether anything runs there: a driver answers for a GPU, too, that this libtorch has no code for.
fn try_out(device: Device) -> Result<(), String> {
    let run = catch_unwind(|| {
        let ones = Tensor::ones([2, 2], (Kind::Float, device));
        // To take the number to the CPU is to wait for it.
        ones.mm(&ones).sum(Kind::Float).double_value(&[])
    });
    match run {
        Ok(sum) if (sum - 8.0).abs() < 0.5 => Ok(()),
        Ok(sum) => Err(format!("it says that 2 × 2 ones times the same add up to {sum}, not 8")),
        Err(panic) => Err(format!("nothing runs on it ({})", panic_text(panic.as_ref()))),
    }
}

/// What a network computes features with: 16-bit numbers where the device is made for them.
pub(crate) fn precision(device: Device) -> Kind {
    let made_for_it = match device {
        Device::Cpu => processor_is_made_for_it(),
        gpu => catch_unwind(|| {
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

/// What libtorch said as it panicked: its first line, without what the panic puts around it.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default();
    // An unwrapped error is told as it is written in a program, its ends of lines, too.
    let said = text.split_once("Torch(\"").map_or(text.as_str(), |(_, said)| said);
    let first = said.split("\\n").next().and_then(|said| said.lines().next());
    first.unwrap_or_default().trim_end_matches("\")").to_owned()
}

/// Its name for a person.
pub(crate) fn name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    }
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

    /// What is told where there are so many GPUs, none of which runs.
    fn told(choice: DeviceChoice, gpus: Result<usize, Lack>) -> Option<String> {
        let found = decide(choice, || gpus, |_| Err("nothing runs on it (no kernel)".to_owned()));
        assert_eq!(found.device, Device::Cpu);
        found.instead
    }

    #[test]
    fn the_cpu_is_used_instead_of_a_gpu_and_it_is_told_unless_there_is_none_to_miss() {
        let lack = |has_driver| Lack { has_driver, why: "no library".to_owned() };
        let (auto, second) = (DeviceChoice::Auto, DeviceChoice::Cuda(1));
        assert_eq!(told(auto, Err(lack(false))), None);
        assert_eq!(told(DeviceChoice::Cpu, Ok(2)), None);
        let says = |choice, gpus, words: &str| {
            let told = told(choice, gpus).unwrap_or_default();
            assert!(told.starts_with(words), "{told}");
        };
        says(auto, Err(lack(true)), "cuda:0 can't be used: no library");
        says(auto, Ok(0), "cuda:0 can't be used: libtorch sees 0 GPUs");
        says(auto, Ok(2), "cuda:0 can't be used: nothing runs on it (no kernel)");
        says(second, Err(lack(false)), "cuda:1 can't be used: no library");
        says(second, Ok(1), "cuda:1 can't be used: libtorch sees 1 GPUs");
        says(second, Ok(2), "cuda:1 can't be used: nothing runs on it (no kernel)");
    }

    #[test]
    fn a_gpu_that_runs_is_used() {
        let found = decide(DeviceChoice::Auto, || Ok(1), |_| Ok(()));
        assert_eq!((found.device, found.instead), (Device::Cuda(0), None));
    }

    #[test]
    fn where_there_is_no_such_gpu_the_cpu_is_used_and_it_is_told() {
        let found = find(DeviceChoice::Cuda(1000));
        assert_eq!(found.device, Device::Cpu);
        let instead = found.instead.unwrap_or_default();
        assert!(instead.starts_with("cuda:1000 can't be used: "), "{instead}");
    }

    #[test]
    fn what_runs_is_tried_and_what_libtorch_says_is_told_in_its_own_words() {
        assert_eq!(try_out(Device::Cpu), Ok(()));
        let panic = catch_unwind(|| {
            let options = (Kind::Float, Device::Cpu);
            Tensor::ones([2, 2], options).mm(&Tensor::ones([3, 3], options))
        });
        let said = panic_text(panic.expect_err("they don't fit").as_ref());
        assert!(said.starts_with("mat1 and mat2 shapes cannot be multiplied"), "{said}");
        assert!(said.lines().count() == 1 && !said.contains("\\n"), "{said}");
        assert_eq!(
            panic_text(&"CUDA error: out of memory\nat a place"),
            "CUDA error: out of memory"
        );
    }
}
