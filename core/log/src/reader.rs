//! Reads records back, one batch in memory as records and one segment as bytes at a time.

use crate::Seq;
use crate::error::ReadError;
use crate::frame::Record;
use crate::scan::{HeaderError, Position, Scan, header_of};
use crate::segment;
use crate::storage::Storage;

/// Records `from..to` of a log, in order; ends with the first that can't be read.
pub fn read_records<S: Storage>(
    storage: &S,
    from: Seq,
    to: Seq,
) -> impl Iterator<Item = Result<Record, ReadError>> + Send + use<S> {
    let (segments, failed) = match storage.list("log") {
        Ok(names) => (segments_with(&names, from, to), None),
        Err(source) => (Vec::new(), Some(ReadError::Io { file: "log".into(), source })),
    };
    let batches =
        Batches { storage: storage.clone(), segments: segments.into_iter(), open: None, to };
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

struct Batches<S> {
    storage: S,
    segments: std::vec::IntoIter<Seq>,
    open: Option<OpenSegment>,
    to: Seq,
}

struct OpenSegment {
    name: String,
    bytes: Vec<u8>,
    position: Position,
}

impl<S: Storage> Batches<S> {
    fn open(&self, first_seq: Seq) -> Result<OpenSegment, ReadError> {
        let name = segment::file_name(first_seq);
        let io = |source| ReadError::Io { file: name.clone(), source };
        let bytes = self.storage.read(&name).map_err(io)?;
        let header = header_of(&name, first_seq, &bytes).map_err(|error| match error {
            HeaderError::Damaged(damage) => damage.into(),
            HeaderError::Newer(found) => ReadError::Newer { file: name.clone(), found },
        })?;
        Ok(OpenSegment { position: Position::behind(&header), name, bytes })
    }
}

impl<S: Storage> Iterator for Batches<S> {
    type Item = Result<Vec<Record>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(open) = &mut self.open else {
                let first_seq = self.segments.next()?;
                match self.open(first_seq) {
                    Ok(open) => self.open = Some(open),
                    Err(error) => return Some(self.end_with(error)),
                }
                continue;
            };
            if open.position.next_seq >= self.to {
                return None;
            }
            let mut scan = Scan::from(&open.name, &open.bytes, open.position);
            match scan.next() {
                None => self.open = None,
                Some(Err(damage)) => return Some(self.end_with(damage.into())),
                Some(Ok(frame)) => {
                    open.position = scan.position;
                    return Some(Ok(frame.records().collect()));
                }
            }
        }
    }
}

impl<S> Batches<S> {
    fn end_with<T>(&mut self, error: ReadError) -> Result<T, ReadError> {
        self.segments = Vec::new().into_iter();
        self.open = None;
        Err(error)
    }
}
