//! What each image was answered, by image: for those who take the labels away.

use sluice_events::ImageId;

use crate::state::{LookEntry, State};

impl State {
    /// The look that each answered image has its answer by, from this image on, by the images' ids; `count` at most.
    pub fn answered(&self, from: ImageId, count: usize) -> Vec<&LookEntry> {
        let ids = (0..).map(ImageId).zip(&self.images).skip(from.index());
        let answered = ids.filter(|(_, image)| image.given.is_some()).map(|(id, _)| id);
        let wanted: Vec<ImageId> = answered.take(count).collect();
        let mut found: Vec<Option<&LookEntry>> = vec![None; wanted.len()];
        let mut missing = wanted.len();
        // An image that was answered again counts with its last answer.
        for look in self.looks.iter().rev() {
            if missing == 0 {
                break;
            }
            if let Ok(place) = wanted.binary_search(&look.image)
                && found[place].is_none()
            {
                found[place] = Some(look);
                missing -= 1;
            }
        }
        found.into_iter().flatten().collect()
    }
}
