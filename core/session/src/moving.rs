//! Has many images go on at the paths that their files have now, in as many records as that takes.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use sluice_events::facts::MovedImage;
use sluice_events::{Command, ImageId};

use crate::handle::{CommandError, SessionHandle};

/// Bytes of the paths of one command, old and new ones, and of what else a move takes.
const AT_ONCE_BYTES: usize = 128 * 1024;
/// Bytes that the path of an image is longer by as long as it is out of the others' way.
const ON_ITS_WAY: usize = 40;
/// What a move takes besides its paths, at most: the ids, and that one image is back and another one gone.
const BESIDE_PATHS: usize = 96;

/// Has images go on at these paths, each image and each path once. `told` learns after each record how many moves are
/// durable.
///
/// Where images change places among themselves, each comes to a path that is free by then.
///
/// # Errors
/// When a move is refused or can't be saved; those before it stay.
pub async fn move_all(
    session: &SessionHandle,
    moves: &[MovedImage],
    told: impl Fn(usize),
) -> Result<(), CommandError> {
    let images: Vec<ImageId> = moves.iter().map(|moved| moved.image).collect();
    let paths = session.read(move |view| {
        let path = |image: &ImageId| view.state.image(*image).map(|known| known.path.clone());
        images.iter().map(|image| path(image).unwrap_or_default()).collect::<Vec<String>>()
    });
    let steps = in_order(moves, &paths.await?);
    let mut done = 0;
    for part in parts(steps) {
        done += part.len();
        session.command(Command::MoveImages(part)).await?;
        told(done);
    }
    Ok(())
}

/// A move, and the bytes of the path that is left.
type Step = (MovedImage, usize);

/// As many as fit into a command.
fn parts(steps: Vec<Step>) -> Vec<Vec<MovedImage>> {
    let mut parts = Vec::new();
    let (mut part, mut bytes) = (Vec::new(), 0);
    for (moved, left) in steps {
        bytes += moved.path.len() + left + BESIDE_PATHS;
        part.push(moved);
        if bytes >= AT_ONCE_BYTES {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
    }
    parts.extend(Some(part).filter(|part| !part.is_empty()));
    parts
}

/// So that no image comes to a path that another one of them has still to leave; `from` has the path of each. In a
/// circle of images the first one steps out of the others' way.
fn in_order(moves: &[MovedImage], from: &[String]) -> Vec<Step> {
    let at: HashMap<&str, usize, RandomState> = (0..).zip(from).map(|(n, p)| (&**p, n)).collect();
    let mut placed = vec![false; moves.len()];
    let mut steps = Vec::with_capacity(moves.len());
    for first in 0..moves.len() {
        // Each one is in the way of the one before it.
        let mut line = Vec::new();
        let mut next = Some(first);
        while let Some(index) = next.filter(|index| !placed[*index]) {
            placed[index] = true;
            line.push(index);
            next = at.get(moves[index].path.as_str()).copied();
        }
        if let [begin, _, ..] = line[..]
            && next == Some(begin)
        {
            let (image, left) = (moves[begin].image, &from[begin]);
            // Neither a file of the pool nor another image is called so.
            let path = format!("{left} (number {} on its way)", image.0);
            steps.push((MovedImage { image, path }, left.len()));
        }
        let line = line.into_iter().rev();
        steps.extend(line.map(|index| (moves[index].clone(), from[index].len() + ON_ITS_WAY)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(image: u32, path: &str) -> MovedImage {
        MovedImage { image: ImageId(image), path: path.to_owned() }
    }

    /// Makes the moves one after the other; nobody comes to a place that is not free.
    fn made(moves: &[MovedImage], from: &[&str]) -> Vec<String> {
        let mut places: Vec<String> = from.iter().map(|path| (*path).to_owned()).collect();
        for (MovedImage { image, path }, _) in in_order(moves, &places.clone()) {
            let own = places[image.index()] == path;
            assert!(own || !places.contains(&path), "{path} is not free in {places:?}");
            places[image.index()] = path;
        }
        places
    }

    #[test]
    fn lines_and_circles_end_where_they_are_to() {
        let line = [moved(0, "b"), moved(1, "c"), moved(2, "d")];
        assert_eq!(made(&line, &["a", "b", "c"]), ["b", "c", "d"]);
        let circle = [moved(0, "b"), moved(1, "c"), moved(2, "a")];
        assert_eq!(made(&circle, &["a", "b", "c"]), ["b", "c", "a"]);
        assert_eq!(in_order(&circle, &["a", "b", "c"].map(String::from)).len(), 4);
        let stays = [moved(0, "a"), moved(1, "x")];
        assert_eq!(made(&stays, &["a", "b"]), ["a", "x"]);
    }

    /// Every way in which five images can change places, and leave one.
    #[test]
    fn every_order_of_five_is_made() {
        let names = ["a", "b", "c", "d", "e", "f"];
        let mut made_up = 0;
        for number in 0..7776_usize {
            let wanted: Vec<&str> =
                (0..5).map(|place| names[number / 6_usize.pow(place) % 6]).collect();
            let mut once = wanted.clone();
            once.sort_unstable();
            once.dedup();
            if once.len() < wanted.len() {
                continue;
            }
            let moves: Vec<_> = (0..).zip(&wanted).map(|(n, path)| moved(n, path)).collect();
            assert_eq!(made(&moves, &names[..5]), wanted);
            made_up += 1;
        }
        assert_eq!(made_up, 720);
    }

    #[test]
    fn a_part_fits_into_a_record_and_none_is_lost() {
        for length in [1, 100, 4000] {
            let long = "x".repeat(length);
            let from: Vec<String> = (0..3000).map(|n| format!("{long}{n}")).collect();
            let moves: Vec<_> = (0..3000).map(|n| moved(n, &format!("{long}/{n}"))).collect();
            let parts = parts(in_order(&moves, &from));
            assert_eq!(parts.concat(), moves);
            for part in &parts {
                let bytes = part.iter().map(|moved| 2 * moved.path.len() + BESIDE_PATHS);
                assert!(bytes.sum::<usize>() < 2 * AT_ONCE_BYTES);
            }
        }
    }
}
