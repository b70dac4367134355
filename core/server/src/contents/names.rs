//! What a session's images say of files that have other names now.

use std::collections::{HashMap, HashSet};

use sluice_events::ImageId;
use sluice_events::facts::{Content, IdentifiedImage};
use sluice_session::State;
use sluice_session::state::ImageState;

/// Images that are listed at once.
const LISTED: usize = 256;

/// A file of an answered image that holds something else than it did, which others held.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doubtful {
    /// What was read.
    pub read: IdentifiedImage,
    /// Images whose files held that.
    pub others: Vec<ImageId>,
}

fn all(state: &State) -> impl Iterator<Item = (ImageId, &ImageState)> {
    (0..).map(ImageId).zip(&state.images)
}

/// Images whose answers are lost to whoever looks at the folder.
fn gone(state: &State) -> impl Iterator<Item = &ImageState> {
    state.images.iter().filter(|image| image.is_gone() && image.given.is_some())
}

/// Images whose files nobody has read and may be those of answered images that are gone, by their size.
pub(super) fn suspects(state: &State) -> Vec<ImageId> {
    let known = gone(state).filter(|image| image.content.is_some());
    let sizes: HashSet<u64> = known.map(|image| image.bytes).collect();
    if sizes.is_empty() {
        return Vec::new();
    }
    let is_suspect = |image: &ImageState| {
        image.content.is_none() && image.is_candidate() && sizes.contains(&image.bytes)
    };
    all(state).filter(|(_, image)| is_suspect(image)).map(|(id, _)| id).collect()
}

/// Some of the images whose files nobody has read, from this number on.
pub(super) fn unknown(state: &State, from: u32) -> Vec<ImageId> {
    let is_unknown = |image: &ImageState| image.content.is_none() && image.set_aside.is_none();
    let unknown = all(state).skip(from as usize).filter(|(_, image)| is_unknown(image));
    unknown.map(|(id, _)| id).take(LISTED).collect()
}

/// What is to be recorded, and what is only if the others' files still hold the same.
pub(super) fn apart(
    state: &State,
    read: Vec<IdentifiedImage>,
) -> (Vec<IdentifiedImage>, Vec<Doubtful>) {
    let is_changed = |read: &IdentifiedImage| {
        let known = state.image(read.image).filter(|known| known.given.is_some());
        known.and_then(|known| known.content).is_some_and(|content| content != read.content)
    };
    let (changed, mut new): (Vec<_>, Vec<_>) = read.into_iter().partition(is_changed);
    let mut held: HashMap<Content, Vec<ImageId>> =
        changed.iter().map(|read| (read.content, Vec::new())).collect();
    if held.is_empty() {
        return (new, Vec::new());
    }
    // Of those that are gone without an answer there is nothing to lose.
    for (id, image) in all(state).filter(|(_, image)| !image.is_forgettable()) {
        if let Some(others) = image.content.and_then(|content| held.get_mut(&content)) {
            others.push(id);
        }
    }
    let mut doubtful = Vec::new();
    for read in changed {
        match held.get(&read.content).filter(|others| !others.is_empty()) {
            Some(others) => doubtful.push(Doubtful { read, others: others.clone() }),
            None => new.push(read),
        }
    }
    (new, doubtful)
}

/// How many of the answered images that are gone have the content of an image that nobody has answered.
pub(super) fn under_others(state: &State) -> usize {
    let mut sought: HashMap<Content, usize> = HashMap::new();
    for content in gone(state).filter_map(|image| image.content) {
        *sought.entry(content).or_default() += 1;
    }
    if sought.is_empty() {
        return 0;
    }
    let candidates = state.images.iter().filter(|image| image.is_candidate());
    let contents = candidates.filter_map(|image| image.content);
    contents.filter_map(|content| sought.remove(&content)).sum()
}
