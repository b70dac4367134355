//! Sees every event as it becomes durable: counts it, and wakes the engine.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sluice_events::Event;
use sluice_events::facts::{Label, Source};
use sluice_events::message::Level;
use sluice_log::AppendError;
use sluice_session::Observer;
use sluice_session::apply::changes_the_order;

use crate::bell::Bell;
use crate::metrics::{AnswerLabels, Metrics};
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
                let answer = match labelled.label {
                    Label::Positive => "positive",
                    Label::Negative => "negative",
                };
                let source = source_name(labelled.source);
                metrics.answers.get_or_create(&AnswerLabels { answer, source }).inc();
                metrics.answer_to_durable_seconds.observe(after.as_secs_f64());
            }
            Event::Skipped(_) => {
                let labels = AnswerLabels { answer: "skip", source: source_name(Source::Manual) };
                metrics.answers.get_or_create(&labels).inc();
                metrics.answer_to_durable_seconds.observe(after.as_secs_f64());
            }
            Event::Undone(_) => drop(metrics.undos.inc()),
            Event::Redone(_) => drop(metrics.redos.inc()),
            Event::ModelTrained(trained) => {
                metrics.models.inc();
                metrics.model_loss_nats.set(f64::from(trained.loss));
            }
            Event::RankingMade(_) => drop(metrics.rankings.inc()),
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
        let text = format!(
            "The log can't be written any more ({why}). Every acknowledged answer is safe; from now on \
             none is taken. Look after the disk, then stop sluice and give the same command again."
        );
        self.notices.pin(Level::Error, text);
    }
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Manual => "manual",
        Source::Timeout => "timeout",
        Source::Imported => "imported",
        Source::Model => "model",
        Source::Audit => "audit",
    }
}
