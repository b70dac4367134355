//! Rows that are kept: found again, after a kill, on a full disk, within bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::time::{Duration, SystemTime};

use sluice_pool::{DecodeLimits, Extent, Key, Place, RowWriter, Square, square};

const ROW: usize = 8;
const MAKER: &str = "a test";

fn place(folder: &Path) -> Place {
    Place { folder: folder.to_owned(), most_bytes: 1 << 20 }
}

fn key(number: u32) -> Key {
    Key::of_content(&number.to_le_bytes())
}

fn row(number: u32) -> [u8; ROW] {
    (u64::from(number) * 0x0101_0101_0101).to_le_bytes()
}

fn written(place: &Place, name: &str, numbers: std::ops::Range<u32>) -> RowWriter {
    let mut writer = RowWriter::open(Some(place), name, MAKER, Extent::of(ROW, 1000));
    for number in numbers {
        writer.push(&[key(number)], &row(number)).unwrap();
    }
    writer
}

/// Every row that is known is the right one; how many there are.
fn known(writer: &mut RowWriter, numbers: std::ops::Range<u32>) -> usize {
    let known = writer.known();
    for number in numbers {
        if let Some(at) = known.get(&key(number)) {
            writer.rows().read(|rows| {
                assert_eq!(rows[*at as usize * ROW..][..ROW], row(number), "row {number}");
            });
        }
    }
    known.len()
}

#[test]
fn rows_are_found_again_and_more_can_come() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    drop(written(&place, "a", 0..100));
    let mut again = written(&place, "a", 100..150);
    assert_eq!(known(&mut again, 0..150), 150);
    drop(again);
    assert_eq!(known(&mut written(&place, "a", 0..0), 0..150), 150);
    assert_eq!(known(&mut written(&place, "b", 0..0), 0..150), 0, "another set knows nothing");
}

#[test]
fn rows_that_came_since_it_was_opened_are_known_too_and_what_was_asked_before_stays() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    for place in [Some(&place), None] {
        let mut writer = RowWriter::open(place, "a", MAKER, Extent::of(ROW, 1000));
        let before = writer.known();
        let first = writer.push(&[key(1), key(2)], &row(1)).unwrap();
        writer.also(key(3), first);
        let now = writer.known();
        assert_eq!([1, 2, 3].map(|number| now.get(&key(number)).copied()), [Some(first); 3]);
        assert!(before.is_empty(), "somebody looks at it in another thread");
        let second = writer.push(&[key(4)], &row(4)).unwrap();
        assert_eq!(writer.known().get(&key(4)), Some(&second));
    }
}

#[test]
fn more_rows_than_were_promised_find_room_and_bounds_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = place(folder.path());
    let mut writer = RowWriter::open(Some(&place), "a", MAKER, Extent::of(ROW, 10));
    let rows = writer.rows();
    for number in 0..2500 {
        assert_eq!(writer.push(&[key(number)], &row(number)).unwrap(), number);
    }
    rows.read(|bytes| assert!((0..2500).all(|n| bytes[n as usize * ROW..][..ROW] == row(n))));
    assert_eq!(writer.trouble(), None);
    drop((writer, rows));
    assert_eq!(known(&mut written(&place, "a", 0..0), 0..2500), 2500);
    // Where the bounds end, rows go on in memory.
    place.most_bytes = 50 * ROW as u64;
    let mut writer = RowWriter::open(Some(&place), "b", MAKER, Extent::of(ROW, 10));
    for number in 0..2500 {
        writer.push(&[key(number)], &row(number)).unwrap();
    }
    assert!(writer.trouble().is_some_and(|why| why.contains("max_gigabytes")));
    writer.rows().read(|bytes| assert_eq!(bytes.len(), 2500 * ROW));
}

#[test]
fn a_row_whose_entry_is_torn_or_damaged_is_forgotten_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    drop(written(&place, "a", 0..20));
    let index = folder.path().join("a/index");
    let whole = fs::read(&index).unwrap();
    for length in 0..whole.len() {
        fs::write(&index, &whole[..length]).unwrap();
        let expected = length.saturating_sub(whole.len() - 20 * 24) / 24;
        assert_eq!(known(&mut written(&place, "a", 0..0), 0..20), expected, "cut off at {length}");
        // An index that is about nothing empties its rows.
        if expected == 0 {
            fs::remove_dir_all(folder.path().join("a")).unwrap();
            drop(written(&place, "a", 0..20));
        }
    }
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::remove_dir_all(folder.path().join("a")).unwrap();
        drop(written(&place, "a", 0..20));
        fs::write(&index, &flipped).unwrap();
        assert!(known(&mut written(&place, "a", 0..0), 0..20) < 20, "flipped at {at}");
    }
}

#[test]
fn rows_that_are_shorter_than_their_index_says_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    drop(written(&place, "a", 0..20));
    let rows = OpenOptions::new().write(true).open(folder.path().join("a/rows")).unwrap();
    rows.set_len(7 * ROW as u64).unwrap();
    assert_eq!(known(&mut written(&place, "a", 0..0), 0..20), 7);
}

#[test]
fn little_room_at_once_is_no_reason_to_drop_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let extent = Extent { room: 10, ..Extent::of(ROW, 1000) };
    let mut writer = RowWriter::open(Some(&place), "a", MAKER, extent);
    for number in 0..500 {
        writer.push(&[key(number)], &row(number)).unwrap();
    }
    drop(writer);
    let mut again = RowWriter::open(Some(&place), "a", MAKER, extent);
    assert_eq!(known(&mut again, 0..500), 500);
}

#[test]
fn sets_that_are_in_use_take_no_more_together_than_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = place(folder.path());
    place.most_bytes = 12 << 20;
    let extent = Extent { room: 100, ..Extent::of(4096, 10_000) };
    let [mut first, mut second] =
        ["a", "b"].map(|name| RowWriter::open(Some(&place), name, MAKER, extent));
    // 8 MB each.
    for number in 0..2000 {
        first.push(&[key(number)], &[1; 4096]).unwrap();
    }
    assert_eq!(first.trouble(), None);
    for number in 0..2000 {
        second.push(&[key(number)], &[2; 4096]).unwrap();
    }
    assert!(second.trouble().is_some_and(|why| why.contains("that are in use")));
    second.rows().read(|rows| assert!(rows.len() == 2000 * 4096 && rows[1999 * 4096] == 2));
}

#[test]
fn a_set_of_other_rows_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    drop(written(&place, "a", 0..20));
    drop(RowWriter::open(Some(&place), "a", MAKER, Extent::of(ROW * 2, 1000)));
    assert!(written(&place, "a", 0..0).known().is_empty(), "longer ones were there");
    drop(written(&place, "a", 0..20));
    let mut other = RowWriter::open(Some(&place), "a", "another maker", Extent::of(ROW, 1000));
    assert!(other.known().is_empty());
}

#[test]
fn where_there_is_no_folder_rows_live_in_memory_and_it_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file, not a folder");
    File::create(&file).unwrap();
    let mut writer = written(&place(&file), "a", 0..50);
    assert!(writer.trouble().unwrap().contains("a file, not a folder"));
    assert_eq!(writer.trouble(), None);
    writer.rows().read(|rows| assert_eq!(rows[49 * ROW..50 * ROW], row(49)));
}

#[test]
fn two_sessions_do_not_write_into_one_set() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let first = written(&place, "a", 0..10);
    let mut second = written(&place, "a", 0..10);
    assert!(second.trouble().unwrap().contains("another session"));
    // Who only reads holds the set, too: its memory must not become shorter.
    let reader = first.rows();
    drop((first, second));
    assert!(written(&place, "a", 0..10).trouble().is_some());
    drop(reader);
    assert_eq!(known(&mut written(&place, "a", 0..0), 0..10), 10);
}

#[test]
fn sets_that_were_not_used_for_long_give_way() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder: folder.path().to_owned(), most_bytes: 60_000 };
    for name in ["old", "new"] {
        // 36 kB each
        drop(written(&place, name, 0..1000));
    }
    let used = OpenOptions::new().write(true).open(folder.path().join("old/used")).unwrap();
    used.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
    fs::write(folder.path().join("not ours"), "a person's own").unwrap();
    drop(written(&place, "third", 0..10));
    let left = |name| folder.path().join(name).exists();
    assert!(!left("old") && left("new") && left("third") && left("not ours"));
    let mut large = RowWriter::open(Some(&place), "large", MAKER, Extent::of(ROW, 10_000));
    assert!(large.trouble().unwrap().contains("cache.max_gigabytes"), "more than all there may be");
    assert!(left("new") && left("third"), "nothing gives way for what has no room");
}

#[test]
fn a_file_is_known_by_its_content_wherever_it_lies_until_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("1.png"), folder.path().join("2.png"));
    image::RgbImage::from_pixel(9, 7, image::Rgb([1, 2, 3])).save(&here).unwrap();
    fs::copy(&here, &there).unwrap();
    let limits = DecodeLimits::default();
    let Square::Made { keys, rgb } = square(&here, 4, &limits, |_| false).unwrap() else {
        panic!("nothing is known");
    };
    assert_eq!(rgb.len(), 48);
    let knows = |key: &Key| keys.contains(key);
    let known = |path| square(path, 4, &limits, knows).unwrap();
    assert_eq!(known(&here), Square::Known { key: keys[1], also: None });
    let Square::Known { key, also: Some(also) } = known(&there) else { panic!("same content") };
    assert!(key == keys[0] && !keys.contains(&also));
    image::RgbImage::from_pixel(9, 7, image::Rgb([9, 2, 3])).save(&here).unwrap();
    assert!(matches!(known(&here), Square::Made { .. }), "it changed");
    fs::remove_file(&here).unwrap();
    assert!(square(&here, 4, &limits, knows).unwrap_err().to_string().contains("is not there"));
}

#[test]
fn a_large_file_has_the_same_content_read_at_once_or_in_parts_and_what_is_no_file_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.png");
    for length in [0, 1, 1000, 3_000_000] {
        let bytes: Vec<u8> = (0..length).map(|n: u32| (n.wrapping_mul(n) >> 3) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let (key, read) = Key::of_content_at(&path).unwrap();
        assert_eq!((key, read), (Key::of_content(&bytes), u64::from(length)));
        assert_eq!(key.bytes()[..], blake3::hash(&bytes).as_bytes()[..16]);
    }
    assert!(Key::of_content_at(folder.path()).is_err());
    assert!(Key::of_content_at(&folder.path().join("none")).is_err());
}
