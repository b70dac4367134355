//! A session whose model is ready, for commands that ask it without a page.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use futures::executor::block_on;
use indicatif::{ProgressBar, ProgressStyle};
use sluice_events::message::Training;
use sluice_learn::Predictor;
use sluice_log::storage::FsStorage;
use sluice_server::{OpenError, Service, can_train};

use crate::arguments::SessionArguments;
use crate::log::with_next_step;
use crate::reading;
use crate::session;
use crate::settings::Settings;

/// How often it is looked whether the model is ready.
const LOOK: Duration = Duration::from_millis(200);
/// A network in the background that was to go on and says nothing is not waited for any longer.
const PATIENCE: Duration = Duration::from_mins(10);
/// Within this time, what was chosen gives the features once nothing is in its way: some rounds of the engine.
const TURN: Duration = Duration::from_secs(5);

/// How a session is to be opened.
pub struct Ready<'a> {
    /// Where the images are now, if they moved.
    pub pool: Option<&'a Path>,
    /// How it is run, as the command line says, ...
    pub arguments: &'a SessionArguments,
    /// ... or else the settings.
    pub settings: &'a Settings,
    /// What a refusal means, a sentence without its full stop.
    pub nothing: &'static str,
}

impl Ready<'_> {
    /// The session as a server would have it, without a page.
    pub fn open(&self, storage: FsStorage) -> Result<Service> {
        let pool = match self.pool {
            Some(pool) => pool.to_owned(),
            None => reading::pool_of(&storage)?,
        };
        let folder = storage.root().to_owned();
        let mut options = session::options(&pool, self.arguments, self.settings)?;
        options.folder = Some(folder.clone());
        options.rescan = None;
        // What is trained meanwhile would come in time, or not: the same answers shall give the same model.
        options.only_score = true;
        let finding = sluice_pool::find(&options.pool).with_context(|| {
            format!(
                "the images are not in {} any more, or can't be read; say where they are with --pool. {}",
                options.pool.display(),
                self.nothing
            )
        })?;
        Service::open(options, &finding, storage).map_err(|error| match error {
            OpenError::Log(error) => with_next_step(&error, &folder),
            other => other.into(),
        })
    }

    /// Until every image has features, the model has learned of all answers, and the network in the background, if
    /// there was one, has said what it thinks.
    fn wait_for_model(&self, service: &Service) -> Result<()> {
        let kept = self.refuse_hopeless(service)?;
        let bar = bar()?;
        let mut complete_since = None;
        loop {
            let training = service.training.borrow().clone();
            let Training { embedded, to_embed, background, .. } = &training;
            bar.set_message("looking at the pool");
            bar.set_length(u64::from(*to_embed));
            bar.set_position(u64::from(*embedded));
            if *to_embed > 0 && embedded == to_embed {
                let waited = complete_since.get_or_insert_with(Instant::now).elapsed();
                let awaited = background.as_ref().is_some_and(|name| is_of(kept.as_deref(), name));
                // It is not enough that it spoke: the model must have listened.
                let spoken = !awaited || service.heard() > 0;
                if !spoken {
                    bar.set_message("asking the network in the background");
                }
                if !spoken && waited > PATIENCE {
                    bail!(
                        "the network in the background says nothing that the model takes in (the lines above may say \
                         why). {}. Try it again, or go without it: --background off",
                        self.nothing
                    );
                }
                if spoken && knows_all(service, *embedded)? {
                    bar.finish_and_clear();
                    return Ok(());
                }
                if waited > 2 * PATIENCE {
                    bail!("the model says nothing (the lines above may say why). {}", self.nothing);
                }
            }
            std::thread::sleep(LOOK);
        }
    }

    /// The session's predictor, as soon as the model that was chosen is ready.
    pub fn predictor(&self, service: &Service) -> Result<Predictor> {
        self.wait_for_chosen_model(service)?;
        block_on(service.predictor()).map_err(|error| anyhow!("{error}. {}", self.nothing))
    }

    /// [`wait_for_model`](Self::wait_for_model), until what was chosen gives the features. Weights that are on their
    /// way are waited for; a network that can't be used is refused, so that nobody takes another model for this one.
    pub fn wait_for_chosen_model(&self, service: &Service) -> Result<()> {
        let bar = bar()?;
        let mut unlike_since = None;
        // As it is before anything has failed: what can't be had goes back to what is in use.
        let catalogue = service.catalogue.clone();
        let chosen =
            service.session.read_blocking(move |view| catalogue.in_use(view.state).network)?;
        loop {
            self.wait_for_model(service)?;
            let Training { features, fetching, .. } = service.training.borrow().clone();
            if features == chosen {
                bar.finish_and_clear();
                return Ok(());
            }
            if let Some(fetching) = fetching {
                bar.set_message("fetching weights");
                bar.set_length(fetching.of.unwrap_or(0));
                bar.set_position(fetching.bytes);
                unlike_since = None;
            } else if unlike_since.get_or_insert_with(Instant::now).elapsed() > TURN {
                bail!(
                    "this session uses the network {chosen}, and that can't be used here (the lines above say why). \
                     {}. Bring its plugin with --plugins and its weights with --weights, or choose another network \
                     in the page",
                    self.nothing
                );
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Which network in the background is to say what it thinks, if one is; without a model, or anything that it could
    /// learn from, nothing is waited for.
    fn refuse_hopeless(&self, service: &Service) -> Result<Option<String>> {
        if !service.model {
            bail!(
                "the settings say that there is no model (model.enabled = false). {}",
                self.nothing
            );
        }
        let (labels, kept) = service.session.read_blocking(|view| {
            let kept = view.state.checkpoint.as_ref().map(|kept| kept.network.clone());
            (view.state.training_set().labels, kept)
        })?;
        let positives = labels.iter().filter(|(_, positive)| *positive).count();
        let negatives = labels.len() - positives;
        if positives == 0 || negatives == 0 {
            bail!(
                "the model needs a yes and a no to learn from, of people or files, of images that can be shown; there \
                 are {positives} and {negatives}. {}",
                self.nothing
            );
        }
        Ok(kept.filter(|_| can_train(labels.len(), positives)))
    }
}

/// Whether what was kept is of the network of this name: its fingerprint may follow.
fn is_of(kept: Option<&str>, name: &str) -> bool {
    let rest = kept.and_then(|kept| kept.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn bar() -> Result<ProgressBar> {
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len}, {eta}");
    Ok(bar.with_style(style?))
}

/// Whether what the model thinks knows the newest answer, and all images that have features.
fn knows_all(service: &Service, embedded: u32) -> Result<bool> {
    let (relevant, known) = service.session.read_blocking(|view| {
        let scored = view.state.ranking.as_ref().map_or(0, |made| made.scored);
        let counts = view.state.counts;
        let answered = counts.positives + counts.negatives + counts.skipped;
        (view.state.last_relevant, scored + answered)
    })?;
    Ok(service.learned_from().is_some_and(|newest| newest >= relevant) && known >= embedded)
}
