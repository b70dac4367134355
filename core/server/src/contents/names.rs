//! What a session's images say of files that have other names now.

use std::collections::{HashMap, HashSet};

use sluice_events::ImageId;
use sluice_events::facts::{Content, IdentifiedImage};
use sluice_session::State;
use sluice_session::state::ImageState;

/// Images that are listed at once.
const LISTED: usize = 256;

/// A file of an answered image that holds something else than it did, and may have changed places with another one.
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

/// Whether the file of an answered image held something else.
fn is_changed(state: &State, read: &IdentifiedImage) -> bool {
    let known = state.image(read.image).filter(|known| known.given.is_some());
    known.and_then(|known| known.content).is_some_and(|content| content != read.content)
}

/// What held something else, of answered images, and what is to be recorded.
pub(super) fn apart(
    state: &State,
    read: Vec<IdentifiedImage>,
) -> (Vec<IdentifiedImage>, Vec<IdentifiedImage>) {
    read.into_iter().partition(|read| is_changed(state, read))
}

/// Of what changed: what is to be recorded, and what is only if the others' files still hold the same. Where there are
/// no others, what was held is somewhere else. Of images that are gone by now there is nothing to say.
pub(super) fn judged(
    state: &State,
    read: Vec<IdentifiedImage>,
) -> (Vec<IdentifiedImage>, Vec<Doubtful>) {
    let is_there =
        |read: &IdentifiedImage| state.image(read.image).is_some_and(|known| !known.is_gone());
    let there = read.into_iter().filter(is_there);
    let (changed, mut certain): (Vec<_>, Vec<_>) = there.partition(|read| is_changed(state, read));
    if changed.is_empty() {
        return (certain, Vec::new());
    }
    let (elsewhere, holders) = (elsewhere(state, &changed), holders(state, &changed));
    let mut doubtful = Vec::new();
    for read in changed {
        let held = state.image(read.image).and_then(|known| known.content);
        let has_left = held.is_some_and(|content| elsewhere.contains(&content));
        match holders.get(&read.content) {
            _ if has_left => doubtful.push(Doubtful { read, others: Vec::new() }),
            Some(others) => doubtful.push(Doubtful { read, others: others.clone() }),
            None => certain.push(read),
        }
    }
    (certain, doubtful)
}

/// Of what the changed ones held: what is now in a file that nobody has answered, or in that of another changed one.
fn elsewhere(state: &State, changed: &[IdentifiedImage]) -> HashSet<Content> {
    let held: HashSet<Content> =
        changed.iter().filter_map(|read| state.image(read.image)?.content).collect();
    let open = state.images.iter().filter(|image| image.given.is_none() && !image.is_gone());
    let now = open.filter_map(|image| image.content);
    let now = now.chain(changed.iter().map(|read| read.content));
    now.filter(|content| held.contains(content)).collect()
}

/// Whose files held what the changed ones hold now, as far as anybody's did.
fn holders(state: &State, changed: &[IdentifiedImage]) -> HashMap<Content, Vec<ImageId>> {
    let now: HashSet<Content> = changed.iter().map(|read| read.content).collect();
    let mut holders: HashMap<Content, Vec<ImageId>> = HashMap::new();
    // Of those that are gone without an answer there is nothing to lose.
    for (id, image) in all(state).filter(|(_, image)| !image.is_forgettable()) {
        if let Some(content) = image.content.filter(|content| now.contains(content)) {
            holders.entry(content).or_default().push(id);
        }
    }
    holders
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
