//! The pool's pictures, as the learner asks for them.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use sluice_events::ImageId;
use sluice_learn::{EXAMPLE, NoPicture, Pictures};
use sluice_pool::{DecodeError, DecodeLimits, Key, Square, decode_file, longer_side, square};

use crate::bell::Bell;
use crate::contents::Contents;
use crate::difference::GONE;
use crate::metrics::Metrics;

/// Where the images are, by id.
#[derive(Clone)]
pub struct PoolFolder {
    root: PathBuf,
    /// By id; more may come.
    paths: Arc<RwLock<Vec<String>>>,
    /// Images that are set aside because their files are gone.
    gone: Arc<RwLock<HashSet<ImageId>>>,
    limits: DecodeLimits,
    /// A picture of what is looked for, from anywhere.
    example: Option<PathBuf>,
}

impl PoolFolder {
    /// A folder, and the paths below it in the order of the ids.
    pub fn new(root: PathBuf, paths: Vec<String>, limits: DecodeLimits) -> Self {
        let paths = Arc::new(RwLock::new(paths));
        Self { root, paths, gone: Arc::default(), limits, example: None }
    }

    /// With a picture of what is looked for.
    #[must_use]
    pub fn with_example(self, example: Option<PathBuf>) -> Self {
        Self { example, ..self }
    }

    /// Whether there is a picture of what is looked for.
    pub fn has_example(&self) -> bool {
        self.example.is_some()
    }

    /// Where an image is, if there is one of this id.
    pub fn path(&self, image: ImageId) -> Option<PathBuf> {
        if image == EXAMPLE {
            return self.example.clone();
        }
        let paths = self.paths.read().unwrap_or_else(PoisonError::into_inner);
        Some(self.root.join(paths.get(image.index())?))
    }

    /// How many images there are, those that can't be shown included.
    pub fn len(&self) -> u32 {
        self.paths.read().unwrap_or_else(PoisonError::into_inner).len() as u32
    }

    /// Images joined the pool, with the next ids.
    pub(crate) fn extend(&self, paths: Vec<String>) {
        self.paths.write().unwrap_or_else(PoisonError::into_inner).extend(paths);
    }

    /// Paths of images, relative to the folder.
    pub(crate) fn paths_of(&self, images: &[ImageId]) -> Vec<String> {
        let paths = self.paths.read().unwrap_or_else(PoisonError::into_inner);
        images.iter().filter_map(|image| paths.get(image.index()).cloned()).collect()
    }

    /// What a file may cost.
    pub fn limits(&self) -> &DecodeLimits {
        &self.limits
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the image can be decoded.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, image: ImageId) -> Result<(), NoPicture> {
        let path = self.path(image).ok_or_else(not_in_the_pool)?;
        decode_file(&path, &self.limits).map(drop).map_err(|error| self.why(image, error))
    }

    /// Why an image can't be shown: one that is gone is not waited for.
    pub(crate) fn why(&self, image: ImageId, error: DecodeError) -> NoPicture {
        let gone = self.gone.read().unwrap_or_else(PoisonError::into_inner);
        match NoPicture::from(error) {
            NoPicture::Missing(_) if gone.contains(&image) => NoPicture::Broken(GONE.to_owned()),
            why => why,
        }
    }

    /// These images, and no others, are gone.
    pub(crate) fn set_gone(&self, images: HashSet<ImageId>) {
        *self.gone.write().unwrap_or_else(PoisonError::into_inner) = images;
    }
}

fn not_in_the_pool() -> NoPicture {
    NoPicture::Broken("is not part of the pool".to_owned())
}

/// The pool for the learner; rings the engine's bell when features are ready, and tells what files hold that were read.
pub(crate) struct PoolPictures {
    pub folder: PoolFolder,
    /// Where that is told; none: nowhere.
    pub contents: Option<Contents>,
    pub bell: Bell,
    pub metrics: Arc<Metrics>,
}

impl Pictures for PoolPictures {
    fn square(
        &self,
        image: ImageId,
        side: u32,
        known: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, NoPicture> {
        let path = self.folder.path(image).ok_or_else(not_in_the_pool)?;
        let begun = Instant::now();
        let square = square(&path, side, &self.folder.limits, known)
            .map_err(|error| self.folder.why(image, error))?;
        if matches!(square, Square::Made { .. }) {
            self.metrics.decoded(begun.elapsed());
        }
        // A file that was known by its path was not read.
        let content = match &square {
            Square::Made { keys: [content, _], .. }
            | Square::Known { key: content, also: Some(_) } => Some(content),
            Square::Known { also: None, .. } => None,
        };
        if let (Some(content), Some(contents)) = (content, &self.contents)
            && image != EXAMPLE
        {
            contents.tell(image, &path, content);
        }
        Ok(square)
    }

    fn longer_side(&self, image: ImageId) -> Option<u32> {
        longer_side(BufReader::new(File::open(self.folder.path(image)?).ok()?))
    }

    fn has_example(&self) -> bool {
        self.folder.has_example()
    }

    fn ready(&self) {
        self.bell.ring();
    }
}
