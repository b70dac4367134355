//! Every metric, declared once: the doc comment is its help text.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Labels of the answers' counter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AnswerLabels {
    /// `positive`, `negative` or `skip`.
    pub answer: &'static str,
    /// Who gave it, for example `manual`.
    pub source: &'static str,
}

/// A gauge of seconds or of other numbers that are not whole.
pub type Decimal = Gauge<f64, AtomicU64>;

/// Seconds: from a tenth of a millisecond, with a bucket at each goal.
fn latency() -> Histogram {
    Histogram::new([
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.016, 0.025, 0.05, 0.1, 0.25, 0.5,
        1.0, 2.5, 10.0,
    ])
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ty = $new:expr,)+) => {
        /// All metrics. On the page `/metrics` each has the prefix `sluice_`.
        #[derive(Debug)]
        pub struct Metrics {
            $($(#[doc = $help])+ pub $name: $kind,)+
        }

        impl Metrics {
            /// Fresh metrics, and the registry that writes them.
            pub fn new() -> (Self, Registry) {
                let mut registry = Registry::with_prefix("sluice");
                $(
                    let $name: $kind = $new;
                    // The registry ends every help text with a full stop of its own.
                    let help = concat!($($help),+).trim().trim_end_matches('.');
                    registry.register(stringify!($name), help, $name.clone());
                )+
                (Self { $($name,)+ }, registry)
            }
        }
    };
}

metrics! {
    /// Answers made durable, by answer and source.
    answers: Family<AnswerLabels, Counter> = Family::default(),
    /// Looks taken back.
    undos: Counter = Counter::default(),
    /// Looks that were taken back and count again.
    redos: Counter = Counter::default(),
    /// From the arrival of an answer to its being durable, in seconds.
    answer_to_durable_seconds: Histogram = latency(),
    /// From the arrival of an answer to the first durable ranking that knows it, in seconds.
    answer_to_ranking_seconds: Histogram = latency(),
    /// Rankings made.
    rankings: Counter = Counter::default(),
    /// Models fitted.
    models: Counter = Counter::default(),
    /// Loss of the newest model, in nats.
    model_loss_nats: Decimal = Decimal::default(),
    /// Answers that the newest ranking does not know yet.
    ranking_behind_answers: Gauge = Gauge::default(),
    /// Images labelled yes.
    pool_positive_images: Gauge = Gauge::default(),
    /// Images labelled no.
    pool_negative_images: Gauge = Gauge::default(),
    /// Images skipped.
    pool_skipped_images: Gauge = Gauge::default(),
    /// Images that can't be shown.
    pool_set_aside_images: Gauge = Gauge::default(),
    /// Images still to be answered.
    pool_unlabelled_images: Gauge = Gauge::default(),
    /// Images that have features.
    embedded_images: Gauge = Gauge::default(),
    /// Images that will have features.
    images_to_embed: Gauge = Gauge::default(),
    /// Whether a network trains in the background: 1 or 0.
    background_training: Gauge = Gauge::default(),
    /// Times that the network in the background finished a cycle and joined.
    background_cycles: Counter = Counter::default(),
    /// Images scored, summed over all scorings.
    scored_images: Counter = Counter::default(),
    /// Time spent fitting and scoring, in seconds.
    learning_seconds: Counter<f64, AtomicU64> = Counter::default(),
    /// Calls of selectors that failed.
    plugin_failures: Counter = Counter::default(),
    /// Pages connected.
    connections: Gauge = Gauge::default(),
    /// Messages of pages that were refused.
    refused_messages: Counter = Counter::default(),
}
