//! Which file is at the path of which image.

use std::collections::HashSet;

use sluice_events::ImageId;
use sluice_events::facts::Content;
use sluice_pool::Found;
use sluice_session::state::ImageState;

/// A session's images beside a folder's files.
pub struct Places<'a> {
    /// By number.
    pub images: &'a [ImageState],
    /// By path.
    pub files: &'a [Found],
    /// By image: the file at its path.
    at: Vec<Option<usize>>,
    /// By file: the image that has its path.
    owners: Vec<Option<ImageId>>,
    /// By file: what it holds, where it was read.
    pub contents: Vec<Option<Content>>,
}

impl<'a> Places<'a> {
    /// `files` are sorted by path.
    pub fn new(images: &'a [ImageState], files: &'a [Found]) -> Self {
        let mut owners = vec![None; files.len()];
        let at = (0..).map(ImageId).zip(images).map(|(id, image)| {
            let file = files.binary_search_by(|file| file.path.as_str().cmp(&image.path)).ok()?;
            owners[file] = Some(id);
            Some(file)
        });
        let at = at.collect();
        Self { images, files, at, owners, contents: vec![None; files.len()] }
    }

    pub fn image(&self, image: ImageId) -> &'a ImageState {
        &self.images[image.index()]
    }

    pub fn has_answer(&self, image: ImageId) -> bool {
        self.image(image).given.is_some()
    }

    /// The file at the path of an image.
    pub fn file_of(&self, image: ImageId) -> Option<usize> {
        self.at[image.index()]
    }

    /// The image that has the path of a file.
    pub fn owner_of(&self, file: usize) -> Option<ImageId> {
        self.owners[file]
    }

    /// The image whose file this is: it has its path, its size, and as far as it was read what it held.
    pub fn settled(&self, file: usize) -> Option<ImageId> {
        self.owners[file].filter(|image| self.is_as_it_was(*image))
    }

    /// Whether the file at an image's path is its own.
    pub fn is_as_it_was(&self, image: ImageId) -> bool {
        let (known, Some(file)) = (self.image(image), self.at[image.index()]) else { return false };
        let (now, then) = (self.contents[file], known.content);
        let holds_another = now.zip(then).is_some_and(|(now, then)| now != then);
        self.files[file].sight.bytes == known.bytes && !holds_another
    }

    /// Images that have a name; those whose names were lost with a damaged log can't be looked for.
    pub fn named(&self) -> impl Iterator<Item = ImageId> {
        let named = (0..).map(ImageId).zip(self.images);
        named.filter(|(_, image)| !image.path.is_empty()).map(|(id, _)| id)
    }

    /// Images that are not where they were.
    pub fn sought(&self) -> impl Iterator<Item = ImageId> {
        self.named().filter(move |image| !self.is_as_it_was(*image))
    }

    /// Files that may be those of images that are not where they were, by their size; or all.
    pub fn candidates(&self, all: bool) -> Vec<usize> {
        let sought = self.sought().map(|image| self.image(image));
        let sizes: HashSet<u64> =
            sought.filter(|image| image.content.is_some()).map(|image| image.bytes).collect();
        let may_be = |file: &usize| all || sizes.contains(&self.files[*file].sight.bytes);
        (0..self.files.len()).filter(may_be).collect()
    }
}
