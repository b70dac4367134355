//! Every metric, declared once: the doc comment is its help text. Names follow Prometheus' conventions: base units,
//! `_total` for what only grows, few labels, no path and no id in one.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Counter, Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use sluice_session::tally::TIME_EDGES;

/// What each metric's name begins with.
const PREFIX: &str = "sluice";

/// Seconds: from a tenth of a millisecond, with a bucket at each goal: 16 ms from key to picture, 50 ms from answer
/// to ranking, 250 ms with a million images.
const LATENCY: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.016, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    2.5, 10.0,
];

/// Something that is made from a name, a help text and the names of its labels.
trait Metric: Collector + Clone + Sized + 'static {
    fn make(opts: Opts, labels: &[&str], buckets: &[f64]) -> prometheus::Result<Self>;
}

macro_rules! metric {
    ($($kind:ty: |$opts:ident, $labels:ident, $buckets:ident| $make:expr;)+) => {
        $(impl Metric for $kind {
            fn make($opts: Opts, $labels: &[&str], $buckets: &[f64]) -> prometheus::Result<Self> {
                $make
            }
        })+
    };
}

metric! {
    IntCounter: |opts, _labels, _buckets| Self::with_opts(opts);
    Counter: |opts, _labels, _buckets| Self::with_opts(opts);
    IntGauge: |opts, _labels, _buckets| Self::with_opts(opts);
    Gauge: |opts, _labels, _buckets| Self::with_opts(opts);
    IntCounterVec: |opts, labels, _buckets| Self::new(opts, labels);
    IntGaugeVec: |opts, labels, _buckets| Self::new(opts, labels);
    GaugeVec: |opts, labels, _buckets| Self::new(opts, labels);
    Histogram: |opts, _labels, buckets| Self::with_opts(HistogramOpts::from(opts).buckets(buckets.to_vec()));
    HistogramVec: |opts, labels, buckets| Self::new(HistogramOpts::from(opts).buckets(buckets.to_vec()), labels);
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ty $({ $($label:literal),* })? $([ $buckets:expr ])?,)+) => {
        /// All metrics. On the page `/metrics` each has the prefix `sluice_`.
        #[derive(Clone, Debug)]
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $name: $kind,)+
        }

        impl Metrics {
            fn registered() -> prometheus::Result<Self> {
                let registry = Registry::new_custom(Some(PREFIX.to_owned()), None)?;
                $(
                    let help = concat!($($help),+).trim();
                    let opts = Opts::new(stringify!($name), help);
                    let buckets: Vec<f64> = [vec![], $($buckets.to_vec())?].concat();
                    let $name = <$kind as Metric>::make(opts, &[$($($label),*)?], &buckets)?;
                    registry.register(Box::new($name.clone()))?;
                )+
                Ok(Self { registry, $($name,)+ })
            }
        }
    };
}

metrics! {
    /// Answers made durable, by answer and source.
    answers_total: IntCounterVec { "answer", "source" },
    /// Looks taken back.
    undos_total: IntCounter,
    /// Looks that were taken back and count again.
    redos_total: IntCounter,
    /// Answers of pages that arrived.
    answers_received_total: IntCounter,
    /// Answers of pages that arrived and are neither durable nor refused yet.
    answers_waiting: IntGauge,
    /// Commands of pages that could not be made durable: the page was told, and keeps what it wanted.
    commands_not_saved_total: IntCounter,
    /// From the arrival of an answer to its being durable, in seconds.
    answer_to_durable_seconds: Histogram [LATENCY],
    /// From the arrival of an answer to the first durable ranking that knows it, in seconds.
    answer_to_ranking_seconds: Histogram [LATENCY],
    /// How long people had a picture on the screen before they answered, in seconds.
    time_on_screen_seconds: Histogram [TIME_EDGES.map(f64::from)],
    /// Commands and questions that wait for the session's thread.
    session_waiting: IntGauge,
    /// Whether the session's thread answered this scrape: 1 or 0. If not, what is told of the session is old.
    session_responds: IntGauge,

    /// Images of the pool by what is known of them: positive, negative, skipped, unlabelled, set_aside. One that is
    /// set aside may have an answer, too.
    pool_images: IntGaugeVec { "state" },
    /// Images by the answer that they have and its source; what was taken back is not there.
    answered_images: IntGaugeVec { "answer", "source" },
    /// Looks that count.
    looks: IntGauge,
    /// Time spent answering in the whole session, pauses left out, in seconds.
    active_seconds: Gauge,
    /// How often the model was right, by what it had said before the answer, 0 to 1: over the last 50 answers of
    /// people and of automatic mode, and over all.
    agreement_ratio: GaugeVec { "over" },
    /// Positives that are left, as far as the model can tell: likely, and the low and the high end of nine cases in ten.
    forecast_positives_left: GaugeVec { "bound" },
    /// Looks to a share of all positives, as far as the model can tell.
    forecast_looks: GaugeVec { "share", "bound" },

    /// Time to a share of all positives at the pace of the last answers, in seconds, as far as the model can tell.
    forecast_seconds: GaugeVec { "share", "bound" },

    /// Rankings made.
    rankings_total: IntCounter,
    /// Looks that the newest ranking does not know yet.
    ranking_age_answers: IntGauge,
    /// Models fitted.
    models_total: IntCounter,
    /// Loss of the newest model, in nats; absent before the first.
    model_loss_nats: GaugeVec {},
    /// Images scored, summed over all scorings.
    scored_images_total: IntCounter,
    /// Fitting the model and scoring the pool, once a round, in seconds.
    learning_seconds: Histogram [LATENCY],
    /// Images that have features.
    embedded_images: IntGauge,
    /// Images that will have features.
    images_to_embed: IntGauge,
    /// Weights of a chosen network that are there so far, in bytes; absent when none are fetched.
    weights_fetched_bytes: IntGaugeVec {},
    /// Size of the weights that are fetched, in bytes; absent when none are, or the sender did not say.
    weights_size_bytes: IntGaugeVec {},
    /// Pictures read, decoded and resized for features and for training.
    decoded_images_total: IntCounter,
    /// Time that all threads together spent on that, in seconds.
    decode_seconds_total: Counter,

    /// Whether a network trains in the background: 1 or 0.
    background_training: IntGauge,
    /// Cycles of training in the background that came to their end.
    background_cycles_total: IntCounter,
    /// Steps of the optimiser in these cycles.
    background_steps_total: IntCounter,
    /// Time that these cycles took, in seconds.
    background_seconds_total: Counter,
    /// Loss at the end of the last cycle, in nats; absent before the first.
    background_loss_nats: GaugeVec {},
    /// Highest learning rate of the last cycle; absent before the first.
    background_learning_rate: GaugeVec {},

    /// Calls of selectors.
    plugin_calls_total: IntCounterVec { "plugin" },
    /// Plugins that failed: calls of selectors, networks that can't be used, and files that could not be loaded.
    plugin_failures_total: IntCounterVec { "plugin" },
    /// How long a call of a selector took, in seconds.
    plugin_call_seconds: HistogramVec { "plugin" } [LATENCY],

    /// Size of the log, in bytes.
    log_bytes: IntGauge,
    /// Bytes written to the log.
    log_written_bytes_total: IntCounter,
    /// How long the disk took to make a write to the log durable, in seconds; the count is that of the syncs.
    log_sync_seconds: Histogram [LATENCY],
    /// Whether the log takes nothing any more until the program is started anew: 1 or 0.
    log_closed: IntGauge,
    /// Room that is left on the disk of the session, in bytes.
    disk_free_bytes: IntGauge,
    /// Size of the disk of the session, in bytes.
    disk_size_bytes: IntGauge,

    /// Pages connected.
    connections: IntGauge,
    /// Messages of pages that were refused.
    refused_messages_total: IntCounter,
    /// The program: its version; always 1.
    build_info: IntGaugeVec { "version" },
}

impl Metrics {
    /// Fresh metrics, each at nothing.
    ///
    /// # Panics
    /// Never: every name is a valid one and there once, which a test sees by making them.
    #[allow(clippy::expect_used, reason = "the table above is all that it depends on")]
    pub fn new() -> Self {
        let metrics = Self::registered().expect("names and labels are valid and differ");
        metrics.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        // Rates can't see how a series begins: those that will come begin at nought.
        for (answer, source) in [
            ("positive", "manual"),
            ("negative", "manual"),
            ("skip", "manual"),
            ("positive", "timeout"),
            ("negative", "timeout"),
        ] {
            metrics.answers_total.with_label_values(&[answer, source]).reset();
        }
        metrics
    }

    /// All of them and the process's own figures, as Prometheus reads them.
    ///
    /// # Errors
    /// When a figure can't be written as text.
    pub fn text(&self) -> prometheus::Result<String> {
        let mut families = self.registry.gather();
        families.extend(ProcessCollector::for_self().collect());
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// A picture was decoded.
    pub(crate) fn decoded(&self, took: Duration) {
        self.decoded_images_total.inc();
        self.decode_seconds_total.inc_by(took.as_secs_f64());
    }

    /// A selector was called.
    pub(crate) fn called(&self, plugin: &str, took: Duration) {
        self.plugin_calls_total.with_label_values(&[plugin]).inc();
        self.plugin_call_seconds.with_label_values(&[plugin]).observe(took.as_secs_f64());
    }

    /// A plugin is offered: its failures are counted from nought.
    pub(crate) fn know(&self, plugin: &str) {
        drop(self.plugin_failures_total.with_label_values(&[plugin]));
    }

    /// A plugin failed.
    pub(crate) fn failed(&self, plugin: &str) {
        self.plugin_failures_total.with_label_values(&[plugin]).inc();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
