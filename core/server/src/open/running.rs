//! What runs beside a session that has begun: the engine, and who follows the folder and the figures.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use sluice_events::ImageId;
use sluice_events::message::Training;
use sluice_learn::Learner;
use sluice_pool::Finding;
use tokio::sync::watch;

use super::begun::Begun;
use super::checks::no_tensorboard;
use super::{OpenError, SessionOptions};
use crate::artefacts::Artefacts;
use crate::contents::{self, ContentsWatch};
use crate::engine::Engine;
use crate::finish::Opinion;
use crate::follow::{Follower, PoolWatch};
use crate::taking::{Counter, counter};
use crate::tensorboard::{EventFile, TensorBoard};
use crate::unshown::Unshown;
use crate::weights::WeightsStore;

/// All of it, and where it is asked and followed.
pub(super) struct Running {
    pub engine: JoinHandle<()>,
    /// Ends the engine.
    pub stop: Arc<AtomicBool>,
    pub training: watch::Receiver<Training>,
    pub opinion: watch::Receiver<Option<Arc<Opinion>>>,
    pub counter: Counter,
    pub unshown: Unshown,
    pub contents: Option<ContentsWatch>,
    pub pool_watch: Option<PoolWatch>,
    pub tensorboard: Option<TensorBoard>,
}

impl Running {
    /// Starts it, after a scan of which the session knows everything; the engine is last.
    pub fn start(
        begun: &Begun,
        hear: Receiver<()>,
        options: &SessionOptions,
        finding: &Finding,
        learner: Box<dyn Learner>,
    ) -> Result<Self, OpenError> {
        let Begun { session, folder, notices, bell, .. } = begun;
        let (show, training) = watch::channel(Training::default());
        let (say, opinion) = watch::channel(None);
        let (counter, orders) = counter(bell.clone());
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, changed) = channel();
        let (unshown, pool_watch) = follow_pool(begun, options, finding, tell)?;
        let contents = contents::start(options.folder.as_deref(), session, folder, notices)?;
        let engine = Engine {
            session: session.clone(),
            folder: folder.clone(),
            contents: contents.as_ref().map(ContentsWatch::teller),
            catalogue: begun.catalogue.clone(),
            artefacts: Artefacts(options.folder.as_ref().map(|folder| folder.join("artefacts"))),
            weights: WeightsStore::new(options.weights.clone(), bell.clone()),
            unshown: unshown.clone(),
            model: options.model,
            learner,
            seed: begun.seed,
            metrics: Arc::clone(&begun.metrics),
            training: show,
            notices: notices.clone(),
            bell: bell.clone(),
            stop: Arc::clone(&stop),
            changed,
            opinion: say,
            orders,
            answer_to_ranking: Arc::clone(&begun.answer_to_ranking),
        };
        let tensorboard = follow_for_tensorboard(begun, options)?;
        Ok(Self {
            engine: engine.start(hear)?,
            stop,
            training,
            opinion,
            counter,
            unshown,
            contents,
            pool_watch,
            tensorboard,
        })
    }
}

/// Follows the pool's folder, if it is to be followed; `tell` says which images are others then. Beside it, where it is
/// told what can't be shown.
fn follow_pool(
    begun: &Begun,
    options: &SessionOptions,
    finding: &Finding,
    tell: Sender<Vec<ImageId>>,
) -> std::io::Result<(Unshown, Option<PoolWatch>)> {
    let (missing, missed) = channel();
    let unshown = Unshown::new(begun.session.clone(), options.rescan.map(|_| missing));
    let follower = Follower {
        session: begun.session.clone(),
        folder: begun.folder.clone(),
        notices: begun.notices.clone(),
        missing: missed,
        tell,
        bell: begun.bell.clone(),
    };
    let watch = options.rescan.map(|every| follower.start(finding.clone(), every));
    Ok((unshown, watch.transpose()?))
}

/// Writes for TensorBoard, if somebody named a folder.
fn follow_for_tensorboard(
    begun: &Begun,
    options: &SessionOptions,
) -> Result<Option<TensorBoard>, OpenError> {
    let follow = |folder: &PathBuf| {
        let file = EventFile::begin(folder).map_err(|source| no_tensorboard(folder, source))?;
        Ok::<_, OpenError>(TensorBoard::start(file, begun.session.clone(), begun.notices.clone())?)
    };
    options.tensorboard.as_ref().map(follow).transpose()
}
