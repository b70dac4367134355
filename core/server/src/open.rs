//! Everything that a session needs, put together.
//!
//! ```text
//!   options -> checks -> begun: plugins, log, session, pool -> running: learner, engine, followers -> Service
//! ```

mod begun;
mod checks;
mod error;
mod replayed;
mod running;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures::executor::block_on;
use sluice_events::message::Training;
use sluice_events::plugin::Values;
use sluice_host::{FolderWatch, Limits};
use sluice_learn::{Background, DeviceChoice, Learner, Recipe, Torch};
use sluice_log::storage::Storage;
use sluice_pool::{DecodeLimits, Finding, Place};
use sluice_session::SessionHandle;
use tokio::runtime;
use tokio::sync::{oneshot, watch};

use crate::bell::Bell;
use crate::catalogue::Catalogue;
use crate::contents::ContentsWatch;
use crate::finish::Opinion;
use crate::follow::PoolWatch;
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use crate::player::Player;
use crate::survey::Survey;
use crate::taking::Counter;
use crate::tensorboard::TensorBoard;
use crate::unshown::Unshown;
use crate::weights::WeightsPlaces;
use begun::Begun;
use checks::check;
pub use error::OpenError;
pub use replayed::ReplayOptions;
use running::Running;

/// How a session is to be run.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The folder of images.
    pub pool: PathBuf,
    /// The question; only asked for when the session begins.
    pub question: String,
    /// A picture of what is looked for, to begin with; from anywhere.
    pub example: Option<PathBuf>,
    /// Seed of everything random; only asked for when the session begins.
    pub seed: u64,
    /// Whether to learn at all.
    pub model: bool,
    /// Orders the pool when nobody chose.
    pub selector: String,
    /// The network that gives features when nobody chose; none: features that need no weights.
    pub network: Option<String>,
    /// Where networks' weights are.
    pub weights: WeightsPlaces,
    /// Values of parameters, by the plugins' names.
    pub parameters: HashMap<String, Values>,
    /// Where to compute.
    pub device: DeviceChoice,
    /// What trains in the background.
    pub background: Background,
    /// How it trains.
    pub recipe: Recipe,
    /// Nothing is trained in the background: what was kept of it says what it thinks.
    pub only_score: bool,
    /// The session's folder, for what is kept beside its log, and to see how full its disk is; none: nothing is
    /// kept.
    pub folder: Option<PathBuf>,
    /// Where scalars for TensorBoard are written; none: nowhere.
    pub tensorboard: Option<PathBuf>,
    /// Where features are kept; none: in memory, computed at each start.
    pub cache: Option<Place>,
    /// What the pool's features are kept under there.
    pub cache_name: String,
    /// How often the folder is looked at again for files that join it; none: never.
    pub rescan: Option<Duration>,
    /// What a file may cost.
    pub decode: DecodeLimits,
    /// What a plugin may use.
    pub plugins: Limits,
    /// More plugins than those in the box; looked at again and again.
    pub plugin_folder: Option<PathBuf>,
    /// Where compiled plugins are kept; none: they are compiled at each start.
    pub compiled: Option<PathBuf>,
}

/// A running session, as pages and commands see it.
pub struct Service {
    /// The session.
    pub session: SessionHandle,
    /// The session's own folder; none where it is in memory.
    pub session_folder: Option<PathBuf>,
    /// Where the images are.
    pub folder: PoolFolder,
    /// Where images that can't be shown are told.
    pub unshown: Unshown,
    /// What can be chosen, and what is.
    pub catalogue: Catalogue,
    /// Whether there is a model.
    pub model: bool,
    /// The log's id; that of a replay is another one.
    pub log_id: String,
    /// Every metric.
    pub metrics: Arc<Metrics>,
    /// Held by who writes the metrics.
    pub(crate) scraping: Mutex<()>,
    /// The model labels for one at a time.
    pub(crate) finishing: tokio::sync::Mutex<()>,
    /// Somebody looks how full the disk is.
    pub(crate) looking_at_disk: AtomicBool,
    /// What the learner is doing.
    pub training: watch::Receiver<Training>,
    /// What the model last thought of every unanswered image.
    pub(crate) opinion: watch::Receiver<Option<Arc<Opinion>>>,
    /// Where the predictor is asked for.
    pub(crate) counter: Counter,
    /// Things that a person should know.
    pub notices: NoticeBoard,
    /// What plays the session again; none: it goes on.
    pub(crate) replay: Option<Player>,
    stop: Arc<AtomicBool>,
    bell: Bell,
    watch: Option<FolderWatch>,
    pool_watch: Option<PoolWatch>,
    contents: Option<ContentsWatch>,
    tensorboard: Mutex<Option<TensorBoard>>,
    engine: Option<JoinHandle<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Service {
    /// Opens the log, tells the session what the scan of the pool found, and starts to learn.
    ///
    /// # Errors
    /// In words for the person; nothing that was answered is lost in any case.
    pub fn open<S: Storage>(
        options: SessionOptions,
        finding: &Finding,
        storage: S,
    ) -> Result<Self, OpenError> {
        let SessionOptions { model, device, background, recipe, only_score, .. } = options;
        let (cache, pool) = (options.cache.clone(), options.cache_name.clone());
        Self::with_learner(options, finding, storage, move |seed| -> Box<dyn Learner> {
            if !model {
                return Box::new(Survey::default());
            }
            let options =
                sluice_learn::Options { device, cache, background, recipe, seed, only_score, pool };
            Box::new(Torch::new(options))
        })
    }

    /// [`open`](Self::open) with another learner, which is made of the session's seed: one that goes on keeps the seed
    /// that it began with.
    ///
    /// # Errors
    /// As there.
    pub fn with_learner<S: Storage>(
        options: SessionOptions,
        finding: &Finding,
        storage: S,
        learner: impl FnOnce(u64) -> Box<dyn Learner>,
    ) -> Result<Self, OpenError> {
        check(&options, finding)?;
        let (begun, hear) = Begun::open(&options, finding, storage)?;
        let running = Running::start(&begun, hear, &options, finding, learner(begun.seed))?;
        Ok(Self {
            session: begun.session,
            session_folder: options.folder,
            folder: begun.folder,
            unshown: running.unshown,
            catalogue: begun.catalogue,
            model: options.model,
            log_id: begun.log_id,
            metrics: begun.metrics,
            scraping: Mutex::new(()),
            finishing: tokio::sync::Mutex::default(),
            looking_at_disk: AtomicBool::new(false),
            training: running.training,
            opinion: running.opinion,
            counter: running.counter,
            notices: begun.notices,
            replay: None,
            stop: running.stop,
            bell: begun.bell,
            watch: begun.watch,
            pool_watch: running.pool_watch,
            contents: running.contents,
            tensorboard: Mutex::new(running.tensorboard),
            engine: Some(running.engine),
            threads: vec![begun.thread],
        })
    }

    /// Ends the session for everybody, at once; the log is free afterwards. The engine ends when what it
    /// is computing is done.
    pub async fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.bell.ring();
        if let Some(tensorboard) = self.take_tensorboard() {
            // On a thread of its own: whatever the disk does, the caller can stop waiting.
            let (say, ended) = oneshot::channel();
            std::thread::spawn(move || {
                tensorboard.end();
                say.send(())
            });
            let _ = ended.await;
        }
        if let Some(contents) = &self.contents {
            contents.end().await;
        }
        self.session.close().await;
    }

    fn take_tensorboard(&self) -> Option<TensorBoard> {
        self.tensorboard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends the session for everybody, as [`stop`](Self::stop) does, and waits for its threads; the log is free
    /// afterwards. For a thread that may wait: not for one that drives a runtime.
    pub fn close(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.bell.ring();
        // What it has in hand is recorded before the session ends.
        if let Some(engine) = self.engine.take() {
            let _ = engine.join();
        }
        // What `stop` awaits has a limit, and a limit needs a clock.
        match runtime::Builder::new_current_thread().enable_time().build() {
            Ok(clock) => clock.block_on(self.stop()),
            Err(error) => {
                tracing::warn!(%error, "the session is closed without waiting for what is beside it");
                block_on(self.session.close());
            }
        }
        let Self { session, unshown, watch, pool_watch, contents, replay, threads, .. } = self;
        drop((session, unshown, watch, pool_watch, contents, replay));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// A name for a pool's session folder: its last part, and eight digits of its whole path's hash, so
/// that pools of one name don't meet.
pub fn session_name(pool: &Path) -> String {
    let name = pool.file_name().map(|name| name.to_string_lossy().into_owned());
    let hash = blake3::hash(pool.as_os_str().as_encoded_bytes()).to_hex();
    format!("{}-{}", name.unwrap_or_else(|| "pool".to_owned()), &hash[..8])
}
