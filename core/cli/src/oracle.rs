//! Answers by the names of folders, or as they were given before.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Result, bail};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What each image of a pool is, and what is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// By path: whether it is positive, and whether it is answered so.
    truth: HashMap<String, (bool, bool)>,
}

impl Oracle {
    /// Positive is what lies in a folder of the class's name.
    pub fn new<'a>(paths: impl Iterator<Item = &'a str>, class: &str) -> Result<Self> {
        let truth: HashMap<String, (bool, bool)> = paths
            .map(|path| {
                let positive = class_of(path) == Some(class);
                (path.to_owned(), (positive, positive))
            })
            .collect();
        if truth.values().all(|(positive, _)| !positive) {
            let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
            for class in truth.keys().filter_map(|path| class_of(path)) {
                *classes.entry(class).or_default() += 1;
            }
            let known: Vec<&str> = classes.into_keys().take(20).collect();
            bail!("no folder is named {class}; there are {}", known.join(", "));
        }
        Ok(Self { truth })
    }

    /// What was answered is what they are.
    pub fn of_answers(answers: &HashMap<&str, bool>) -> Self {
        let truth = answers.iter().map(|(path, yes)| ((*path).to_owned(), (*yes, *yes)));
        Self { truth: truth.collect() }
    }

    /// Forgets all positives but `keep`, drawn by the seed; those that it forgot.
    pub fn thin(&mut self, keep: usize, seed: u64) -> HashSet<String> {
        let positives =
            self.truth.iter().filter(|(_, truth)| truth.0).map(|(path, _)| path.clone());
        let mut positives: Vec<String> = positives.collect();
        positives.sort_unstable();
        positives.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let leave: HashSet<String> = positives.into_iter().skip(keep.max(1)).collect();
        self.truth.retain(|path, _| !leave.contains(path));
        leave
    }

    /// Has so large a share of the images, drawn by the seed, answered wrongly.
    pub fn flip(&mut self, share: f64, seed: u64) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut paths: Vec<&String> = self.truth.keys().collect();
        paths.sort_unstable();
        let wrong: HashSet<String> =
            paths.into_iter().filter(|_| random.random_bool(share)).cloned().collect();
        for path in &wrong {
            if let Some((positive, answered)) = self.truth.get_mut(path) {
                *answered = !*positive;
            }
        }
    }

    /// Whether the image is positive.
    pub fn is_positive(&self, path: &str) -> bool {
        self.truth.get(path).is_some_and(|truth| truth.0)
    }

    /// What is answered.
    pub fn answer(&self, path: &str) -> bool {
        self.truth.get(path).is_some_and(|truth| truth.1)
    }

    /// How many positives there are.
    pub fn positives(&self) -> usize {
        self.truth.values().filter(|truth| truth.0).count()
    }
}

/// The folder that an image lies in.
fn class_of(path: &str) -> Option<&str> {
    path.rsplit('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_folder_is_the_class() {
        let paths = ["truck/1.jpg", "deep/truck/2.jpg", "truck/car/3.jpg", "4.jpg"];
        let oracle = Oracle::new(paths.into_iter(), "truck").unwrap();
        assert_eq!(paths.map(|path| oracle.is_positive(path)), [true, true, false, false]);
        assert_eq!(oracle.positives(), 2);
        let error = Oracle::new(paths.into_iter(), "lorry").unwrap_err().to_string();
        assert_eq!(error, "no folder is named lorry; there are car, truck");
    }

    #[test]
    fn thinned_and_flipped_by_the_seed() {
        let paths: Vec<String> = (0..1000)
            .map(|n| format!("{}/{n}.jpg", if n % 10 == 0 { "truck" } else { "car" }))
            .collect();
        let oracle = || {
            let mut oracle = Oracle::new(paths.iter().map(String::as_str), "truck").unwrap();
            let leave = oracle.thin(30, 7);
            (oracle, leave)
        };
        let (mut thin, leave) = oracle();
        assert_eq!((thin.positives(), leave.len()), (30, 70));
        assert_eq!(oracle().1, leave);
        thin.flip(0.1, 7);
        let wrong = paths.iter().filter(|p| thin.answer(p) != thin.is_positive(p)).count();
        assert!((50..150).contains(&wrong), "{wrong} of 930");
    }
}
