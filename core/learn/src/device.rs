//! Where tensors live.

use tch::Device;

/// CUDA where libtorch has it, else the CPU.
pub(crate) fn find() -> Device {
    Device::cuda_if_available()
}

/// Its name for a person.
pub(crate) fn name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    }
}
