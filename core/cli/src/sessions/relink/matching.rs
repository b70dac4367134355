//! Which file is which image, by what it holds. Where several files hold the same, the name decides if it can; nothing
//! else does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::mem;

use sluice_events::ImageId;
use sluice_events::facts::{Content, MovedImage};

use super::places::Places;

/// An image and a file that holds what the image's file held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    pub image: ImageId,
    pub file: usize,
}

/// Images and files that all hold the same, and nothing says which is which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    pub images: Vec<ImageId>,
    pub files: Vec<usize>,
}

/// What was found of the images that are not where they were.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matching {
    pub found: Vec<Pair>,
    pub doubts: Vec<Doubt>,
    /// The file is an image with an answer of its own.
    pub refused: Vec<Pair>,
    /// Nobody has answered them, and what they held is there as another image: there is nothing to take along.
    pub needless: usize,
    pub missing: Vec<ImageId>,
    /// It was never recorded what they held.
    pub unknown: usize,
}

/// What holds the same.
#[derive(Default)]
struct Group {
    images: Vec<ImageId>,
    files: Vec<usize>,
}

impl Matching {
    pub fn new(places: &Places<'_>) -> Self {
        let mut matching = Self::default();
        let mut groups: BTreeMap<Content, Group> = BTreeMap::new();
        for image in places.sought() {
            match places.image(image).content {
                Some(content) => groups.entry(content).or_default().images.push(image),
                None => matching.unknown += 1,
            }
        }
        for (file, content) in places.contents.iter().enumerate() {
            if let Some(group) = content.and_then(|content| groups.get_mut(&content)) {
                group.files.push(file);
            }
        }
        for group in groups.into_values() {
            matching.take(places, group);
        }
        matching.refuse(places);
        matching.found.sort_unstable();
        matching.doubts.sort_unstable();
        matching.refused.sort_unstable();
        matching.missing.sort_unstable();
        matching
    }

    /// As the session is to learn it.
    pub fn moves(&self, places: &Places<'_>) -> Vec<MovedImage> {
        let path = |file: usize| places.files[file].path.clone();
        self.found
            .iter()
            .map(|pair| MovedImage { image: pair.image, path: path(pair.file) })
            .collect()
    }

    fn take(&mut self, places: &Places<'_>, Group { images, files }: Group) {
        let found_some = !files.is_empty();
        let (mut free, mut joined, mut answered) = (Vec::new(), Vec::new(), Vec::new());
        for file in files {
            match places.settled(file) {
                None => free.push(file),
                // It may have joined as a new image since.
                Some(image) if !places.has_answer(image) => joined.push(file),
                Some(_) => answered.push(file),
            }
        }
        let (mut sought, others): (Vec<_>, Vec<_>) =
            images.into_iter().partition(|image| places.has_answer(*image));
        sought = self.pair(places, sought, &mut free);
        sought = self.pair(places, sought, &mut joined);
        match answered.first() {
            Some(&file) => {
                let refused = sought.into_iter().map(|image| Pair { image, file });
                self.refused.extend(refused);
            }
            None => self.missing.extend(sought),
        }
        // Whichever of them is which: they hold the same, and nobody has said anything of them.
        let others = self.by_name(places, others, &mut free);
        let mut others = others.into_iter();
        let pairs = free.into_iter().zip(others.by_ref());
        self.found.extend(pairs.map(|(file, image)| Pair { image, file }));
        if found_some {
            self.needless += others.count();
        } else {
            self.missing.extend(others);
        }
    }

    /// Pairs answered images with files, as far as there is no doubt; gives those for which there is no file.
    fn pair(
        &mut self,
        places: &Places<'_>,
        images: Vec<ImageId>,
        files: &mut Vec<usize>,
    ) -> Vec<ImageId> {
        let images = self.by_name(places, images, files);
        if images.is_empty() || files.is_empty() {
            return images;
        }
        let files = mem::take(files);
        if let ([image], [file]) = (images.as_slice(), files.as_slice()) {
            self.found.push(Pair { image: *image, file: *file });
        } else {
            self.doubts.push(Doubt { images, files });
        }
        Vec::new()
    }

    /// Pairs each image with the file of its name, where there is one of each; gives the others.
    fn by_name(
        &mut self,
        places: &Places<'_>,
        images: Vec<ImageId>,
        files: &mut Vec<usize>,
    ) -> Vec<ImageId> {
        let mut names: BTreeMap<&str, Group> = BTreeMap::new();
        for &image in &images {
            names.entry(name(&places.image(image).path)).or_default().images.push(image);
        }
        for &file in files.iter() {
            if let Some(group) = names.get_mut(name(&places.files[file].path)) {
                group.files.push(file);
            }
        }
        let (mut paired, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for group in names.values() {
            if let ([image], [file]) = (group.images.as_slice(), group.files.as_slice()) {
                self.found.push(Pair { image: *image, file: *file });
                paired.insert(*image);
                taken.insert(*file);
            }
        }
        files.retain(|file| !taken.contains(file));
        images.into_iter().filter(|image| !paired.contains(image)).collect()
    }

    /// A file that an image with an answer has the path of is no place to go to, unless that one leaves it: who can't
    /// leave keeps others from coming, too.
    fn refuse(&mut self, places: &Places<'_>) {
        let by_file: HashMap<usize, usize> = self.found.iter().map(|p| p.file).zip(0..).collect();
        let leaving: HashSet<ImageId> = self.found.iter().map(|pair| pair.image).collect();
        let is_kept = |pair: &Pair| {
            let owner = places.owner_of(pair.file);
            owner.is_some_and(|owner| places.has_answer(owner) && !leaving.contains(&owner))
        };
        let kept = self.found.iter().enumerate().filter(|(_, pair)| is_kept(pair));
        let mut open: Vec<usize> = kept.map(|(index, _)| index).collect();
        let mut refused = BTreeSet::new();
        while let Some(index) = open.pop() {
            let image = self.found[index].image;
            if refused.insert(index) && places.has_answer(image) {
                open.extend(places.file_of(image).and_then(|file| by_file.get(&file)));
            }
        }
        for (index, pair) in mem::take(&mut self.found).into_iter().enumerate() {
            if refused.contains(&index) {
                self.refused.push(pair);
            } else {
                self.found.push(pair);
            }
        }
    }
}

/// The last part of a path.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use sluice_events::{Answer, Source};
    use sluice_pool::{Found, Sight};
    use sluice_session::files::GONE;
    use sluice_session::state::{By, Given, ImageState};

    use super::*;

    /// A path, what the file holds, and whether somebody has answered.
    type Known<'a> = (&'a str, u8, bool);

    fn image(&(path, content, has_answer): &Known<'_>) -> ImageState {
        let given = Given { answer: Answer::Positive, source: Source::Manual, by: By::Look(0) };
        ImageState {
            path: path.to_owned(),
            bytes: content.into(),
            content: Some([content; 16]),
            given: has_answer.then_some(given),
            set_aside: None,
        }
    }

    /// What holds another content has another size; every file was read.
    fn matched(images: &[ImageState], files: &[(&str, u8)]) -> (Vec<String>, Matching) {
        let mut files = files.to_vec();
        files.sort_unstable();
        let found = files.iter().map(|(path, content)| Found {
            path: (*path).to_owned(),
            sight: Sight { bytes: (*content).into(), modified: None },
        });
        let found: Vec<Found> = found.collect();
        let mut places = Places::new(images, &found);
        places.contents = files.iter().map(|(_, content)| Some([*content; 16])).collect();
        let matching = Matching::new(&places);
        let moves = matching.moves(&places).into_iter();
        let told =
            |moved: MovedImage| format!("{} -> {}", images[moved.image.index()].path, moved.path);
        (moves.map(told).collect(), matching)
    }

    fn all(known: &[Known<'_>]) -> Vec<ImageState> {
        known.iter().map(image).collect()
    }

    #[test]
    fn files_are_found_under_any_name_and_places_may_be_changed() {
        let images = all(&[("a", 1, true), ("b", 2, true), ("c", 3, false), ("d", 4, true)]);
        let (moves, rest) =
            matched(&images, &[("b", 1), ("a", 2), ("x/c2", 3), ("d", 4), ("e", 5)]);
        assert_eq!(moves, ["a -> b", "b -> a", "c -> x/c2"]);
        assert!(rest.doubts.is_empty() && rest.refused.is_empty() && rest.missing.is_empty());
    }

    #[test]
    fn of_several_files_with_one_content_the_name_decides_or_nothing() {
        let images = all(&[("a/1", 1, true), ("a/2", 1, true), ("a/3", 2, true)]);
        let (moves, rest) = matched(&images, &[("b/1", 1), ("b/x", 1), ("b/y", 2), ("b/z", 2)]);
        // One of two is left when the other one is known by its name.
        assert_eq!(moves, ["a/1 -> b/1", "a/2 -> b/x"]);
        assert_eq!(rest.doubts.len(), 1);
        assert_eq!(rest.doubts[0].images, [ImageId(2)]);
        let (moves, rest) = matched(&images, &[("b/1", 1), ("c/1", 1), ("b/3", 2), ("c/4", 2)]);
        assert_eq!(moves, ["a/3 -> b/3"]);
        assert_eq!(
            rest.doubts[0],
            Doubt { images: vec![ImageId(0), ImageId(1)], files: vec![0, 2] }
        );
        let (moves, rest) = matched(&images, &[("b/x", 1), ("b/y", 9)]);
        assert_eq!((moves.len(), rest.doubts.len()), (0, 1), "one file and two images");
        assert_eq!(rest.missing, [ImageId(2)]);
    }

    #[test]
    fn an_image_that_joined_since_gives_way_unless_it_was_answered() {
        let mut images = all(&[("a", 1, true), ("b", 2, true), ("x", 1, false), ("y", 2, true)]);
        for image in &mut images[..2] {
            image.set_aside = Some(GONE.to_owned());
        }
        let (moves, rest) = matched(&images, &[("x", 1), ("y", 2)]);
        assert_eq!(moves, ["a -> x"]);
        assert_eq!(rest.refused, [Pair { image: ImageId(1), file: 1 }]);
        // A file that is no image comes before one that is.
        let (moves, _) = matched(&images, &[("x", 1), ("z", 1), ("y", 2)]);
        assert_eq!(moves, ["a -> z"]);
        // Of whom nothing was said there is nothing to take along.
        let images = all(&[("a", 1, false), ("x", 1, false), ("b", 2, false)]);
        let (moves, rest) = matched(&images, &[("x", 1)]);
        assert_eq!((moves.len(), rest.needless), (0, 1));
        assert_eq!(rest.missing, [ImageId(2)]);
    }

    #[test]
    fn who_can_not_leave_keeps_others_from_coming() {
        // Each one's file is at the path of the next; the last one's is nowhere.
        let images = all(&[("a", 1, true), ("b", 2, true), ("c", 3, true), ("d", 4, true)]);
        let (moves, rest) = matched(&images, &[("b", 1), ("c", 2), ("d", 3)]);
        assert_eq!((moves.len(), rest.refused.len()), (0, 3));
        assert_eq!(rest.missing, [ImageId(3)]);
        // Nobody has said anything of the last one: it gives way.
        let images = all(&[("a", 1, true), ("b", 2, true), ("c", 3, true), ("d", 4, false)]);
        let (moves, rest) = matched(&images, &[("b", 1), ("c", 2), ("d", 3)]);
        assert_eq!(moves, ["a -> b", "b -> c", "c -> d"]);
        assert_eq!((rest.refused.len(), rest.missing), (0, vec![ImageId(3)]));
    }

    #[test]
    fn what_was_never_recorded_and_what_has_no_name_is_not_looked_for() {
        let mut images = all(&[("a", 1, true), ("", 2, true), ("c", 3, true)]);
        images[0].content = None;
        let (moves, rest) = matched(&images, &[("x", 1), ("y", 2), ("c", 3)]);
        assert_eq!((moves.len(), rest.unknown), (0, 1));
        assert_eq!(Matching { unknown: 0, ..rest }, Matching::default());
    }
}
