//! A session as it was, put together: the states of its log, its pool's folder, and the clock that plays it. No engine,
//! no plugins, and nobody who follows the folder: nothing is made anew, and nothing is written.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use sluice_events::message::Training;
use sluice_events::network::PATCHES;
use sluice_host::PluginSet;
use sluice_log::storage::Storage;
use sluice_pool::DecodeLimits;
use sluice_session::{CommandError, Reel, SessionHandle, State, Timeline, View};
use tokio::sync::watch;

use super::{OpenError, Service};
use crate::begin::tell_lost;
use crate::bell::Bell;
use crate::catalogue::{Catalogue, Defaults};
use crate::metrics::Metrics;
use crate::notices::NoticeBoard;
use crate::pictures::PoolFolder;
use crate::player::{Pace, Player, Playing};
use crate::taking::counter;
use crate::unshown::Unshown;

/// What is to be replayed, and how it begins.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// The session's folder, to see how large its log is; none: it is in memory.
    pub folder: Option<PathBuf>,
    /// The log's id.
    pub log_id: String,
    /// Where the images are.
    pub pool: PathBuf,
    /// What a file may cost.
    pub decode: DecodeLimits,
    /// The moment to begin at, named by the number of the event that comes next; none: before the first look.
    pub begin: Option<u64>,
    /// Whether it goes on by itself as soon as there is a page, and how fast.
    pub pace: Pace,
    /// Longer pauses are shortened to this; none: they are as long as they were.
    pub longest_pause: Option<Duration>,
}

impl Service {
    /// Shows a session as it was at any moment; nobody needs the lock of its folder for that.
    ///
    /// # Errors
    /// When no thread can be started, or the log can't be read any more.
    pub fn replay<S: Storage>(options: ReplayOptions, reel: Reel<S>) -> Result<Self, OpenError> {
        let timeline = Arc::clone(reel.timeline());
        let (training, watched) = watch::channel(Training::default());
        let see = move |view: &View<'_>| drop(training.send_replace(learned(view.state)));
        let (session, moments, replaying) = SessionHandle::replay(reel, see)?;
        // All of it is seen here, the end of the log still being shown.
        let notices = NoticeBoard::default();
        tell_lost(&session, &notices)?;
        let (paths, model) = session.read_blocking(|view| {
            let paths = view.state.images.iter().map(|image| image.path.clone());
            (paths.collect::<Vec<String>>(), view.state.models > 0)
        })?;
        let begin = options.begin.unwrap_or_else(|| timeline.before_look(0));
        let begin = begin.clamp(timeline.begin(), timeline.end());
        let longest_us = options.longest_pause.map_or(u64::MAX, |pause| pause.as_micros() as u64);
        let playing = Playing { begin, pace: options.pace, longest_us };
        let catalogue = nothing_to_choose(&timeline);
        let (replay, clock) = Player::start(timeline, moments, playing)?;
        // Whoever comes first must not see the end.
        if block_on(session.durable().wait_for(|shown| *shown == begin)).is_err() {
            return Err(CommandError::Closed.into());
        }
        let (_, opinion) = watch::channel(None);
        let (bell, _) = Bell::new();
        // There is nobody who could give a predictor.
        let (counter, _) = counter(bell.clone());
        Ok(Self {
            // Nobody hears what is missing or broken now: what was seen then stays.
            unshown: Unshown::to_nobody(),
            session,
            session_folder: options.folder,
            folder: PoolFolder::new(options.pool, paths, options.decode),
            catalogue,
            model,
            log_id: format!("{}-replay", options.log_id),
            metrics: Arc::new(Metrics::new()),
            scraping: Mutex::new(()),
            finishing: tokio::sync::Mutex::default(),
            looking_at_disk: AtomicBool::new(false),
            training: watched,
            opinion,
            counter,
            notices,
            replay: Some(replay),
            stop: Arc::new(AtomicBool::new(false)),
            bell,
            watch: None,
            pool_watch: None,
            contents: None,
            tensorboard: Mutex::new(None),
            engine: None,
            threads: vec![replaying, clock],
        })
    }
}

/// What ordered where nobody chose, the rankings tell; where features came from, the models do.
fn nothing_to_choose(timeline: &Timeline) -> Catalogue {
    let selector = timeline.selector().unwrap_or_default().to_owned();
    let (network, values) = (PATCHES.to_owned(), HashMap::new());
    let (_, offered) = watch::channel(Arc::new(PluginSet::default()));
    Catalogue::new(offered, Defaults { selector, network, values })
}

/// What the log tells of the learner; the rest only the program knew.
fn learned(state: &State) -> Training {
    let Some(model) = &state.model else { return Training::default() };
    Training {
        model: Some(model.model),
        loss: Some(model.loss).filter(|loss| loss.is_finite()),
        features: model.features.clone(),
        ..Training::default()
    }
}
