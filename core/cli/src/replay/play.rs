//! A session played in the terminal: a line for each event that a person would care about, in its own time.

use std::env;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use sluice_events::Answer;
use sluice_session::State;

use super::history::History;
use super::lines::{Line, Tone, line};
use super::words;
use crate::arguments::Replay;

/// A longer pause is shortened to this, unless it is to be kept, µs.
pub const PAUSE_US: u64 = 5_000_000;

/// Plays what was asked for. Ctrl+C ends the program at once, as it ends any: nothing is left to bring in order.
pub fn play(history: &History, arguments: &Replay, speed: f64) -> Result<()> {
    let end = history.reach(arguments.until)?.end;
    let begin = history.begin(arguments.from, end)?;
    let begun_us = history.time_us(0)?;
    let longest_us = if arguments.pauses { u64::MAX } else { PAUSE_US };
    let mut clock = Clock::start(speed, longest_us);
    let mut state = State::default();
    let mut out = Out::new();
    history.each(0, end, |record, event| {
        state.apply(record.seq, record.time_us, event);
        if record.seq < begin {
            return Ok(());
        }
        let Some(line) = line(&state, record.seq, event) else { return Ok(()) };
        let since_us = record.time_us.saturating_sub(begun_us);
        let shortened = clock.step(record.time_us);
        if clock.waits() {
            if let Some(pause_us) = shortened {
                let (pause, longest) = (words::elapsed(pause_us), longest_us / 1_000_000);
                let text = format!("a pause of {pause}, shortened to {longest} s");
                let before_us = since_us.saturating_sub(pause_us);
                out.line(before_us, &Line { tone: Tone::Quiet, text })?;
            }
            // Whoever watches sees a line when it is due, not when there are enough of them.
            out.flush()?;
            clock.wait();
        }
        Ok(out.line(since_us, &line)?)
    })?;
    Ok(out.flush()?)
}

/// When lines are due.
struct Clock {
    speed: f64,
    longest_us: u64,
    begun: Instant,
    /// Time of the session that was played, pauses as they are played, µs.
    played_us: u64,
    last_us: Option<u64>,
}

impl Clock {
    fn start(speed: f64, longest_us: u64) -> Self {
        Self { speed, longest_us, begun: Instant::now(), played_us: 0, last_us: None }
    }

    fn waits(&self) -> bool {
        self.speed > 0.0
    }

    /// The next line is of this time. Gives the pause before it, if it is shortened.
    fn step(&mut self, time_us: u64) -> Option<u64> {
        // A clock that was set back is no pause.
        let last_us = self.last_us.replace(time_us).unwrap_or(time_us);
        let pause_us = time_us.saturating_sub(last_us);
        self.played_us = self.played_us.saturating_add(pause_us.min(self.longest_us));
        (pause_us > self.longest_us).then_some(pause_us)
    }

    /// How long after the beginning the line of the last step is due.
    fn due(&self) -> Duration {
        let seconds = self.played_us as f64 / 1e6 / self.speed;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    fn wait(&self) {
        thread::sleep(self.due().saturating_sub(self.begun.elapsed()));
    }
}

/// The terminal, or whatever stands for it.
struct Out {
    out: BufWriter<io::StdoutLock<'static>>,
    coloured: bool,
}

impl Out {
    fn new() -> Self {
        // https://no-color.org
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let out = io::stdout().lock();
        let coloured = out.is_terminal() && !plain;
        Self { out: BufWriter::new(out), coloured }
    }

    fn line(&mut self, since_us: u64, line: &Line) -> io::Result<()> {
        let (since, text) = (words::elapsed(since_us), &line.text);
        match colour(line.tone).filter(|_| self.coloured) {
            Some(colour) => writeln!(self.out, "\x1b[{colour}m{since:>11}  {text}\x1b[0m"),
            None => writeln!(self.out, "{since:>11}  {text}"),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Parameters of ANSI's 'select graphic rendition'; none: as the terminal writes.
fn colour(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Said(Answer::Positive) => Some("1;32"),
        Tone::Said(Answer::Negative) => None,
        Tone::Said(Answer::Skip) => Some("33"),
        Tone::Deed => Some("36"),
        Tone::Quiet => Some("2"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn long_pauses_are_shortened_and_told_and_the_rest_keeps_its_time() {
        let mut clock = Clock::start(10.0, PAUSE_US);
        assert_eq!((clock.step(50_000_000), clock.due()), (None, seconds(0.0)));
        assert_eq!((clock.step(51_000_000), clock.due()), (None, seconds(0.1)));
        assert_eq!((clock.step(56_000_000), clock.due()), (None, seconds(0.6)));
        assert_eq!((clock.step(656_000_000), clock.due()), (Some(600_000_000), seconds(1.1)));
        assert_eq!((clock.step(1_000_000), clock.due()), (None, seconds(1.1)), "set back");
    }

    #[test]
    fn pauses_can_be_kept_and_nothing_is_too_long() {
        let mut clock = Clock::start(1.0, u64::MAX);
        clock.step(0);
        assert_eq!((clock.step(600_000_000), clock.due()), (None, seconds(600.0)));
        let mut clock = Clock::start(0.001, u64::MAX);
        clock.step(0);
        clock.step(u64::MAX);
        assert!(clock.due() > seconds(1e15));
        assert!(!Clock::start(0.0, PAUSE_US).waits());
    }
}
