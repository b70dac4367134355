//! What a disk may hold after a loss of power.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};

use super::{FileId, Op, SECTOR};

/// Names and contents.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A part of a sector or a length, written and not synced.
#[derive(Clone, Debug)]
struct Unsynced {
    change: Change,
    /// A sync of it failed: no later one makes it durable.
    forsaken: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Sector { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    unsynced: Vec<Unsynced>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Set { name: String, file: FileId },
    Move { from: String, to: String, file: FileId },
    Remove { name: String },
}

impl NameChange {
    fn is_in(&self, folder: &str) -> bool {
        let (Self::Set { name, .. } | Self::Move { to: name, .. } | Self::Remove { name }) = self;
        name.rsplit_once('/').map_or("", |(at, _)| at) == folder
    }

    fn apply(&self, names: &mut BTreeMap<String, FileId>) {
        match self {
            Self::Set { name, file } => drop(names.insert(name.clone(), *file)),
            Self::Move { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Remove { name } => drop(names.remove(name)),
        }
    }
}

/// What is durable, and what may be.
#[derive(Clone, Debug, Default)]
pub struct Held {
    names: BTreeMap<String, FileId>,
    unsynced_names: Vec<NameChange>,
    files: BTreeMap<FileId, File>,
}

impl Held {
    /// A disk that holds these files durably; numbered as [`super::Disk::holding`] does.
    pub fn holding(files: &Files) -> Self {
        let mut held = Self::default();
        for (file, (name, content)) in files.iter().enumerate() {
            held.names.insert(name.clone(), file);
            held.files.insert(file, File { durable: content.clone(), unsynced: Vec::new() });
        }
        held
    }

    /// After one more call.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Create { file, name } => {
                self.files.insert(*file, File::default());
                let (name, file) = (name.clone(), *file);
                self.unsynced_names.push(NameChange::Set { name, file });
            }
            Op::Rename { file, from, to } => {
                let (from, to, file) = (from.clone(), to.clone(), *file);
                self.unsynced_names.push(NameChange::Move { from, to, file });
            }
            Op::Remove { name } => {
                self.unsynced_names.push(NameChange::Remove { name: name.clone() });
            }
            Op::SyncFolder { folder } => {
                let (synced, rest) = std::mem::take(&mut self.unsynced_names)
                    .into_iter()
                    .partition::<Vec<_>, _>(|change| change.is_in(folder));
                for change in synced {
                    change.apply(&mut self.names);
                }
                self.unsynced_names = rest;
            }
            Op::Write { file, offset, bytes } => self.file(*file).write(*offset, bytes),
            Op::Truncate { file, length } => {
                let change = Change::Length(*length);
                self.file(*file).unsynced.push(Unsynced { change, forsaken: false });
            }
            Op::Sync { file } => self.file(*file).sync(),
            Op::SyncFailed { file } => {
                for change in &mut self.file(*file).unsynced {
                    change.forsaken = true;
                }
            }
        }
    }

    fn file(&mut self, file: FileId) -> &mut File {
        self.files.get_mut(&file).expect("it was created")
    }

    /// The different contents that a loss of power now may leave: all of them when there are at most
    /// `limit` combinations, else so many drawn with `random`.
    pub fn after_power_loss(&self, limit: usize, random: &mut impl FnMut() -> u64) -> Vec<Files> {
        let changes: usize = self.files.values().map(|file| file.unsynced.len()).sum();
        let bits = changes + self.unsynced_names.len() + FILLS_BITS;
        let all = 1_u128 << bits.min(100);
        let mut seen = HashSet::new();
        let mut states = Vec::new();
        for draw in 0..all.min(limit as u128) {
            let choice = if all <= limit as u128 {
                draw
            } else {
                u128::from(random()) << 64 | u128::from(random())
            };
            let files = self.with(Choice(choice));
            let mut hash = DefaultHasher::new();
            files.hash(&mut hash);
            if seen.insert(hash.finish()) {
                states.push(files);
            }
        }
        states
    }

    fn with(&self, mut choice: Choice) -> Files {
        let fill = Fill::of(&mut choice);
        let mut names = self.names.clone();
        for change in &self.unsynced_names {
            if choice.yes() {
                change.apply(&mut names);
            }
        }
        let contents: BTreeMap<FileId, Vec<u8>> =
            self.files.iter().map(|(id, file)| (*id, file.with(&mut choice, fill))).collect();
        names.into_iter().map(|(name, file)| (name, contents[&file].clone())).collect()
    }
}

const FILLS_BITS: usize = 2;

/// What stands where a file grew and no sector came.
#[derive(Clone, Copy)]
struct Fill {
    /// Every length that was written reached the disk, also without its sectors.
    grown: bool,
    rubbish: bool,
}

impl Fill {
    fn of(choice: &mut Choice) -> Self {
        Self { grown: choice.yes(), rubbish: choice.yes() }
    }

    fn byte(self, at: usize) -> u8 {
        if self.rubbish { (at as u8).wrapping_mul(167) ^ 0x5a } else { 0 }
    }
}

/// Bits that decide one after the other.
struct Choice(u128);

impl Choice {
    fn yes(&mut self) -> bool {
        let yes = self.0 & 1 == 1;
        self.0 >>= 1;
        yes
    }
}

impl File {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let mut at = offset;
        while at < offset + bytes.len() {
            let end = ((at / SECTOR + 1) * SECTOR).min(offset + bytes.len());
            // Whatever was in this sector is written again with it.
            for earlier in &mut self.unsynced {
                if matches!(&earlier.change, Change::Sector { offset, .. } if offset / SECTOR == at / SECTOR)
                {
                    earlier.forsaken = false;
                }
            }
            let bytes = bytes[at - offset..end - offset].to_vec();
            let change = Change::Sector { offset: at, bytes };
            self.unsynced.push(Unsynced { change, forsaken: false });
            at = end;
        }
    }

    fn sync(&mut self) {
        for one in std::mem::take(&mut self.unsynced) {
            if one.forsaken {
                self.unsynced.push(one);
                continue;
            }
            apply(&mut self.durable, &one.change, |_| 0);
            if let Change::Length(length) = one.change {
                // What was cut off can't come back.
                self.unsynced.retain(
                    |left| !matches!(left.change, Change::Sector { offset, .. } if offset >= length),
                );
            }
        }
    }

    fn with(&self, choice: &mut Choice, fill: Fill) -> Vec<u8> {
        let mut content = self.durable.clone();
        for one in &self.unsynced {
            if choice.yes() {
                apply(&mut content, &one.change, |at| fill.byte(at));
            } else if fill.grown
                && let Change::Sector { offset, bytes } = &one.change
            {
                let end = offset + bytes.len();
                (content.len()..end).for_each(|at| content.push(fill.byte(at)));
            }
        }
        content
    }
}

fn apply(content: &mut Vec<u8>, change: &Change, fill: impl Fn(usize) -> u8) {
    match change {
        Change::Length(length) => {
            content.truncate(*length);
            (content.len()..*length).for_each(|at| content.push(fill(at)));
        }
        Change::Sector { offset, bytes } => {
            let end = offset + bytes.len();
            (content.len()..end).for_each(|at| content.push(fill(at)));
            content[*offset..end].copy_from_slice(bytes);
        }
    }
}
