//! What `/metrics` answers: what was counted as it happened, and beside it what the session is now, from the same
//! projections that the page and `/api` show.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus::{GaugeVec, IntGaugeVec, TEXT_FORMAT};
use sluice_events::message::{Agreement, Fetching, Interval};
use tokio::time::timeout;

use crate::http::App;
use crate::metrics::Metrics;
use crate::standing::Standing;
use crate::witness::{answer_name, source_name};

/// Longer than the session's thread needs for an answer, shorter than Prometheus waits.
const PATIENCE: Duration = Duration::from_millis(500);

pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let service = &app.service;
    let metrics = &service.metrics;
    metrics.session_waiting.set(service.session.waiting() as i64);
    let look = service.session.read(Standing::of);
    // A disk that hangs keeps the session's thread: what was counted so far is told all the same.
    let looked = timeout(PATIENCE, look).await;
    if let Ok(Err(_)) = looked {
        metrics.log_closed.set(1);
    }
    if let Some(folder) = service.session_folder.clone() {
        look_at_disk(&app, folder).await;
    }
    // Who scrapes at the same time gets figures of one moment, too.
    let text = {
        let _turn = service.scraping.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.session_responds.set(i64::from(matches!(looked, Ok(Ok(_)))));
        show_fetching(metrics, service.training.borrow().fetching.as_ref());
        if let Ok(Ok(standing)) = &looked {
            show(metrics, standing);
        }
        metrics.text()
    };
    match text {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

fn show(metrics: &Metrics, Standing { statistics, model, cycle }: &Standing) {
    let set = |gauge: &GaugeVec, value: f32| {
        gauge.with_label_values::<&str>(&[]).set(f64::from(value));
    };
    if let Some(model) = model {
        set(&metrics.model_loss_nats, model.loss);
    }
    if let Some(cycle) = cycle {
        set(&metrics.background_loss_nats, cycle.loss);
        set(&metrics.background_learning_rate, cycle.learning_rate);
    }
    for (state, images) in [
        ("positive", statistics.positives),
        ("negative", statistics.negatives),
        ("skipped", statistics.skipped),
        ("unlabelled", statistics.unlabelled),
        ("set_aside", statistics.set_aside),
    ] {
        metrics.pool_images.with_label_values(&[state]).set(i64::from(images));
    }
    metrics.answered_images.reset();
    for answered in &statistics.answered {
        let labels = [answer_name(answered.answer), source_name(answered.source)];
        metrics.answered_images.with_label_values(&labels).set(i64::from(answered.images));
    }
    metrics.looks.set(i64::from(statistics.looks));
    metrics.active_seconds.set(statistics.active_seconds);
    metrics.ranking_age_answers.set(i64::from(statistics.ranking_age));
    show_agreement(metrics, "50", statistics.agreement);
    show_agreement(metrics, "all", statistics.agreement_of_all);
    // What nothing can be said of is not there, rather than nought.
    metrics.forecast_positives_left.reset();
    metrics.forecast_looks.reset();
    metrics.forecast_seconds.reset();
    if let Some(forecast) = &statistics.forecast {
        show_interval(&metrics.forecast_positives_left, &[], forecast.positives_left);
        for goal in &forecast.goals {
            let share = goal.share.to_string();
            show_interval(&metrics.forecast_looks, &[&share], goal.looks);
            if let Some(seconds) = goal.seconds {
                show_interval(&metrics.forecast_seconds, &[&share], seconds);
            }
        }
    }
}

/// How far weights are that are on their way.
fn show_fetching(metrics: &Metrics, fetching: Option<&Fetching>) {
    let show = |gauge: &IntGaugeVec, bytes: Option<u64>| {
        gauge.reset();
        if let Some(bytes) = bytes {
            gauge.with_label_values::<&str>(&[]).set(bytes as i64);
        }
    };
    show(&metrics.weights_fetched_bytes, fetching.map(|fetching| fetching.bytes));
    show(&metrics.weights_size_bytes, fetching.and_then(|fetching| fetching.of));
}

fn show_agreement(metrics: &Metrics, over: &str, agreement: Agreement) {
    if agreement.of > 0 {
        let ratio = f64::from(agreement.agreed) / f64::from(agreement.of);
        metrics.agreement_ratio.with_label_values(&[over]).set(ratio);
    } else {
        metrics.agreement_ratio.remove_label_values(&[over]).ok();
    }
}

fn show_interval(gauge: &GaugeVec, labels: &[&str], interval: Interval) {
    for (bound, value) in
        [("low", interval.low), ("likely", interval.likely), ("high", interval.high)]
    {
        let labels: Vec<&str> = labels.iter().copied().chain([bound]).collect();
        gauge.with_label_values(&labels).set(f64::from(value));
    }
}

/// On a thread of its own, one at a time: a disk that hangs keeps nobody else.
async fn look_at_disk(app: &Arc<App>, folder: PathBuf) {
    if app.service.looking_at_disk.swap(true, Ordering::Relaxed) {
        return;
    }
    let app = Arc::clone(app);
    let look = tokio::task::spawn_blocking(move || {
        show_disk(&app.service.metrics, &folder);
        app.service.looking_at_disk.store(false, Ordering::Relaxed);
    });
    let _ = timeout(PATIENCE, look).await;
}

/// What can't be told stays what it was.
fn show_disk(metrics: &Metrics, folder: &Path) {
    if let Ok(segments) = fs::read_dir(folder.join("log")) {
        let sizes = segments.flatten().filter_map(|segment| segment.metadata().ok());
        metrics.log_bytes.set(sizes.map(|file| file.len()).sum::<u64>() as i64);
    }
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        metrics.disk_free_bytes.set((disk.f_bavail * disk.f_frsize) as i64);
        metrics.disk_size_bytes.set((disk.f_blocks * disk.f_frsize) as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_told_is_not_there() {
        let metrics = Metrics::new();
        show_agreement(&metrics, "all", Agreement { agreed: 1, of: 4 });
        assert!(
            metrics
                .text()
                .is_ok_and(|text| text.contains("sluice_agreement_ratio{over=\"all\"} 0.25"))
        );
        assert!(metrics.text().is_ok_and(|text| !text.contains("sluice_weights_")));
        let fetching = Fetching { bytes: 7, of: None, ..Fetching::default() };
        show_fetching(&metrics, Some(&fetching));
        let text = metrics.text().unwrap_or_default();
        assert!(text.contains("sluice_weights_fetched_bytes 7\n"), "{text}");
        assert!(!text.contains("sluice_weights_size_bytes"), "{text}");
        show_agreement(&metrics, "all", Agreement { agreed: 0, of: 0 });
        assert!(metrics.text().is_ok_and(|text| !text.contains("sluice_agreement_ratio{")));
    }
}
