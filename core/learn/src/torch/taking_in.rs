//! What was computed beside the learner's thread: rows of features, and what the network in the background thinks.

use std::sync::mpsc::TryRecvError;
use std::sync::{Arc, PoisonError};

use sluice_events::ImageId;
use sluice_events::facts::CycleTrained;

use super::Torch;
use crate::embed::Block;
use crate::joint::{Joint, Say};
use crate::table::Table;
use crate::training::{Checkpoint, Honest, Said, Trainer};
use crate::{Absorbed, Learner, NoPicture};

/// What the background has made.
#[derive(Default)]
struct Heard {
    cycles: Vec<CycleTrained>,
    checkpoint: Option<Checkpoint>,
}

impl Torch {
    /// Takes in all that is there.
    pub(super) fn take_in(&mut self) -> Absorbed {
        let table = Arc::clone(&self.table);
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = self.take_in_features(&mut table);
        let Heard { cycles, checkpoint } = self.hear_background(table.images() as u32);
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
        self.status.training = self.is_training();
        self.status.embedded = table.count();
        self.status.to_embed = (table.images() - self.without_picture.len()) as u32;
        let notes = std::mem::take(&mut self.status.notes);
        Absorbed { failed, cycles, checkpoint, notes, ..self.status.clone() }
    }

    /// Whether the background works right now.
    pub(super) fn is_training(&self) -> bool {
        self.trainer.as_ref().is_some_and(Trainer::is_busy)
    }

    /// Images without a picture come back.
    fn take_in_features(&mut self, table: &mut Table) -> Vec<(ImageId, NoPicture)> {
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
                Ok(Block::Device(name)) => self.status.device = name,
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
        failed
    }

    /// What the network in the background thought of so many images counts for nothing any more; the next one begins with
    /// this say.
    pub(super) fn forget_background(&mut self, images: u32, say: Say) {
        self.joint = Joint::of(images, say);
        (self.background, self.trusted) = (None, None);
    }

    /// The pool has so many images.
    fn hear_background(&mut self, images: u32) -> Heard {
        let mut heard = Heard::default();
        while let Some(said) = self.trainer.as_mut().and_then(Trainer::said) {
            match said {
                Said::Opinion(opinion) => {
                    self.joint.take_in(&opinion.logits);
                    self.background = opinion.part;
                    self.status.opinions += 1;
                    heard.cycles.extend(opinion.cycle);
                    heard.checkpoint = opinion.checkpoint.or(heard.checkpoint);
                }
                Said::Nothing => {}
                // What it said before is not to be trusted either.
                Said::Astray => {
                    let say = self.trainer.as_ref().map(Trainer::say).unwrap_or_default();
                    self.forget_background(images, say);
                }
                Said::Note(note) => self.status.notes.push(note),
                Said::Instead(subject) => {
                    self.forget_background(images, subject.say());
                }
                Said::Ended(note) => {
                    self.status.notes.push(note);
                    self.trainer = None;
                }
            }
        }
        heard
    }
}
