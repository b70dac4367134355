//! The pickles of the older tool (github.com/franchesoni/binaryannotation, `backend/backend.py`):
//! annotations.pickle is a dict from path to True or False, skipped.pickle a list of paths.
//!
//! A pickle is a program for a small machine with a stack. This one knows what `pickle.dump` writes for such a
//! dict or list, and refuses everything else: it makes no objects, calls nothing, and nothing in it nests or grows
//! beyond the file, whatever the file says. A general reader (serde-pickle 1.2) copies what it is told to copy
//! without a limit, and nests until its own stack is full. The instructions are those of Python's `pickletools`.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Error, Result, anyhow, bail};
use sluice_events::Answer;

use super::problems::shown;
use super::read::Rows;

/// The first byte of every pickle since protocol 2.
pub const PROTOCOL: u8 = 0x80;
const FRAME: u8 = 0x95;
const STOP: u8 = b'.';
const MARK: u8 = b'(';
const EMPTY_DICT: u8 = b'}';
const EMPTY_LIST: u8 = b']';
const SETITEM: u8 = b's';
const SETITEMS: u8 = b'u';
const APPEND: u8 = b'a';
const APPENDS: u8 = b'e';
const MEMOIZE: u8 = 0x94;
const BINPUT: u8 = b'q';
const LONG_BINPUT: u8 = b'r';
const BINGET: u8 = b'h';
const LONG_BINGET: u8 = b'j';
const SHORT_BINUNICODE: u8 = 0x8c;
const BINUNICODE: u8 = b'X';
const BINUNICODE8: u8 = 0x8d;
const NEWTRUE: u8 = 0x88;
const NEWFALSE: u8 = 0x89;
const BININT1: u8 = b'K';
const BININT2: u8 = b'M';
const BININT: u8 = b'J';
const BINFLOAT: u8 = b'G';
const GLOBAL: u8 = b'c';
const STACK_GLOBAL: u8 = 0x93;

/// What to do about a pickle of something else.
const SAVE_ANEW: &str = "If you trust the file, save it anew: python3 -c \"import pickle; d = \
    pickle.load(open('FILE', 'rb')); pickle.dump({str(k): bool(v) for k, v in d.items()} if isinstance(d, dict) else \
    [str(k) for k in d], open('NEW.pickle', 'wb'))\"";

/// Reads annotations or skipped images.
///
/// # Errors
/// When it is anything else.
pub fn read(file: &Path, bytes: &[u8], rows: &mut Rows) -> Result<()> {
    let mut machine = Machine { rest: bytes, ..Machine::default() };
    while !machine.step()? {}
    let whole = machine.whole()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if whole == Whole::List && !name.contains("skip") {
        bail!(
            "it holds a list of paths, which says neither yes nor no; only one that is called skipped.pickle is \
             understood"
        );
    }
    for ((path, answer), entry) in machine.entries.into_iter().zip(1..) {
        // What is not UTF-8 is no image of a pool, and is told as such.
        rows.push(Some(entry), String::from_utf8_lossy(path).into_owned(), None, answer);
    }
    Ok(())
}

/// What is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Dict,
    List,
}

/// What can lie on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item<'a> {
    Whole,
    Text(&'a [u8]),
    Truth(bool),
    Number(u64),
}

#[derive(Default)]
struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Item<'a>>,
    marks: Vec<usize>,
    memo: HashMap<u64, Item<'a>>,
    builds: Option<Whole>,
    entries: Vec<(&'a [u8], Answer)>,
}

impl<'a> Machine<'a> {
    /// One instruction; whether it was the last.
    fn step(&mut self) -> Result<bool> {
        let code = self.number(1)? as u8;
        match code {
            PROTOCOL => {
                self.take(1)?;
            }
            FRAME => {
                self.take(8)?;
            }
            MARK => self.marks.push(self.stack.len()),
            EMPTY_DICT => self.begin(Whole::Dict)?,
            EMPTY_LIST => self.begin(Whole::List)?,
            SETITEM => self.set(self.stack.len().checked_sub(2).ok_or_else(broken)?)?,
            SETITEMS => {
                let from = self.marks.pop().ok_or_else(broken)?;
                self.set(from)?;
            }
            APPEND => self.append(self.stack.len().checked_sub(1).ok_or_else(broken)?)?,
            APPENDS => {
                let from = self.marks.pop().ok_or_else(broken)?;
                self.append(from)?;
            }
            MEMOIZE => self.keep(self.memo.len() as u64)?,
            BINPUT => {
                let place = self.number(1)?;
                self.keep(place)?;
            }
            LONG_BINPUT => {
                let place = self.number(4)?;
                self.keep(place)?;
            }
            BINGET => self.recall(1)?,
            LONG_BINGET => self.recall(4)?,
            SHORT_BINUNICODE => self.text(1)?,
            BINUNICODE => self.text(4)?,
            BINUNICODE8 => self.text(8)?,
            NEWTRUE => self.stack.push(Item::Truth(true)),
            NEWFALSE => self.stack.push(Item::Truth(false)),
            BININT1 => self.whole_number(1)?,
            BININT2 => self.whole_number(2)?,
            BININT => self.whole_number(4)?,
            STOP => return Ok(true),
            other => return Err(self.refusal(other)),
        }
        Ok(false)
    }

    fn begin(&mut self, whole: Whole) -> Result<()> {
        if self.builds.replace(whole).is_some() {
            bail!(
                "it holds lists or dicts within others, which no file of the older tool does. {SAVE_ANEW}"
            );
        }
        self.stack.push(Item::Whole);
        Ok(())
    }

    /// Puts what is on the stack from here on into the dict that lies below.
    fn set(&mut self, from: usize) -> Result<()> {
        let items = self.above(from, Whole::Dict)?;
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(broken());
        }
        for pair in pairs {
            let (path, is_positive) = match *pair {
                [Item::Text(path), Item::Truth(is_positive)] => (path, is_positive),
                [Item::Text(path), Item::Number(number @ 0..=1)] => (path, number == 1),
                [Item::Number(_), _] => return Err(numbered()),
                _ => bail!("it holds something other than answers by path. {SAVE_ANEW}"),
            };
            let answer = if is_positive { Answer::Positive } else { Answer::Negative };
            self.entries.push((path, answer));
        }
        Ok(())
    }

    /// Appends what is on the stack from here on to the list that lies below.
    fn append(&mut self, from: usize) -> Result<()> {
        for item in self.above(from, Whole::List)? {
            match item {
                Item::Text(path) => self.entries.push((path, Answer::Skip)),
                Item::Number(_) => return Err(numbered()),
                Item::Whole | Item::Truth(_) => {
                    bail!("it holds a list of something other than paths")
                }
            }
        }
        Ok(())
    }

    /// Takes what is on the stack from here on, and leaves what is built.
    fn above(&mut self, from: usize, whole: Whole) -> Result<Vec<Item<'a>>> {
        if from > self.stack.len() || self.builds != Some(whole) {
            return Err(broken());
        }
        let items = self.stack.split_off(from);
        if self.stack.last() != Some(&Item::Whole) {
            return Err(broken());
        }
        Ok(items)
    }

    fn keep(&mut self, place: u64) -> Result<()> {
        let top = *self.stack.last().ok_or_else(broken)?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, width: usize) -> Result<()> {
        let place = self.number(width)?;
        self.stack.push(*self.memo.get(&place).ok_or_else(broken)?);
        Ok(())
    }

    fn text(&mut self, width: usize) -> Result<()> {
        let length = self.number(width)? as usize;
        let text = self.take(length)?;
        self.stack.push(Item::Text(text));
        Ok(())
    }

    fn whole_number(&mut self, width: usize) -> Result<()> {
        let number = self.number(width)?;
        self.stack.push(Item::Number(number));
        Ok(())
    }

    fn number(&mut self, width: usize) -> Result<u64> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| anyhow!("it is not whole"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// What was built, if nothing else is left.
    fn whole(&self) -> Result<Whole> {
        match (self.builds, self.stack.as_slice()) {
            (Some(whole), [Item::Whole]) if self.rest.is_empty() => Ok(whole),
            (Some(_), [Item::Whole]) => {
                Err(anyhow!("something follows behind its end. {SAVE_ANEW}"))
            }
            _ => Err(anyhow!("it holds neither a dict nor a list. {SAVE_ANEW}")),
        }
    }

    /// Why an instruction is not followed.
    fn refusal(&self, code: u8) -> Error {
        let text = |bytes: &[u8]| shown(&String::from_utf8_lossy(bytes));
        match (code, self.stack.as_slice()) {
            (STACK_GLOBAL, [.., Item::Text(module), Item::Text(name)]) => {
                object(&format!("{}.{}", text(module), text(name)))
            }
            (GLOBAL, _) => {
                let mut names = self.rest.split(|byte| *byte == b'\n').map(text);
                let (module, name) = (names.next(), names.next());
                object(&format!("{}.{}", module.unwrap_or_default(), name.unwrap_or_default()))
            }
            (BINFLOAT, _) => anyhow!(
                "it holds numbers with fractions, as the tool's predictions.pickle does, and no answers"
            ),
            _ => anyhow!(
                "it has an instruction ({code:#04x}) that is in none of the tool's files. {SAVE_ANEW}"
            ),
        }
    }
}

fn object(name: &str) -> Error {
    anyhow!("it holds a Python object ({name}), and such are not made of a file. {SAVE_ANEW}")
}

fn numbered() -> Error {
    anyhow!(
        "it numbers its images instead of naming them, as the tool did before July 2023: which files they were is \
         known to the tool alone"
    )
}

fn broken() -> Error {
    anyhow!("it is no whole pickle, or none that Python wrote")
}
