//! Sees every event as it becomes durable: counts it, and wakes the engine.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sluice_events::facts::{Seen, Source};
use sluice_events::message::Level;
use sluice_events::{Answer, Event};
use sluice_log::AppendError;
use sluice_session::Observer;
use sluice_session::apply::changes_the_order;

use crate::bell::Bell;
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;

/// The session's observer.
pub(crate) struct Witness {
    pub metrics: Arc<Metrics>,
    pub bell: Bell,
    pub answer_to_ranking: Arc<Mutex<Option<Duration>>>,
    pub notices: NoticeBoard,
}

impl Observer for Witness {
    fn committed(&mut self, event: &Event, after: Duration) {
        let metrics = &self.metrics;
        match event {
            Event::Labelled(labelled) => {
                self.answered(labelled.label.into(), labelled.source, &labelled.seen, after);
            }
            Event::Skipped(skipped) => {
                self.answered(Answer::Skip, Source::Manual, &skipped.seen, after);
            }
            Event::BulkLabelled(labelled) => {
                for label in &labelled.labels {
                    self.count(label.answer, labelled.source);
                }
            }
            Event::Undone(_) => metrics.undos_total.inc(),
            Event::Redone(_) => metrics.redos_total.inc(),
            Event::ModelTrained(_) => metrics.models_total.inc(),
            Event::CycleTrained(trained) => {
                metrics.background_cycles_total.inc();
                metrics.background_steps_total.inc_by(u64::from(trained.steps));
                metrics.background_seconds_total.inc_by(f64::from(trained.seconds));
            }
            Event::RankingMade(_) => metrics.rankings_total.inc(),
            Event::SelectorChosen(chosen) => {
                tracing::info!(selector = %chosen.selector.name, "a selector was chosen");
            }
            Event::NetworkChosen(chosen) => {
                tracing::info!(network = %chosen.network.name, "a network was chosen");
            }
            _ => {}
        }
        if changes_the_order(event)
            || matches!(
                event,
                Event::SelectorChosen(_) | Event::NetworkChosen(_) | Event::ParametersSet(_)
            )
        {
            self.bell.ring();
        }
    }

    fn ranked(&mut self, after: Duration) {
        self.metrics.answer_to_ranking_seconds.observe(after.as_secs_f64());
        let mut newest = self.answer_to_ranking.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = Some(after);
    }

    fn closed(&mut self, why: &AppendError) {
        let (AppendError::UnknownOutcome { why } | AppendError::Closed { why }) = why else {
            return;
        };
        self.metrics.log_closed.set(1);
        let text = format!(
            "The log can't be written any more ({why}). Every acknowledged answer is safe; from now on \
             none is taken. Look after the disk, then stop sluice and give the same command again."
        );
        self.notices.pin(Level::Error, text);
    }
}

impl Witness {
    fn count(&self, answer: Answer, source: Source) {
        let labels = [answer_name(answer), source_name(source)];
        self.metrics.answers_total.with_label_values(&labels).inc();
    }

    fn answered(&self, answer: Answer, source: Source, seen: &Seen, after: Duration) {
        let metrics = &self.metrics;
        self.count(answer, source);
        metrics.answer_to_durable_seconds.observe(after.as_secs_f64());
        if matches!(source, Source::Manual | Source::Audit) && seen.shown_ms > 0 {
            metrics.time_on_screen_seconds.observe(f64::from(seen.shown_ms) / 1e3);
        }
    }
}

/// As a label of a metric.
pub(crate) fn answer_name(answer: Answer) -> &'static str {
    match answer {
        Answer::Positive => "positive",
        Answer::Negative => "negative",
        Answer::Skip => "skip",
    }
}

/// As a label of a metric.
pub(crate) fn source_name(source: Source) -> &'static str {
    match source {
        Source::Manual => "manual",
        Source::Timeout => "timeout",
        Source::Imported => "imported",
        Source::Model => "model",
        Source::Audit => "audit",
    }
}
