//! The learner on libtorch.

mod taken;

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::mpsc::TryRecvError;
use std::sync::{Arc, Mutex, PoisonError};

use sluice_events::ImageId;
use sluice_events::command::FittedModel;
use sluice_events::facts::WITH_NETWORK;
use sluice_pool::Place;
use tch::{Device, Kind, Tensor};

use crate::device::{self, DeviceChoice};
use crate::embed::{Block, Embedding, Task, fingerprint};
use crate::head::{Calibration, Head, Renewal};
use crate::joint::Joint;
use crate::labelled::Labelled;
use crate::predictor::{Part, Predictor, PredictorError};
use crate::table::{SharedTable, Table};
use crate::training::{Checkpoint, Honest, Job, Recipe, Said, Subject, Trainer};
use crate::{Absorbed, Backbone, Features, LearnError, Learned, Learner, Pictures};

/// The scale of the features is measured anew when so many times as many images have them.
const REMEASURE_AT: f64 = 1.5;
/// Rows that it is measured on at most.
const MEASURED_ON: usize = 10_000;
/// Of everything random in the background.
const TRAINING_SEED: u64 = 1;

/// How a [`Torch`] is to work.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where to compute.
    pub device: DeviceChoice,
    /// Where features are kept; none: in memory, computed at each start.
    pub cache: Option<Place>,
    /// What trains in the background and joins.
    pub background: Background,
    /// How it trains.
    pub recipe: Recipe,
    /// Nothing is trained: what was kept of the background says what it thinks, once.
    pub only_score: bool,
    /// What the pool is known as; the features of pools are kept apart.
    pub pool: String,
}

/// What trains in the background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// On a GPU the network that gives the features, where there is one; else the small one.
    #[default]
    Auto,
    /// A small network from nothing.
    Small,
    /// The network that gives the features, from its pretrained weights; a small one as long as patches do.
    Backbone,
    /// Nothing.
    Off,
}

impl FromStr for Background {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "small" => Ok(Self::Small),
            "backbone" => Ok(Self::Backbone),
            "off" => Ok(Self::Off),
            other => Err(format!("{other} can't train; there are auto, small, backbone, off")),
        }
    }
}

/// Features on libtorch, a head per answer.
pub struct Torch {
    device: Device,
    options: Options,
    table: Arc<Mutex<Table>>,
    embedding: Option<Embedding>,
    head: Option<Head>,
    labelled: Labelled,
    renewal: Renewal,
    scale: Option<Scale>,
    /// Principal components share one scale: blowing each up to the same size would make as much of
    /// the noise in the last ones as of the first.
    one_scale: bool,
    joint: Joint,
    trainer: Option<Trainer>,
    /// What a trainer of the same network goes on from, newest last.
    kept: Vec<Checkpoint>,
    /// What the joint opinion goes on with when the network that was gone on with says what it thinks.
    trusted: Option<Honest>,
    /// What makes the features, and what patches have learned.
    backbone: Option<Backbone>,
    patches: Option<Part>,
    /// What trained in the background, as it last spoke.
    background: Option<Arc<Part>>,
    /// What the last probabilities were made of the logits with.
    calibration: Calibration,
    /// Images that have no picture now, and so no features to come.
    without_picture: HashSet<ImageId>,
    status: Absorbed,
}

/// Mean and deviation of each feature, (dim), over so many images.
struct Scale {
    mean: Tensor,
    deviation: Tensor,
    over: u32,
    /// Whether the whole pool had features when it was measured, now or before.
    complete: bool,
}

impl Torch {
    /// Finds the device; computes nothing yet.
    pub fn new(options: Options) -> Self {
        let device::Found { device, instead } = device::find(options.device);
        let notes = instead.into_iter().collect();
        Self {
            device,
            options,
            table: Arc::default(),
            embedding: None,
            head: None,
            labelled: Labelled::default(),
            renewal: Renewal::default(),
            scale: None,
            one_scale: false,
            joint: Joint::of(0),
            trainer: None,
            kept: Vec::new(),
            trusted: None,
            backbone: None,
            patches: None,
            background: None,
            calibration: Calibration::NONE,
            without_picture: HashSet::new(),
            status: Absorbed { device: device::name(device), notes, ..Absorbed::default() },
        }
    }

    /// Measures the features' scale if it was never or is out of date. The head stands on the scale,
    /// so it begins anew with it.
    fn measure(&mut self, table: &Table) {
        let (count, measured) = (table.count(), self.scale.as_ref().map_or(0, |scale| scale.over));
        let complete = count == self.status.to_embed;
        // Later, when images join one by one, the pool as a whole is what it was.
        let first_complete = complete && self.scale.as_ref().is_none_or(|scale| !scale.complete);
        let grown = f64::from(count) >= f64::from(measured) * REMEASURE_AT;
        if !(grown || first_complete) {
            return;
        }
        let Some(rows) = table.gather(&table.some_slots(MEASURED_ON)) else { return };
        let mean = rows.mean_dim(0_i64, false, Kind::Float);
        let centered = &rows - &mean;
        let squares = &centered * &centered;
        let variance = if self.one_scale {
            squares.mean(Kind::Float).expand_as(&mean).contiguous()
        } else {
            squares.mean_dim(0_i64, false, Kind::Float)
        };
        // A feature that never changes says nothing, and must not be blown up.
        let deviation = variance.sqrt();
        let deviation = deviation.maximum(&(deviation.max() * 1e-4)).clamp_min(1e-12);
        let complete = complete || self.scale.as_ref().is_some_and(|scale| scale.complete);
        self.scale = Some(Scale { mean, deviation, over: count, complete });
        self.forget_head();
    }

    /// What stands on the scale of the features begins anew with it.
    fn forget_head(&mut self) {
        self.head = None;
        self.labelled = Labelled::default();
        self.renewal = Renewal::default();
    }

    /// What is to train in the background beside these features.
    fn subject(&self, backbone: &Backbone) -> Option<Subject> {
        let tunes = match self.options.background {
            Background::Off => return None,
            Background::Small => false,
            Background::Backbone => true,
            Background::Auto => self.device != Device::Cpu,
        };
        Some(match backbone {
            Backbone::Network { name, graph, weights } if tunes => Subject::Backbone {
                name: name.clone(),
                graph: graph.clone(),
                weights: weights.clone(),
                fingerprint: fingerprint(graph.graph(), weights),
            },
            _ => Subject::Small,
        })
    }

    /// Has the network in the background go on, if there is something new to learn.
    fn train(
        &mut self,
        labels: &[(ImageId, bool)],
        candidates: &[ImageId],
        logits: &[f32],
        head: Option<(Vec<f32>, f32)>,
    ) {
        let Some(trainer) = &mut self.trainer else { return };
        let positives = labels.iter().filter(|(_, positive)| *positive).count();
        let only_says = self.options.only_score && !trainer.is_resumed();
        if only_says || !trainer.is_due(labels.len(), positives) {
            return;
        }
        let scored = candidates.iter().copied().zip(logits.iter().copied());
        let unanswered = scored.filter(|(_, logit)| !logit.is_nan()).collect();
        let (rows, spreads) = (self.joint.honest(), self.joint.spreads());
        let honest = Honest { features: self.status.features.clone(), rows, spreads };
        trainer.ask(Job { labels: labels.to_vec(), unanswered, head, honest, ..Job::default() });
    }
}

impl Learner for Torch {
    fn begin(
        &mut self,
        images: u32,
        backbone: Backbone,
        pictures: Arc<dyn Pictures>,
    ) -> Result<(), LearnError> {
        let features = match &backbone {
            Backbone::Patches { .. } => "patches".to_owned(),
            Backbone::Network { name, .. } => name.clone(),
        };
        let one_scale = matches!(backbone, Backbone::Patches { .. });
        let Options { cache: place, pool, .. } = self.options.clone();
        let task = Task { images, pictures, device: self.device, place, pool };
        let subject = self.subject(&backbone);
        let embedding = Embedding::begin(task.clone(), backbone.clone())?;
        (self.backbone, self.patches) = (Some(backbone), None);
        self.joint.forget_head();
        let trains = |subject: &Subject| self.trainer.as_ref().is_some_and(|t| t.trains(subject));
        if let Some(subject) = subject.filter(|subject| !trains(subject)) {
            self.joint = Joint::of(images);
            (self.background, self.trusted) = (None, None);
            // Another network has not spoken yet: what is kept of its trust must wait for it.
            self.status.opinions = 0;
            let identity = subject.identity();
            let mut trainer = Trainer::start(subject, self.options.recipe, task, TRAINING_SEED)?;
            if let Some(kept) = self.kept.iter().rev().find(|kept| kept.network == identity) {
                trainer.resume(kept);
                self.trusted = kept.honest();
            }
            self.trainer = Some(trainer);
        }
        self.embedding = Some(embedding);
        self.table = Arc::new(Mutex::new(Table::empty(images)));
        self.without_picture.clear();
        self.forget_head();
        (self.scale, self.one_scale) = (None, one_scale);
        let device = device::name(self.device);
        let notes = std::mem::take(&mut self.status.notes);
        let Absorbed { opinions, rows_taken_in, .. } = self.status;
        self.status = Absorbed {
            to_embed: images,
            opinions,
            rows_taken_in,
            features,
            device,
            notes,
            ..Absorbed::default()
        };
        Ok(())
    }

    fn look_again(&mut self, images: u32, which: &[ImageId]) {
        let Some(embedding) = &self.embedding else { return };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut which = which.to_vec();
        which.sort_unstable();
        which.dedup();
        // Of what joins, only what is asked for has a picture.
        self.without_picture.extend((table.images() as u32..images).map(ImageId));
        table.grow(images);
        self.joint.grow(images);
        for image in &which {
            table.forget(*image);
            self.without_picture.remove(image);
        }
        self.joint.forget(&which);
        if let Some(trainer) = &mut self.trainer {
            trainer.change(&which);
        }
        // Where it has given up, that was told.
        embedding.more.send(which).ok();
    }

    fn resume(&mut self, checkpoint: Checkpoint) {
        self.kept.retain(|kept| kept.network != checkpoint.network);
        self.kept.push(checkpoint);
    }

    fn absorb(&mut self) -> Absorbed {
        let table = Arc::clone(&self.table);
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed = Vec::new();
        while let Some(embedding) = &self.embedding {
            match embedding.blocks.try_recv() {
                Ok(Block::Begun(rows, patches)) => {
                    // Other features, where there were some already.
                    table.attach(rows);
                    self.patches = patches;
                    self.scale = None;
                    self.forget_head();
                    self.joint.forget_head();
                }
                Ok(Block::Rows(rows)) => {
                    table.assign(&rows);
                    for (image, _) in &rows {
                        self.without_picture.remove(image);
                    }
                    self.status.rows_taken_in += u64::from(!rows.is_empty());
                }
                Ok(Block::Note(note)) => self.status.notes.push(note),
                Ok(Block::Failed(image, reason)) => {
                    if image.index() < table.images() {
                        self.without_picture.insert(image);
                    }
                    table.forget(image);
                    failed.push((image, reason));
                }
                Ok(Block::GaveUp(why)) => self.status.gave_up = Some(why),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        let (mut checkpoint, mut cycles) = (None, Vec::new());
        while let Some(said) = self.trainer.as_mut().and_then(Trainer::said) {
            match said {
                Said::Opinion(opinion) => {
                    self.joint.take_in(&opinion.logits);
                    self.background = opinion.part;
                    self.status.opinions += 1;
                    cycles.extend(opinion.cycle);
                    checkpoint = opinion.checkpoint.or(checkpoint);
                }
                Said::Nothing => {}
                Said::Note(note) => self.status.notes.push(note),
                Said::Instead(_) => {
                    self.joint = Joint::of(table.images() as u32);
                    (self.background, self.trusted) = (None, None);
                }
                Said::Ended(note) => {
                    self.status.notes.push(note);
                    self.trainer = None;
                }
            }
        }
        // The features that it was trusted beside may come after it has spoken, with their weights.
        let trusted = |of: &mut Honest| of.features == self.status.features;
        if self.status.opinions > 0
            && let Some(of) = self.trusted.take_if(trusted)
        {
            self.joint.resume(&of.rows, of.spreads);
        }
        if let Some(checkpoint) = &checkpoint {
            self.resume(checkpoint.clone());
        }
        self.status.background = self.trainer.as_ref().map(|trainer| trainer.name().to_owned());
        self.status.training = self.trainer.as_ref().is_some_and(Trainer::is_busy);
        self.status.embedded = table.count();
        self.status.to_embed = (table.images() - self.without_picture.len()) as u32;
        let notes = std::mem::take(&mut self.status.notes);
        Absorbed { failed, cycles, checkpoint, notes, ..self.status.clone() }
    }

    fn learn(&mut self, labels: &[(ImageId, bool)], candidates: &[ImageId]) -> Option<Learned> {
        let table = Arc::clone(&self.table);
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<&(ImageId, bool)> =
            labels.iter().filter(|(image, _)| table.slot(*image).is_some()).collect();
        let positives = known.iter().filter(|(_, positive)| *positive).count() as u32;
        let negatives = known.len() as u32 - positives;
        if positives == 0 || negatives == 0 {
            return None;
        }
        tch::no_grad(|| {
            self.measure(&table);
            let scale = self.scale.as_ref()?;
            let complete = scale.complete;
            let images: Vec<ImageId> = known.iter().map(|(image, _)| *image).collect();
            let standardise = |rows: Tensor| (rows - &scale.mean) / &scale.deviation;
            let x = self.labelled.rows(&images, &table, standardise)?;
            let y: Vec<f32> = known.iter().map(|(_, positive)| f32::from(*positive)).collect();
            let y = Tensor::from_slice(&y);
            let from = self.head.take().unwrap_or_else(|| Head::zero(x.size()[1], &x));
            let factor = self.renewal.newest().map(|renewed| &renewed.factor);
            let head = from.fit(&x, &y, factor);
            self.renewal.follow(&head, &x, &y);
            let (weights, bias) = head.on_raw(&scale.mean, &scale.deviation);
            let scores = table.with_rows(|rows| score(rows, &weights, &bias))?;
            let to_begin_with = Vec::try_from(&weights).ok();
            let to_begin_with =
                to_begin_with.map(|weights| (weights, bias.double_value(&[]) as f32));
            let logit =
                |image: &ImageId| table.slot(*image).map_or(f32::NAN, |slot| scores[slot as usize]);
            let of_head: Vec<f32> = candidates.iter().map(logit).collect();
            let loss = head.loss as f32;
            self.head = Some(head);
            self.joint.weigh(labels);
            let logits = self.joint.together(candidates, &of_head);
            self.train(labels, candidates, &logits, to_begin_with);
            let renewed = if complete { self.renewal.first() } else { self.renewal.newest() };
            let of_head = renewed.map(|renewed| renewed.calibration);
            let learned = self.joint.calibration().or(of_head);
            let calibrated = learned.is_some_and(|learned| learned != Calibration::NONE);
            let calibration = learned.unwrap_or(Calibration::NONE);
            self.calibration = calibration;
            let probabilities =
                logits.iter().map(|logit| calibration.probability(*logit)).collect();
            let mut features = self.status.features.clone();
            if self.joint.has_joined() {
                features.push_str(WITH_NETWORK);
            }
            Some(Learned {
                model: FittedModel { positives, negatives, loss, features },
                probabilities,
                calibrated,
            })
        })
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(SharedTable(Arc::clone(&self.table)))
    }

    fn predictor(&self) -> Result<Predictor, PredictorError> {
        self.take_along()
    }
}

/// Logits of rows (n, d) of 16-bit floating-point numbers. The product is one of 16-bit numbers, which are read
/// in a tenth of the time that 32-bit numbers made of them take; it is right to a two-thousandth of its size.
/// The weights are brought to the size of one, so that none is lost.
fn score(rows: &Tensor, weights: &Tensor, bias: &Tensor) -> Vec<f32> {
    let size = weights.abs().max().clamp_min(1e-30);
    let product = rows.mv(&(weights / &size).to_kind(Kind::Half));
    let logits = product.to_kind(Kind::Float) * size + bias;
    Vec::try_from(logits).unwrap_or_default()
}
