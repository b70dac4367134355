//! The thread that owns the state: takes commands, makes their events durable, applies them, answers.
//!
//! Commands that wait while the log syncs are decided together and go into one batch. The state runs
//! ahead of the log only inside this thread; if the log refuses, it is derived anew from what is
//! durable, and nobody has seen the difference.

use std::collections::VecDeque;
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use futures::executor::block_on;
use sluice_events::codec;
use sluice_events::facts::{Ranked, Seen};
use sluice_events::{Command, Event, ModelId, RankingId};
use sluice_log::{AppendError, EventLog, Expect, Record};
use tokio::sync::{mpsc, oneshot, watch};

use crate::decide::{Decision, decide};
use crate::handle::{CommandError, Done, Observer, Request, View};
use crate::restore::{OpenSessionError, Restored, Snapshots, restore};
use crate::state::State;

/// Commands that are decided together at most, and the bytes of their events.
const GATHERED: usize = 512;
const GATHERED_BYTES: usize = 128 * 1024;
/// A snapshot is made when so many events had to be replayed, or came since.
const SNAPSHOT_WHEN_OPENED: u64 = 20_000;
const SNAPSHOT_WHEN_CLOSED: u64 = 1_000;
/// Rankings whose whole order is remembered, for what a page with an older queue had seen.
const REMEMBERED: usize = 64;

/// Derives the session from its log and starts its thread, which ends with the last sender; follows the
/// number of durable events.
pub(crate) fn start<L: EventLog>(
    log: L,
    mut snapshots: Snapshots,
    observer: impl Observer,
    requests: mpsc::Receiver<Request>,
) -> Result<(watch::Receiver<u64>, JoinHandle<()>), OpenSessionError> {
    let Restored { state, replayed } = restore(&log, &mut snapshots)?;
    let mut snapshotted = state.next_seq - replayed;
    if replayed >= SNAPSHOT_WHEN_OPENED {
        snapshots.keep(&log, &state);
        snapshotted = state.next_seq;
    }
    let (publish, durable) = watch::channel(state.next_seq);
    let remembered = state.ranking.as_ref().map(|newest| Remembered {
        ranking: newest.ranking,
        model: newest.model,
        order: newest.first.clone(),
    });
    let driver = Driver {
        log,
        snapshots,
        snapshotted,
        state,
        observer: Box::new(observer),
        closed: None,
        publish,
        remembered: remembered.into_iter().collect(),
        unranked: VecDeque::new(),
    };
    let thread = thread::Builder::new()
        .name("session".into())
        .spawn(move || driver.run(requests))
        .map_err(OpenSessionError::Thread)?;
    Ok((durable, thread))
}

struct Remembered {
    ranking: RankingId,
    model: Option<ModelId>,
    order: Vec<Ranked>,
}

/// A command that was decided, one way or the other, and waits for its batch.
struct Waiting {
    reply: oneshot::Sender<Result<Done, CommandError>>,
    outcome: Result<Done, CommandError>,
}

#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    events: Vec<(Event, Instant)>,
    waiting: Vec<Waiting>,
    orders: Vec<Remembered>,
    bytes: usize,
}

struct Driver<L> {
    log: L,
    snapshots: Snapshots,
    /// The newest snapshot knows every event before this one.
    snapshotted: u64,
    state: State,
    observer: Box<dyn Observer>,
    /// Why the log takes nothing any more.
    closed: Option<AppendError>,
    publish: watch::Sender<u64>,
    remembered: VecDeque<Remembered>,
    /// Answers that no ranking knows yet: number and arrival.
    unranked: VecDeque<(u64, Instant)>,
}

impl<L: EventLog> Driver<L> {
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut next = requests.blocking_recv();
        while next.is_some() {
            let mut batch = Batch::default();
            let mut reads = Vec::new();
            let mut close = None;
            while let Some(request) = next.take() {
                match request {
                    Request::Command { command, arrived, reply } => {
                        self.decide(&mut batch, *command, arrived, reply);
                    }
                    Request::Read(read) => reads.push(read),
                    Request::Close(reply) => close = Some(reply),
                }
                if close.is_none() && batch.waiting.len() < GATHERED && batch.bytes < GATHERED_BYTES
                {
                    next = requests.try_recv().ok();
                }
            }
            if !self.commit(batch) {
                return;
            }
            let order =
                self.remembered.back().map(|last| last.order.as_slice()).unwrap_or_default();
            for read in reads {
                let (state, closed) = (&self.state, self.closed.as_ref());
                read(&View { state, order, closed, now_us: now_us() });
            }
            if let Some(reply) = close {
                self.end();
                let _ = reply.send(());
                return;
            }
            next = requests.blocking_recv();
        }
        self.end();
    }

    /// Leaves a snapshot where that saves time, and frees the log.
    fn end(self) {
        if self.state.next_seq - self.snapshotted >= SNAPSHOT_WHEN_CLOSED {
            self.snapshots.keep(&self.log, &self.state);
        }
    }

    fn decide(
        &mut self,
        batch: &mut Batch,
        mut command: Command,
        arrived: Instant,
        reply: oneshot::Sender<Result<Done, CommandError>>,
    ) {
        self.complete_seen(&mut command);
        let events = match decide(&self.state, &command) {
            Ok(Decision::Events(events)) => events,
            Ok(Decision::Already(seq)) => {
                let outcome = Ok(Done { seq, look: None });
                batch.waiting.push(Waiting { reply, outcome });
                return;
            }
            // What it was refused for may be an event of this batch: told when that is durable.
            Err(refusal) => {
                batch.waiting.push(Waiting { reply, outcome: Err(refusal.into()) });
                return;
            }
        };
        if let Some(closed) = self.closed.clone().filter(|_| !events.is_empty()) {
            batch.waiting.push(Waiting { reply, outcome: Err(closed.into()) });
            return;
        }
        let encoded: Result<Vec<_>, _> = events.iter().map(codec::encode).collect();
        let encoded = match encoded {
            Ok(encoded) => encoded,
            Err(error) => {
                let _ = reply.send(Err(CommandError::CantBeWritten(error.to_string())));
                return;
            }
        };
        let time_us = now_us();
        for (event, encoded) in events.into_iter().zip(encoded) {
            let seq = self.state.next_seq;
            batch.bytes += encoded.payload.len();
            batch.records.push(Record {
                seq,
                time_us,
                event_type: encoded.event_type,
                schema_version: encoded.schema_version,
                payload: encoded.payload,
            });
            self.state.apply(seq, time_us, &event);
            batch.events.push((event, arrived));
        }
        let look = match &command {
            Command::Undo { .. } => self.state.last_undone(),
            Command::Redo { .. } => self.state.last_look(),
            _ => None,
        };
        if let (Command::RecordRanking(made), Some(newest)) = (command, &self.state.ranking) {
            let (ranking, model) = (newest.ranking, newest.model);
            batch.orders.push(Remembered { ranking, model, order: made.order });
        }
        let seq = self.state.next_seq.saturating_sub(1);
        batch.waiting.push(Waiting { reply, outcome: Ok(Done { seq, look }) });
    }

    /// Fills in what the ranking that the person saw had said about the image.
    fn complete_seen(&self, command: &mut Command) {
        let Command::Answer { image, seen, .. } = command else { return };
        let shown = self.remembered.iter().rev().find(|r| Some(r.ranking) == seen.ranking);
        let Some(shown) = shown else { return };
        let Some(position) = shown.order.iter().position(|r| r.image == *image) else { return };
        *seen = Seen {
            position: Some(position as u32),
            model: shown.model,
            probability: shown.order[position].probability,
            ..*seen
        };
    }

    /// Makes a batch durable and answers; false when the session can't go on.
    fn commit(&mut self, batch: Batch) -> bool {
        if !batch.records.is_empty() {
            let begin = self.state.next_seq - batch.records.len() as u64;
            let appended = block_on(self.log.append(Expect::Next(begin), batch.records));
            if let Err(error) = appended {
                let goes_on = self.go_back(&error);
                for waiting in batch.waiting {
                    let _ = waiting.reply.send(Err(error.clone().into()));
                }
                return goes_on;
            }
            self.observe(begin, &batch.events);
            self.remembered.extend(batch.orders);
            while self.remembered.len() > REMEMBERED {
                self.remembered.pop_front();
            }
        }
        for waiting in batch.waiting {
            let _ = waiting.reply.send(waiting.outcome);
        }
        self.publish.send_if_modified(|durable| {
            std::mem::replace(durable, self.state.next_seq) != self.state.next_seq
        });
        true
    }

    /// The batch was refused: the state is what is durable, again. False when that can't be read.
    fn go_back(&mut self, error: &AppendError) -> bool {
        tracing::error!(%error, "the log refused to append");
        if let AppendError::UnknownOutcome { why } | AppendError::Closed { why } = error {
            self.observer.closed(error);
            self.closed = Some(AppendError::Closed { why: why.clone() });
        }
        match restore(&self.log, &mut self.snapshots) {
            Ok(restored) => self.state = restored.state,
            Err(error) => {
                tracing::error!(%error, "the log can't be read back; the session is closed");
                return false;
            }
        }
        true
    }

    fn observe(&mut self, begin: u64, events: &[(Event, Instant)]) {
        for ((event, arrived), seq) in events.iter().zip(begin..) {
            self.observer.committed(event, arrived.elapsed());
            match event {
                Event::Labelled(_) | Event::Skipped(_) => self.unranked.push_back((seq, *arrived)),
                Event::RankingMade(made) => {
                    while let Some((_, since)) =
                        self.unranked.pop_front_if(|(seq, _)| *seq <= made.learned_from)
                    {
                        self.observer.ranked(since.elapsed());
                    }
                }
                _ => {}
            }
        }
    }
}

/// The time, µs since 1970.
pub fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
