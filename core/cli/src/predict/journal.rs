//! What is done, kept beside the file that it will become until that is complete: JSON lines, the first of which says
//! whose they are. A last line that is not whole is dropped; of a file that was changed since, nothing is known.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sluice_pool::Found;

use super::head::{Head, MARK, OF_ANOTHER_VERSION};
use super::rows::Said;
use crate::whole::is_same;

const ENDING: &str = ".unfinished";
/// A loss of power takes no more than what came in so long a time.
const SYNC_AFTER: Duration = Duration::from_secs(2);

/// Every other line: what is said of a file, and what could be seen of it.
#[derive(Debug, Deserialize, Serialize)]
struct Line {
    path: String,
    bytes: u64,
    modified_ns: Option<i64>,
    /// A 32-bit number; with 64 bits, it is the same again when it is read.
    probability: Option<f64>,
    problem: Option<String>,
}

/// What there was.
pub enum Begun {
    /// Nothing.
    First,
    /// Some of it is done.
    GoesOn,
    /// This, which is of no use.
    Anew(&'static str),
}

/// Open for writing, and held: two runs never write the same one.
pub struct Journal {
    path: PathBuf,
    file: File,
    known: HashMap<String, Line>,
    synced: Instant,
}

/// What a file of a journal's name holds.
enum Kept {
    Nothing,
    /// It is no journal.
    Strange,
    /// What it holds, of another run.
    Other(&'static str),
    /// Lines, and up to which byte they are whole.
    Lines(HashMap<String, Line>, u64),
}

impl Journal {
    /// Opens that of a file, or begins one. What is of another run stays, unless it is to be replaced.
    pub fn open(place: &Path, head: &Head, replace: bool) -> Result<(Self, Begun)> {
        let mut name = place.as_os_str().to_owned();
        name.push(ENDING);
        let path = PathBuf::from(name);
        let shown = path.display().to_string();
        let cant = || format!("can't keep what is done in {shown}; nothing was written");
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.with_context(cant)?;
        hold(&file, &path, place)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(cant)?;
        let (known, begun) = match read(&bytes, head) {
            Kept::Lines(known, whole) => {
                file.set_len(whole).with_context(cant)?;
                (known, Begun::GoesOn)
            }
            Kept::Strange => bail!(
                "{shown} is in the way: what is done would be kept there, and it holds something else; nothing was \
                 changed. Move it away, or name another file with --to"
            ),
            Kept::Other(held) if !replace => bail!(
                "{shown} holds {held}; nothing was changed. Remove it, or name another file with --to, or give \
                 --replace to begin anew"
            ),
            Kept::Nothing => (write_head(&mut file, head).with_context(cant)?, Begun::First),
            Kept::Other(held) => {
                (write_head(&mut file, head).with_context(cant)?, Begun::Anew(held))
            }
        };
        file.seek(SeekFrom::End(0)).with_context(cant)?;
        Ok((Self { path, file, known, synced: Instant::now() }, begun))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of an image; nothing, if its file was changed.
    pub fn known(&self, image: &Found) -> Option<Said> {
        let line = self.known.get(&image.path)?;
        let seen = (image.sight.bytes, image.sight.modified.and_then(nanoseconds));
        if (line.bytes, line.modified_ns) != seen {
            return None;
        }
        match (line.probability, &line.problem) {
            (Some(probability), None) => Some(Ok(probability as f32)),
            (None, Some(problem)) => Some(Err(problem.clone())),
            _ => None,
        }
    }

    /// Of how many of these images something is known.
    pub fn known_of(&self, images: &[Found]) -> usize {
        images.iter().filter(|image| self.known(image).is_some()).count()
    }

    /// Keeps what is said of these images.
    pub fn add<'a>(&mut self, said: impl Iterator<Item = (&'a Found, &'a Said)>) -> Result<()> {
        let mut lines = Vec::new();
        for (image, said) in said {
            let line = Line {
                path: image.path.clone(),
                bytes: image.sight.bytes,
                modified_ns: image.sight.modified.and_then(nanoseconds),
                probability: said.as_ref().ok().copied().map(f64::from),
                problem: said.as_ref().err().cloned(),
            };
            serde_json::to_writer(&mut lines, &line)?;
            lines.push(b'\n');
        }
        self.file
            .write_all(&lines)
            .with_context(|| format!("can't write {}", self.path.display()))?;
        if self.synced.elapsed() > SYNC_AFTER {
            // What can't be synced is written all the same, and only a loss of power could take it.
            let _ = self.file.sync_data();
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// All of it is where it belongs.
    pub fn remove(self) -> Result<()> {
        let shown = self.path.display();
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed
                .with_context(|| format!("can't remove {shown}, which is of no use any more")),
        }
    }
}

/// Keeps other runs out. Where there are no locks, nobody is kept out.
fn hold(file: &File, path: &Path, place: &Path) -> Result<()> {
    let place = place.display();
    if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        bail!("another sluice is at work on {place}; nothing was changed");
    }
    // Who held it until now has perhaps removed it, and what is written here would be nowhere.
    if !is_at(file, path) {
        bail!("another sluice was at work on {place} just now; give the command again");
    }
    Ok(())
}

fn is_at(file: &File, path: &Path) -> bool {
    let (open, there) = (file.metadata(), fs::metadata(path));
    open.is_ok_and(|open| there.is_ok_and(|there| is_same(&open, &there)))
}

/// Begins anew, with nothing known.
fn write_head(file: &mut File, head: &Head) -> Result<HashMap<String, Line>> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    file.write_all(&line)?;
    Ok(HashMap::new())
}

fn read(bytes: &[u8], head: &Head) -> Kept {
    let begun = bytes.len().min(MARK.len());
    // A file system may have kept the length of a file, but not what was in it.
    if bytes.iter().all(|byte| *byte == 0) {
        return Kept::Nothing;
    }
    if bytes[..begun] != MARK[..begun] {
        return Kept::Strange;
    }
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next() else { return Kept::Nothing };
    let other = match parsed::<Head>(first) {
        Some(kept) => kept.other_than(head),
        None if first.ends_with(b"\n") => Some(OF_ANOTHER_VERSION),
        None => return Kept::Nothing,
    };
    if let Some(held) = other {
        return Kept::Other(held);
    }
    let (mut known, mut whole) = (HashMap::new(), first.len());
    for line in lines {
        let Some(said) = parsed::<Line>(line) else { break };
        whole += line.len();
        known.insert(said.path.clone(), said);
    }
    Kept::Lines(known, whole as u64)
}

/// A whole line.
fn parsed<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    serde_json::from_slice(line.strip_suffix(b"\n")?).ok()
}

/// Since 1970; none beyond what 64 bits hold.
fn nanoseconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|nanos| -nanos),
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::head;
    use super::*;

    fn journal(lines: &[&str]) -> Vec<u8> {
        let first = serde_json::to_string(&head("one")).unwrap();
        let lines = [&[first.as_str()], lines].concat();
        lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
    }

    const ROW: &str =
        "{\"path\":\"a.png\",\"bytes\":3,\"modified_ns\":7,\"probability\":0.5,\"problem\":null}";

    #[test]
    fn a_journal_begins_with_its_mark() {
        assert!(journal(&[]).starts_with(MARK));
    }

    #[test]
    fn it_is_whole_up_to_the_last_line_that_is() {
        let whole = journal(&[ROW]);
        for cut in 0..=whole.len() {
            let first = journal(&[]).len();
            match read(&whole[..cut], &head("one")) {
                Kept::Nothing => assert!(cut < first, "{cut}"),
                Kept::Lines(known, length) if cut == whole.len() => {
                    assert_eq!((known.len(), length), (1, whole.len() as u64));
                }
                Kept::Lines(known, length) => {
                    assert_eq!((known.len(), length), (0, first as u64), "{cut}");
                }
                Kept::Strange | Kept::Other(_) => panic!("{cut}"),
            }
        }
        let with_rubbish = journal(&[ROW, "\0\0\0", ROW]);
        let Kept::Lines(known, length) = read(&with_rubbish, &head("one")) else { panic!() };
        assert_eq!((known.len(), length), (1, whole.len() as u64));
    }

    #[test]
    fn what_is_no_journal_or_another_is_told_apart() {
        assert!(matches!(read(b"my own notes\n", &head("one")), Kept::Strange));
        assert!(matches!(read(&[0; 99], &head("one")), Kept::Nothing));
        assert!(matches!(read(&journal(&[ROW]), &head("two")), Kept::Other(_)));
        // A whole first line with other things in it.
        let older = [MARK, b"\"version\":0}\n"].concat();
        assert!(matches!(read(&older, &head("one")), Kept::Other(OF_ANOTHER_VERSION)));
    }

    #[test]
    fn a_journal_that_was_removed_is_not_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv.unfinished");
        let file = File::create(&path).unwrap();
        assert!(hold(&file, &path, &path).is_ok());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path));
        let _new = File::create(&path).unwrap();
        let refused = hold(&file, &path, &path).unwrap_err().to_string();
        assert!(refused.contains("just now; give the command again"), "{refused}");
    }

    #[test]
    fn what_is_gone_need_not_be_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.csv");
        let (journal, begun) = Journal::open(&place, &head("one"), false).unwrap();
        assert!(matches!(begun, Begun::First));
        fs::remove_file(journal.path()).unwrap();
        journal.remove().unwrap();
    }

    #[test]
    fn times_before_1970_are_times() {
        let second = Duration::from_secs(1);
        assert_eq!(nanoseconds(UNIX_EPOCH + second), Some(1_000_000_000));
        assert_eq!(nanoseconds(UNIX_EPOCH - second), Some(-1_000_000_000));
    }
}
