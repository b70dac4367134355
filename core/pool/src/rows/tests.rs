//! A disk that fails while rows are written.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

use super::*;

/// Writes ten rows, lets `fail` spoil the files, writes ten more.
fn spoiled(fail: impl FnOnce(&mut Files)) -> RowWriter {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder: folder.path().to_owned(), most_bytes: 1 << 20 };
    let mut writer = RowWriter::open(Some(&place), "a", "a test", Extent::of(4, 100));
    let key = |number: u32| Key::of_content(&number.to_le_bytes());
    for number in 0..10_u32 {
        writer.push(&[key(number)], &number.to_le_bytes()).unwrap();
    }
    fail(writer.files.as_mut().unwrap());
    for number in 10..20_u32 {
        writer.push(&[key(number)], &number.to_le_bytes()).unwrap();
    }
    writer.sync();
    writer
}

#[test]
fn more_than_may_be_held_is_refused_and_what_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder: folder.path().to_owned(), most_bytes: 1 << 20 };
    let extent = Extent { in_memory: 40, ..Extent::of(4, 100) };
    for place in [None, Some(&place)] {
        let mut writer = RowWriter::open(place, "b", "a test", extent);
        for number in 0..10_u32 {
            writer.push(&[], &number.to_le_bytes()).unwrap();
        }
        if writer.files.is_some() {
            writer.push(&[], &10_u32.to_le_bytes()).unwrap();
            writer.files.as_mut().unwrap().rows = File::open("/dev/null").unwrap();
        }
        let error = writer.push(&[], &[7; 4]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory, "{error}");
        writer.rows().read(|rows| {
            let numbers = rows.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row));
            assert!(numbers.take(10).eq(0..10));
        });
    }
}

#[test]
fn what_is_left_of_the_disk_is_left_to_the_answers() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder: folder.path().to_owned(), most_bytes: 1 << 20 };
    let mut writer = RowWriter::open(Some(&place), "a", "a test", Extent::of(4, 100));
    writer.files.as_mut().unwrap().least_free = u64::MAX;
    assert_eq!(writer.push(&[], &[7; 4]).unwrap(), 0);
    assert!(writer.trouble().is_some_and(|why| why.contains("which answers may need")));
    writer.rows().read(|rows| assert_eq!(rows[..4], [7; 4]));
}

#[test]
fn when_the_disk_fails_on_the_way_rows_go_on_in_memory_and_it_is_told_once() {
    let read_only = || File::open("/dev/null").unwrap();
    let of_rows = spoiled(|files| files.rows = read_only());
    let of_index = spoiled(|files| files.index = read_only());
    for mut writer in [of_rows, of_index] {
        assert!(writer.trouble().is_some());
        assert_eq!(writer.trouble(), None);
        writer.push(&[], &20_u32.to_le_bytes()).unwrap();
        writer.rows().read(|rows| {
            let numbers = rows.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row));
            assert!(numbers.eq(0..=20));
        });
    }
}
