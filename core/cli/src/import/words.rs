//! What labels are called in files that others made.

use anyhow::{Result, bail};
use sluice_events::Answer;

const POSITIVE: &[&str] = &["positive", "pos", "yes", "y", "true", "t", "1", "1.0", "accept"];
const NEGATIVE: &[&str] = &["negative", "neg", "no", "n", "false", "f", "0", "0.0", "reject"];
const SKIP: &[&str] = &["skip", "skipped", "ignore", "unsure"];

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This.
    Answer(Answer),
    /// Nothing: the image has no label.
    NoLabel,
    /// Nobody knows.
    Unknown,
}

/// The words that are understood.
#[derive(Debug, Default)]
pub struct Words {
    positive: Vec<String>,
    negative: Vec<String>,
}

impl Words {
    /// With a person's own words for yes and no.
    pub fn new(positive: &[String], negative: &[String]) -> Result<Self> {
        let words = Self { positive: plain(positive), negative: plain(negative) };
        if let Some(word) = words.positive.iter().find(|word| words.negative.contains(word)) {
            bail!(
                "\"{word}\" can't be yes and no, so nothing was imported: name it with --positive or with \
                 --negative"
            );
        }
        Ok(words)
    }

    /// What a word says. A person's own words come first.
    pub fn meaning(&self, word: &str) -> Meaning {
        let word = word.trim().to_lowercase();
        let known = |words: &[&str]| words.contains(&word.as_str());
        if self.positive.contains(&word) {
            Meaning::Answer(Answer::Positive)
        } else if self.negative.contains(&word) {
            Meaning::Answer(Answer::Negative)
        } else if word.is_empty() {
            Meaning::NoLabel
        } else if known(POSITIVE) {
            Meaning::Answer(Answer::Positive)
        } else if known(NEGATIVE) {
            Meaning::Answer(Answer::Negative)
        } else if known(SKIP) {
            Meaning::Answer(Answer::Skip)
        } else {
            Meaning::Unknown
        }
    }
}

/// Without what follows a comma too many: a row without a label must not get one by it.
fn plain(words: &[String]) -> Vec<String> {
    let words = words.iter().map(|word| word.trim().to_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

/// For a person.
pub fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Positive => "yes",
        Answer::Negative => "no",
        Answer::Skip => "can't say",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn known_words_in_any_dress() {
        let words = Words::default();
        for (word, answer) in [
            (" Positive\t", Answer::Positive),
            ("TRUE", Answer::Positive),
            ("1.0", Answer::Positive),
            ("No", Answer::Negative),
            ("0", Answer::Negative),
            ("Unsure", Answer::Skip),
        ] {
            assert_eq!(words.meaning(word), Meaning::Answer(answer), "{word}");
        }
        assert_eq!(words.meaning(" "), Meaning::NoLabel);
        for word in ["2", "-1", "cat", "yes!", "1,0", "null", "ja"] {
            assert_eq!(words.meaning(word), Meaning::Unknown, "{word}");
        }
    }

    #[test]
    fn own_words_come_first() {
        let words = Words::new(&owned(&["Cat", "0"]), &owned(&["dog", " 1 "])).unwrap();
        assert_eq!(words.meaning("cat"), Meaning::Answer(Answer::Positive));
        assert_eq!(words.meaning("0"), Meaning::Answer(Answer::Positive));
        assert_eq!(words.meaning("1"), Meaning::Answer(Answer::Negative));
        assert_eq!(words.meaning("yes"), Meaning::Answer(Answer::Positive));
    }

    #[test]
    fn a_comma_too_many_labels_nothing() {
        let words = Words::new(&owned(&["cat", ""]), &[]).unwrap();
        assert_eq!(words.meaning(""), Meaning::NoLabel);
    }

    #[test]
    fn a_word_can_not_be_both() {
        let error = Words::new(&owned(&["cat"]), &owned(&["CAT"])).unwrap_err();
        assert!(error.to_string().contains("\"cat\" can't be yes and no"), "{error}");
    }
}
