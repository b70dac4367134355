//! Work on a GPU as long as one does it, else on the CPU.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::Device;

use super::{OUT_OF_MEMORY, name, panic_text};

/// Where pictures are worked on.
pub(crate) struct Workplace {
    device: Device,
    /// Pictures that its memory takes at once.
    fit: i64,
    /// What a person should know and was not told yet.
    notes: Vec<String>,
}

impl Workplace {
    /// Where this device works.
    pub fn new(device: Device) -> Self {
        Self { device, fit: i64::MAX, notes: Vec::new() }
    }

    /// Where it is by now.
    pub fn device(&self) -> Device {
        self.device
    }

    /// What a person should know, each told once.
    pub fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Does work on so many pictures; `work` is told where, and how many of them to take at once. A GPU that has too
    /// little memory is given half as many at once. When that does not help, and after any other failure, the CPU
    /// does the work from its beginning, and all that comes after.
    ///
    /// # Errors
    /// The work's own on the CPU; libtorch's panics go on there, too.
    pub fn run<T, E: Display>(
        &mut self,
        pictures: i64,
        mut work: impl FnMut(Device, i64) -> Result<T, E>,
    ) -> Result<T, E> {
        while self.device != Device::Cpu {
            let (on, at_once) = (self.device, pictures.min(self.fit).max(1));
            let why = match catch_unwind(AssertUnwindSafe(|| work(on, at_once))) {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) => error.to_string(),
                Err(panic) => panic_text(panic.as_ref()),
            };
            if why.contains(OUT_OF_MEMORY) && at_once > 1 {
                self.take_fewer(at_once / 2);
            } else {
                self.leave(&why);
            }
        }
        work(Device::Cpu, pictures.max(1))
    }

    fn take_fewer(&mut self, fit: i64) {
        let on = name(self.device);
        tracing::warn!(device = on, pictures = fit, "fewer at once for the GPU's memory");
        if self.fit == i64::MAX {
            self.notes.push(format!(
                "{on} has too little free memory to compute features of many pictures at once. It takes fewer at \
                 once, so features may come more slowly; answers are safe, and rankings go on"
            ));
        }
        self.fit = fit;
    }

    fn leave(&mut self, why: &str) {
        let on = name(self.device);
        tracing::warn!(device = on, %why, "features are computed on the CPU");
        self.notes.push(format!(
            "Features can't be computed on {on} ({why}). The CPU computes them instead, so they come more slowly; \
             answers are safe, and rankings go on"
        ));
        (self.device, self.fit) = (Device::Cpu, i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const GPU: Device = Device::Cuda(0);

    /// Panics as libtorch does where a GPU's memory takes no more than `most` pictures at once.
    fn needs_room(most: i64, on: Device, at_once: i64) {
        let fits = on == Device::Cpu || at_once <= most;
        assert!(fits, "CUDA out of memory. Tried to allocate 2.00 GiB");
    }

    #[test]
    fn a_gpu_with_little_memory_is_given_fewer_pictures_and_keeps_to_that() {
        let mut workplace = Workplace::new(GPU);
        for tries in [&[64, 32, 16, 8][..], &[8]] {
            let mut tried = Vec::new();
            let done = workplace.run(64, |on, at_once| {
                tried.push(at_once);
                needs_room(8, on, at_once);
                Ok::<_, Infallible>(on)
            });
            assert_eq!(done, Ok(GPU));
            assert_eq!(tried, tries);
        }
        let notes = workplace.notes();
        assert!(notes.len() == 1 && notes[0].contains("too little free memory"), "{notes:?}");
        assert!(workplace.notes().is_empty(), "it is told once");
    }

    #[test]
    fn a_gpu_without_any_memory_is_left_for_the_cpu_for_good() {
        let mut workplace = Workplace::new(GPU);
        let mut tried = Vec::new();
        for _ in 0..2 {
            let done = workplace.run(4, |on, at_once| {
                tried.push((on, at_once));
                needs_room(0, on, at_once);
                Ok::<_, Infallible>(on)
            });
            assert_eq!(done, Ok(Device::Cpu));
        }
        let on_cpu = (Device::Cpu, 4);
        assert_eq!(tried, [(GPU, 4), (GPU, 2), (GPU, 1), on_cpu, on_cpu]);
        assert_eq!(workplace.device(), Device::Cpu);
        let notes = workplace.notes();
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[1].contains("cuda:0 (CUDA out of memory"), "{notes:?}");
    }

    #[test]
    fn any_other_failure_of_a_gpu_is_no_reason_to_try_it_again() {
        let panics = |on: Device| {
            assert_eq!(on, Device::Cpu, "CUDA error: no kernel image is available");
            Ok::<_, &'static str>(on)
        };
        let refuses = |on: Device| if on == Device::Cpu { Ok(on) } else { Err("not finite") };
        for work in [&panics as &dyn Fn(Device) -> Result<Device, &'static str>, &refuses] {
            let mut workplace = Workplace::new(GPU);
            let mut tried = 0;
            let done = workplace.run(64, |on, _| {
                tried += 1;
                work(on)
            });
            assert_eq!((done, tried), (Ok(Device::Cpu), 2));
            assert_eq!(workplace.notes().len(), 1);
        }
    }

    #[test]
    fn what_the_cpu_refuses_is_refused() {
        for device in [GPU, Device::Cpu] {
            let mut workplace = Workplace::new(device);
            assert_eq!(workplace.run(1, |_, _| Err::<(), _>("broken")), Err("broken"));
        }
    }
}
