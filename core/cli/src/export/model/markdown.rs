//! Pieces of Markdown, and numbers in them.

use sluice_events::message::Interval;

/// Has a meaning in Markdown.
const MARKS: &str = "\\`*_[]<>|#&~$";

/// Words of somebody else's, which must mean nothing but themselves.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if MARKS.contains(c) {
            plain.push('\\');
        }
        plain.push(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    }
    plain
}

pub fn table<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut lines = vec![line(head), line(["---"; COLUMNS])];
    lines.extend(rows.into_iter().map(|row| line(row.iter().map(String::as_str))));
    lines.join("\n")
}

fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<&str> = cells.into_iter().collect();
    format!("| {} |", cells.join(" | "))
}

pub fn code(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```", text.trim_end())
}

/// A share of one.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// So many of so many.
pub fn of(part: u32, whole: u32) -> String {
    format!("{part} of {whole} ({})", percent(f64::from(part) / f64::from(whole.max(1))))
}

pub fn range(share: &Interval) -> String {
    let Interval { low, likely, high } = share;
    let [low, likely, high] = [low, likely, high].map(|share| f64::from(*share) * 100.0);
    format!("{likely:.0} % ({low:.0} to {high:.0} %)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_nothing_but_themselves() {
        assert_eq!(plain("a|b `c`\n<d>"), "a\\|b \\`c\\`\u{fffd}\\<d\\>");
        assert_eq!(plain("Is it a cat?"), "Is it a cat?");
    }

    #[test]
    fn a_table_has_a_cell_for_each_column() {
        let rows = [["a".to_owned(), "1".to_owned()]];
        assert_eq!(table(["", "n"], rows), "|  | n |\n| --- | --- |\n| a | 1 |");
        assert_eq!(table(["x"], []), "| x |\n| --- |");
    }
}
