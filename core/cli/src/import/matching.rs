//! Which image a path means. How the paths of a file begin is found once for the whole file, never row by row: two
//! files of one name in different folders are different pictures.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sluice_events::ImageId;
use sluice_session::state::ImageState;

use super::ground::{Ground, normal, within};
use super::problems::shown;
use super::read::Rows;

/// No system takes longer paths, bytes.
const LONGEST_PATH: usize = 4096;
/// Folders that can lie above an image in the pool.
const DEEPEST: usize = 64;

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It means this image.
    Image(ImageId),
    /// It is in the pool, but no image.
    NoImage,
    /// It is not in the pool.
    Outside,
}

/// How the paths of a file are understood, where it is not simply from the pool's folder on.
#[derive(Debug)]
enum Begins {
    InThePool,
    /// From this folder on.
    In(String),
    /// This beginning is taken for the pool.
    With(String),
}

/// One way to understand the paths of a file.
struct Attempt {
    folder: String,
    fates: Vec<Fate>,
    matched: usize,
}

/// The images by their paths.
pub struct Matching<'a> {
    images: HashMap<&'a str, ImageId>,
    /// Then a backslash is a letter like others.
    has_backslashes: bool,
    ground: &'a Ground,
}

impl<'a> Matching<'a> {
    /// The images of a session, which are in this pool.
    pub fn new(images: &'a [ImageState], ground: &'a Ground) -> Self {
        let paths = images.iter().map(|image| image.path.as_str()).zip(0..);
        // Those whose name is lost have none.
        let named = paths.filter(|(path, _)| !path.is_empty());
        let images: HashMap<_, _> = named.map(|(path, number)| (path, ImageId(number))).collect();
        let has_backslashes = images.keys().any(|path| path.contains('\\'));
        Self { images, has_backslashes, ground }
    }

    /// What became of each row, in their order. Notes on the files how their paths were understood.
    ///
    /// # Errors
    /// When the paths of a file can be understood in two ways.
    pub fn all(&self, rows: &mut Rows) -> Result<Vec<Fate>> {
        let Rows { inputs, labels, .. } = rows;
        let mut fates = Vec::with_capacity(labels.len());
        for of_one in labels.chunk_by(|a, b| a.input == b.input) {
            let input = &mut inputs[of_one[0].input];
            let paths = of_one.iter().map(|row| row.target.as_deref().unwrap_or(&row.path));
            let paths: Vec<Cow<'_, str>> = paths.map(|path| self.with_slashes(path)).collect();
            let (found, begins) = self.one(&paths, input.folder.as_deref()).with_context(|| {
                format!(
                    "nothing was imported, because it can't be told what {} means",
                    shown(&input.file)
                )
            })?;
            match begins {
                Begins::InThePool => {}
                Begins::In(folder) => input.begins_in = Some(folder),
                Begins::With(beginning) => input.begins_with = Some(beginning),
            }
            fates.extend(found);
        }
        Ok(fates)
    }

    /// What became of the paths of one file, which lies in the folder `own`.
    fn one(&self, paths: &[Cow<'_, str>], own: Option<&Path>) -> Result<(Vec<Fate>, Begins)> {
        let mut best: Option<Attempt> = None;
        for folder in self.ground.beginnings(own) {
            let other = self.attempt(paths, folder);
            match &best {
                Some(best)
                    if other.matched == 0
                        || best.matched > other.matched
                        || best.fates == other.fates => {}
                Some(best) if best.matched == other.matched => bail!(
                    "its paths fit {} as well as {}, where they mean other images; say --base with the right one",
                    shown(&best.folder),
                    shown(&other.folder)
                ),
                _ => best = Some(other),
            }
        }
        let Some(Attempt { folder, fates, matched }) = best else {
            return Ok((vec![Fate::Outside; paths.len()], Begins::InThePool));
        };
        if matched == 0
            && !self.ground.is_given()
            && let Some(beginning) = self.common_beginning(paths)
        {
            let fate = |path: &Cow<'_, str>| match within(&normal(path), &beginning) {
                Some(rest) => self.image(rest),
                None => Fate::Outside,
            };
            return Ok((paths.iter().map(fate).collect(), Begins::With(beginning)));
        }
        let is_usual = self.ground.is_pool(&folder) || matched == 0;
        Ok((fates, if is_usual { Begins::InThePool } else { Begins::In(folder) }))
    }

    fn attempt(&self, paths: &[Cow<'_, str>], folder: String) -> Attempt {
        let fate = |path: &Cow<'_, str>| {
            let whole = if path.starts_with('/') {
                normal(path)
            } else {
                normal(&format!("{folder}/{path}"))
            };
            self.ground.below(&whole).map_or(Fate::Outside, |place| self.image(&place))
        };
        let fates: Vec<Fate> = paths.iter().map(fate).collect();
        let matched = fates.iter().filter(|fate| matches!(fate, Fate::Image(_))).count();
        Attempt { folder, fates, matched }
    }

    fn image(&self, place: &str) -> Fate {
        self.images.get(place).map_or(Fate::NoImage, |image| Fate::Image(*image))
    }

    /// The beginning without which most of the paths, more than half of them, mean images; the shortest of such.
    fn common_beginning(&self, paths: &[Cow<'_, str>]) -> Option<String> {
        let short = paths.iter().filter(|path| path.len() <= LONGEST_PATH);
        let whole: Vec<String> = short.map(|path| normal(path)).collect();
        let mut votes: HashMap<&str, usize> = HashMap::new();
        for path in &whole {
            for (slash, _) in path.rmatch_indices('/').take(DEEPEST) {
                if self.images.contains_key(&path[slash + 1..]) {
                    *votes.entry(&path[..slash]).or_default() += 1;
                }
            }
        }
        let most = votes.into_iter().filter(|(_, count)| count * 2 > paths.len());
        let best = most.max_by_key(|(beginning, count)| (*count, Reverse(beginning.len())));
        best.map(|(beginning, _)| beginning.to_owned())
    }

    /// As another system may have written it.
    fn with_slashes<'p>(&self, path: &'p str) -> Cow<'p, str> {
        if self.has_backslashes || !path.contains('\\') {
            return Cow::Borrowed(path);
        }
        Cow::Owned(path.replace('\\', "/"))
    }
}

#[cfg(test)]
mod tests {
    use sluice_events::Answer;

    use super::super::read::{Input, Kind};
    use super::*;

    fn pool(paths: &[&str]) -> Vec<ImageState> {
        let image = |path: &&str| ImageState {
            path: (*path).to_owned(),
            bytes: 1,
            content: None,
            given: None,
            set_aside: None,
        };
        paths.iter().map(image).collect()
    }

    /// Rows of a file that lies in this folder.
    fn labels(folder: &str, paths: &[&str]) -> Rows {
        let mut rows = Rows::default();
        rows.begin("labels.csv".to_owned(), Kind::Table, Some(folder.into()));
        for (path, line) in paths.iter().zip(2..) {
            rows.push(Some(line), (*path).to_owned(), None, Answer::Positive);
        }
        rows
    }

    fn matched(images: &[&str], ground: &Ground, rows: &mut Rows) -> Vec<Option<u32>> {
        let images = pool(images);
        let fates = Matching::new(&images, ground).all(rows).unwrap();
        let number = |fate| if let Fate::Image(image) = fate { Some(image.0) } else { None };
        fates.into_iter().map(number).collect()
    }

    fn input(rows: &Rows) -> &Input {
        &rows.inputs[0]
    }

    const IMAGES: [&str; 4] = ["a.jpg", "b/a.jpg", "b/c.jpg", "d/e/f.jpg"];

    #[test]
    fn from_the_root_and_from_the_pool_on() {
        let ground = Ground::of("/no/pool", None);
        let paths = ["/no/pool/a.jpg", "./b//c.jpg", "b/../a.jpg", r"d\e\f.jpg", "c.jpg", ""];
        let mut rows = labels("/elsewhere", &paths);
        let expected = [Some(0), Some(2), Some(0), Some(3), None, None];
        assert_eq!(matched(&IMAGES, &ground, &mut rows), expected);
        assert_eq!((&input(&rows).begins_in, &input(&rows).begins_with), (&None, &None));
    }

    #[test]
    fn what_leaves_the_pool_is_outside() {
        let ground = Ground::of("/no/pool", None);
        let mut rows = labels("/elsewhere", &["a.jpg", "../a.jpg", "/no/pools/a.jpg", "b/../../x"]);
        let images = pool(&IMAGES);
        let fates = Matching::new(&images, &ground).all(&mut rows).unwrap();
        assert_eq!(fates[0], Fate::Image(ImageId(0)));
        assert_eq!(fates[1..], [Fate::Outside; 3]);
        // Back in again is in.
        let mut back = labels("/elsewhere", &["../pool/a.jpg"]);
        assert_eq!(matched(&IMAGES, &ground, &mut back), [Some(0)]);
    }

    #[test]
    fn a_backslash_may_be_a_letter() {
        let ground = Ground::of("/no/pool", None);
        let mut rows = labels("/elsewhere", &[r"b\c.jpg", "b/c.jpg"]);
        assert_eq!(matched(&[r"b\c.jpg", "b/c.jpg"], &ground, &mut rows), [Some(0), Some(1)]);
    }

    #[test]
    fn from_the_files_own_folder_on() {
        let ground = Ground::of("/no/pool", None);
        let mut in_b = labels("/no/pool/b", &["a.jpg", "c.jpg", "../a.jpg"]);
        assert_eq!(matched(&IMAGES, &ground, &mut in_b), [Some(1), Some(2), Some(0)]);
        assert_eq!(input(&in_b).begins_in.as_deref(), Some("/no/pool/b"));
        let mut above = labels("/no", &["pool/a.jpg", "pool/b/c.jpg"]);
        assert_eq!(matched(&IMAGES, &ground, &mut above), [Some(0), Some(2)]);
        // Both fit, and mean other images: that is for the person to say.
        let images = pool(&IMAGES);
        let mut both = labels("/no/pool/b", &["a.jpg"]);
        let error = Matching::new(&images, &ground).all(&mut both).unwrap_err();
        assert!(format!("{error:#}").contains("--base"), "{error:#}");
        let ground = Ground::of("/no/pool", Some(Path::new("/no/pool/b")));
        assert_eq!(matched(&IMAGES, &ground, &mut both), [Some(1)]);
    }

    #[test]
    fn a_base_stands_for_the_pool_or_lies_in_or_above_it() {
        let of = |base: &str| Ground::of("/no/pool", Some(Path::new(base)));
        let mut apart = labels("/elsewhere", &["/old/place/b/c.jpg", "a.jpg", "/no/pool/a.jpg"]);
        assert_eq!(matched(&IMAGES, &of("/old/place"), &mut apart), [Some(2), Some(0), Some(0)]);
        let mut within = labels("/elsewhere", &["c.jpg", "/old/place/b/c.jpg"]);
        assert_eq!(matched(&IMAGES, &of("/no/pool/b"), &mut within), [Some(2), None]);
        let mut above = labels("/elsewhere", &["pool/b/c.jpg", "b/c.jpg"]);
        assert_eq!(matched(&IMAGES, &of("/no"), &mut above), [Some(2), None]);
    }

    #[test]
    fn the_beginning_of_another_machine_is_found_once_for_the_file() {
        let ground = Ground::of("/no/pool", None);
        let paths = ["/old/imgs/b/a.jpg", "/old/imgs/b/c.jpg", "/old/imgs/gone.jpg", "/old/a.jpg"];
        let mut absolute = labels("/elsewhere", &paths);
        let expected = [Some(1), Some(2), None, None];
        // Two of four are not most.
        assert_eq!(matched(&IMAGES, &ground, &mut absolute), [None; 4]);
        let mut absolute = labels("/elsewhere", &paths[..3]);
        assert_eq!(matched(&IMAGES, &ground, &mut absolute), expected[..3]);
        assert_eq!(input(&absolute).begins_with.as_deref(), Some("/old/imgs"));
        let mut windows = labels("/elsewhere", &[r"C:\imgs\a.jpg", r"C:\imgs\b\a.jpg"]);
        assert_eq!(matched(&IMAGES, &ground, &mut windows), [Some(0), Some(1)]);
        assert_eq!(input(&windows).begins_with.as_deref(), Some("C:/imgs"));
        let mut at_the_root = labels("/elsewhere", &["/a.jpg", "/b/a.jpg"]);
        assert_eq!(matched(&IMAGES, &ground, &mut at_the_root), [Some(0), Some(1)]);
        // The bare names would fit, each behind another beginning.
        let mut strange = labels("/elsewhere", &["/x/1/a.jpg", "/x/2/a.jpg", "/x/3/a.jpg"]);
        assert_eq!(matched(&IMAGES, &ground, &mut strange), [None; 3]);
    }
}
