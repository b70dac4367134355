//! Files that are foreign, far too large, or not whole.

use std::io::Write;
use std::os::unix::fs::FileExt;

use half::{bf16, f16};
use sluice_events::network::WeightsFormat;
use tempfile::{NamedTempFile, TempDir};

use super::*;

/// A file in safetensors' format with this header, and room for so many bytes of numbers behind it: zeros that the disk
/// need not hold. Gives where the numbers begin, too.
fn file_with(header: &str, bytes: u64) -> (NamedTempFile, u64) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    let begin = 8 + header.len() as u64;
    file.as_file().set_len(begin + bytes).unwrap();
    (file, begin)
}

/// The header's words on one tensor.
fn tensor(name: &str, dtype: &str, shape: &str, from: u64, to: u64) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
}

fn wanted(name: &str, shape: &[i64]) -> HashMap<String, Vec<i64>> {
    HashMap::from([(name.to_owned(), shape.to_vec())])
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    assert_eq!(tensor.kind(), Kind::Float);
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

#[test]
fn of_a_huge_foreign_file_only_what_is_needed_is_read() {
    let foreign = 40_u64 << 30;
    let header = [
        tensor("foreign", "F32", &format!("[{}]", foreign / 4), 0, foreign),
        tensor("needed", "F32", "[1,2]", foreign, foreign + 8),
    ];
    let (file, begin) = file_with(&format!("{{{}}}", header.join(",")), foreign + 8);
    let two = [3.0_f32, -7.0].map(f32::to_le_bytes).concat();
    file.as_file().write_all_at(&two, begin + foreign).unwrap();
    let there = open(file.path(), None).unwrap();
    assert_eq!(there["foreign"].shape, [(foreign / 4) as i64]);
    let read = read(file.path(), &there, &wanted("needed", &[2])).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read["needed"].size(), [2]);
    assert_eq!(numbers(&read["needed"]), [3.0, -7.0]);
}

#[test]
fn what_nobody_needs_is_not_even_tried() {
    let unread = |bytes: Bytes| Unread { shape: vec![1], kind: Kind::Float, bytes };
    let file = HashMap::from([
        ("lost".to_owned(), unread(Box::new(|| Err(io::Error::other("the disk is gone"))))),
        ("there".to_owned(), unread(Box::new(|| Ok(1.0_f32.to_le_bytes().to_vec())))),
        ("short".to_owned(), unread(Box::new(|| Ok(vec![0; 3])))),
    ]);
    let path = Path::new("a file");
    let one = read(path, &file, &wanted("there", &[1])).unwrap();
    assert_eq!(numbers(&one["there"]), [1.0]);
    for (name, words) in [("lost", "the disk is gone"), ("short", "3 bytes"), ("none", "missing")] {
        let error = read(path, &file, &wanted(name, &[1])).unwrap_err();
        assert!(matches!(&error, WeightsError::Format { why, .. } if why.contains(words)));
    }
}

#[test]
fn every_kind_of_floating_point_numbers_is_read_and_no_other_is_there() {
    let values = [0.5_f32, -2.0];
    let files: [(&str, Vec<u8>); 4] = [
        ("F32", values.map(f32::to_le_bytes).concat()),
        ("F64", values.map(|value| f64::from(value).to_le_bytes()).concat()),
        ("F16", values.map(|value| f16::from_f32(value).to_le_bytes()).concat()),
        ("BF16", values.map(|value| bf16::from_f32(value).to_le_bytes()).concat()),
    ];
    for (dtype, bytes) in files {
        let length = bytes.len() as u64;
        let header =
            [tensor("w", dtype, "[2]", 0, length), tensor("n", "I64", "[]", length, length + 8)];
        let (file, begin) = file_with(&format!("{{{}}}", header.join(",")), length + 8);
        file.as_file().write_all_at(&bytes, begin).unwrap();
        let there = open(file.path(), None).unwrap();
        assert!(!there.contains_key("n"), "{dtype}");
        let read = read(file.path(), &there, &wanted("w", &[2, 1])).unwrap();
        assert_eq!(
            (read["w"].size(), numbers(&read["w"])),
            (vec![2, 1], values.to_vec()),
            "{dtype}"
        );
    }
}

/// Why a file is refused.
fn refused(path: &Path, published: Option<&Weights>) -> WeightsError {
    open(path, published).err().expect("it is refused")
}

#[test]
fn a_header_that_claims_more_or_less_than_is_there_is_refused() {
    let header = format!("{{{}}}", tensor("w", "F32", "[4]", 0, 16));
    for bytes in [0, 8, 15, 17, 1 << 40] {
        let error = refused(file_with(&header, bytes).0.path(), None).to_string();
        let words = format!("should take 16 bytes, and {bytes} are there");
        assert!(error.contains("holds no weights") && error.contains(&words), "{error}");
    }
    assert!(open(file_with(&header, 16).0.path(), None).is_ok());
    // Its shape says another length than its place.
    let wrong = format!("{{{}}}", tensor("w", "F32", "[1099511627776]", 0, 16));
    let error = refused(file_with(&wrong, 16).0.path(), None).to_string();
    assert!(error.contains("its header can't be read"), "{error}");
}

#[test]
fn a_header_that_is_too_long_is_not_read() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("w.safetensors");
    let long = 100_000_001_u64;
    let file = File::create(&path).unwrap();
    file.write_all_at(&long.to_le_bytes(), 0).unwrap();
    file.set_len(8 + long).unwrap();
    let error = refused(&path, None);
    assert!(matches!(error, WeightsError::TooLarge { megabytes: 100, most: 100, .. }), "{error}");
    assert!(error.to_string().contains("its header has 100 MB"), "{error}");
    // Of a file that is shorter than it says nothing is too large: it is something else.
    file.set_len(7 + long).unwrap();
    assert!(matches!(refused(&path, None), WeightsError::Format { .. }));
}

#[test]
fn a_huge_file_under_the_published_name_is_refused_before_it_is_hashed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("edges.pth");
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let published = Weights {
        url: "https://example.org/edges.pth".to_owned(),
        sha256: "0123456789abcdef".to_owned(),
        format: WeightsFormat::Pytorch,
        renamed: Vec::new(),
    };
    let error = refused(&path, Some(&published));
    assert!(matches!(error, WeightsError::TooLarge { what: "it", .. }), "{error}");
}

#[test]
fn two_tensors_that_would_have_one_name_are_refused() {
    let header = [tensor("module.w", "F32", "[1]", 0, 4), tensor("w", "F32", "[1]", 4, 8)];
    let (file, _) = file_with(&format!("{{{}}}", header.join(",")), 8);
    let published = Weights {
        url: "https://example.org/other".to_owned(),
        sha256: String::new(),
        format: WeightsFormat::Pytorch,
        renamed: vec![("module.".to_owned(), String::new())],
    };
    let error = refused(file.path(), Some(&published)).to_string();
    assert!(error.contains("two of its tensors would be called w"), "{error}");
}
