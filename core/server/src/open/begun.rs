//! A session whose log and pool are in step with each other, before anything learns from it.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sluice_host::FolderWatch;
use sluice_log::storage::Storage;
use sluice_log::{Log, Options, SnapshotFolder};
use sluice_pool::Finding;
use sluice_session::{CommandError, SessionHandle, Snapshots};

use super::{OpenError, SessionOptions};
use crate::begin::{begin, tell_lost, tell_recovery};
use crate::bell::Bell;
use crate::catalogue::Catalogue;
use crate::difference::gone_images;
use crate::measured::Measured;
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use crate::plugins::Plugins;
use crate::witness::Witness;

/// What learning and serving stand on.
pub(super) struct Begun {
    pub session: SessionHandle,
    /// The session's.
    pub thread: JoinHandle<()>,
    pub log_id: String,
    /// The session's own, also where the options say another one.
    pub seed: u64,
    pub folder: PoolFolder,
    pub catalogue: Catalogue,
    /// Follows the folder of plugins.
    pub watch: Option<FolderWatch>,
    pub metrics: Arc<Metrics>,
    pub notices: NoticeBoard,
    /// Rung by the session.
    pub bell: Bell,
    /// Set by the session.
    pub answer_to_ranking: Arc<Mutex<Option<Duration>>>,
}

impl Begun {
    /// Opens the log and tells the session what the scan of the pool found. Gives what hears the bell, too.
    pub fn open<S: Storage>(
        options: &SessionOptions,
        finding: &Finding,
        storage: S,
    ) -> Result<(Self, Receiver<()>), OpenError> {
        let since = Instant::now();
        let notices = NoticeBoard::default();
        let plugins = Plugins::load(options)?;
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
        let (session, thread) = SessionHandle::open(log, snapshots, witness)?;
        tell_lost(&session, &notices)?;
        let seed = begin(&session, options, finding)?;
        tell_open(&session, since)?;
        let folder = pool_folder(&session, options)?;
        let (catalogue, watch) = plugins.offer(&session, &metrics, &notices, &bell)?;
        let begun = Self {
            session,
            thread,
            log_id,
            seed,
            folder,
            catalogue,
            watch,
            metrics,
            notices,
            bell,
            answer_to_ranking,
        };
        Ok((begun, hear))
    }
}

/// The pool as the session knows it.
fn pool_folder(
    session: &SessionHandle,
    options: &SessionOptions,
) -> Result<PoolFolder, CommandError> {
    let paths = session
        .read_blocking(|view| view.state.images.iter().map(|image| image.path.clone()).collect())?;
    let folder = PoolFolder::new(options.pool.clone(), paths, options.decode)
        .with_example(options.example.clone());
    folder.set_gone(session.read_blocking(|view| gone_images(&view.state.images))?);
    Ok(folder)
}

/// One line for the program's log.
fn tell_open(session: &SessionHandle, since: Instant) -> Result<(), CommandError> {
    let (records, images, counts) = session
        .read_blocking(|view| (view.state.next_seq, view.state.images.len(), view.state.counts))?;
    let (positives, negatives) = (counts.positives, counts.negatives);
    let seconds = since.elapsed().as_secs_f64();
    tracing::info!(images, positives, negatives, records, seconds, "the session is open");
    Ok(())
}
