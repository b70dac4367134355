//! A person's time, as the background of a simulation gets it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// The thread that trains, as `sluice-learn` calls it.
const TRAINER: &str = "trainer";
/// It is looked so often whether something trains.
const LOOK: Duration = Duration::from_millis(100);

/// Looks become due at a person's pace, counted from the beginning. A look's time holds the ranking of the answer
/// before, as a person's does. Of what is left of it, the time in which nothing trains in the background is skipped,
/// because then it changes nothing; and what the trainer waits for a processor does not count, because other programs
/// make a run longer, not the training shorter.
pub struct Clock {
    begun: Instant,
    /// Time of the person's that was not waited for.
    skipped: Duration,
    /// Time that was waited for and is none of the person's.
    waited: Duration,
    a_look: Duration,
}

impl Clock {
    /// `pace`: answers a second; none: every look is due at once.
    pub fn start(pace: Option<f64>) -> Self {
        let a_look = pace.map_or(Duration::ZERO, |pace| Duration::from_secs_f64(1.0 / pace));
        Self { begun: Instant::now(), skipped: Duration::ZERO, waited: Duration::ZERO, a_look }
    }

    /// Until the look of this number, the first has 0, is due. `trains` says whether something trains right now.
    pub fn wait_for_look(&mut self, number: usize, trains: impl Fn() -> bool) {
        self.wait(number, trains, waited_for_a_processor);
    }

    /// How much later than at its pace the look of this number comes: rankings took longer than a person would have
    /// looked, and the background had more time than a person gives it.
    pub fn late(&self, number: usize) -> Duration {
        if self.a_look.is_zero() {
            return Duration::ZERO;
        }
        self.passed().saturating_sub(self.due(number))
    }

    fn wait(&mut self, number: usize, trains: impl Fn() -> bool, waited: impl Fn() -> Duration) {
        // Without a pace nobody asks the system what time has passed.
        if self.a_look.is_zero() {
            return;
        }
        // The trainer also waits for a processor while an answer is ranked. That is not given back: beside a person the
        // ranking takes it from the training as well.
        let (before, begun) = (self.waited, waited());
        loop {
            self.waited = before + waited().saturating_sub(begun);
            let left = self.due(number).saturating_sub(self.passed());
            if left.is_zero() {
                return;
            }
            if trains() {
                thread::sleep(left.min(LOOK));
            } else {
                self.skipped += left;
            }
        }
    }

    fn due(&self, number: usize) -> Duration {
        self.a_look.mul_f64(number as f64)
    }

    /// Of the person's time.
    fn passed(&self) -> Duration {
        (self.begun.elapsed() + self.skipped).saturating_sub(self.waited)
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
    use std::cell::Cell;

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

    #[test]
    fn what_a_ranking_takes_from_the_trainer_is_not_given_back_and_what_others_take_is() {
        let mut clock = Clock::start(Some(100.0));
        // Whatever the trainer waited for before, the look is due when it is.
        clock.wait(1, || true, || Duration::from_hours(1));
        assert_eq!(clock.waited, Duration::ZERO);
        let asked = Cell::new(0);
        let more_and_more = || {
            asked.set(asked.get() + 1);
            Duration::from_millis(asked.get().min(5))
        };
        clock.wait(2, || true, more_and_more);
        assert!(!clock.waited.is_zero());
        assert!(clock.passed() >= clock.due(2) && clock.begun.elapsed() >= clock.due(2));
    }

    #[test]
    fn time_in_which_nothing_trains_is_skipped() {
        // A look takes a hundred seconds.
        let mut clock = Clock::start(Some(0.01));
        clock.wait(3, || false, Duration::default);
        assert!(clock.passed() >= clock.due(3) && clock.skipped > clock.due(2));
    }

    #[test]
    fn rankings_that_are_slower_than_the_pace_are_told() {
        let mut clock = Clock::start(Some(1.0));
        clock.skipped = Duration::from_mins(1);
        assert!(clock.late(10) >= Duration::from_secs(50) && clock.late(100_000).is_zero());
        // It is caught up with: the looks that follow are due at once.
        clock.wait(59, || unreachable!("nothing is waited for"), Duration::default);
        assert!(Clock::start(None).late(10).is_zero());
    }
}
