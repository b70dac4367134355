//! What a session tells of its model, for those who get the model without the session. Only what stays the same when
//! the session is opened again: no time, and no number of a model or a ranking.

use std::path::Path;

use anyhow::Result;
use sluice_events::facts::ModelTrained;
use sluice_events::message::{CalibrationBin, Expected, Finish, Statistics, Thresholds, Training};
use sluice_events::plugin::Values;
use sluice_server::Service;
use sluice_server::catalogue::Catalogue;
use sluice_session::State;
use tokio::runtime::Runtime;

/// Where it is told what to expect of the unanswered images that are at least so likely.
const THRESHOLDS: [f32; 7] = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95];

pub struct Facts {
    pub question: String,
    /// Name of the pool's folder.
    pub pool: String,
    /// Version of the program that began the session.
    pub begun_by: String,
    pub seed: u64,
    pub log_id: String,
    /// Number of the newest event that it learned from.
    pub learned_from: u64,
    /// Labels that it learned from.
    pub positives: u32,
    pub negatives: u32,
    pub statistics: Statistics,
    /// What it said, and how it turned out.
    pub calibration: Vec<CalibrationBin>,
    pub selector: String,
    pub selector_values: Values,
    pub network_values: Values,
    /// Of the features, the device and the network in the background.
    pub training: Training,
    pub foreseen: Vec<Foreseen>,
}

/// If the unanswered images that are at least this likely were taken for positives.
pub struct Foreseen {
    pub threshold: f32,
    pub images: u32,
    pub expected: Option<Expected>,
}

impl Facts {
    /// Of a session whose model is ready.
    pub fn of(service: &Service, runtime: &Runtime) -> Result<Self> {
        let training = service.training.borrow().clone();
        let (log_id, catalogue) = (service.log_id.clone(), service.catalogue.clone());
        let read = service
            .session
            .read_blocking(move |view| Self::of_state(view.state, log_id, &catalogue, training));
        let mut facts = read?;
        for threshold in THRESHOLDS {
            let thresholds = Thresholds { above: Some(threshold), below: None };
            let told = runtime.block_on(service.foresee(Some(thresholds)))?;
            let Finish { positives: images, expected, .. } = told;
            facts.foreseen.push(Foreseen { threshold, images, expected });
        }
        Ok(facts)
    }

    fn of_state(state: &State, log_id: String, catalogue: &Catalogue, training: Training) -> Self {
        let opened = state.opened.as_ref();
        let pool = opened.and_then(|opened| Path::new(&opened.pool).file_name());
        let in_use = catalogue.in_use(state);
        // Pace is not among what is told, and so it does not matter what time it is.
        let statistics = state.statistics(0);
        let learned = |count: fn(&ModelTrained) -> u32| state.model.as_ref().map_or(0, count);
        Self {
            question: opened.map(|opened| opened.question.clone()).unwrap_or_default(),
            pool: pool.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            begun_by: opened.map(|opened| opened.program.clone()).unwrap_or_default(),
            seed: opened.map_or(0, |opened| opened.seed),
            log_id,
            learned_from: state.last_relevant,
            positives: learned(|model| model.positives),
            negatives: learned(|model| model.negatives),
            statistics,
            calibration: state.charts().calibration,
            selector: in_use.selector,
            selector_values: in_use.selector_values,
            network_values: in_use.network_values,
            training,
            foreseen: Vec::new(),
        }
    }

    /// What goes into the file itself.
    pub fn about(&self) -> Vec<(String, String)> {
        let about = [
            ("program", format!("sluice {}", env!("CARGO_PKG_VERSION"))),
            ("question", self.question.clone()),
            ("pool", self.pool.clone()),
            ("session", self.log_id.clone()),
            ("learned_from", self.learned_from.to_string()),
            ("features", self.training.features.clone()),
            ("positives", self.positives.to_string()),
            ("negatives", self.negatives.to_string()),
        ];
        about.map(|(key, value)| (key.to_owned(), value)).into()
    }
}
