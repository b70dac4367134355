//! Reads records back, a piece of a segment in memory at a time.

use crate::Seq;
use crate::error::ReadError;
use crate::frame::Record;
use crate::scan::Scan;
use crate::segment;
use crate::storage::Storage;

/// Records `from..to` of a log, in order, which all must be there; ends with the first that can't be
/// read.
pub fn read_records<S: Storage>(
    storage: &S,
    from: Seq,
    to: Seq,
) -> impl Iterator<Item = Result<Record, ReadError>> + Send + use<S> {
    let (segments, failed) = match storage.list("log") {
        Ok(names) => (segments_with(&names, from, to), None),
        Err(source) => (Vec::new(), Some(ReadError::Io { file: "log".into(), source })),
    };
    let segments = segments.into_iter();
    let batches = Batches { storage: storage.clone(), segments, open: None, next: None, from, to };
    let wanted = move |record: &Record| (from..to).contains(&record.seq);
    failed.map(Err).into_iter().chain(batches.flat_map(move |batch| {
        let (records, failed) = match batch {
            Ok(records) => (records, None),
            Err(error) => (Vec::new(), Some(Err(error))),
        };
        records.into_iter().filter(wanted).map(Ok).chain(failed)
    }))
}

/// First sequence numbers of the segments that hold any of `from..to`.
fn segments_with(names: &[String], from: Seq, to: Seq) -> Vec<Seq> {
    let mut all: Vec<Seq> = names.iter().filter_map(|n| segment::parse_file_name(n)).collect();
    all.sort_unstable();
    let begin = all.partition_point(|&first| first <= from).saturating_sub(1);
    let end = all.partition_point(|&first| first < to);
    all.get(begin..end).map(<[Seq]>::to_vec).unwrap_or_default()
}

struct Batches<S: Storage> {
    storage: S,
    segments: std::vec::IntoIter<Seq>,
    open: Option<Scan<S::Reader>>,
    /// The number that the next batch must have, once one was read.
    next: Option<Seq>,
    from: Seq,
    to: Seq,
}

impl<S: Storage> Iterator for Batches<S> {
    type Item = Result<Vec<Record>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(scan) = &mut self.open else {
                let Some(first_seq) = self.segments.next() else { return self.end() };
                let expected = self.next.unwrap_or(self.from);
                if first_seq > expected {
                    return Some(self.fail(ReadError::Missing { from: expected, to: first_seq }));
                }
                match Scan::open(&self.storage, first_seq, false) {
                    Ok(scan) => self.open = Some(scan),
                    Err(error) => {
                        let error = error.reading(&segment::file_name(first_seq));
                        return Some(self.fail(error));
                    }
                }
                continue;
            };
            if scan.position.next_seq >= self.to {
                return None;
            }
            match scan.next() {
                None => self.open = None,
                Some(Ok(frame)) => {
                    self.next = Some(frame.next_seq());
                    return Some(Ok(frame.records().collect()));
                }
                Some(Err(error)) => {
                    let error = error.reading(&scan.name);
                    return Some(self.fail(error));
                }
            }
        }
    }
}

impl<S: Storage> Batches<S> {
    /// The last segment is read: everything that was asked for must have been there.
    fn end<T>(&mut self) -> Option<Result<T, ReadError>> {
        let from = self.next.unwrap_or(self.from);
        let missing = self.to > from;
        missing.then(|| self.fail(ReadError::Missing { from, to: self.to }))
    }

    /// Nothing comes after an error.
    fn fail<T>(&mut self, error: ReadError) -> Result<T, ReadError> {
        self.segments = Vec::new().into_iter();
        self.open = None;
        self.to = 0;
        Err(error)
    }
}
