//! What each image was answered, by image: for those who take the labels away.

use sluice_events::ImageId;

use crate::state::{LookEntry, State};

impl State {
    /// The look that each answered image has its answer by, from this image on, by the images' ids; `count` at most.
    pub fn answered(&self, from: ImageId, count: usize) -> Vec<&LookEntry> {
        let answered = self.images.iter().skip(from.index()).filter_map(|image| image.given);
        answered.filter_map(|given| self.looks.get(given.look as usize)).take(count).collect()
    }
}
