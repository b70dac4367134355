//! Answers by the names of folders.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// Which images of a pool are positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    positive: Vec<bool>,
}

impl Oracle {
    /// Positive is what lies in a folder of the class's name. Paths are in the order of the ids.
    pub fn new(paths: &[String], class: &str) -> Result<Self> {
        let positive: Vec<bool> = paths.iter().map(|path| class_of(path) == Some(class)).collect();
        if !positive.contains(&true) {
            let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
            for class in paths.iter().filter_map(|path| class_of(path)) {
                *classes.entry(class).or_default() += 1;
            }
            let known: Vec<&str> = classes.into_keys().take(20).collect();
            bail!("no folder is named {class}; there are {}", known.join(", "));
        }
        Ok(Self { positive })
    }

    /// Whether the image of this number is positive.
    pub fn is_positive(&self, index: usize) -> bool {
        self.positive.get(index).copied().unwrap_or(false)
    }

    /// How many positives there are.
    pub fn positives(&self) -> usize {
        self.positive.iter().filter(|positive| **positive).count()
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
        let paths =
            ["truck/1.jpg", "deep/truck/2.jpg", "truck/car/3.jpg", "4.jpg"].map(String::from);
        let oracle = Oracle::new(&paths, "truck").unwrap();
        assert_eq!(
            (0..4).map(|i| oracle.is_positive(i)).collect::<Vec<_>>(),
            [true, true, false, false]
        );
        assert_eq!(oracle.positives(), 2);
        let error = Oracle::new(&paths, "lorry").unwrap_err().to_string();
        assert_eq!(error, "no folder is named lorry; there are car, truck");
    }
}
