//! Which file an image is: what it holds, and where it is. An image whose file was renamed, or moved to another folder,
//! goes on at the new path with everything that was said of it.
//!
//! What always holds: two images never have the same path. One without an answer gives way to one that comes to its
//! path, and gets a path that was left; one that has an answer gives way to none.

use std::collections::{BTreeSet, HashMap, HashSet};

use foldhash::fast::RandomState;
use sluice_events::facts::{
    IdentifiedImage, ImageRestored, ImageSetAside, ImagesIdentified, ImagesMoved, MovedImage,
};
use sluice_events::{Event, ImageId};

use crate::decide::Refusal;
use crate::state::{ImageState, State};

/// Why an image is set aside whose file is not where it was.
pub const GONE: &str = "is no longer in the folder";

impl ImageState {
    /// Set aside because its file is not where it was.
    pub fn is_gone(&self) -> bool {
        self.set_aside.as_deref() == Some(GONE)
    }

    /// Gone, and nobody has said anything of it: nothing is lost with it, and its file may be another image by now.
    pub fn is_forgettable(&self) -> bool {
        self.is_gone() && self.given.is_none()
    }
}

impl State {
    /// Images whose content is known.
    pub fn contents_known(&self) -> usize {
        self.images.iter().filter(|image| image.content.is_some()).count()
    }

    pub(crate) fn identify(&mut self, identified: &ImagesIdentified) {
        for &IdentifiedImage { image, bytes, content } in &identified.images {
            let Some(known) = self.images.get_mut(image.index()) else { continue };
            known.content = Some(content);
            known.bytes = bytes.unwrap_or(known.bytes);
        }
    }

    pub(crate) fn move_images(&mut self, moved: &ImagesMoved) {
        for MovedImage { image, path } in &moved.moves {
            self.make_room(image.index().saturating_add(1));
            if let Some(known) = self.images.get_mut(image.index()) {
                known.path.clone_from(path);
            }
        }
    }
}

/// What follows from files that were read: nothing, as far as the session knows it.
pub(crate) fn identified(state: &State, read: &[IdentifiedImage]) -> Result<Vec<Event>, Refusal> {
    let mut images = Vec::new();
    for &IdentifiedImage { image, bytes, content } in read {
        let known = state.image(image).ok_or(Refusal::UnknownImage(image))?;
        let bytes = bytes.filter(|bytes| *bytes != known.bytes);
        if bytes.is_some() || known.content != Some(content) {
            images.push(IdentifiedImage { image, bytes, content });
        }
    }
    if images.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::ImagesIdentified(ImagesIdentified { images })])
}

/// Who is where, as far as moves are concerned, and after those that were made.
struct Places<'a> {
    state: &'a State,
    /// By path: those that are wanted, and those that were left.
    owners: HashMap<&'a str, ImageId, RandomState>,
    /// Of images that were moved.
    paths: HashMap<ImageId, &'a str, RandomState>,
}

impl<'a> Places<'a> {
    fn of(state: &'a State, wanted: &'a [MovedImage]) -> Self {
        let paths: HashSet<&str, RandomState> =
            wanted.iter().map(|moved| moved.path.as_str()).collect();
        // Of most images the length alone tells that their path is not wanted, and the path is not looked at.
        let longest = paths.iter().map(|path| path.len()).max().unwrap_or_default();
        let mut lengths = vec![false; longest + 1];
        for path in &paths {
            lengths[path.len()] = true;
        }
        let may_be = |path: &str| lengths.get(path.len()).is_some_and(|is_wanted| *is_wanted);
        let is_wanted = |path: &str| may_be(path) && paths.contains(path);
        let all = (0..).map(ImageId).zip(&state.images);
        let there = all.filter(|(_, image)| is_wanted(&image.path));
        let owners = there.map(|(id, image)| (image.path.as_str(), id)).collect();
        Self { state, owners, paths: HashMap::default() }
    }

    fn image(&self, image: ImageId) -> Result<&'a ImageState, Refusal> {
        self.state.image(image).ok_or(Refusal::UnknownImage(image))
    }

    fn path_of(&self, image: ImageId) -> Result<&'a str, Refusal> {
        match self.paths.get(&image) {
            Some(&path) => Ok(path),
            None => self.image(image).map(|known| known.path.as_str()),
        }
    }

    fn put(&mut self, image: ImageId, path: &'a str) {
        self.owners.insert(path, image);
        self.paths.insert(image, path);
    }
}

/// What follows from the wish to have images elsewhere, one after the other.
pub(crate) fn moved(state: &State, wanted: &[MovedImage]) -> Result<Vec<Event>, Refusal> {
    let mut places = Places::of(state, wanted);
    let mut moves = Vec::new();
    let (mut came, mut gave_way) = (BTreeSet::new(), BTreeSet::new());
    for MovedImage { image, path } in wanted {
        let from = places.path_of(*image)?;
        if path.is_empty() {
            return Err(Refusal::NoPath(*image));
        }
        gave_way.remove(image);
        if from == path {
            continue;
        }
        came.insert(*image);
        if let Some(other) = places.owners.remove(path.as_str()) {
            if places.image(other)?.given.is_some() {
                return Err(Refusal::PathHasAnswers { path: path.clone(), image: other });
            }
            moves.push(MovedImage { image: other, path: from.to_owned() });
            places.put(other, from);
            came.remove(&other);
            gave_way.insert(other);
        } else {
            places.owners.remove(from);
        }
        moves.push(MovedImage { image: *image, path: path.clone() });
        places.put(*image, path);
    }
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let shown = |image: &ImageId| state.image(*image).is_some_and(|i| i.set_aside.is_none());
    let gone = |image: &ImageId| state.image(*image).is_some_and(ImageState::is_gone);
    let aside = gave_way.into_iter().filter(shown);
    let aside = aside.map(|image| ImageSetAside { image, reason: GONE.to_owned() });
    let back = came.into_iter().filter(gone).map(|image| ImageRestored { image, bytes: None });
    let moved = [Event::ImagesMoved(ImagesMoved { moves })].into_iter();
    Ok(moved.chain(aside.map(Event::ImageSetAside)).chain(back.map(Event::ImageRestored)).collect())
}
