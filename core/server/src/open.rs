//! Everything that a session needs, put together: scan, log, session, plugins, engine.

mod error;
mod replayed;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use sluice_events::ImageId;
use sluice_events::message::Training;
use sluice_events::plugin::Values;
use sluice_host::{FolderWatch, Limits};
use sluice_learn::{Background, DeviceChoice, Learner, Recipe, Torch};
use sluice_log::storage::Storage;
use sluice_log::{Log, Options, SnapshotFolder};
use sluice_pool::{DecodeLimits, Finding, Place};
use sluice_session::{CommandError, SessionHandle, Snapshots};
use tokio::runtime;
use tokio::sync::{oneshot, watch};

use crate::artefacts::Artefacts;
use crate::begin::{begin, tell_lost, tell_recovery};
use crate::bell::Bell;
use crate::catalogue::Catalogue;
use crate::contents::{self, ContentsWatch};
use crate::difference::gone_images;
use crate::engine::Engine;
use crate::finish::Opinion;
use crate::follow::{Follower, PoolWatch};
use crate::measured::Measured;
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use crate::player::Player;
use crate::plugins::Plugins;
use crate::survey::Survey;
use crate::taking::{Counter, counter};
use crate::tensorboard::{EventFile, TensorBoard};
use crate::unshown::Unshown;
use crate::weights::{WeightsPlaces, WeightsStore};
use crate::witness::Witness;
pub use error::OpenError;
pub use replayed::ReplayOptions;

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
        let learning = sluice_learn::Options {
            device: options.device,
            cache: options.cache.clone(),
            background: options.background,
            recipe: options.recipe,
            seed: options.seed,
            only_score: options.only_score,
            pool: options.cache_name.clone(),
        };
        let learner: Box<dyn Learner> = if options.model {
            Box::new(Torch::new(learning))
        } else {
            Box::new(Survey::default())
        };
        Self::with_learner(options, finding, storage, learner)
    }

    /// [`open`](Self::open) with another learner.
    ///
    /// # Errors
    /// As there.
    pub fn with_learner<S: Storage>(
        options: SessionOptions,
        finding: &Finding,
        storage: S,
        learner: Box<dyn Learner>,
    ) -> Result<Self, OpenError> {
        let begun = Instant::now();
        check(&options, finding)?;
        let notices = NoticeBoard::default();
        let plugins = Plugins::load(&options)?;
        let snapshots = Snapshots::read_ahead(SnapshotFolder::new(storage.clone()));
        let metrics = Arc::new(Metrics::new());
        let measured = Measured { storage, metrics: Arc::clone(&metrics) };
        let log = Log::open(measured, Options::default())?;
        let log_id = log.id().to_string();
        tell_recovery(log.recovery(), &notices);
        let (bell, hear) = Bell::new();
        let answer_to_ranking = Arc::new(Mutex::new(None));
        let witness = Witness {
            metrics: Arc::clone(&metrics),
            bell: bell.clone(),
            answer_to_ranking: Arc::clone(&answer_to_ranking),
            notices: notices.clone(),
        };
        let (session, session_thread) = SessionHandle::open(log, snapshots, witness)?;
        tell_lost(&session, &notices)?;
        let seed = begin(&session, &options, finding)?;
        tell_open(&session, begun)?;
        let paths = session.read_blocking(|view| {
            view.state.images.iter().map(|image| image.path.clone()).collect()
        })?;
        let folder =
            PoolFolder::new(options.pool, paths, options.decode).with_example(options.example);
        folder.set_gone(session.read_blocking(|view| gone_images(&view.state.images))?);
        let (catalogue, watch) = plugins.offer(&session, &metrics, &notices, &bell)?;
        let (training, watched) = watch::channel(Training::default());
        let (say, opinion) = watch::channel(None);
        let (counter, orders) = counter(bell.clone());
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, changed) = channel();
        let (missing, missed) = channel();
        let unshown = Unshown::new(session.clone(), options.rescan.map(|_| missing));
        let contents = contents::start(options.folder.as_deref(), &session, &folder, &notices)?;
        let engine = Engine {
            session: session.clone(),
            folder: folder.clone(),
            contents: contents.as_ref().map(ContentsWatch::teller),
            catalogue: catalogue.clone(),
            artefacts: Artefacts(options.folder.as_ref().map(|folder| folder.join("artefacts"))),
            weights: WeightsStore::new(options.weights, bell.clone()),
            unshown: unshown.clone(),
            learner,
            seed,
            metrics: Arc::clone(&metrics),
            training,
            notices: notices.clone(),
            bell: bell.clone(),
            stop: Arc::clone(&stop),
            changed,
            opinion: say,
            orders,
            answer_to_ranking,
        };
        let follower = Follower {
            session: session.clone(),
            folder: folder.clone(),
            notices: notices.clone(),
            missing: missed,
            tell,
            bell: bell.clone(),
        };
        let pool_watch =
            options.rescan.map(|every| follower.start(finding.clone(), every)).transpose()?;
        let follow = |folder: &PathBuf| {
            let file = EventFile::begin(folder).map_err(|source| no_tensorboard(folder, source))?;
            Ok::<_, OpenError>(TensorBoard::start(file, session.clone(), notices.clone())?)
        };
        let tensorboard = Mutex::new(options.tensorboard.as_ref().map(follow).transpose()?);
        let engine = Some(engine.start(hear)?);
        let threads = vec![session_thread];
        Ok(Self {
            session,
            session_folder: options.folder,
            folder,
            unshown,
            catalogue,
            model: options.model,
            log_id,
            metrics,
            scraping: Mutex::new(()),
            finishing: tokio::sync::Mutex::default(),
            looking_at_disk: AtomicBool::new(false),
            training: watched,
            opinion,
            counter,
            notices,
            replay: None,
            stop,
            bell,
            watch,
            pool_watch,
            contents,
            tensorboard,
            engine,
            threads,
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

fn no_tensorboard(folder: &Path, source: std::io::Error) -> OpenError {
    OpenError::TensorBoard { folder: folder.to_owned(), source }
}

/// One line for the program's log.
fn tell_open(session: &SessionHandle, begun: Instant) -> Result<(), CommandError> {
    let (records, images, counts) = session
        .read_blocking(|view| (view.state.next_seq, view.state.images.len(), view.state.counts))?;
    let (positives, negatives) = (counts.positives, counts.negatives);
    let seconds = begun.elapsed().as_secs_f64();
    tracing::info!(images, positives, negatives, records, seconds, "the session is open");
    Ok(())
}

/// What can be wrong before anything is begun.
fn check(options: &SessionOptions, finding: &Finding) -> Result<(), OpenError> {
    check_readable(options, finding)?;
    check_example(options)?;
    let probe = |folder: &PathBuf| {
        EventFile::probe(folder).map_err(|source| no_tensorboard(folder, source))
    };
    options.tensorboard.as_ref().map_or(Ok(()), probe)
}

/// There is nothing to annotate unless one image at least can be decoded.
fn check_readable(options: &SessionOptions, finding: &Finding) -> Result<(), OpenError> {
    let paths = finding.images.iter().map(|image| image.path.clone()).collect();
    let folder = PoolFolder::new(options.pool.clone(), paths, options.decode);
    let mut first = None;
    for (image, found) in (0..).map(ImageId).zip(&finding.images) {
        match folder.check(image) {
            Ok(()) => return Ok(()),
            Err(why) => drop(first.get_or_insert((found.path.clone(), why.to_string()))),
        }
    }
    let (path, reason) = first.unwrap_or_default();
    let (pool, count) = (options.pool.clone(), finding.images.len());
    Err(OpenError::NothingReadable { pool, count, path, reason })
}

fn check_example(options: &SessionOptions) -> Result<(), OpenError> {
    let Some(path) = &options.example else { return Ok(()) };
    let decoded = sluice_pool::decode_file(path, &options.decode);
    decoded.map(drop).map_err(|error| {
        let reason = error.to_string();
        OpenError::Example { path: path.clone(), reason }
    })
}

/// A name for a pool's session folder: its last part, and eight digits of its whole path's hash, so
/// that pools of one name don't meet.
pub fn session_name(pool: &Path) -> String {
    let name = pool.file_name().map(|name| name.to_string_lossy().into_owned());
    let hash = blake3::hash(pool.as_os_str().as_encoded_bytes()).to_hex();
    format!("{}-{}", name.unwrap_or_else(|| "pool".to_owned()), &hash[..8])
}
