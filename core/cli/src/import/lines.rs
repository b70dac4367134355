//! JSON lines: an object a line, as `sluice export labels --format jsonl` writes them, and others.

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::problems::{Trouble, listed, shown};
use super::read::{LABELS, PATHS, Rows, SOURCE, is_of_model};
use super::words::Words;

/// Reads the objects.
///
/// # Errors
/// When none has a path, or none a label.
pub fn read(text: &str, words: &Words, rows: &mut Rows) -> Result<()> {
    if text.trim_start().starts_with('[') {
        bail!(
            "it is one JSON array; an object a line is read, as `jq -c '.[]' FILE > NEW.jsonl` makes them of it"
        );
    }
    // The first object, and whether any had what is wanted.
    let mut first: Option<Map<String, Value>> = None;
    let (mut has_paths, mut has_labels) = (false, false);
    for (text, line) in text.lines().zip(1..).filter(|(text, _)| !text.trim().is_empty()) {
        let object: Map<String, Value> = match serde_json::from_str(text) {
            Ok(object) => object,
            Err(error) => {
                let what =
                    || format!("no JSON object (column {}: {})", error.column(), why(&error));
                rows.trouble(Trouble::BadRow, Some(line), what);
                continue;
            }
        };
        let path = value(&object, &PATHS, Value::is_string).and_then(Value::as_str);
        let label = value(&object, &LABELS, |_| true);
        has_paths |= path.is_some();
        has_labels |= label.is_some();
        let source = value(&object, &[SOURCE], Value::is_string).and_then(Value::as_str);
        let word = label.and_then(Value::as_str).unwrap_or_default();
        match path {
            Some(path) if is_of_model(source.unwrap_or_default(), word) => {
                rows.of_model(line, path);
            }
            Some(path) => row(line, path, label, words, rows),
            None => rows.trouble(Trouble::BadRow, Some(line), || {
                format!("no path among its keys, which are {}", keys(&object))
            }),
        }
        first.get_or_insert(object);
    }
    match first {
        Some(first) if !has_paths => bail!(missing(&first, "path", &PATHS)),
        Some(first) if !has_labels => bail!(missing(&first, "label", &LABELS)),
        _ => Ok(()),
    }
}

fn row(line: u64, path: &str, label: Option<&Value>, words: &Words, rows: &mut Rows) {
    match label {
        None | Some(Value::Null) => rows.unlabelled(),
        Some(Value::String(word)) => rows.word(words, line, path, word),
        Some(Value::Array(_) | Value::Object(_)) => {
            let what = || "its label is no word, but made of parts".to_owned();
            rows.trouble(Trouble::BadRow, Some(line), what);
        }
        Some(value) => rows.word(words, line, path, &value.to_string()),
    }
}

fn missing(first: &Map<String, Value>, what: &str, names: &[&str]) -> String {
    format!(
        "no object has a {what}. The first one's keys are: {}; one of these names would do: {}",
        keys(first),
        names.join(", ")
    )
}

/// What an object has under the first of these names that will do.
fn value<'a>(
    object: &'a Map<String, Value>,
    names: &[&str],
    will_do: impl Fn(&Value) -> bool,
) -> Option<&'a Value> {
    let named = |name: &&str| {
        let mut values = object.iter().filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        values.find(|(_, value)| will_do(value)).map(|(_, value)| value)
    };
    names.iter().find_map(named)
}

fn keys(object: &Map<String, Value>) -> String {
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    listed(&keys)
}

/// Without the place, which is of the line alone.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    shown(text.split(" at line ").next().unwrap_or_default())
}
