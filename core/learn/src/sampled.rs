//! Of many labels, those that the head learns from: so many that a fit stays quick and its rows stay in memory.

use sluice_events::ImageId;

/// Labels that the head learns from at most: at 576 features 46 MB of rows.
const MOST_LABELS: usize = 20_000;

/// What the head learns from.
#[derive(Debug, PartialEq)]
pub(crate) struct Sample {
    /// In the order in which they were given.
    pub labels: Vec<(ImageId, bool)>,
    /// How many there are in all.
    pub positives: usize,
    pub negatives: usize,
    /// Logit of the share of positives among all, less that among the sampled ones. What was learned of the sample's
    /// probabilities is to be moved by it (prior correction; King and Zeng 2001, 4.2).
    pub shift: f64,
}

impl Sample {
    /// Of so many labels.
    pub fn of(labels: Vec<(ImageId, bool)>) -> Self {
        Self::at_most(MOST_LABELS, labels)
    }

    /// Whether an image is among the chosen ones depends on the image and, by steps that halve, on how many labels there
    /// are: another answer hardly ever changes what was chosen before it.
    fn at_most(most: usize, labels: Vec<(ImageId, bool)>) -> Self {
        let [positives, negatives] = count(&labels);
        let whole = Self { labels, positives, negatives, shift: 0.0 };
        if whole.labels.len() <= most {
            return whole;
        }
        // Each class may have what the other leaves of the room, and half of it in any case.
        let room = |other: usize| (most - other.min(most)).max(most / 2);
        let of_positives = level(&whole.labels, true, room(negatives));
        let of_negatives = level(&whole.labels, false, room(positives));
        let mut labels = whole.labels;
        labels.retain(|(image, positive)| {
            rank(*image) >= if *positive { of_positives } else { of_negatives }
        });
        let [sampled_positives, sampled_negatives] = count(&labels);
        let odds = |positives: usize, negatives: usize| {
            (positives.max(1) as f64 / negatives.max(1) as f64).ln()
        };
        let shift = odds(positives, negatives) - odds(sampled_positives, sampled_negatives);
        Self { labels, positives, negatives, shift }
    }
}

/// Positives and negatives.
fn count(labels: &[(ImageId, bool)]) -> [usize; 2] {
    let positives = labels.iter().filter(|(_, positive)| *positive).count();
    [positives, labels.len() - positives]
}

/// Half of all images have a rank of 1 or more, a quarter one of 2 or more, and so on.
fn rank(image: ImageId) -> u32 {
    // The finaliser of SplitMix64 (Steele, Lea and Flood 2014): neighbours get numbers that have nothing in common.
    let mut mixed = (u64::from(image.0) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).leading_zeros()
}

/// The lowest rank of which no more images of a class have at least that than there is room for.
fn level(labels: &[(ImageId, bool)], class: bool, room: usize) -> u32 {
    let mut at_least = [0_usize; 66];
    for (image, _) in labels.iter().filter(|(_, positive)| *positive == class) {
        at_least[rank(*image) as usize] += 1;
    }
    for rank in (0..65).rev() {
        at_least[rank] += at_least[rank + 1];
    }
    at_least.iter().position(|count| *count <= room).unwrap_or_default() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(count: u32, every: u32) -> Vec<(ImageId, bool)> {
        (0..count).map(|image| (ImageId(image), image % every == 0)).collect()
    }

    #[test]
    fn a_few_are_taken_as_they_are() {
        let sample = Sample::at_most(100, labels(100, 7));
        assert_eq!((&sample.labels, sample.shift.abs() < 1e-12), (&labels(100, 7), true));
    }

    #[test]
    fn of_many_no_more_are_taken_than_there_is_room_for_and_the_rarer_class_is_kept() {
        for (count, every) in [(5_000, 2), (50_000, 100), (500_000, 3), (20_001, 1_000), (9_000, 1)]
        {
            let sample = Sample::at_most(1_000, labels(count, every));
            let [positives, negatives] = count_of(&sample);
            assert!(sample.labels.len() <= 1_000, "{count}: {}", sample.labels.len());
            assert!(negatives > 200 || every == 1, "{count}: {negatives} negatives");
            let all = count.div_ceil(every) as usize;
            assert!(positives >= all.min(250) * usize::from(all <= 500) || positives > 200);
            assert!(all > 500 || positives == all, "{count}: {positives} of {all}");
            assert_eq!((sample.positives, sample.negatives), (all, count as usize - all));
        }
    }

    fn count_of(sample: &Sample) -> [usize; 2] {
        count(&sample.labels)
    }

    #[test]
    fn one_more_answer_leaves_those_before_it_as_they_are() {
        let all = labels(6_000, 10);
        let mut before = Sample::at_most(1_000, all[..5_000].to_vec()).labels;
        let mut chosen_anew = 0;
        for end in 5_001..=6_000 {
            let now = Sample::at_most(1_000, all[..end].to_vec()).labels;
            chosen_anew += usize::from(!now.starts_with(&before));
            before = now;
        }
        assert!(chosen_anew <= 2, "{chosen_anew} times in a thousand answers");
    }

    #[test]
    fn moved_by_the_shift_the_share_in_the_sample_is_the_share_of_all() {
        let sample = Sample::at_most(1_000, labels(50_000, 100));
        let [positives, negatives] = count_of(&sample);
        let odds = (positives as f64 / negatives as f64).ln() + sample.shift;
        assert!((1.0 / (1.0 + (-odds).exp()) - 0.01).abs() < 1e-9, "{odds}");
        assert!(sample.shift < -1.0, "positives are many more of the sample: {}", sample.shift);
    }
}
