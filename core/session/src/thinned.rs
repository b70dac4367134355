//! A list that never grows beyond a few hundred entries, however many were added: whenever it is full, every other
//! one goes. What stays depends on nothing but the order in which entries came, so a replay keeps the same ones.

use serde::{Deserialize, Serialize};

/// So many are kept at most.
const MOST: usize = 600;

/// Entries at even distances, and the newest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thinned<T> {
    kept: Vec<T>,
    /// Every so many-th entry is kept.
    every: u64,
    added: u64,
    newest: Option<T>,
}

impl<T> Default for Thinned<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), every: 1, added: 0, newest: None }
    }
}

impl<T: Clone> Thinned<T> {
    /// Adds an entry behind the others.
    pub fn add(&mut self, entry: T) {
        if self.added.is_multiple_of(self.every) {
            self.kept.push(entry.clone());
        }
        self.added += 1;
        self.newest = Some(entry);
        if self.kept.len() > MOST {
            let mut place = 0;
            self.kept.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every *= 2;
        }
    }

    /// The one that was added last.
    pub fn newest(&self) -> Option<&T> {
        self.newest.as_ref()
    }

    /// Those that are kept, oldest first, the newest one among them.
    pub fn entries(&self) -> impl Iterator<Item = &T> {
        let newest_is_kept = self.added == 0 || (self.added - 1).is_multiple_of(self.every);
        self.kept.iter().chain(self.newest.as_ref().filter(|_| !newest_is_kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_kept_at_even_distances_and_the_newest_is_there() {
        for count in [0_u32, 1, 2, 600, 601, 1200, 1201, 100_000] {
            let mut thinned = Thinned::default();
            (0..count).for_each(|entry| thinned.add(entry));
            let entries: Vec<u32> = thinned.entries().copied().collect();
            assert!(entries.len() <= MOST + 1, "{count}: {}", entries.len());
            assert!(entries.len() >= (count as usize).min(MOST / 2), "{count}: {}", entries.len());
            assert_eq!(entries.last().copied(), count.checked_sub(1));
            assert_eq!(entries.last(), thinned.newest());
            let gaps: Vec<u32> = entries.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let even = gaps.split_last().is_none_or(|(last, others)| {
                others.iter().all(|gap| *gap == others[0]) && others.iter().all(|gap| last <= gap)
            });
            assert!(even, "{count}: {gaps:?}");
        }
    }
}
