//! Everything that a session needs, put together: scan, log, session, plugins, engine.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use futures::executor::block_on;
use prometheus_client::registry::Registry;
use sluice_events::facts::{FoundImage, SessionOpened};
use sluice_events::message::{Level, Training};
use sluice_events::plugin::PluginInfo;
use sluice_events::{Command, ImageId};
use sluice_host::{Limits, NetworkPlugin, PluginError, PluginHost, PluginSet, SelectorPlugin};
use sluice_learn::{Learner, Torch};
use sluice_log::storage::Storage;
use sluice_log::{Log, OpenError as LogError, Options, Recovery, SnapshotFolder};
use sluice_pool::{DecodeLimits, Finding};
use sluice_session::state::ImageState;
use sluice_session::{CommandError, OpenSessionError, SessionHandle, Snapshots};
use tokio::sync::watch;

use crate::bell::Bell;
use crate::engine::Engine;
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use crate::survey::Survey;
use crate::witness::Witness;

/// Why an image that was there is set aside.
const GONE: &str = "is no longer in the folder";
/// Paths of one event, bytes; well below what fits into a batch of the log.
const PATHS_BYTES: usize = 64 * 1024;

/// How a session is to be run.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The folder of images.
    pub pool: PathBuf,
    /// The question; only asked for when the session begins.
    pub question: String,
    /// Seed of everything random; only asked for when the session begins.
    pub seed: u64,
    /// Whether to learn at all.
    pub model: bool,
    /// Orders the pool when nobody chose.
    pub selector: String,
    /// The network that gives features when nobody chose; none: features that need no weights.
    pub network: Option<String>,
    /// Files of weights by network.
    pub weights: HashMap<String, PathBuf>,
    /// What a file may cost.
    pub decode: DecodeLimits,
    /// What a plugin may use.
    pub plugins: Limits,
    /// More plugins than those in the box.
    pub plugin_folder: Option<PathBuf>,
}

/// Why a session can't be run.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing to show.
    #[error("none of the {count} images in {} can be shown; the first, {path}, {reason}", .pool.display())]
    NothingReadable {
        /// The folder.
        pool: PathBuf,
        /// Files that look like images.
        count: usize,
        /// The first.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The log can't be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log can't be understood.
    #[error(transparent)]
    Session(#[from] OpenSessionError),
    /// An event could not be written.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The session is about other images.
    #[error(
        "this session belongs to the images in {belongs}, and {} holds other ones; nothing was \
         changed. Name that folder, or another session folder with --session", .pool.display()
    )]
    OtherPool {
        /// Where its images are.
        belongs: String,
        /// Where they were looked for.
        pool: PathBuf,
    },
    /// wasmtime does not run.
    #[error("plugins can't be run on this machine: {0}")]
    Host(String),
    /// A plugin of this build is broken.
    #[error("this build of sluice is broken: {0}")]
    Plugin(#[from] PluginError),
    /// There is no plugin of that name.
    #[error("there is no {kind} {name}; there are {known}")]
    UnknownPlugin {
        /// Selector or network.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A thread can't be started.
    #[error("can't start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// A running session, as pages and commands see it.
pub struct Service {
    /// The session.
    pub session: SessionHandle,
    /// Where the images are.
    pub folder: PoolFolder,
    /// What can be chosen.
    pub plugins: PluginSet,
    /// The selector that orders the pool when nobody chose.
    pub default_selector: String,
    /// The network that gives features when nobody chose.
    pub default_network: Option<String>,
    /// Whether there is a model.
    pub model: bool,
    /// The log's id.
    pub log_id: String,
    /// Every metric.
    pub metrics: Arc<Metrics>,
    /// Writes the metrics.
    pub registry: Registry,
    /// What the learner is doing.
    pub training: watch::Receiver<Training>,
    /// Things that a person should know.
    pub notices: NoticeBoard,
    stop: Arc<AtomicBool>,
    bell: Bell,
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
        let learner: Box<dyn Learner> =
            if options.model { Box::new(Torch::new()) } else { Box::new(Survey::default()) };
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
        check_readable(&options, finding)?;
        let host = PluginHost::new(options.plugins).map_err(OpenError::Host)?;
        let mut plugins = PluginSet::in_the_box(&host)?;
        let notices = NoticeBoard::default();
        for problem in options.plugin_folder.iter().flat_map(|f| plugins.add_folder(&host, f)) {
            notices.pin(Level::Warning, format!("{problem}. It can't be chosen."));
        }
        check_names(&plugins, &options)?;
        let snapshots = Snapshots::read_ahead(SnapshotFolder::new(storage.clone()));
        let log = Log::open(storage, Options::default())?;
        let log_id = log.id().to_string();
        tell_recovery(log.recovery(), &notices);
        let (metrics, registry) = Metrics::new();
        let metrics = Arc::new(metrics);
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
        let paths = session.read_blocking(|view| {
            view.state.images.iter().map(|image| image.path.clone()).collect()
        })?;
        let folder = PoolFolder::new(options.pool, paths, options.decode);
        let (training, watched) = watch::channel(Training::default());
        let stop = Arc::new(AtomicBool::new(false));
        let engine = Engine {
            session: session.clone(),
            folder: folder.clone(),
            plugins: plugins.clone(),
            weights: options.weights,
            learner,
            default_selector: options.selector.clone(),
            default_network: options.network.clone(),
            seed,
            metrics: Arc::clone(&metrics),
            training,
            notices: notices.clone(),
            bell: bell.clone(),
            stop: Arc::clone(&stop),
            answer_to_ranking,
        };
        let threads = vec![engine.start(hear)?, session_thread];
        Ok(Self {
            session,
            folder,
            plugins,
            default_selector: options.selector,
            default_network: options.network,
            model: options.model,
            log_id,
            metrics,
            registry,
            training: watched,
            notices,
            stop,
            bell,
            threads,
        })
    }

    /// Ends the session for everybody, at once; the log is free afterwards. The engine ends when what it
    /// is computing is done.
    pub async fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.bell.ring();
        self.session.close().await;
    }

    /// Ends the engine and, when no page is left, the session; the log is free afterwards.
    pub fn close(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.bell.ring();
        let Self { session, threads, .. } = self;
        drop(session);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// What opening the log found, for everybody to read.
fn tell_recovery(recovery: &Recovery, notices: &NoticeBoard) {
    if let Some(torn) = &recovery.torn {
        notices.pin(
            Level::Warning,
            format!(
                "The last run was interrupted while it wrote. The {} bytes at the end of {} are, by every \
                 sign, something that was never acknowledged; they were cut off and are kept in {}.",
                torn.bytes, torn.file, torn.kept_in
            ),
        );
    }
    if recovery.head_was_lost {
        notices.pin(
            Level::Warning,
            "The session's file HEAD was gone or unreadable and was made anew. Every answer in the log \
             is whole; whether the newest ones are missing can't be told: look at the last ones."
                .to_owned(),
        );
    }
    if recovery.head_slot_was_lost {
        let text = "One of the two copies in the session's file HEAD was not whole. The other one \
                    served, and every answer is here; if there was no loss of power, look after the disk.";
        notices.pin(Level::Info, text);
    }
    if recovery.copied_in_use {
        notices.pin(
            Level::Warning,
            "This session folder is a copy that was made while the original was in use. It is whole; \
             what was answered in the original afterwards is not here."
                .to_owned(),
        );
    }
}

/// What a rescue of the log could not bring back.
fn tell_lost(session: &SessionHandle, notices: &NoticeBoard) -> Result<(), CommandError> {
    let (lost, nameless) = session.read_blocking(|view| {
        let is_nameless = |image: &&ImageState| image.path.is_empty() && image.answer.is_some();
        (view.state.lost_records, view.state.images.iter().filter(is_nameless).count())
    })?;
    if lost > 0 {
        let text = format!(
            "This session was rescued from a damaged log: {lost} of its records are lost, so some answers \
             may be missing. {nameless} of those that are here are for images whose names are lost; such \
             images are asked for again."
        );
        notices.pin(Level::Info, text);
    }
    Ok(())
}

fn check_names(plugins: &PluginSet, options: &SessionOptions) -> Result<(), OpenError> {
    let names = |infos: Vec<&PluginInfo>| {
        infos.into_iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    if plugins.selector(&options.selector).is_none() {
        let known = names(plugins.selectors.iter().map(SelectorPlugin::info).collect());
        let name = options.selector.clone();
        return Err(OpenError::UnknownPlugin { kind: "selector", name, known });
    }
    let wanted = options.network.iter().chain(options.weights.keys());
    match wanted.into_iter().find(|name| plugins.network(name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let known = names(plugins.networks.iter().map(NetworkPlugin::info).collect());
            Err(OpenError::UnknownPlugin { kind: "network", name: name.clone(), known })
        }
    }
}

/// There is nothing to annotate unless one image at least can be decoded.
fn check_readable(options: &SessionOptions, finding: &Finding) -> Result<(), OpenError> {
    let paths = finding.images.iter().map(|image| image.path.clone()).collect();
    let folder = PoolFolder::new(options.pool.clone(), paths, options.decode);
    let mut first = None;
    for (image, found) in (0..).map(ImageId).zip(&finding.images) {
        match folder.check(image) {
            Ok(()) => return Ok(()),
            Err(reason) => drop(first.get_or_insert((found.path.clone(), reason))),
        }
    }
    let (path, reason) = first.unwrap_or_default();
    let (pool, count) = (options.pool.clone(), finding.images.len());
    Err(OpenError::NothingReadable { pool, count, path, reason })
}

/// Opens the session if it is new, and tells it what changed in the pool. Gives its seed.
fn begin(
    session: &SessionHandle,
    options: &SessionOptions,
    finding: &Finding,
) -> Result<u64, OpenError> {
    let opened = session.read_blocking(|view| view.state.opened.clone())?;
    let seed = opened.as_ref().map_or(options.seed, |opened| opened.seed);
    let known = session.read_blocking(|view| view.state.images.clone())?;
    let there: HashMap<&str, u64> =
        finding.images.iter().map(|image| (image.path.as_str(), image.bytes)).collect();
    if let Some(opened) = &opened
        && Path::new(&opened.pool) != options.pool
        && !is_same_pool(&known, &there)
    {
        let belongs = opened.pool.clone();
        return Err(OpenError::OtherPool { belongs, pool: options.pool.clone() });
    }
    if opened.is_none() {
        session.command_blocking(Command::OpenSession(SessionOpened {
            question: options.question.clone(),
            pool: options.pool.display().to_string(),
            seed,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }))?;
    }
    let mut submitted = Vec::new();
    for (known, image) in known.iter().zip((0..).map(ImageId)) {
        let command = match (known.set_aside.as_deref(), there.get(known.path.as_str())) {
            (None, None) => Command::SetAside { image, reason: GONE.to_owned() },
            // It is back, or was changed since: it is looked at again.
            (Some(reason), Some(bytes)) if reason == GONE || *bytes != known.bytes => {
                Command::Restore { image, bytes: *bytes }
            }
            _ => continue,
        };
        submitted.push(block_on(session.submit(command))?);
    }
    for submitted in submitted {
        block_on(submitted.outcome())?;
    }
    add_new(session, finding, &known)?;
    Ok(seed)
}

/// Whether a folder that was moved or is reached by another path holds the same images: most of
/// those that the session knows, by name and size.
fn is_same_pool(known: &[ImageState], there: &HashMap<&str, u64>) -> bool {
    let same = |image: &&ImageState| there.get(image.path.as_str()) == Some(&image.bytes);
    known.is_empty() || known.iter().filter(same).count() * 2 > known.len()
}

fn add_new(
    session: &SessionHandle,
    finding: &Finding,
    known: &[ImageState],
) -> Result<(), CommandError> {
    let known: HashSet<&str> = known.iter().map(|image| image.path.as_str()).collect();
    let images = finding.images.iter().filter(|image| !known.contains(image.path.as_str()));
    let mut chunk = Vec::new();
    let mut bytes = 0;
    for image in images {
        bytes += image.path.len() + 16;
        chunk.push(FoundImage { path: image.path.clone(), bytes: image.bytes });
        if bytes >= PATHS_BYTES {
            session.command_blocking(Command::AddImages(std::mem::take(&mut chunk)))?;
            bytes = 0;
        }
    }
    if !chunk.is_empty() {
        session.command_blocking(Command::AddImages(chunk))?;
    }
    // What can't even be listed joins the pool set aside, so that it is counted and named.
    for unusable in finding.unusable.iter().filter(|u| !known.contains(u.path.as_str())) {
        let found = FoundImage { path: unusable.path.clone(), bytes: 0 };
        session.command_blocking(Command::AddImages(vec![found]))?;
        let last = session.read_blocking(|view| view.state.images.len() as u32 - 1)?;
        let reason = unusable.reason.clone();
        session.command_blocking(Command::SetAside { image: ImageId(last), reason })?;
    }
    Ok(())
}

/// A name for a pool's session folder: its last part, and eight digits of its whole path's hash, so
/// that pools of one name don't meet.
pub fn session_name(pool: &Path) -> String {
    let name = pool.file_name().map(|name| name.to_string_lossy().into_owned());
    let hash = blake3::hash(pool.as_os_str().as_encoded_bytes()).to_hex();
    format!("{}-{}", name.unwrap_or_else(|| "pool".to_owned()), &hash[..8])
}
