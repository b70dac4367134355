//! Features from another source, and what trains in the background beside them.

use std::sync::{Arc, Mutex};

use tch::Device;

use super::Torch;
use super::options::{Background, Options};
use crate::device;
use crate::embed::{Embedding, Task, fingerprint};
use crate::table::Table;
use crate::training::{Subject, Trainer};
use crate::{Absorbed, Backbone, LearnError, Pictures};

impl Torch {
    /// Begins to compute features with this backbone. What trains in the background goes on if it is the same.
    pub(super) fn begin_with(
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
        let embedding = Embedding::begin(task.clone(), backbone.clone())?;
        // Only of weights that can be used.
        let subject = self.subject(&backbone);
        (self.backbone, self.patches) = (Some(backbone), None);
        self.joint.forget_head();
        let trains = |subject: &Subject| self.trainer.as_ref().is_some_and(|t| t.trains(subject));
        if let Some(subject) = subject.filter(|subject| !trains(subject)) {
            self.begin_background(subject, task)?;
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

    /// Something else is to train in the background; it goes on from what was kept of it.
    fn begin_background(&mut self, subject: Subject, task: Task) -> Result<(), LearnError> {
        self.forget_background(task.images, subject.say());
        // Another network has not spoken yet: what is kept of its trust must wait for it.
        self.status.opinions = 0;
        let identity = subject.identity();
        let Options { recipe, seed, .. } = self.options;
        let mut trainer = Trainer::start(subject, recipe, task, seed)?;
        if let Some(kept) = self.kept.iter().rev().find(|kept| kept.network == identity) {
            trainer.resume(kept);
            self.trusted = kept.honest();
        }
        self.trainer = Some(trainer);
        Ok(())
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
}
