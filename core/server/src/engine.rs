//! From answers to rankings: a thread that follows the session.
//!
//! ```text
//!   bell -> labels and candidates -> learner: probabilities -> selector: order -> RecordRanking
//! ```
//!
//! Answers that come while it works are taken together in the next round, so it is never further
//! behind than one round. Whatever fails here, answering goes on.

mod checkpoints;
mod features;
mod one_sided;
mod order;
mod ranking;

use std::collections::HashMap;
use std::mem::Discriminant;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sluice_events::facts::PluginRef;
use sluice_events::message::{Level, Training};
use sluice_events::plugin::Values;
use sluice_events::{Command, ImageId};
use sluice_host::PluginFault;
use sluice_learn::{Absorbed, Learner};
use sluice_session::SessionHandle;
use sluice_session::state::ImageState;
use tokio::sync::watch;

use crate::artefacts::Artefacts;
use crate::bell::Bell;
use crate::catalogue::{Catalogue, InUse};
use crate::contents::Contents;
use crate::finish::Opinion;
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use crate::taking::Orders;
use crate::unshown::Unshown;
use crate::weights::WeightsStore;
use checkpoints::Keeper;
use one_sided::Labels;

/// While features come in, the pool is ordered anew this often though nobody answered.
const REFRESH: Duration = Duration::from_secs(1);

/// What the engine needs of the house.
pub struct Engine {
    /// The session that it follows.
    pub session: SessionHandle,
    /// The pool.
    pub folder: PoolFolder,
    /// Where it is told what files hold that were read; none: nowhere.
    pub(crate) contents: Option<Contents>,
    /// What can be chosen, and what is.
    pub catalogue: Catalogue,
    /// Where networks' weights are, or come from.
    pub(crate) weights: WeightsStore,
    /// Where weights are kept that training goes on from.
    pub(crate) artefacts: Artefacts,
    /// Where images that can't be shown are told.
    pub(crate) unshown: Unshown,
    /// Whether anything is learned of the answers.
    pub model: bool,
    /// Who learns.
    pub learner: Box<dyn Learner>,
    /// Seed of features and of selectors.
    pub seed: u64,
    /// Where times and counts go.
    pub metrics: Arc<Metrics>,
    /// What the pages see of it.
    pub training: watch::Sender<Training>,
    /// Things that a person should know.
    pub notices: NoticeBoard,
    /// To be rung by the background.
    pub bell: Bell,
    /// Ends the thread after its round.
    pub stop: Arc<AtomicBool>,
    /// Images that joined the pool, came back or were changed.
    pub changed: Receiver<Vec<ImageId>>,
    /// What was last thought of every unanswered image.
    pub(crate) opinion: watch::Sender<Option<Arc<Opinion>>>,
    /// Who wants to take the predictor along.
    pub(crate) orders: Orders,
    /// Set by the session's observer: the last answer's way to its ranking.
    pub answer_to_ranking: Arc<Mutex<Option<Duration>>>,
}

/// What a round depends on; the same again needs no new round.
#[derive(Clone, PartialEq)]
struct Input {
    learned_from: u64,
    /// Which build is to order; none where there is no such selector.
    selector: Option<PluginRef>,
    selector_values: Values,
    rows_taken_in: u64,
    opinions: u32,
}

/// The session as one round sees it.
struct Snapshot {
    /// The plugins of this round; a newer build waits for the next one.
    in_use: InUse,
    /// Whether there is something left of a ranking.
    ranked: bool,
    rankings: u64,
    /// Number of the newest event that matters to a ranking.
    relevant: u64,
    /// What there is to learn from.
    labels: Labels,
}

/// What the thread remembers from round to round.
#[derive(Default)]
struct Memory {
    last: Option<(Input, Instant)>,
    /// What was to give features in the last round, and what does.
    wanted: Option<features::Source>,
    in_use: Option<features::Source>,
    /// What will give features when its weights are here.
    awaited: Option<features::Source>,
    /// When each kind of failure of a build was told.
    failures: HashMap<(PluginRef, Discriminant<PluginFault>), Instant>,
    /// What was told of answers that are all the same, so that it is told once.
    one_sided: Option<String>,
    /// When features began to come, as long as some are missing.
    features_since: Option<Instant>,
    /// Why features will not come, so that it is told once.
    gave_up: Option<String>,
    /// The chosen selector that was not there, so that it is told once.
    missing: Option<String>,
    training: Training,
}

impl Engine {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(mut self, hear: Receiver<()>) -> std::io::Result<JoinHandle<()>> {
        let (session, notices) = (self.session.clone(), self.notices.clone());
        let keeper = Keeper::start(self.artefacts.clone(), session, notices)?;
        self.bell.ring();
        thread::Builder::new().name("engine".into()).spawn(move || {
            let mut memory = Memory::default();
            self.resume();
            // A ring that nobody rings for a while is a look at the features' progress.
            while !matches!(hear.recv_timeout(REFRESH), Err(RecvTimeoutError::Disconnected))
                && !self.stop.load(Ordering::Relaxed)
                && self.guarded_round(&mut memory, &keeper).is_some()
            {}
            keeper.end();
        })
    }

    /// A round that panics (libtorch out of memory, say) is one round lost, and told.
    fn guarded_round(&mut self, memory: &mut Memory, keeper: &Keeper) -> Option<()> {
        let round = AssertUnwindSafe(|| self.round(memory, keeper));
        catch_unwind(round).unwrap_or_else(|_| {
            self.warn(
                "Learning failed in a way that it must not (the lines above say more). Answers are \
                 safe and go on; the order stays what it is until the next answer."
                    .to_owned(),
            );
            Some(())
        })
    }

    /// One round; `None` when the session is closed.
    fn round(&mut self, memory: &mut Memory, keeper: &Keeper) -> Option<()> {
        let snapshot = self.snapshot()?;
        self.tell_one_sided(memory, snapshot.labels);
        // Before features are begun, the learner lets this pass. Nothing is lost: who tells of images has put them
        // into the folder before, and features are begun of all that it holds, as their files are then.
        let changed: Vec<ImageId> = self.changed.try_iter().flatten().collect();
        if !changed.is_empty() {
            self.learner.look_again(self.folder.len(), &changed);
        }
        self.follow_network(memory, &snapshot);
        let mut absorbed = self.learner.absorb();
        // Before anything that could fail.
        if let Some(checkpoint) = absorbed.checkpoint.take() {
            keeper.hand_over(checkpoint);
        }
        for (image, why) in &absorbed.failed {
            self.unshown.tell(*image, why).ok();
        }
        self.tell_progress(memory, &absorbed);
        let input = Input {
            learned_from: snapshot.relevant,
            selector: snapshot.in_use.selector().map(|selector| selector.reference().clone()),
            selector_values: snapshot.in_use.selector_values.clone(),
            rows_taken_in: absorbed.rows_taken_in,
            opinions: absorbed.opinions,
        };
        if is_due(memory, &input, &absorbed) {
            // Labels and candidates are copied only when they are needed: there may be a million. They may know more
            // than what made the round due.
            let look = |view: &sluice_session::View<'_>| {
                (view.state.training_set(), view.state.last_relevant)
            };
            let (set, learned_from) = self.session.read_blocking(look).ok()?;
            memory.last = Some((Input { learned_from, ..input }, Instant::now()));
            self.rank(memory, &snapshot, set, absorbed.opinions);
        }
        for trained in &absorbed.cycles {
            self.session.command_blocking(Command::RecordCycle(trained.clone())).ok();
        }
        self.orders.serve(self.learner.as_ref());
        Some(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        let catalogue = self.catalogue.clone();
        let look = move |view: &sluice_session::View<'_>| Snapshot {
            in_use: catalogue.in_use(view.state),
            ranked: view
                .order
                .iter()
                .any(|ranked| view.state.image(ranked.image).is_some_and(ImageState::is_candidate)),
            rankings: view.state.rankings,
            relevant: view.state.last_relevant,
            labels: Labels::of(view.state),
        };
        self.session.read_blocking(look).ok()
    }

    fn record_failure(&self, plugin: &PluginRef, what: String) {
        let plugin = plugin.clone();
        self.session.command_blocking(Command::RecordPluginFailure { plugin, what }).ok();
    }

    fn tell_progress(&self, memory: &mut Memory, absorbed: &Absorbed) {
        self.metrics.embedded_images.set(i64::from(absorbed.embedded));
        self.metrics.images_to_embed.set(i64::from(absorbed.to_embed));
        log_features(memory, absorbed);
        memory.training.features.clone_from(&absorbed.features);
        memory.training.device.clone_from(&absorbed.device);
        memory.training.embedded = absorbed.embedded;
        memory.training.to_embed = absorbed.to_embed;
        memory.training.background.clone_from(&absorbed.background);
        memory.training.in_background = absorbed.training;
        memory.training.opinions = absorbed.opinions;
        memory.training.fetching = self.weights.fetching();
        memory.training.decoded_per_second = self.decoded_per_second();
        self.publish(&memory.training);
        for note in &absorbed.notes {
            self.notices.pin(Level::Info, format!("{note}."));
        }
        if let Some(why) = &absorbed.gave_up
            && memory.gave_up.replace(why.clone()).as_ref() != Some(why)
        {
            self.warn(format!(
                "Features will not come: {why}. Answers are safe; the order does not learn."
            ));
        }
    }

    /// Shows the pages what the learner is doing, if that is something new.
    fn publish(&self, training: &Training) {
        self.metrics.background_training.set(i64::from(training.in_background));
        self.training.send_if_modified(|shown| {
            let is_new = *shown != *training;
            shown.clone_from(training);
            is_new
        });
    }

    /// Of one thread, over all so far.
    fn decoded_per_second(&self) -> Option<f64> {
        let seconds = self.metrics.decode_seconds_total.get();
        (seconds > 0.0).then(|| self.metrics.decoded_images_total.get() as f64 / seconds)
    }

    fn warn(&self, text: String) {
        self.notices.pin(Level::Warning, text);
    }
}

/// One line when every image has features, however often that comes.
fn log_features(memory: &mut Memory, absorbed: &Absorbed) {
    let complete = absorbed.embedded == absorbed.to_embed;
    if absorbed.to_embed > 0 && !complete {
        memory.features_since.get_or_insert_with(Instant::now);
    } else if complete && let Some(since) = memory.features_since.take() {
        let (images, seconds) = (absorbed.embedded, since.elapsed().as_secs_f64());
        tracing::info!(images, seconds, features = %absorbed.features, "every image has features");
    }
}

/// Whether a round would say anything new: at once for answers and choices, now and then for
/// features.
fn is_due(memory: &Memory, input: &Input, absorbed: &Absorbed) -> bool {
    let Some((last, since)) = &memory.last else { return true };
    let answered = last.learned_from != input.learned_from
        || last.selector != input.selector
        || last.selector_values != input.selector_values
        || last.opinions != input.opinions;
    let more_features = last.rows_taken_in != input.rows_taken_in;
    let complete = absorbed.embedded == absorbed.to_embed;
    answered || (more_features && (complete || since.elapsed() >= REFRESH))
}
