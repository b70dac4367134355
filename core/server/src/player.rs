//! The clock of a replay: events happen again in their own time, faster or slower, and it goes where a page wants it to
//! go. All pages see the same moment; while none is open, the clock stands.
//!
//! ```text
//!   page --ReplayWish--> player --moment--> the replay's thread --durable number--> socket --queue, replay ...--> page
//! ```

use std::mem;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sluice_events::message::{Replay, ReplaySpan, ReplayWish};
use sluice_session::Timeline;
use tokio::sync::watch;

/// While it plays, the clock is looked at this often: pages are told no more than they are in a session that goes on.
const EVERY: Duration = Duration::from_millis(250);
/// So many times as fast as it happened.
const SPEEDS: RangeInclusive<f64> = 0.001..=1e6;

/// Whether it goes on by itself, and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// It does.
    pub playing: bool,
    /// So many times as fast as it happened; 0.001 to a million.
    pub speed: f64,
}

/// How a log is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Playing {
    /// The moment to begin at: the number of the event that comes next.
    pub begin: u64,
    pub pace: Pace,
    /// Longer pauses are shortened to this, µs.
    pub longest_us: u64,
}

/// The way to a replay's clock, which ends when this goes.
pub struct Player {
    timeline: Arc<Timeline>,
    pace: Arc<watch::Sender<Pace>>,
    wishes: Sender<ReplayWish>,
    longest_us: u64,
}

impl Player {
    /// Starts the clock, which sends the moments that are to be shown.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn start(
        timeline: Arc<Timeline>,
        moments: watch::Sender<u64>,
        playing: Playing,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let Playing { begin, pace, longest_us } = playing;
        moments.send_replace(begin);
        let pace = Arc::new(watch::Sender::new(pace));
        let clock = Clock {
            timeline: Arc::clone(&timeline),
            pace: Arc::clone(&pace),
            moments,
            longest_us,
            next_seq: begin,
            since_us: 0.0,
        };
        let (wishes, wanted) = channel();
        let thread =
            thread::Builder::new().name("player".into()).spawn(move || clock.run(&wanted))?;
        Ok((Self { timeline, pace, wishes, longest_us }, thread))
    }

    /// Plays otherwise, or from elsewhere.
    ///
    /// # Errors
    /// Why that can't be, for a person.
    pub fn play(&self, wish: ReplayWish) -> Result<(), String> {
        if let ReplayWish::Speed(speed) = wish
            && !SPEEDS.contains(&speed)
        {
            return Err(format!("a speed is {} to {}", SPEEDS.start(), SPEEDS.end()));
        }
        self.wishes.send(wish).map_err(|_| "the replay is closed".to_owned())
    }

    /// Follows how it is played. The clock goes as long as somebody does.
    pub fn follow(&self) -> watch::Receiver<Pace> {
        self.pace.subscribe()
    }

    /// What is played.
    pub fn span(&self) -> ReplaySpan {
        self.timeline.span()
    }

    /// Where it stands, when this event comes next.
    pub fn stands(&self, next_seq: u64) -> Replay {
        let timeline = &self.timeline;
        let pause_us = timeline.pause_us(next_seq).filter(|pause_us| *pause_us > self.longest_us);
        let Pace { playing, speed } = *self.pace.borrow();
        Replay {
            moment: timeline.moment(next_seq),
            given: timeline.given(next_seq),
            next: timeline.next(next_seq),
            pause: pause_us.map(|pause_us| pause_us as f64 / 1e6),
            playing,
            speed,
        }
    }
}

struct Clock {
    timeline: Arc<Timeline>,
    pace: Arc<watch::Sender<Pace>>,
    moments: watch::Sender<u64>,
    longest_us: u64,
    next_seq: u64,
    /// The session's time since the newest event, pauses as they are played, µs.
    since_us: f64,
}

impl Clock {
    /// Ends when nobody is left who could wish for anything.
    fn run(mut self, wishes: &Receiver<ReplayWish>) {
        let (mut looked, mut watched) = (Instant::now(), false);
        loop {
            let playing = self.pace.borrow().playing;
            let wish = if playing {
                wishes.recv_timeout(EVERY)
            } else {
                wishes.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            let elapsed = looked.elapsed();
            looked = Instant::now();
            // Nobody plays to an empty room.
            let was_watched = mem::replace(&mut watched, self.pace.receiver_count() > 0);
            if playing && was_watched {
                self.go_on(elapsed);
            }
            match wish {
                Ok(wish) => self.take(wish),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.moments
                .send_if_modified(|moment| mem::replace(moment, self.next_seq) != self.next_seq);
        }
    }

    fn go_on(&mut self, elapsed: Duration) {
        self.since_us += elapsed.as_secs_f64() * 1e6 * self.pace.borrow().speed;
        while let Some(pause_us) = self.timeline.pause_us(self.next_seq) {
            let pause_us = pause_us.min(self.longest_us) as f64;
            if self.since_us < pause_us {
                return;
            }
            self.since_us -= pause_us;
            self.next_seq += 1;
        }
        self.change(|pace| pace.playing = false);
    }

    fn take(&mut self, wish: ReplayWish) {
        match wish {
            ReplayWish::Play(playing) => {
                if playing && self.next_seq == self.timeline.end() {
                    // Whoever has seen the end wants to see it again.
                    self.go(self.timeline.before_look(0));
                }
                self.change(|pace| pace.playing = playing);
            }
            ReplayWish::Seek(seq) => self.go(seq.saturating_add(1)),
            ReplayWish::Step(looks) => {
                self.change(|pace| pace.playing = false);
                let there = self.timeline.looks_by(self.next_seq);
                self.go(self.timeline.before_look(there.saturating_add_signed(looks as isize)));
            }
            ReplayWish::Speed(speed) => self.change(|pace| pace.speed = speed),
        }
    }

    fn go(&mut self, next_seq: u64) {
        self.next_seq = next_seq.clamp(self.timeline.begin(), self.timeline.end());
        self.since_us = 0.0;
    }

    /// Pages are told what has changed, and nothing else.
    fn change(&self, change: impl FnOnce(&mut Pace)) {
        self.pace.send_if_modified(|pace| {
            let before = *pace;
            change(pace);
            before != *pace
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use sluice_events::facts::{Seen, Skipped};
    use sluice_events::{CommandId, Event, ImageId, codec};
    use sluice_log::storage::MemoryStorage;
    use sluice_log::{EventLog, Expect, Log, Options, Record};
    use sluice_session::Reel;
    use uuid::Uuid;

    use super::*;

    const LONGEST_US: u64 = 5_000_000;

    /// A look at each of these seconds.
    fn timeline(seconds: &[u64]) -> Arc<Timeline> {
        let storage = MemoryStorage::default();
        let log = Log::open(storage.clone(), Options::default()).unwrap();
        for second in seconds {
            let (command, image) = (CommandId(Uuid::new_v4()), ImageId(0));
            let (annotator, seen) = (String::new(), Seen::default());
            let look = Event::Skipped(Skipped { command, image, annotator, seen });
            let encoded = codec::encode(&look).unwrap();
            let record = Record {
                seq: 0,
                time_us: second * 1_000_000,
                event_type: encoded.event_type,
                schema_version: encoded.schema_version,
                payload: encoded.payload,
            };
            block_on(log.append(Expect::Any, vec![record])).unwrap();
        }
        let reel = Reel::read(storage, seconds.len() as u64).unwrap();
        Arc::clone(reel.timeline())
    }

    fn clock(timeline: &Arc<Timeline>, speed: f64) -> Clock {
        Clock {
            timeline: Arc::clone(timeline),
            pace: Arc::new(watch::Sender::new(Pace { playing: true, speed })),
            moments: watch::Sender::new(1),
            longest_us: LONGEST_US,
            next_seq: 1,
            since_us: 0.0,
        }
    }

    #[test]
    fn events_have_their_time_and_a_long_pause_is_shortened() {
        let mut clock = clock(&timeline(&[0, 1, 2, 602, 603]), 2.0);
        let mut after = |ms| {
            clock.go_on(Duration::from_millis(ms));
            clock.next_seq
        };
        assert_eq!([250, 250, 500, 2000, 500].map(&mut after), [1, 2, 3, 3, 4]);
        assert_eq!(after(500), 5);
        assert!(!clock.pace.borrow().playing, "it stands at the end");
        // Much at once is nothing else.
        clock.go(1);
        clock.go_on(Duration::from_mins(10));
        assert_eq!(clock.next_seq, 5);
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let mut clock = clock(&timeline(&[100, 5, 6]), 1.0);
        clock.go_on(Duration::from_millis(500));
        assert_eq!(clock.next_seq, 2);
        clock.go_on(Duration::from_millis(500));
        assert_eq!(clock.next_seq, 3);
    }

    #[test]
    fn who_steps_stands_before_the_next_look_and_stays_within_the_log() {
        let mut clock = clock(&timeline(&[0, 1, 2, 3]), 1.0);
        clock.take(ReplayWish::Step(1));
        assert!(!clock.pace.borrow().playing);
        assert_eq!(clock.next_seq, 2);
        for (looks, next_seq) in [(1, 3), (-2, 1), (-9, 0), (2, 2), (9, 4), (-1, 3), (i32::MIN, 0)]
        {
            clock.take(ReplayWish::Step(looks));
            assert_eq!(clock.next_seq, next_seq, "{looks}");
        }
        clock.take(ReplayWish::Seek(2));
        assert_eq!(clock.next_seq, 3);
        clock.take(ReplayWish::Seek(u64::MAX));
        assert_eq!(clock.next_seq, 4);
        clock.take(ReplayWish::Play(true));
        assert_eq!((clock.next_seq, clock.pace.borrow().playing), (0, true));
    }

    #[test]
    fn it_tells_the_pause_that_it_shortens_and_takes_no_speed_that_is_none() {
        let timeline = timeline(&[0, 1, 601]);
        let pace = Pace { playing: false, speed: 1.0 };
        let playing = Playing { begin: 0, pace, longest_us: LONGEST_US };
        let (player, thread) = Player::start(timeline, watch::Sender::new(0), playing).unwrap();
        let pauses = [1, 2, 3].map(|next_seq| player.stands(next_seq).pause);
        assert_eq!(pauses, [None, Some(600.0), None]);
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(player.play(ReplayWish::Speed(speed)).is_err(), "{speed}");
        }
        let mut pace = player.follow();
        player.play(ReplayWish::Speed(8.0)).unwrap();
        block_on(pace.changed()).unwrap();
        assert_eq!(*pace.borrow(), Pace { playing: false, speed: 8.0 });
        drop(player);
        thread.join().unwrap();
    }
}
