//! How much answers differ from those of some time ago.

use std::collections::HashMap;

use sluice_events::ImageId;

/// How many images were answered, corrected or taken back between the two.
pub(crate) fn changed(before: &[(ImageId, bool)], now: &[(ImageId, bool)]) -> usize {
    // Most of the time answers only came at the end, or one was corrected in its place.
    let pairs = || before.iter().zip(now).take_while(|(before, now)| before.0 == now.0);
    let corrected = pairs().filter(|(before, now)| before.1 != now.1).count();
    let same = pairs().count();
    let (before, now) = (&before[same..], &now[same..]);
    let was: HashMap<ImageId, bool> = before.iter().copied().collect();
    let known = now.iter().filter(|(image, _)| was.contains_key(image)).count();
    let said_otherwise = |(image, label): &&(ImageId, bool)| was.get(image) != Some(label);
    let taken_back = was.len() - known;
    corrected + now.iter().filter(said_otherwise).count() + taken_back
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_came_went_or_were_corrected_count_once() {
        let before: Vec<_> = (0..100).map(|image| (ImageId(image), image % 2 == 0)).collect();
        assert_eq!(changed(&before, &before), 0);
        let mut now = before.clone();
        now.extend((100..107).map(|image| (ImageId(image), true)));
        assert_eq!((changed(&before, &now), changed(&now, &before)), (7, 7));
        let mut corrected = before.clone();
        for (_, label) in &mut corrected[40..50] {
            *label = !*label;
        }
        assert_eq!(changed(&before, &corrected), 10, "as many answers, ten of them others");
        let mut moved = before.clone();
        moved.rotate_left(30);
        assert_eq!(changed(&before, &moved), 0, "the order is no news");
        corrected.drain(..5);
        assert_eq!(changed(&before, &corrected), 15);
        assert_eq!(changed(&[], &before), 100);
    }
}
