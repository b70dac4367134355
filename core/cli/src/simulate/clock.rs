//! A person's time, as the background of a simulation gets it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use sluice_server::Service;

/// The thread that trains, as `sluice-learn` calls it.
const TRAINER: &str = "trainer";

/// Looks become due at a person's pace. Their time passes while something trains in the background, and is skipped
/// while nothing does, because then it changes nothing. What the trainer waited for a processor does not count
/// either: other programs make a run longer, not the training shorter.
pub struct Clock {
    begun: Instant,
    waited_before: Duration,
    skipped: Duration,
    a_look: Duration,
}

impl Clock {
    /// `pace`: answers a second; none: every look is due at once.
    pub fn start(pace: Option<f64>) -> Self {
        let a_look = pace.map_or(Duration::ZERO, |pace| Duration::from_secs_f64(1.0 / pace));
        let waited_before = waited_for_a_processor();
        Self { begun: Instant::now(), waited_before, skipped: Duration::ZERO, a_look }
    }

    pub fn wait_for_look(&mut self, number: usize, service: &Service) {
        // Without a pace nobody asks the system what time has passed.
        if self.a_look.is_zero() {
            return;
        }
        let due = self.a_look.mul_f64(number as f64);
        let mut training = service.training.clone();
        while let Some(left) = due.checked_sub(self.passed()).filter(|left| !left.is_zero()) {
            if training.borrow_and_update().in_background {
                thread::sleep(left.min(Duration::from_millis(100)));
            } else {
                self.skipped += left;
            }
        }
    }

    fn passed(&self) -> Duration {
        let waited = waited_for_a_processor().saturating_sub(self.waited_before);
        (self.begun.elapsed() + self.skipped).saturating_sub(waited)
    }
}

/// How long the trainer was ready to run and no processor was free, since it began: the second number of Linux's
/// `schedstat` (nanoseconds). Nothing where the system does not tell. The threads that help it have its name as well;
/// it waits for them, so the longest counts.
fn waited_for_a_processor() -> Duration {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let waited = threads.flatten().filter_map(|thread| {
        let name = fs::read_to_string(thread.path().join("comm")).ok()?;
        let times = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let waited = times.split_whitespace().nth(1)?.parse().ok()?;
        (name.trim_end() == TRAINER).then_some(Duration::from_nanos(waited))
    });
    waited.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More threads than processors, all busy: some of them wait.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_busy_machine_takes_from_the_trainer_is_seen() {
        let before = waited_for_a_processor();
        let busy = thread::available_parallelism().map_or(2, usize::from) * 3;
        thread::scope(|scope| {
            for _ in 0..busy {
                let work = || {
                    let begun = Instant::now();
                    while begun.elapsed() < Duration::from_millis(300) {
                        std::hint::black_box(fs::metadata("/").is_ok());
                    }
                    waited_for_a_processor()
                };
                let thread = thread::Builder::new().name(TRAINER.to_owned());
                let thread = thread.spawn_scoped(scope, move || {
                    // Three share one processor, so at least a little of the time was spent waiting.
                    assert!(work() > before + Duration::from_millis(20));
                });
                assert!(thread.is_ok());
            }
        });
    }
}
